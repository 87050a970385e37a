"""Which slots a daemon has to run now, worked out from what the store holds: nothing is remembered between looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor import slots
from monitor.settings import MonitorSettings, ScheduleSettings
from monitor.store import Store

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One look at one monitor."""

    run: tuple[datetime, ...]
    """Slots to run, oldest first. Another process may hold the first one; claiming tells."""
    skip_after: datetime | None = None
    """Slots after this one and before the first of `run` are too many to be made up for."""

    def skip(self, schedule: ScheduleSettings) -> Iterator[datetime]:
        """Slots to be recorded as skipped, oldest first, before anything is run."""
        if self.skip_after is not None and self.run:
            yield from slots.planned(schedule, self.skip_after + _TICK, self.run[0])


def due(monitor: MonitorSettings, store: Store, now: datetime) -> Due:
    """What has come since the last slot known to the store, at most `catch_up` slots.

    A monitor without any slot starts with the latest one that has come. While the last known slot is not finished it
    is the only one due: checks look at those before them, so nobody goes past a slot that is running or interrupted.
    """
    schedule = monitor.schedule
    last = store.last_slot(monitor.name)
    if last is None:
        return Due(run=(slots.previous_slot(schedule, now),))
    if last not in store.finished_slots(monitor.name, last, last + _TICK):
        return Due(run=(last,))
    return Due(run=slots.latest(schedule, last + _TICK, now, schedule.catch_up), skip_after=last)
