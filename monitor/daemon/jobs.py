"""The daemon's jobs, one method each, and the little state that they share."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_SUBMITTED

from monitor import runner, slots
from monitor.daemon.annotating import Annotations
from monitor.daemon.due import Due, due
from monitor.daemon.polls import READERS, Polls
from monitor.daemon.post import Outlet, post
from monitor.daemon.reviews import Reviews
from monitor.daemon.timing import CHECK, SlotTrigger, scheduler
from monitor.logs import event
from monitor.notify import Announcer
from monitor.publish.health import Health
from monitor.publish.metrics import Metrics
from monitor.publish.snapshot import SnapshotHolder
from monitor.runner.slot import Clock
from monitor.settings import Settings
from monitor.store import Store

log = logging.getLogger(__name__)

HEARTBEAT_EVERY = timedelta(seconds=15)
SWEEP_EVERY = timedelta(seconds=30)
DELIVER_EVERY = timedelta(seconds=5)
ANNOTATE_EVERY = timedelta(seconds=5)
REPORT_EVERY = timedelta(seconds=30)
PURGE_EVERY = timedelta(days=1)
_PURGE_FIRST = timedelta(minutes=5)
"""After the start, when the slots that were missed have had their turn."""
_POLL_JOBS = 4


class Jobs:
    """What the scheduler runs. Methods without underscore are jobs or may be called from any thread."""

    def __init__(self, config: Settings, store: Store, *, clock: Clock, perform: str) -> None:
        self.stopping = threading.Event()
        """Start nothing new."""
        self.cancel = threading.Event()
        """End what runs."""
        self.holder = SnapshotHolder(store, next_runs=self.next_runs)
        self.metrics: Metrics | None = None
        self.scheduler = scheduler(config.max_checks, _POLL_JOBS, READERS)
        self._config, self._store, self._clock, self._perform = config, store, clock, perform
        self._polls = Polls(config, store, clock=clock, stopping=self.stopping)
        # Only a daemon tells of checks: it is there to deliver, and a backfill of last year is no news.
        store.announce = Announcer.of(config)
        self._outlets = [Outlet.webhook(channel) for channel in config.channels]
        self._annotations = Annotations.of(config, store, clock=clock)
        if self._annotations is not None:
            self._outlets.append(self._annotations.outlet)
        self._reviews = Reviews.of(config, store, clock=clock, stopping=self.stopping)
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._under_way: Counter[str] = Counter()
        """Job to its runs that were handed to a thread and have not ended; told in any order, so counted."""
        self._heartbeat_at: datetime | None = None
        self._interrupted: dict[str, set[datetime]] = {}

    def start(self) -> None:
        """Start the scheduler with every job due at once; what was missed meanwhile is found at the first look."""
        # APScheduler lives in real time: a first run years behind it would be made up for, tick by tick.
        now = runner.now()
        self.heartbeat()
        reviewed = [self._reviews.outlet] if self._reviews is not None else []
        self._store.drop_messages([outlet.channel for outlet in (*self._outlets, *reviewed)])
        for name, every, first in (
            ("heartbeat", HEARTBEAT_EVERY, now + HEARTBEAT_EVERY),
            ("snapshot", self._config.server.snapshot_every, now),
            ("sweep", SWEEP_EVERY, now + SWEEP_EVERY),
            ("annotate", ANNOTATE_EVERY, now),
            ("deliver", DELIVER_EVERY, now),
            ("purge", PURGE_EVERY, now + _PURGE_FIRST),
        ):
            seconds = every.total_seconds()
            job = getattr(self, name)
            self.scheduler.add_job(job, "interval", seconds=seconds, id=name, next_run_time=first, executor="poll")
        for monitor in self._config.monitors:
            self.scheduler.add_job(
                self.check, SlotTrigger.of(monitor), args=[monitor.name], id=CHECK + monitor.name,
                next_run_time=now, executor="checks",
            )  # fmt: skip
        if self._reviews is not None:
            seconds = REPORT_EVERY.total_seconds()
            self.scheduler.add_job(
                self._reviews.look, "interval", seconds=seconds, id="report", next_run_time=now, executor="report"
            )
        self._polls.add_to(self.scheduler, now)
        self.scheduler.add_listener(self._submitted, EVENT_JOB_SUBMITTED)
        self.scheduler.add_listener(self._ended, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
        self.scheduler.start()

    def heartbeat(self) -> None:
        """Proof that the scheduler still runs jobs: its own `running` stays true when its thread has died."""
        self._heartbeat_at = self._clock()

    def snapshot(self) -> None:
        """Read the store for metrics and the fleet page."""
        self.holder.refresh(self._clock())

    def annotate(self) -> None:
        """Write messages for Grafana about what happened."""
        if self._annotations is not None:
            self._annotations.write()

    def deliver(self) -> None:
        """Send the messages that are due."""
        post(self._outlets, self._store, clock=self._clock, stopping=self.stopping)

    def purge(self) -> None:
        """Delete what is older than the retention."""
        event(log, logging.INFO, "purge", **self._store.purge(self._clock(), self._config.store.retention))

    def recover(self) -> None:
        """Find slots whose owner is gone, here or on another machine."""
        found: dict[str, set[datetime]] = {}
        for monitor, planned_at in runner.recover(self._store, self._clock()):
            found.setdefault(monitor, set()).add(planned_at)
        self._interrupted = found

    def sweep(self) -> None:
        """Start what is due and not under way, whatever the reason: owner gone, database away, slot held before."""
        self.recover()
        for monitor in self._config.monitors:
            if self.stopping.is_set():
                return
            if self._under_way[CHECK + monitor.name] > 0:
                continue
            if self._waiting(monitor.name, self._due(monitor.name)):
                self._wake(monitor.name)

    def check(self, name: str) -> bool:
        """Run the oldest due slot of one monitor. True: look again at once.

        One slot per turn, so that a monitor that catches up does not keep the others waiting; in order, since a check
        looks at those before it.
        """
        if self.stopping.is_set():
            return False
        with self._working(name):
            found = self._due(name)
            waiting = self._waiting(name, found)
            if not self._skipped(name, found) or not waiting:
                return False
            outcome = runner.run_slot(
                self._config, name, waiting[0], self._store,
                clock=self._clock, perform=self._perform, cancel=self.cancel,
                confirms=found.confirms if waiting[0] in found.run else None,
            )  # fmt: skip
        self._interrupted.get(name, set()).discard(waiting[0])
        if self.metrics is not None and outcome.check is not None:
            self.metrics.observe(outcome.check)
        self.snapshot()
        # Held by another process: order is kept by waiting, until the next slot or sweep.
        return outcome.state in ("done", "failed", "finished")

    def health(self) -> Health:
        """This daemon's own state, from memory."""
        with self._lock:
            handed = {name.removeprefix(CHECK) for name, runs in self._under_way.items() if runs > 0 and CHECK in name}
            in_progress, queue_length = len(self._busy), len(handed - self._busy)
        return Health(
            heartbeat_at=self._heartbeat_at,
            checks_in_progress=in_progress,
            queue_length=queue_length,
            stopping=self.stopping.is_set(),
        )

    def next_runs(self) -> dict[str, datetime]:
        """Monitor to the planned time of its next slot."""
        now = self._clock()
        return {monitor.name: slots.next_slot(monitor.schedule, now) for monitor in self._config.monitors}

    @property
    def in_progress(self) -> int:
        return len(self._busy)

    def _due(self, name: str) -> Due:
        return due(self._config.monitor(name), self._store, self._clock())

    def _waiting(self, name: str, found: Due) -> list[datetime]:
        """Slots to run, oldest first; interrupted ones however old they are."""
        return sorted({*found.run, *self._interrupted.get(name, ())})

    def _skipped(self, name: str, found: Due) -> bool:
        """Record what will not be run. False: told to stop half-way; nothing newer may be run then."""
        count = 0
        for planned_at in found.skip(self._config.monitor(name).schedule):
            if self.stopping.is_set():
                return False
            self._store.skip(name, planned_at, "catch_up", self._clock())
            count += 1
        if count:
            event(log, logging.WARNING, "slots skipped", monitor=name, count=count, reason="catch_up")
        return True

    @contextmanager
    def _working(self, name: str) -> Iterator[None]:
        with self._lock:
            self._busy.add(name)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(name)

    def _wake(self, name: str) -> None:
        self.scheduler.modify_job(CHECK + name, next_run_time=runner.now())

    def _submitted(self, told: Any) -> None:
        with self._lock:
            self._under_way[told.job_id] += 1

    def _ended(self, told: Any) -> None:
        # APScheduler has counted the job as ended only now: woken inside the job it would be refused as an overlap.
        with self._lock:
            self._under_way[told.job_id] -= 1
        if told.code == EVENT_JOB_EXECUTED and told.retval is True and not self.stopping.is_set():
            self._wake(told.job_id.removeprefix(CHECK))
