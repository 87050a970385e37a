"""Real daemons in processes of their own, with the runner's stand-ins for the pipeline."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

HERE = Path(__file__).parent
STANDINS = str(HERE.parent / "runner")
sys.path[:0] = [STANDINS, str(HERE)]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [STANDINS, str(HERE), os.environ.get("PYTHONPATH", "")]))

import serve_standin  # noqa: E402 - it is found only now


class Daemon:
    """A running daemon, forked from a process that has the imports behind it, and what it logs."""

    def __init__(self, config: Path, perform: str, grace: float) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["serve_standin", "standin"])
        self._log, log_end = context.Pipe(duplex=False)
        arguments = (config, perform, timedelta(seconds=grace), log_end)
        self.process = context.Process(target=serve_standin.main, args=arguments)
        self.process.start()
        log_end.close()
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def _read(self) -> None:
        with open(os.dup(self._log.fileno()), encoding="utf-8") as lines:  # noqa: PTH123 - a file descriptor
            for line in lines:
                self.lines.append(line)

    def wait_for(self, pattern: str, seconds: float = 120) -> re.Match[str]:
        """The first log line that matches."""
        end = time.monotonic() + seconds
        while True:
            for line in list(self.lines):
                if found := re.search(pattern, line):
                    return found
            assert self.process.is_alive(), self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.05)

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def get(self, path: str) -> tuple[int, str]:
        url = self.wait_for(r"serving url=(\S+)")[1]
        try:
            with urllib.request.urlopen(url + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def family(self) -> list[psutil.Process]:
        """The daemon and every process that it started, directly or not."""
        root = psutil.Process(self.pid)
        return [root, *root.children(recursive=True)]

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int:
        """The exit code."""
        self.process.join(60)
        self._reader.join(10)
        assert self.process.exitcode is not None, self.log
        return self.process.exitcode

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal, wait, exit code."""
        self.send(number)
        return self.wait()

    def close(self) -> None:
        if self.process.is_alive():
            self.stop(signal.SIGKILL)
        self._reader.join(10)
        self._log.close()
        self.process.close()


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def write_config(tmp_path: Path, journal_path: Path) -> Callable[..., Path]:
    """write_config(*names, url=..., schedule=..., **more) -> path of a configuration file."""

    def write(*names: str, url: str = "", schedule: dict[str, Any] | None = None, **more: Any) -> Path:
        monitors = [
            {
                "name": name,
                "owner": "tests",
                "model": {"path": str(journal_path)},
                "holdout": {"path": "unused.csv"},
                "predictions": {"path": "unused.csv"},
                "schedule": schedule or {"every": "1w"},
            }
            for name in names or ("one",)
        ]
        store = {"url": url or f"sqlite:///{tmp_path}/store.db"}
        path = tmp_path / "xdrift.yaml"
        told = {"store": store, "server": {"port": 0}, "monitors": monitors, **more}
        path.write_text(json.dumps(told), encoding="utf-8")
        return path

    return write


@pytest.fixture
def start() -> Iterator[Callable[..., Daemon]]:
    """start(config, perform, grace=...) -> running daemon; whatever still runs at the end is killed."""
    daemons: list[Daemon] = []

    def begin(config: Path, perform: str = "succeed", grace: float = 10) -> Daemon:
        daemons.append(Daemon(config, perform, grace))
        return daemons[-1]

    yield begin
    for one in daemons:
        one.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database of either kind."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/store.db"
