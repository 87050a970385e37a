from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from .conftest import Xdrift


def test_a_taken_port_is_told_and_nothing_is_written(
    newcomer: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    xdrift("init", "--model", "late_flights.json", "--data", "holdout.parquet")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("XDRIFT_SERVER__PORT", str(taken.getsockname()[1]))
        ran = xdrift("serve")

    assert ran.code == 3
    assert "expected: a free port" in ran.err
    assert not Path("xdrift.db").exists()


def test_it_serves_until_it_is_asked_to_stop(in_service: Path) -> None:
    command = [sys.executable, "-m", "monitor", "serve", "--json"]
    environment = {**os.environ, "XDRIFT_SERVER__PORT": "0"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as daemon:
        try:
            assert daemon.stderr is not None
            line = next(line for line in daemon.stderr if '"serving"' in line)
            url = line.partition('"url": "')[2].partition('"')[0]
            with urllib.request.urlopen(f"{url}/livez") as answer:
                assert answer.status == 200
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(60) == 0
        finally:
            daemon.kill()
