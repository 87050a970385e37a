"""One poll: what is counted, what is noted, what is kept in memory."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.errors import SourceError, XdriftError
from monitor.runner.poll import Poller
from monitor.runner.remembered import Remembered
from monitor.settings import MonitorSettings
from monitor.sources.explanation_log import gathering
from monitor.store import Store

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def settings(path: Path, **more: Any) -> MonitorSettings:
    return MonitorSettings.model_validate(
        {
            "name": "credit",
            "owner": "tests",
            "model": {"path": "model.json"},
            "holdout": {"path": "holdout.parquet"},
            "predictions": {"path": "log.parquet"},
            "schedule": {"every": "1h"},
            "telemetry": {"path": str(path), **more},
        }
    )


def write(path: Path, *ids: str, **more: Any) -> None:
    with path.open("a", encoding="utf-8") as stream:
        for name in ids:
            record = {"record_id": name, "timestamp": NOW.isoformat(), "shap_values": {"a": 0.5}, **more}
            stream.write(json.dumps(record) + "\n")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


@pytest.fixture
def store(tmp_path: Path, log: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as opened:
        opened.upgrade()
        opened.register(settings(log), cadence="hourly", interval_seconds=3600.0, config_digest="c0", now=NOW)
        yield opened


def poller(store: Store, log: Path, **more: Any) -> Poller:
    return Poller(settings(log, **more), store, clock=lambda: NOW)


def total(store: Store, name: str) -> float:
    return sum(one.value for one in store.snapshot(NOW).counters if one.name == f"xdrift_{name}_total")


def test_a_record_is_counted_once_by_one_poller_after_the_other(store: Store, log: Path) -> None:
    write(log, "a", "b", "a")
    first = poller(store, log)
    assert (first.poll().records, first.poll().records) == (2, 0)
    write(log, "c", "a")
    assert poller(store, log).poll().records == 1  # another process: it learns of a and b from the store
    write(log, "c", "d")
    assert first.poll().records == 1  # and this one of c
    assert total(store, "telemetry_records") == 4
    assert total(store, "telemetry_duplicates") == 3


def test_ids_are_forgotten_after_the_time_to_remember(store: Store, log: Path) -> None:
    write(log, "a")
    now = [NOW]
    reader = Poller(settings(log, remember="1h"), store, clock=lambda: now[0])
    reader.poll()
    now[0] = NOW + timedelta(minutes=59)
    write(log, "a", timestamp=now[0].isoformat())
    assert reader.poll().records == 0
    now[0] = NOW + timedelta(hours=3)
    write(log, "x", timestamp=now[0].isoformat())
    reader.poll()
    write(log, "a")
    assert reader.poll().records == 1
    write(log, "a")
    assert reader.poll().records == 0
    assert total(store, "telemetry_records") == 3


def test_a_clock_that_jumps_ahead_and_back_makes_nobody_forget(store: Store, log: Path) -> None:
    now = [NOW]
    clock = lambda: now[0]  # noqa: E731
    one = Poller(settings(log), store, clock=clock)
    write(log, "a")
    one.poll()
    now[0] = NOW + timedelta(days=400)
    write(log, "b")
    one.poll()
    now[0] = NOW + timedelta(minutes=1)
    for reader in (one, Poller(settings(log), store, clock=clock)):  # the second knows what the store knows
        write(log, "a", "b")
        assert reader.poll().records == 0
    assert total(store, "telemetry_records") == 2


def test_cancelled_it_stops_after_a_whole_batch(store: Store, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "BATCH_LINES", 1)
    write(log, *(f"r{n}" for n in range(8000)))
    stop = threading.Event()
    stop.set()
    report = poller(store, log).poll(stop)
    assert report.batches == 1
    assert not report.finished
    assert 0 < report.records < 8000
    assert store.telemetry_state("credit").last_success_at is None
    assert poller(store, log).poll().records == 8000 - report.records
    assert store.telemetry_state("credit").last_success_at == NOW


def test_who_is_overtaken_writes_nothing_and_catches_up(
    store: Store, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(log, "a")
    slow = poller(store, log)
    slow.poll()
    write(log, "b")
    counted = slow._counted

    def while_another_commits(*arguments: Any) -> Any:
        poller(store, log).poll()
        return counted(*arguments)

    monkeypatch.setattr(slow, "_counted", while_another_commits)
    report = slow.poll()
    monkeypatch.undo()
    assert report.overtaken
    assert report.records == 0
    write(log, "c", "b")
    assert slow.poll().records == 1
    assert total(store, "telemetry_records") == 3


def test_a_log_that_is_away_is_a_failed_poll(store: Store, log: Path) -> None:
    reader = poller(store, log)
    for failures in (1, 2):
        with pytest.raises(SourceError, match=r"log\.jsonl"):
            reader.poll()
        assert store.telemetry_state("credit").consecutive_failures == failures
    assert "no such file" in str(store.telemetry_state("credit").error)
    write(log, "a")
    reader.poll()
    assert store.telemetry_state("credit").consecutive_failures == 0
    assert store.telemetry_state("credit").error is None


def test_a_bug_is_noted_without_a_word_of_the_log(
    store: Store, log: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(log, "a", inputs={"name": "Ada Lovelace"})
    reader = poller(store, log)

    def broken(raw: bytes, *, now: float) -> Any:
        raise ValueError(f"cannot understand {raw!r}")

    monkeypatch.setattr(reader._understanding, "line", broken)
    with caplog.at_level(logging.DEBUG), pytest.raises(XdriftError) as caught:
        reader.poll()
    told = f"{caught.value} {store.telemetry_state('credit').error} {caplog.text}"
    assert "ValueError in broken" in told
    assert "Ada" not in told
    assert caught.value.__cause__ is None


def test_lines_that_cannot_be_used_are_counted_and_placed(store: Store, log: Path) -> None:
    write(log, "a")
    with log.open("a") as stream:
        stream.write("{broken\n")
    report = poller(store, log).poll()
    assert report.totals["xdrift_telemetry_quarantined_total", "not_json"] == 1
    assert report.finished


def test_a_monitor_without_a_log_has_no_poller(store: Store, log: Path) -> None:
    without = settings(log).model_copy(update={"telemetry": None})
    with pytest.raises(ValueError, match="no telemetry"):
        Poller(without, store, clock=lambda: NOW)


def test_what_is_remembered_is_found_and_nothing_else() -> None:
    rng = np.random.default_rng(3)
    remembered = Remembered(timedelta(days=2))
    everything: list[np.ndarray] = []
    for minute in range(300):
        digests = np.unique(rng.integers(0, 2**64, 200, dtype=np.uint64))
        remembered.add(NOW + timedelta(minutes=minute), digests)
        everything.append(digests)
    there = np.concatenate(everything)
    rng.shuffle(there)
    assert remembered(there[:5000]).all()
    assert not remembered(rng.integers(0, 2**64, 5000, dtype=np.uint64)).any()
    assert len(remembered) == len(there)
    assert sum(len(arrays) for arrays in remembered._parts.values()) < 40


def test_memory_does_not_grow_with_the_age_of_a_daemon() -> None:
    rng = np.random.default_rng(3)
    remembered = Remembered(timedelta(hours=1))
    sizes = []
    for minute in range(600):
        remembered.forget(NOW + timedelta(minutes=minute))
        remembered.add(NOW + timedelta(minutes=minute), np.unique(rng.integers(0, 2**64, 100, dtype=np.uint64)))
        sizes.append(len(remembered))
    assert max(sizes[200:]) <= 100 * (60 * 17 // 16 + 5)
    assert min(sizes[200:]) >= 100 * 60
