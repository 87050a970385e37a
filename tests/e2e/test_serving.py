"""A simulated serving system is read while it writes, by readers that are killed: every number equals the truth."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from benchmarks.serving import START, Serving, Truth, differences, settings, totals_of
from monitor.runner.poll import Poller
from monitor.settings import MonitorSettings
from monitor.sources.explanation_log import gathering
from monitor.store import Store
from monitor.store import served_tables as tables

RECORDS, STEPS = 20_000, 48


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/store.db"


def read_to_the_end(url: str, monitor: MonitorSettings, now: datetime) -> None:
    """What `xdrift poll` does, at a simulated time."""
    with Store.open(url) as store:
        poller = Poller(monitor, store, clock=lambda: now)
        _finish(poller)


def _finish(poller: Poller) -> None:
    report = poller.poll()
    while report.overtaken or report.waiting:
        report = poller.poll()


class Reader:
    """A process that reads, to be killed."""

    def __init__(self, url: str, monitor: MonitorSettings, now: datetime) -> None:
        # Forked: spawned ones would spend most of the test on imports. No connection is open here while forking.
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=read_to_the_end, args=(url, monitor, now))
        self._process.start()

    def kill_after(self, seconds: float) -> bool:
        """True when it was still reading."""
        time.sleep(seconds)
        self._process.kill()
        self._process.join()
        return self._process.exitcode == -signal.SIGKILL

    def wait(self) -> None:
        self._process.join()
        assert self._process.exitcode == 0


def test_every_counter_is_exact_although_readers_are_killed(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "BATCH_LINES", 100)
    folder = tmp_path / "log"
    folder.mkdir()
    monitor = settings(
        folder, late_after="150m"
    )  # polls are up to three steps apart, and a torn line waits for one more
    serving = Serving(folder, records=RECORDS, steps=STEPS, seed=11)
    rng = random.Random(5)
    killed = 0
    with Store.open(url) as store:
        store.upgrade()
        store.register(monitor, cadence="hourly", interval_seconds=3600.0, config_digest="c0", now=START)
        now = [START]
        poller = Poller(monitor, store, clock=lambda: now[0])  # lives through the day, as a daemon does
        for step in range(STEPS):
            serving.step()
            now[0] = serving.now
            if step % 6 == 0:
                store.close()
                killed += Reader(url, monitor, serving.now).kill_after(rng.uniform(0.01, 0.1))
            if step % 9 == 0:
                store.close()
                beside = Reader(url, monitor, serving.now)  # two at once
                _finish(poller)
                beside.wait()
            elif step % 3 == 0 or step == STEPS - 1:
                _finish(poller)
        assert killed >= 3
        _compare(serving.truth, store)


def _compare(truth: Truth, store: Store) -> None:
    assert differences(truth, totals_of(store)) == []
    buckets = {
        (row["start"], name): row[name]
        for row in _rows(store, tables.telemetry_buckets)
        for name in ("predictions", "unexplained", "slow")
        if row[name]
    }
    assert buckets == {key: n for key, n in truth.buckets.items() if n}
    days: Counter[tuple[str, str]] = Counter()
    for row in _rows(store, tables.telemetry_days):
        for name in ("predictions", "explained", "explanations", "errors", "slow", "adverse", "payload_bytes"):
            days[row["model_version"], name] += row[name]
    assert days == truth.days
    groups = {(r["reason"], r["model_version"], r["groups"]["route"]): r["n"] for r in _rows(store, tables.unexplained)}
    assert groups == truth.groups
    errors = Counter(
        (row["reason"], row["error"], row["model_version"], row["n"]) for row in _rows(store, tables.explanation_errors)
    )
    assert errors == Counter((word, name, version, n) for (word, name, version, _), n in truth.errors.items())
    incidents: Counter[tuple[str, str]] = Counter()
    for row in _rows(store, tables.privacy_incidents):
        incidents[row["kind"], row["field"]] += row["n"]
    assert incidents == truth.incidents
    places = _rows(store, tables.quarantine)
    assert len(places) <= sum(n for (name, _), n in truth.totals.items() if "quarantined" in name)


def _rows(store: Store, table: Any) -> list[dict[str, Any]]:
    with store._database.read() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def test_the_truth_is_worth_comparing_with(tmp_path: Path) -> None:
    """The simulation makes every kind of trouble that it promises."""
    serving = Serving(tmp_path, records=RECORDS, steps=STEPS, seed=11)
    for _ in range(STEPS):
        serving.step()
    words: dict[str, set[str]] = {}
    for (name, word), n in serving.truth.totals.items():
        if n:
            words.setdefault(name, set()).add(word)
    assert words["xdrift_telemetry_quarantined_total"] == {
        "not_json", "not_an_object", "missing_field", "wrong_type", "bad_time", "too_long", "torn",
    }  # fmt: skip
    assert words["xdrift_predictions_unexplained_total"] == {
        "timeout", "error", "missing", "disabled", "sampling", "other",
    }  # fmt: skip
    for name in ("telemetry_duplicates", "telemetry_late", "explanation_errors_repeated", "explanations_stale"):
        assert serving.truth.totals[f"xdrift_{name}_total", ""] > 20
    assert serving.now == datetime(2026, 11, 21, tzinfo=UTC)
