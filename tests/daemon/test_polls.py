"""Daemons that read explanation logs: exported, exact with two at once, never in the way of the rest."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

WriteConfig = Callable[..., Path]
Start = Callable[..., "Daemon"]  # noqa: F821 - the class of conftest.py


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log" / "serving.jsonl"


def with_log(config: Path, log: Path, every: str = "1s") -> Path:
    """The configuration with an explanation log for its first monitor, and metrics that follow at once."""
    told = json.loads(config.read_text())
    told["monitors"][0]["telemetry"] = {"path": str(log.parent), "every": every}
    told["server"]["snapshot_every"] = "1s"
    config.write_text(json.dumps(told))
    return config


def write(log: Path, first: int, count: int) -> None:
    log.parent.mkdir(exist_ok=True)
    now = datetime.now(UTC).isoformat()
    with log.open("a") as stream:
        for number in range(first, first + count):
            record = {"record_id": f"r{number}", "timestamp": now, "shap_values": {"a": 1.0}}
            stream.write(json.dumps({**record, "explanation_latency_ms": 12}) + "\n")


def value(daemon: Daemon, name: str) -> float | None:  # noqa: F821
    found = re.search(rf"(?m)^xdrift_{name}{{[^}}]*}} (\S+)$", daemon.get("/metrics")[1])
    return float(found[1]) if found else None


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def test_what_the_log_says_is_exported_and_goes_on_after_a_kill(
    write_config: WriteConfig, start: Start, log: Path
) -> None:
    write(log, 0, 100)
    config = with_log(write_config("one"), log)
    daemon = start(config)
    daemon.wait_for(r" poll monitor=one records=100 ")
    assert wait_until(lambda: value(daemon, "predictions_explained_total") == 100)
    assert value(daemon, "explanation_duration_seconds_count") == 100
    assert value(daemon, "telemetry_consecutive_failures") == 0
    assert (value(daemon, "telemetry_last_success_timestamp_seconds") or 0) > time.time() - 60
    assert (value(daemon, "telemetry_watermark_timestamp_seconds") or 0) > time.time() - 120
    daemon.stop(signal.SIGKILL)
    write(log, 90, 50)
    second = start(config)
    assert wait_until(lambda: value(second, "telemetry_records_total") == 140)
    assert value(second, "telemetry_duplicates_total") == 10
    assert second.stop() == 0
    assert "Traceback" not in second.log


def test_two_daemons_on_one_database_count_every_record_once(
    write_config: WriteConfig, start: Start, log: Path, database_url: str
) -> None:
    write(log, 0, 10)
    config = with_log(write_config("one", url=database_url), log)
    both = [start(config), start(config)]
    for daemon in both:
        daemon.wait_for(r"serving url=")
    written = 10
    for step in range(8):
        write(log, written, 500)
        written += 500
        if step == 4:
            log.rename(log.with_name("serving.jsonl.1"))
        time.sleep(0.4)
    for daemon in both:
        assert wait_until(lambda daemon=daemon: value(daemon, "telemetry_records_total") == written)
        assert value(daemon, "telemetry_duplicates_total") == 0
    assert [daemon.stop() for daemon in both] == [0, 0]
    assert "Traceback" not in both[0].log + both[1].log


def test_a_log_that_is_away_is_shown_and_stops_nothing(write_config: WriteConfig, start: Start, log: Path) -> None:
    daemon = start(with_log(write_config("one"), log))
    daemon.wait_for(r"job failed job=poll:one .*no such file")
    daemon.wait_for(r" check monitor=one .*outcome=succeeded")
    assert wait_until(lambda: (value(daemon, "telemetry_consecutive_failures") or 0) >= 2)
    assert daemon.get("/livez")[0] == 200
    write(log, 0, 5)
    assert wait_until(lambda: value(daemon, "telemetry_records_total") == 5)
    assert value(daemon, "telemetry_consecutive_failures") == 0
    assert daemon.stop() == 0


def test_a_daemon_without_a_log_shows_none(write_config: WriteConfig, start: Start) -> None:
    daemon = start(write_config("one"))
    daemon.wait_for(r" check monitor=one ")
    assert wait_until(lambda: daemon.get("/readyz")[0] == 200)
    assert value(daemon, "predictions_total") is None
    assert value(daemon, "telemetry_consecutive_failures") is None
    assert daemon.stop() == 0
