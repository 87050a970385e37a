"""Crontab fields as cron(8) reads them; APScheduler's trigger is the oracle where both agree."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cron import read_cron

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

moments = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    """One crontab field that APScheduler reads as well: it refuses steps wider than their range."""
    one = st.integers(low, high)
    lists = st.lists(one, min_size=1).map(lambda found: ",".join(map(str, found)))
    ranges = st.tuples(one, one).map(sorted).map(lambda ends: f"{ends[0]}-{ends[1]}")
    steps = st.integers(2, min(9, high - low)).map("*/{}".format)
    return st.one_of(st.just("*"), steps, ranges, lists)


def fires(text: str, since: str, days: int) -> list[str]:
    """Dates of the first firing of each day that has any."""
    cron, moment = read_cron(text), datetime.fromisoformat(f"{since}T00:00:00+00:00")
    end, found = moment + timedelta(days=days), []
    moment = cron.after(moment - timedelta(seconds=1))
    while moment < end:
        found.append(moment.strftime("%a %d"))
        moment = cron.after(moment)
    return found


@settings(max_examples=200)
@given(numbers(0, 59), numbers(0, 23), numbers(1, 28), numbers(1, 12), moments)
def test_dates_and_times_agree_with_apscheduler(minute: str, hour: str, day: str, month: str, moment: datetime) -> None:
    oracle = CronTrigger(minute=minute, hour=hour, day=day, month=month, timezone=UTC)
    expected = oracle.get_next_fire_time(None, moment + timedelta(microseconds=1))
    assert read_cron(f"{minute} {hour} {day} {month} *").after(moment) == expected


@given(st.lists(st.sampled_from(WEEKDAYS), min_size=1), moments)
def test_weekday_names_agree_with_apscheduler(names: list[str], moment: datetime) -> None:
    oracle = CronTrigger(minute=0, hour=0, day_of_week=",".join(names), timezone=UTC)
    expected = oracle.get_next_fire_time(None, moment + timedelta(microseconds=1))
    assert read_cron(f"0 0 * * {','.join(names).upper()}").after(moment) == expected


@pytest.mark.parametrize(
    ("weekdays", "expected"),
    [
        ("0", ["Sun 07"]),
        ("7", ["Sun 07"]),
        ("1", ["Mon 01"]),
        ("1-5", ["Mon 01", "Tue 02", "Wed 03", "Thu 04", "Fri 05"]),
        ("5-7", ["Fri 05", "Sat 06", "Sun 07"]),
        ("0-1", ["Mon 01", "Sun 07"]),
        ("fri-mon", ["Mon 01", "Fri 05", "Sat 06", "Sun 07"]),
        ("*/2", ["Tue 02", "Thu 04", "Sat 06", "Sun 07"]),
        ("0-7", ["Mon 01", "Tue 02", "Wed 03", "Thu 04", "Fri 05", "Sat 06", "Sun 07"]),
    ],
)
def test_weekdays_are_counted_from_sunday(weekdays: str, expected: list[str]) -> None:
    assert fires(f"0 0 * * {weekdays}", "2026-06-01", 7) == expected


def test_a_day_of_month_beside_a_weekday_is_either_of_them() -> None:
    assert fires("0 0 13 * 5", "2026-06-01", 14) == ["Fri 05", "Fri 12", "Sat 13"]


def test_a_weekday_that_starts_with_a_star_narrows_the_day_of_month() -> None:
    assert fires("0 0 1-7 * */7", "2026-06-01", 14) == ["Sun 07"]


def test_names_of_months_may_be_used() -> None:
    assert read_cron("0 0 1 jan,JUL *").months == {1, 7}


@given(numbers(0, 59), numbers(0, 23), numbers(1, 28), numbers(0, 6), moments)
def test_looking_back_is_the_reverse_of_looking_forward(
    minute: str, hour: str, day: str, weekday: str, moment: datetime
) -> None:
    cron = read_cron(f"{minute} {hour} {day} * {weekday}")
    found = cron.after(moment)
    assert cron.at_or_before(found) == found
    assert cron.at_or_before(found - timedelta(microseconds=1)) <= moment


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "0 fields"),
        ("* * * *", "4 fields"),
        ("@daily", "1 fields"),
        ("60 * * * *", "'60' is no minute; expected 0-59"),
        ("* 24 * * *", "'24' is no hour"),
        ("* * 0 * *", "'0' is no day of month; expected 1-31"),
        ("* * * 13 *", "expected 1-12 or jan-dec"),
        ("* * * * 8", "expected 0-7 or sun-sat"),
        ("* * * * montag", "'montag' is no weekday"),
        ("5-2 * * * *", "runs backwards"),
        ("*/0 * * * *", "step of 0"),
        ("1,,2 * * * *", "'' is no minute"),
        ("* * L * *", "'l' is no day of month"),
        ("* * * * 5#2", "'5#2' is no weekday"),
        ("0 0 30 2 *", "never fires"),
        ("0 0 31 4,6,9,11 *", "never fires"),
        ("١ * * * *", "is no minute"),
    ],
)
def test_a_mistake_is_told_with_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        read_cron(text)
