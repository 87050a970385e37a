"""ISO weeks and periods of reports, and when a weekly report is due. Pure arithmetic on aware datetimes.

A week runs from Monday 00:00 UTC to the next, whatever zone the report is made in: windows and slots are UTC too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import total_ordering
from zoneinfo import ZoneInfo

from monitor.errors import ConfigError
from monitor.settings import ReportSettings
from monitor.types import Window, utc

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TICK = timedelta(seconds=1)


@total_ordering
@dataclass(frozen=True, slots=True)
class Week:
    """One ISO week, by its Monday."""

    monday: date

    @classmethod
    def parse(cls, text: str) -> Week:
        """`2026-W46`. Raises ConfigError for anything else."""
        found = re.fullmatch(r"(\d{4})-?[Ww](\d{1,2})", text.strip())
        try:
            if found is None:
                raise ValueError(text)
            return cls(date.fromisocalendar(int(found[1]), int(found[2]), 1))
        except ValueError:
            raise ConfigError(
                "--week is not an ISO week",
                seen=text,
                expected="year and week, as in 2026-W46; a year has 52 weeks, some have 53",
                hint="leave it out for the latest week that has ended",
            ) from None

    @classmethod
    def of(cls, moment: datetime) -> Week:
        """The week that holds a moment."""
        day = utc(moment).date()
        return cls(day - timedelta(days=day.weekday()))

    @classmethod
    def of_window(cls, window: Window) -> Week:
        """The week that holds a window's last second: one that ends on Monday 00:00 is of the week before."""
        return cls.of(window.end.replace(microsecond=0) - _TICK)

    @classmethod
    def ended_by(cls, moment: datetime) -> Week:
        """The latest week that is over at a moment."""
        return cls.of(moment).plus(-1)

    def plus(self, weeks: int) -> Week:
        return Week(self.monday + weeks * WEEK)

    @property
    def start(self) -> datetime:
        return datetime.combine(self.monday, time(), UTC)

    @property
    def end(self) -> datetime:
        """Not in it any more."""
        return self.start + WEEK

    @property
    def title(self) -> str:
        """`14–20 Oct 2013`."""
        last = self.monday + 6 * DAY
        first = f"{self.monday.day}"
        if self.monday.month != last.month:
            first += f" {self.monday:%b}"
        if self.monday.year != last.year:
            first += f" {self.monday.year}"
        return f"{first}–{last.day} {last:%b} {last.year}" if " " not in first else f"{first} – {last.day} {last:%b %Y}"

    def __str__(self) -> str:
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02d}"

    def __lt__(self, other: Week) -> bool:
        return self.monday < other.monday


def weeks_until(last: Week, count: int) -> tuple[Week, ...]:
    """`count` weeks up to and with `last`, oldest first."""
    return tuple(last.plus(back) for back in range(1 - count, 1))


def occasion(settings: ReportSettings, now: datetime) -> datetime:
    """The latest time at or before `now` at which a report was to be made, in UTC.

    The hour is that of the zone's clock: one that the clock skips in spring comes an hour later, one that it shows
    twice in autumn counts the first time.
    """
    day, zone = _latest_day(settings, now)
    found = _at(day, settings.hour, zone)
    return found if found <= now else _at(day - WEEK, settings.hour, zone)


def next_occasion(settings: ReportSettings, now: datetime) -> datetime:
    """The first time after `now` at which a report is to be made, in UTC."""
    day, zone = _latest_day(settings, now)
    found = _at(day, settings.hour, zone)
    return found if found > now else _at(day + WEEK, settings.hour, zone)


def _latest_day(settings: ReportSettings, now: datetime) -> tuple[date, ZoneInfo]:
    """Today in the zone, or the latest of its days before that has the wanted weekday."""
    zone = ZoneInfo(settings.timezone)
    today = utc(now).astimezone(zone).date()
    return today - timedelta(days=(today.weekday() - _WEEKDAYS.index(settings.weekday)) % 7), zone


def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """Days of a compliance report: half-open, [start, end), whole UTC days."""

    start: datetime
    end: datetime
    name: str


def period(text: str) -> Period:
    """`2026-Q3`, `2026-10`, `2026`, or `2026-01-01..2026-04-01`, whose last day is not in it. Raises ConfigError."""
    words = text.strip()
    try:
        if found := re.fullmatch(r"(\d{4})-[Qq]([1-4])", words):
            return _months(int(found[1]), 3 * int(found[2]) - 2, 3, words)
        if found := re.fullmatch(r"(\d{4})-(\d{2})", words):
            return _months(int(found[1]), int(found[2]), 1, words)
        if found := re.fullmatch(r"\d{4}", words):
            return _months(int(words), 1, 12, words)
        first, separator, last = words.partition("..")
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        if not separator or end <= start:
            raise ValueError(text)
    except ValueError:
        raise ConfigError(
            "--period is not a period",
            seen=text,
            expected="a quarter (2026-Q3), a month (2026-10), a year (2026), or FROM..TO with TO after FROM",
            hint="FROM..TO are UTC days as in 2026-01-01..2026-04-01; the last one is not in it",
        ) from None
    return Period(datetime.combine(start, time(), UTC), datetime.combine(end, time(), UTC), words)


def _months(year: int, month: int, count: int, name: str) -> Period:
    after = 12 * year + month - 1 + count
    start = datetime(year, month, 1, tzinfo=UTC)
    return Period(start, datetime(after // 12, after % 12 + 1, 1, tzinfo=UTC), name)
