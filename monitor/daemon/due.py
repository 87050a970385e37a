"""Which slots a daemon has to run now, worked out from what the store holds: nothing is remembered between looks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor import slots
from monitor.settings import MonitorSettings
from monitor.store import Store

_TICK = timedelta(microseconds=1)


def due(monitor: MonitorSettings, store: Store, now: datetime) -> tuple[datetime, ...]:
    """Planned slots that nobody has finished, oldest first: since the last known one, at most `catch_up`.

    A monitor without any slot starts with the latest one that has come. Slots that another process is running are
    among them; claiming tells.
    """
    schedule = monitor.schedule
    last = store.last_slot(monitor.name)
    if last is None:
        return (slots.previous_slot(schedule, now),)
    candidates = slots.latest(schedule, last, now, schedule.catch_up)
    if not candidates:
        return ()
    finished = store.finished_slots(monitor.name, candidates[0], now + _TICK)
    return tuple(slot for slot in candidates if slot not in finished)


def too_old(monitor: MonitorSettings, store: Store, now: datetime) -> Iterator[datetime]:
    """Slots missed since the last known one that are more than `catch_up` back, oldest first."""
    last = store.last_slot(monitor.name)
    if last is not None:
        kept = slots.latest(monitor.schedule, last, now, monitor.schedule.catch_up)
        yield from slots.planned(monitor.schedule, last + _TICK, kept[0] if kept else last)
