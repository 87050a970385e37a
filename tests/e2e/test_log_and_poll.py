"""What `monitor.log` writes is what the poll counts, while it is being written and rotated."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from monitor.runner import register
from monitor.runner.poll import Poller
from monitor.settings import Settings
from monitor.store import Store

WRITER = """
import sys
from monitor.log import Log
log = Log(sys.argv[1], max_bytes=40_000, keep=10_000, strict=True)
for i in range(int(sys.argv[3])):
    name = f"{sys.argv[2]}-{i}"
    if i % 10 == 0:
        log.failed(name, "ValueError", route="/x")
    elif i % 10 == 1:
        log.unexplained(name, "disabled")
    else:
        log.explained(name, {"a": 0.5, "b": -0.25}, latency=0.01, source="live_treeshap", padding="x" * (i * 37 % 400))
"""
EACH = 2_000


def test_every_record_is_counted_once_while_processes_write_and_rotate(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    config = Settings.model_validate(
        {
            "store": {"url": f"sqlite:///{tmp_path / 'store.db'}"},
            "monitors": [
                {
                    "name": "m",
                    "owner": "o",
                    "model": {"path": "m"},
                    "holdout": {"path": "h"},
                    "predictions": {"path": "p"},
                    "schedule": {"every": "1d"},
                    "telemetry": {"path": str(path)},
                }
            ],
        }
    )
    with Store.open(config.store.url) as store:
        store.upgrade()
        register(config, store, datetime.now(UTC))
        running = [subprocess.Popen([sys.executable, "-c", WRITER, path, str(n), str(EACH)]) for n in range(2)]
        while not path.exists():
            assert any(process.poll() is None for process in running)
        poller, polls = Poller(config.monitors[0], store, clock=lambda: datetime.now(UTC)), 0
        while any(process.poll() is None for process in running):
            poller.poll()
            polls += 1
        assert [process.returncode for process in running] == [0, 0]
        poller.poll()
        counters = store.snapshot(datetime.now(UTC)).counters
    assert polls > 1
    assert len(list(tmp_path.glob("log.jsonl.*"))) > 10
    expected = {
        "xdrift_predictions_total": 2 * EACH,
        "xdrift_predictions_explained_total": 2 * EACH * 0.8,
        "xdrift_explanations_total": 2 * EACH * 0.9,
        "xdrift_telemetry_duplicates_total": 0,
        "xdrift_telemetry_quarantined_total": 0,
    }
    assert {name: sum(one.value for one in counters if one.name == name) for name in expected} == expected
