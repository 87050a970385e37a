"""Real servers on loopback, each ended by the test that started it. A missing binary skips, saying how to get it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "prometheus-pushgateway": "prometheus-pushgateway",
}
_READY_SECONDS = 20.0


def binary(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed; apt-get install {PACKAGES[name]}")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def get(url: str, *, timeout: float = 5.0) -> str:
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.read().decode()


@contextmanager
def running(command: Sequence[str], ready: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The process, once `ready` answers with 200."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            _wait(process, ready, log)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _wait(process: subprocess.Popen[bytes], ready: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        if process.poll() is not None:
            raise AssertionError(f"{process.args} ended with {process.returncode}: {log.read_text()[-2000:]}")
        try:
            get(ready, timeout=1.0)
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise AssertionError(f"{ready} did not answer: {log.read_text()[-2000:]}") from None
            time.sleep(0.05)


@contextmanager
def pushgateway(folder: Path) -> Iterator[str]:
    """Its URL."""
    name, port = binary("prometheus-pushgateway"), free_port()
    url = f"http://127.0.0.1:{port}"
    # Debian's keeps what it got in a file of the machine, and would show it to the next test.
    command = [name, f"--web.listen-address=127.0.0.1:{port}", "--persistence.file="]
    with running(command, f"{url}/-/ready", folder / "pushgateway.log"):
        yield url


@contextmanager
def alertmanager(folder: Path, config: Path) -> Iterator[str]:
    name, port = binary("prometheus-alertmanager"), free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        name, f"--config.file={config}", f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", f"--web.external-url={url}",
    ]  # fmt: skip
    with running(command, f"{url}/-/ready", folder / "alertmanager.log"):
        yield url


@contextmanager
def prometheus(folder: Path, config: Path, *options: str) -> Iterator[str]:
    name, port = binary("prometheus"), free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        name, f"--config.file={config}", f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}", f"--web.external-url={url}", "--web.enable-lifecycle", *options,
    ]  # fmt: skip
    with running(command, f"{url}/-/ready", folder / "prometheus.log"):
        yield url
