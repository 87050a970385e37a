"""The daemon's polls of explanation logs: one job per monitor that has one."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitor import slots
from monitor.runner.slot import Clock
from monitor.settings import MonitorSettings, Settings
from monitor.store import Store

if TYPE_CHECKING:
    from monitor.runner.poll import Poller

READERS = 2
"""Threads that read logs, beside those of the small jobs: a log with a day to make up for keeps one of them busy for
minutes, and heartbeat and snapshot must not wait for it."""
POLL = "poll:"
"""Prefix of the job that polls one monitor's explanation log."""


class Polls:
    """Polls one monitor after the other, each in its own rhythm; what was counted lately is kept in memory."""

    def __init__(self, config: Settings, store: Store, *, clock: Clock, stopping: threading.Event) -> None:
        self._monitors = [monitor for monitor in config.monitors if monitor.telemetry is not None]
        self._store, self._clock, self._stopping = store, clock, stopping
        self._pollers: dict[str, Poller] = {}

    def add_to(self, scheduler: Any, now: datetime) -> None:
        """Add the jobs, spread over the time between two reads so that logs are not all read at once."""
        for monitor in self._monitors:
            assert monitor.telemetry is not None  # __init__ took no others
            every = monitor.telemetry.every
            first = now + min(slots.stagger(monitor.name, every * 10), timedelta(seconds=30))
            scheduler.add_job(
                self.poll, "interval", args=[monitor], seconds=every.total_seconds(), id=POLL + monitor.name,
                next_run_time=first, executor="read",
            )  # fmt: skip

    def poll(self, monitor: MonitorSettings) -> None:
        """Read one log on to its end. Raises what `Poller.poll` raises; the scheduler logs it."""
        if self._stopping.is_set():
            return
        poller = self._pollers.get(monitor.name)
        if poller is None:
            # Not at the top: it costs imports that a daemon without explanation logs never needs.
            from monitor.runner.poll import Poller

            poller = self._pollers[monitor.name] = Poller(monitor, self._store, clock=self._clock)
        poller.poll(self._stopping)
