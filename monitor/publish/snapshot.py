"""The latest snapshot of the store, read in the background and swapped in one step."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.errors import PublishError
from monitor.publish.reader import Reader
from monitor.types import ReferenceSummary, Snapshot

MAX_AGE = timedelta(minutes=2)
"""An older snapshot is not shown as the present any more."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """The outcome of one read: replaced as a whole, so readers never see half of two."""

    snapshot: Snapshot | None = None
    references: tuple[ReferenceSummary, ...] = ()
    seconds: float = 0.0
    failure: str | None = None


class SnapshotHolder:
    """Keeps scrapes, probes and the fleet page away from the database.

    The daemon's scheduler calls `refresh(now)` every `server.snapshot_every`; any number of threads read.
    `next_runs` tells the planned time of each monitor's next slot, which only the scheduler knows.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        next_runs: Callable[[], Mapping[str, datetime]] = dict,
        max_age: timedelta = MAX_AGE,
    ) -> None:
        self.max_age = max_age
        self._reader = reader
        self._next_runs = next_runs
        self._latest = _Read()
        self._refreshing = threading.Lock()

    def refresh(self, now: datetime) -> bool:
        """Read the store once. True when it answered; else the last good snapshot stays and `failure` says why.

        Never raises: a scheduler job that raises is only noise. A second call while one is under way returns at
        once, so a hanging database ties up one thread and not one per interval.
        """
        if not self._refreshing.acquire(blocking=False):
            return False
        try:
            self._latest = self._read(now)
        finally:
            self._refreshing.release()
        return self._latest.failure is None

    def _read(self, now: datetime) -> _Read:
        started = time.perf_counter()
        before = self._latest
        try:
            snapshot = self._reader.snapshot(now, self._next_runs())
            references = tuple(reference for reference in self._reader.references() if reference.active)
        except Exception as error:  # noqa: BLE001 - recorded as `failure`, which probes and metrics show
            log.warning("the store could not be read for metrics: %s", error)
            failure = f"{type(error).__name__}: {error}"
            seconds = time.perf_counter() - started
            return _Read(snapshot=before.snapshot, references=before.references, seconds=seconds, failure=failure)
        return _Read(snapshot=snapshot, references=references, seconds=time.perf_counter() - started)

    def latest(self) -> Snapshot | None:
        """The last good snapshot whatever its age; None before the first."""
        return self._latest.snapshot

    def read(self) -> Snapshot | None:
        """The latest snapshot for metrics. Raises PublishError when the most recent read failed."""
        latest = self._latest
        if latest.failure is not None:
            raise PublishError("snapshot of the store", seen=latest.failure, expected="an answer")
        return latest.snapshot

    def references(self) -> tuple[ReferenceSummary, ...]:
        """The references in force, one per monitor that has any."""
        return self._latest.references

    @property
    def failure(self) -> str | None:
        """Why the most recent read failed; None when it did not."""
        return self._latest.failure

    @property
    def seconds(self) -> float:
        """How long the most recent read took."""
        return self._latest.seconds

    def age(self, now: datetime) -> timedelta | None:
        """Time since the last good snapshot was taken; None before the first."""
        snapshot = self._latest.snapshot
        return None if snapshot is None else now - snapshot.taken_at
