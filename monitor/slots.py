"""When checks are planned, and over which window: pure arithmetic on aware UTC datetimes, no clock, no state.

A schedule `every: 6h` has its slots at multiples of six hours since Monday 1970-01-05 00:00 UTC, whenever the daemon
was started, so restarts and replicas agree and `every: 1w` falls on Mondays. A schedule `cron: ...` has its slots
where cron(8) would run in UTC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from monitor import cron
from monitor.settings import ScheduleSettings
from monitor.types import Window, utc

EPOCH = datetime(1970, 1, 5, tzinfo=UTC)
"""A Monday: slot zero of every `every` schedule."""
CONFIRMED_FROM = timedelta(hours=6)
"""Longest gap between two slots from which on a severe level gets a check of its own."""
_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_STAGGER_LIMIT = timedelta(minutes=5)


def planned(schedule: ScheduleSettings, since: datetime, until: datetime) -> Iterator[datetime]:
    """Every slot in [since, until), ascending. Nothing when `until` is not after `since`."""
    end = utc(until, "until")
    slot = next_slot(schedule, utc(since, "since") - _TICK)
    while slot < end:
        yield slot
        slot = next_slot(schedule, slot)


def latest(schedule: ScheduleSettings, since: datetime, until: datetime, count: int) -> tuple[datetime, ...]:
    """The last `count` slots in [since, until], ascending; found from the end, however long ago `since` is."""
    first, slot = next_slot(schedule, utc(since, "since") - _TICK), previous_slot(schedule, until)
    found: list[datetime] = []
    while slot >= first and len(found) < count:
        found.append(slot)
        if slot == first:
            break
        slot = previous_slot(schedule, slot - _TICK)
    return tuple(reversed(found))


def next_slot(schedule: ScheduleSettings, after: datetime) -> datetime:
    """The first slot strictly later than `after`. Raises ValueError for a cron expression that is not one."""
    after = utc(after, "after")
    if schedule.every is not None:
        return EPOCH + ((after - EPOCH) // schedule.every + 1) * schedule.every
    return _cron_of(schedule).after(after)


def previous_slot(schedule: ScheduleSettings, at: datetime) -> datetime:
    """The last slot at or before `at`. Raises ValueError for a cron expression that is not one."""
    at = utc(at, "at")
    if schedule.every is not None:
        return EPOCH + ((at - EPOCH) // schedule.every) * schedule.every
    return _cron_of(schedule).at_or_before(at)


def window_of(schedule: ScheduleSettings, planned_at: datetime) -> Window:
    """The traffic that the check planned for `planned_at` looks at: `span` long, ending `delay` before the slot."""
    end = utc(planned_at, "planned_at") - schedule.delay
    return Window(start=end - schedule.span, end=end)


def confirming_slot(schedule: ScheduleSettings, planned_at: datetime) -> datetime | None:
    """When a severe check planned for `planned_at` is looked at again; None where that is not done.

    Not for monitors that are checked again within six hours anyway, nor where the next planned slot comes no later.
    """
    after = schedule.confirm_after
    if after is None or longest_gap(schedule) < CONFIRMED_FROM:
        return None
    found = utc(planned_at, "planned_at") + after
    return found if found < next_slot(schedule, planned_at) else None


def longest_gap(schedule: ScheduleSettings) -> timedelta:
    """The longest time between two slots in a row: how long silence may last before it is a fault."""
    if schedule.every is not None:
        return schedule.every
    assert schedule.cron is not None  # ScheduleSettings has exactly one of the two
    return cron.longest_gap(schedule.cron)


def per_month(schedule: ScheduleSettings) -> float:
    """Slots in an average month of 30.44 days; a crontab's are counted over four weeks where it fires in them."""
    month, weeks = timedelta(days=30.44), timedelta(weeks=4)
    if schedule.every is not None:
        return month / schedule.every
    counted = sum(1 for _ in planned(schedule, EPOCH, EPOCH + weeks))
    return counted * (month / weeks) if counted > 1 else month / longest_gap(schedule)


def cadence(schedule: ScheduleSettings) -> Literal["minutely", "hourly", "daily", "weekly"]:
    """The word for how often a monitor is checked, by its longest gap; `weekly` is a week and everything longer."""
    gap = longest_gap(schedule)
    if gap < timedelta(hours=1):
        return "minutely"
    if gap < _DAY:
        return "hourly"
    return "daily" if gap < timedelta(weeks=1) else "weekly"


def stagger(monitor: str, interval: timedelta) -> timedelta:
    """How long after its slot a monitor's check starts, so that hundreds do not start in the same second.

    In [0, a tenth of the interval), five minutes at most, and always the same for one name: planned times and windows
    never move, and a restart changes nothing.
    """
    share = int.from_bytes(hashlib.sha256(monitor.encode()).digest()[:4], "big") / 2**32
    return min(interval / 10, _STAGGER_LIMIT) * share


def _cron_of(schedule: ScheduleSettings) -> cron.Cron:
    assert schedule.cron is not None  # ScheduleSettings has exactly one of every, cron
    return cron.read_cron(schedule.cron)
