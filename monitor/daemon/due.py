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
    confirms: str | None = None
    """The severe check that the one slot of `run` looks at again; it is not one of the planned slots."""

    def skip(self, schedule: ScheduleSettings) -> Iterator[datetime]:
        """Slots to be recorded as skipped, oldest first, before anything is run."""
        if self.skip_after is not None and self.run:
            yield from slots.planned(schedule, self.skip_after + _TICK, self.run[0])


def due(monitor: MonitorSettings, store: Store, now: datetime) -> Due:
    """What has come since the last slot known to the store, at most `catch_up` slots; when there is nothing and the
    last one was severe, its confirming slot.

    A monitor without any slot starts with the latest one that has come. While the last known slot is not finished it
    is the only one due: checks look at those before them, so nobody goes past a slot that is running or interrupted.
    """
    schedule = monitor.schedule
    last = store.last_slot(monitor.name)
    if last is None:
        return Due(run=(slots.previous_slot(schedule, now),))
    if last not in store.finished_slots(monitor.name, last, last + _TICK):
        return Due(run=(last,))
    run = slots.latest(schedule, last + _TICK, now, schedule.catch_up)
    # A planned slot that has come looks at newer rows than a confirming one would: nothing stale is made up for.
    return Due(run=run, skip_after=last) if run else _confirming(monitor, store, last, now)


def _confirming(monitor: MonitorSettings, store: Store, last: datetime, now: datetime) -> Due:
    """The slot that looks at the latest check again, where that one is severe and no confirming one itself."""
    planned_at = slots.confirming_slot(monitor.schedule, last)
    if planned_at is None or now < planned_at:
        return Due(run=())
    latest = store.checks(monitor.name, limit=1)
    if not latest or latest[0].planned_at != last or latest[0].level < 2 or latest[0].confirms is not None:
        return Due(run=())
    return Due(run=(planned_at,), confirms=latest[0].id)
