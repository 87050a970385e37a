"""Slot arithmetic: aligned, half-open, never drifting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import slots
from monitor.settings import ScheduleSettings
from monitor.types import Window

CRONS = (
    "* * * * *", "*/7 * * * *", "5/20 3 * * *", "0 9 * * 1-5", "0 0 * * 0", "30 2 1,15 * *", "0 0 13 * 5",
    "15 4 */10 2-11 *", "0 0 29 2 *", "59 23 31 * *",
)  # fmt: skip

moments = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
intervals = st.timedeltas(timedelta(seconds=1), timedelta(weeks=60))
schedules = st.one_of(
    intervals.map(lambda every: ScheduleSettings(every=every)),
    st.sampled_from(CRONS).map(lambda cron: ScheduleSettings(cron=cron, window=timedelta(days=1))),
)


def every(text: str, **more: str) -> ScheduleSettings:
    return ScheduleSettings.model_validate({"every": text, **more})


def cron(text: str, **more: str) -> ScheduleSettings:
    return ScheduleSettings.model_validate({"cron": text, "window": "1d", **more})


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@given(schedules, moments)
def test_the_next_slot_is_later_and_nothing_lies_between(schedule: ScheduleSettings, moment: datetime) -> None:
    slot = slots.next_slot(schedule, moment)
    assert slot > moment
    assert slots.previous_slot(schedule, slot - timedelta(microseconds=1)) <= moment


@given(schedules, moments)
def test_a_slot_is_its_own_previous_one_and_the_next_after_the_one_before(
    schedule: ScheduleSettings, moment: datetime
) -> None:
    slot = slots.previous_slot(schedule, moment)
    assert slot <= moment < slots.next_slot(schedule, slot)
    assert slots.previous_slot(schedule, slot) == slot
    before = slots.previous_slot(schedule, slot - timedelta(microseconds=1))
    assert slots.next_slot(schedule, before) == slot


@given(schedules, moments, moments)
def test_a_later_moment_never_has_an_earlier_slot(schedule: ScheduleSettings, one: datetime, other: datetime) -> None:
    early, late = sorted((one, other))
    assert slots.next_slot(schedule, early) <= slots.next_slot(schedule, late)
    assert slots.previous_slot(schedule, early) <= slots.previous_slot(schedule, late)


@given(intervals, moments)
def test_interval_slots_do_not_drift(interval: timedelta, moment: datetime) -> None:
    schedule = ScheduleSettings(every=interval)
    slot = slots.next_slot(schedule, moment)
    for _ in range(20):
        assert (slot - slots.EPOCH) % interval == timedelta(0)
        slot = slots.next_slot(schedule, slot)


@given(schedules, moments, st.integers(0, 6), st.integers(0, 6))
def test_planned_slots_of_two_spans_that_touch_are_those_of_the_whole(
    schedule: ScheduleSettings, moment: datetime, first: int, second: int
) -> None:
    gap = slots.longest_gap(schedule)
    middle, end = moment + first * gap / 3, moment + (first + second) * gap / 3
    whole = list(take(slots.planned(schedule, moment, end)))
    parts = [*take(slots.planned(schedule, moment, middle)), *take(slots.planned(schedule, middle, end))]
    assert parts[: len(whole)] == whole[: len(parts)]
    assert all(moment <= slot < end for slot in whole)


def take(found: object, most: int = 50) -> list[datetime]:
    return [slot for slot, _ in zip(found, range(most), strict=False)]  # type: ignore[call-overload]


def test_planned_includes_the_start_and_not_the_end() -> None:
    found = list(slots.planned(every("1h"), at("2026-01-01T00:00"), at("2026-01-01T03:00")))
    assert found == [at("2026-01-01T00:00"), at("2026-01-01T01:00"), at("2026-01-01T02:00")]


def test_an_empty_span_has_no_slots() -> None:
    assert list(slots.planned(every("1h"), at("2026-01-01T00:00"), at("2026-01-01T00:00"))) == []
    assert list(slots.planned(every("1h"), at("2026-01-01T05:00"), at("2026-01-01T00:00"))) == []


@given(schedules, moments, st.integers(1, 12), st.integers(0, 12))
def test_the_latest_slots_are_the_end_of_the_planned_ones(
    schedule: ScheduleSettings, until: datetime, count: int, back: int
) -> None:
    since = until
    for _ in range(back):
        since = slots.previous_slot(schedule, since - timedelta(microseconds=1))
    planned = list(slots.planned(schedule, since, until + timedelta(microseconds=1)))
    assert list(slots.latest(schedule, since, until, count)) == planned[-count:]


def test_the_latest_slots_do_not_reach_behind_a_start_that_is_no_slot() -> None:
    found = slots.latest(cron("0 0 29 2 *"), at("1999-06-01T00:00"), at("2026-01-01T00:00"), 100)
    assert [slot.year for slot in found] == [2000, 2004, 2008, 2012, 2016, 2020, 2024]


def test_nothing_is_latest_between_two_slots() -> None:
    assert slots.latest(every("1d"), at("2026-01-01T01:00"), at("2026-01-01T02:00"), 5) == ()


def test_weekly_slots_are_mondays() -> None:
    slot = slots.next_slot(every("1w"), at("2026-01-01T00:00"))
    assert slot == at("2026-01-05T00:00")
    assert slot.weekday() == 0


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    tokyo = datetime(2026, 1, 1, 9, 30, tzinfo=timezone(timedelta(hours=9)))
    assert slots.next_slot(every("1h"), tokyo) == at("2026-01-01T01:00")
    assert slots.next_slot(cron("0 9 * * *"), tokyo) == at("2026-01-01T09:00")


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        slots.next_slot(every("1h"), datetime(2026, 1, 1))


def test_the_window_ends_the_delay_before_the_slot() -> None:
    schedule = every("1d", window="7d", delay="2h")
    window = slots.window_of(schedule, at("2026-01-08T00:00"))
    assert window == Window(start=at("2025-12-31T22:00"), end=at("2026-01-07T22:00"))


def test_windows_of_slots_in_a_row_touch() -> None:
    schedule = every("6h", delay="10m")
    for earlier, later in pairwise(slots.planned(schedule, at("2026-01-01T00:00"), at("2026-01-03T00:00"))):
        assert slots.window_of(schedule, earlier).end == slots.window_of(schedule, later).start


@pytest.mark.parametrize(
    ("schedule", "gap", "word"),
    [
        (every("1m"), timedelta(minutes=1), "minutely"),
        (every("59m"), timedelta(minutes=59), "minutely"),
        (every("1h"), timedelta(hours=1), "hourly"),
        (every("12h"), timedelta(hours=12), "hourly"),
        (every("1d"), timedelta(days=1), "daily"),
        (every("1w"), timedelta(weeks=1), "weekly"),
        (every("5w"), timedelta(weeks=5), "weekly"),
        (cron("*/5 * * * *"), timedelta(minutes=5), "minutely"),
        (cron("0 8-18 * * *"), timedelta(hours=14), "hourly"),
        (cron("0 9 * * 1-5"), timedelta(days=3), "daily"),
        (cron("0 0 1 * *"), timedelta(days=31), "weekly"),
        (cron("0 0 29 2 *"), timedelta(days=1461), "weekly"),
        (cron("0 6,18 * * 1"), timedelta(days=6, hours=12), "daily"),
    ],
)
def test_the_longest_gap_and_the_word_for_it(schedule: ScheduleSettings, gap: timedelta, word: str) -> None:
    assert slots.longest_gap(schedule) == gap
    assert slots.cadence(schedule) == word


@given(schedules, moments)
def test_no_gap_is_longer_than_the_longest(schedule: ScheduleSettings, moment: datetime) -> None:
    slot = slots.next_slot(schedule, moment)
    assert slots.next_slot(schedule, slot) - slot <= slots.longest_gap(schedule)


@given(st.text(min_size=1, max_size=63), intervals)
def test_the_stagger_is_below_a_tenth_of_the_interval_and_always_the_same(name: str, interval: timedelta) -> None:
    offset = slots.stagger(name, interval)
    assert timedelta(0) <= offset <= min(interval / 10, timedelta(minutes=5))
    assert offset == slots.stagger(name, interval)


def test_monitors_are_spread_over_the_stagger() -> None:
    offsets = [slots.stagger(f"monitor-{n}", timedelta(days=1)) for n in range(400)]
    per_minute = [sum(timedelta(minutes=m) <= o < timedelta(minutes=m + 1) for o in offsets) for m in range(5)]
    assert min(per_minute) > 50


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({"every": "1w"}, 30.44 / 7),
        ({"every": "1h"}, 30.44 * 24),
        ({"cron": "0 6 * * *", "window": "1d"}, 30.44),
        ({"cron": "0 8-17 * * mon-fri", "window": "1h"}, 10 * 5 * 30.44 / 7),
        ({"cron": "0 0 1 */3 *", "window": "1d"}, 30.44 / 92),
        ({"cron": "*/15 * * * *", "window": "1h"}, 96 * 30.44),
    ],
)
def test_slots_of_an_average_month_are_counted(schedule: dict[str, str], expected: float) -> None:
    assert slots.per_month(ScheduleSettings(**schedule)) == pytest.approx(expected, rel=0.05)
