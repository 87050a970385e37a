"""Weeks, periods and occasions: ISO weeks, year ends, clocks that skip and repeat an hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.reports.weeks import Week, next_occasion, occasion, period, weeks_until
from monitor.settings import ReportSettings
from monitor.types import Window

WEEK = timedelta(weeks=1)
DAYS = st.dates(date(1971, 1, 1), date(2199, 12, 31))
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu", "Pacific/Apia")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def reports(weekday: str = "mon", hour: int = 6, zone: str = "UTC") -> ReportSettings:
    return ReportSettings.model_validate({"directory": "r", "weekday": weekday, "hour": hour, "timezone": zone})


@given(DAYS)
def test_a_week_reads_back_what_it_writes_and_agrees_with_the_calendar(day: date) -> None:
    week = Week.of(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))

    assert Week.parse(str(week)) == week
    assert str(week) == day.strftime("%G-W%V")


@given(MOMENTS)
def test_every_moment_lies_in_its_week_and_in_no_other(moment: datetime) -> None:
    week = Week.of(moment)

    assert week.start <= moment < week.end
    assert (week.start.weekday(), week.end - week.start) == (0, WEEK)
    assert week.plus(1).start == week.end
    assert Week.ended_by(moment).end <= moment < Week.ended_by(moment).end + WEEK


@given(MOMENTS, st.integers(1, 60))
def test_the_weeks_of_a_trend_follow_each_other_up_to_the_last(moment: datetime, count: int) -> None:
    weeks = weeks_until(Week.of(moment), count)

    assert (len(weeks), weeks[-1]) == (count, Week.of(moment))
    assert all(one.end == after.start for one, after in pairwise(weeks))


def test_a_window_that_ends_on_monday_belongs_to_the_week_before() -> None:
    monday = datetime(2026, 11, 16, tzinfo=UTC)

    assert str(Week.of_window(Window(start=monday - WEEK, end=monday))) == "2026-W46"
    assert str(Week.of_window(Window(start=monday - WEEK, end=monday + timedelta(seconds=1)))) == "2026-W47"


@pytest.mark.parametrize(
    ("monday", "name"),
    [(date(2020, 12, 28), "2020-W53"), (date(2021, 1, 4), "2021-W01"), (date(2024, 12, 30), "2025-W01")],
)
def test_weeks_at_the_end_of_a_year_have_the_year_of_their_thursday(monday: date, name: str) -> None:
    assert str(Week(monday)) == name
    assert Week.parse(name) == Week(monday)


@pytest.mark.parametrize("text", ["", "2021-W53", "2026-W00", "2026-W54", "46", "2026-11-16", "next", "0000-W01"])
def test_what_is_no_week_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Week.parse(text)

    assert (caught.value.seen, caught.value.exit_code) == (text, 2)
    assert "2026-W46" in str(caught.value.expected)


@pytest.mark.parametrize(
    ("week", "title"),
    [
        ("2026-W46", "9–15 Nov 2026"),
        ("2026-W40", "28 Sep – 4 Oct 2026"),
        ("2025-W01", "30 Dec 2024 – 5 Jan 2025"),
    ],
)
def test_a_week_is_titled_by_its_days(week: str, title: str) -> None:
    assert Week.parse(week).title == title


@given(MOMENTS, st.sampled_from(ZONES), st.sampled_from(WEEKDAYS), st.integers(0, 23))
def test_an_occasion_is_the_latest_at_the_wanted_hour_of_the_zone(
    now: datetime, zone: str, weekday: str, hour: int
) -> None:
    settings = reports(weekday, hour, zone)

    found = occasion(settings, now)

    assert found <= now < found + WEEK + timedelta(days=1, hours=2)
    local = found.astimezone(ZoneInfo(zone))
    skipped = local.hour != hour  # the zone's clock does not show this hour on this day
    assert skipped or (WEEKDAYS[local.weekday()], local.minute) == (weekday, 0)
    assert occasion(settings, found) == found
    assert occasion(settings, found - timedelta(seconds=1)) < found
    following = next_occasion(settings, now)
    assert now < following
    assert occasion(settings, following) == following
    assert occasion(settings, following - timedelta(seconds=1)) == found, "there is none between"


def test_an_hour_that_the_clock_skips_comes_an_hour_later_and_one_shown_twice_counts_once() -> None:
    sunday = reports("sun", 2, "Europe/Berlin")

    spring = occasion(sunday, datetime(2026, 3, 29, 12, tzinfo=UTC))
    autumn = occasion(sunday, datetime(2026, 10, 25, 12, tzinfo=UTC))

    assert spring == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert autumn == datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert occasion(sunday, datetime(2026, 10, 25, 1, 30, tzinfo=UTC)) == autumn


def test_east_of_utc_monday_morning_still_reports_the_week_that_is_over_in_utc() -> None:
    at = occasion(reports("mon", 6, "Pacific/Auckland"), datetime(2026, 11, 17, tzinfo=UTC))

    assert at == datetime(2026, 11, 15, 17, tzinfo=UTC)
    assert str(Week.ended_by(at)) == "2026-W45"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-Q3", (2026, 7, 1), (2026, 10, 1)),
        ("2026-q4", (2026, 10, 1), (2027, 1, 1)),
        ("2026-12", (2026, 12, 1), (2027, 1, 1)),
        ("2024", (2024, 1, 1), (2025, 1, 1)),
        ("2026-02-27..2026-03-02", (2026, 2, 27), (2026, 3, 2)),
    ],
)
def test_periods_are_half_open_days_in_utc(text: str, start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    found = period(text)

    assert (found.start, found.end) == (datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC))
    assert found.name == text


@pytest.mark.parametrize(
    "text", ["", "2026-Q5", "2026-13", "2026-00", "2026-01-01", "2026-03-01..2026-03-01", "Q3..", "..", "0000"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a period"):
        period(text)
