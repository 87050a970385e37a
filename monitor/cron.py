"""Crontab expressions as cron(8) reads them, in UTC.

APScheduler's reader differs twice: it counts weekdays from Monday = 0 (cron: Sunday = 0 and 7), and a day of month
beside a weekday must both agree (cron: either is enough, unless one of the two fields starts with `*`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_CYCLE_DAYS = 366 * 40
"""Any date, even 29 February on a given weekday, comes twice in so many days from the epoch, or never."""
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A crontab expression, read: on which days, and at which times of those days."""

    times: tuple[timedelta, ...]
    """Times of day, ascending, never empty."""
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    either: bool
    """Day of month and weekday are both restricted: one of them is enough, as in cron(8)."""

    def on(self, date: datetime) -> bool:
        """Whether anything is planned on this date."""
        if date.month not in self.months:
            return False
        day, weekday = date.day in self.days, date.isoweekday() % 7 in self.weekdays
        return (day or weekday) if self.either else (day and weekday)

    def after(self, moment: datetime) -> datetime:
        """The first firing strictly later than `moment`."""
        date = _midnight(moment)
        index = bisect_right(self.times, moment - date)
        if index == len(self.times) or not self.on(date):
            index, date = 0, date + _DAY
        while not self.on(date):
            date += _DAY
        return date + self.times[index]

    def at_or_before(self, moment: datetime) -> datetime:
        """The last firing at or before `moment`."""
        date = _midnight(moment)
        index = bisect_right(self.times, moment - date) - 1
        if index < 0 or not self.on(date):
            index, date = -1, date - _DAY
        while not self.on(date):
            date -= _DAY
        return date + self.times[index]


@lru_cache(maxsize=1024)
def read_cron(text: str) -> Cron:
    """Minute, hour, day of month, month, weekday: numbers, lists, ranges, steps; names for months and weekdays.

    Raises ValueError for anything that is not five such fields, and for days that never come.
    """
    fields = text.lower().split()
    if len(fields) != 5:
        raise ValueError(f"{text!r} has {len(fields)} fields; expected 5: minute hour day-of-month month weekday")
    minutes, hours = _Field("minute", 0, 59).read(fields[0]), _Field("hour", 0, 23).read(fields[1])
    cron = Cron(
        times=tuple(timedelta(hours=hour, minutes=minute) for hour in sorted(hours) for minute in sorted(minutes)),
        days=_Field("day of month", 1, 31).read(fields[2]),
        months=_Field("month", 1, 12, _MONTHS).read(fields[3]),
        weekdays=_Field("weekday", 0, 6, _WEEKDAYS).read(fields[4]),
        either=not (fields[2].startswith("*") or fields[4].startswith("*")),
    )
    if not any(cron.on(_EPOCH + n * _DAY) for n in range(_CYCLE_DAYS)):
        raise ValueError(f"{text!r} never fires: the months it names do not have that day")
    return cron


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five fields; `words` are names for the numbers from `low` on."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()

    def read(self, text: str) -> frozenset[int]:
        return frozenset(number for part in text.split(",") for number in self._part(part))

    def _part(self, part: str) -> set[int]:
        match = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?", part, re.ASCII)
        if not match:
            raise ValueError(f"{part!r} is no {self.name}; {self._expected}, a list, a range or a step")
        first, last, step = match.groups()
        if step is not None and int(step) < 1:
            raise ValueError(f"{part!r} has a step of {step}; expected at least 1")
        start = self.low if first is None else self._number(first)
        open_end = first is None or step is not None
        end = self._number(last) if last is not None else self.high if open_end else start
        if start > end:
            if not self.cyclic:
                raise ValueError(f"{part!r} runs backwards; expected the smaller {self.name} first")
            end += 7
        return {n % 7 if self.cyclic else n for n in range(start, end + 1, int(step or 1))}

    @property
    def cyclic(self) -> bool:
        """Weekdays: 7 is another name for 0, and fri-mon is a range."""
        return self.high == 6

    @property
    def _expected(self) -> str:
        names = f" or {self.words[0]}-{self.words[-1]}" if self.words else ""
        return f"expected {self.low}-{7 if self.cyclic else self.high}{names}"

    def _number(self, text: str) -> int:
        if text in self.words:
            return self.words.index(text) + self.low
        if text.isdecimal() and self.low <= int(text) <= (7 if self.cyclic else self.high):
            return int(text)
        raise ValueError(f"{text!r} is no {self.name}; {self._expected}")


@lru_cache(maxsize=1024)
def longest_gap(text: str) -> timedelta:
    """The longest time between two firings in a row. Raises ValueError as `read_cron` does."""
    cron = read_cron(text)
    # Every day on which it fires has the same times, so days and times of day are looked at apart.
    within = max((later - earlier for earlier, later in pairwise(cron.times)), default=timedelta(0))
    dates = [date for n in range(_CYCLE_DAYS) if cron.on(date := _EPOCH + n * _DAY)]
    between = max(later - earlier for earlier, later in pairwise(dates))
    return max(within, between - (cron.times[-1] - cron.times[0]))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
