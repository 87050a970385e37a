from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from monitor.errors import PublishError
from monitor.publish.reader import Reader
from monitor.publish.snapshot import SnapshotHolder
from monitor.types import Snapshot

from .fleet import NOW, MemoryReader, fleet


def test_the_readers_of_the_tests_are_readers() -> None:
    reader: Reader = fleet()
    assert reader.check("none") is None


def test_a_refresh_swaps_the_snapshot() -> None:
    holder = SnapshotHolder(fleet())
    assert holder.latest() is None
    assert holder.refresh(NOW)
    assert holder.age(NOW + timedelta(seconds=7)) == timedelta(seconds=7)
    assert [reference.monitor for reference in holder.references()] == ["forecast-weekly", "fraud-prod", "credit-limit"]


def test_the_schedulers_next_runs_reach_the_snapshot() -> None:
    planned = NOW + timedelta(hours=3)
    holder = SnapshotHolder(fleet(), next_runs=lambda: {"fraud-prod": planned})
    holder.refresh(NOW)
    snapshot = holder.read()
    assert snapshot is not None
    assert {s.name: s.next_run_at for s in snapshot.monitors}["fraud-prod"] == planned


def test_a_failed_refresh_keeps_the_last_snapshot_and_says_why() -> None:
    reader = fleet()
    holder = SnapshotHolder(reader)
    holder.refresh(NOW)
    before = holder.latest()
    reader.broken = True
    assert not holder.refresh(NOW + timedelta(seconds=15))
    assert holder.latest() is before
    assert "connection refused" in str(holder.failure)
    with pytest.raises(PublishError, match="connection refused"):
        holder.read()


def test_the_next_good_refresh_clears_the_failure() -> None:
    reader = fleet()
    holder = SnapshotHolder(reader)
    reader.broken = True
    holder.refresh(NOW)
    reader.broken = False
    assert holder.refresh(NOW)
    assert holder.failure is None


class HangingReader(MemoryReader):
    """A database that answers only when told to."""

    def __init__(self) -> None:
        inner = fleet()
        self.__dict__.update(inner.__dict__)
        self.asked, self.answer = threading.Event(), threading.Event()

    def snapshot(self, now: datetime, next_runs: Mapping[str, datetime] | None = None) -> Snapshot:
        self.asked.set()
        self.answer.wait(10)
        return super().snapshot(now, next_runs)


def test_a_hanging_database_ties_up_one_refresh_only() -> None:
    reader = HangingReader()
    holder = SnapshotHolder(reader)
    first = threading.Thread(target=holder.refresh, args=(NOW,))
    first.start()
    assert reader.asked.wait(10)
    assert not holder.refresh(NOW), "the second refresh must return at once"
    reader.answer.set()
    first.join(10)
    assert holder.latest() is not None
