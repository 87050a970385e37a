from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import names
from monitor.publish import phrases
from monitor.types import Window

from .fleet import NOW, fleet


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (1.0, 2.0, "counts 2.0x more than in the reference"),
        (1.0, 1.34, "counts 34% more than in the reference"),
        (1.0, 1.0, "counts about as much as in the reference"),
        (1.0, 0.4, "counts 60% less than in the reference"),
        (1.0, 0.0, "no longer counts"),
        (0.0, 0.3, "counts now, did not in the reference"),
        (1e-300, 1.0, "counts over 1,000x more than in the reference"),
        (0.0, 0.0, "does not count, then or now"),
    ],
)
def test_a_ratio_reads_as_a_person_would_say_it(before: float, after: float, words: str) -> None:
    assert phrases.ratio_sentence(before, after) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (float("nan"), "–"), (0.0, "0"), (0.0333, "0.0333"), (1234.5, "1,234"), (-0.5, "−0.500"),
        (3.4e-7, "3.40e−07"), (12.0, "12.0"),
    ],
)  # fmt: skip
def test_a_number_has_three_significant_digits(value: float | None, text: str) -> None:
    assert phrases.number(value) == text


@given(st.floats(min_value=1e-4, max_value=9e5))
def test_a_number_is_never_further_than_half_a_digit_from_its_value(value: float) -> None:
    assert float(phrases.number(value).replace(",", "")) == pytest.approx(value, rel=5.1e-3)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.integers(0, 6))
def test_a_columns_number_is_never_a_negative_zero(value: float, places: int) -> None:
    text = phrases.decimal(value, places)
    assert not (text.startswith("−") and set(text) <= set("−0.,"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (0.0, "0%"), (1.0, "100%"), (0.472, "47%"), (0.034, "3.4%"), (-0.37, "−37%"), (1.002, "100%"),
        (2073 / 2074, "99.95%"), (0.996, "99.6%"), (0.0002, "0.02%"), (1e-7, "under 0.01%"), (1 - 1e-7, "over 99.99%"),
        (-0.0002, "−0.02%"), (1e9, "over 100,000%"),
    ],
)  # fmt: skip
def test_a_share_is_nothing_or_all_only_when_it_is(value: float | None, text: str) -> None:
    assert phrases.percent(value) == text


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_no_share_between_is_called_nothing_or_all(value: float) -> None:
    assert float(phrases.percent(value).split()[-1].removesuffix("%")) not in (0.0, 100.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (90000, "1 d 1 h"),
        (604800, "1 w"),
        (200000, "2 d 7 h"),
    ],
)
def test_a_span_has_one_or_two_units(seconds: int, text: str) -> None:
    assert phrases.span(seconds) == text


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2013-06-03", "2013-06-10", "3 Jun – 9 Jun 2013 UTC"),
        ("2013-06-03", "2013-06-04", "Mon 3 Jun 2013 UTC"),
        ("2012-12-31", "2013-01-07", "31 Dec 2012 – 6 Jan 2013 UTC"),
        ("2013-06-03T06:00", "2013-06-03T12:00", "Mon 3 Jun 2013, 06:00 – 12:00 UTC"),
        ("2013-06-03T18:00", "2013-06-04T00:00", "Mon 3 Jun 2013, 18:00 UTC – Tue 4 Jun 2013, 00:00 UTC"),
    ],
)
def test_a_half_open_window_of_whole_days_names_the_days_it_contains(start: str, end: str, text: str) -> None:
    window = Window(
        start=datetime.fromisoformat(start).replace(tzinfo=UTC), end=datetime.fromisoformat(end).replace(tzinfo=UTC)
    )
    assert phrases.window_words(window) == text


def test_only_a_judged_check_without_drift_is_green() -> None:
    last = fleet().snapshot(NOW).monitors[0].last_check
    assert last is not None
    assert phrases.check_state(last) is phrases.NONE
    for change in ({"outcome": "failed"}, {"outcome": "unknown"}, {"verdict": "unknown"}, {"verdict": "model"}):
        assert phrases.check_state(dataclasses.replace(last, **change)) is not phrases.NONE  # type: ignore[arg-type]
    assert phrases.check_state(None) is phrases.UNKNOWN


def test_a_monitor_is_overdue_after_two_intervals_and_ten_minutes() -> None:
    status = dataclasses.replace(fleet().snapshot(NOW).monitors[1], interval_seconds=3600.0, last_run_at=NOW)
    assert not phrases.overdue(status, NOW + timedelta(hours=2, minutes=10))
    assert phrases.overdue(status, NOW + timedelta(hours=2, minutes=10, seconds=1))


def test_a_new_interval_is_waited_for_from_its_beginning() -> None:
    status = dataclasses.replace(
        fleet().snapshot(NOW).monitors[1], interval_seconds=3600.0, last_run_at=NOW - timedelta(hours=20),
        interval_since=NOW,
    )  # fmt: skip
    assert not phrases.overdue(status, NOW + timedelta(hours=2))
    assert phrases.overdue(status, NOW + timedelta(hours=3))


def test_a_monitor_that_never_ran_ages_from_its_registration() -> None:
    status = dataclasses.replace(
        fleet().snapshot(NOW).monitors[1], interval_seconds=3600.0, last_run_at=None, created_at=NOW
    )
    assert not phrases.overdue(status, NOW + timedelta(hours=2))
    assert phrases.overdue(status, NOW + timedelta(hours=3))


def test_every_closed_word_has_its_text() -> None:
    assert set(phrases.NEXT_STEPS) == {*names.FAILURE_REASONS, *names.UNKNOWN_REASONS}
    assert set(phrases.VERDICT_TITLES) == set(names.VERDICTS)
    assert set(phrases.VIEW_TITLES) == set(names.VIEW_VALUES)
    assert tuple(state.word for state in phrases.LEVELS) == names.LEVEL_NAMES


@pytest.mark.parametrize(
    ("value", "objective", "text"),
    [
        (0.98831, 0.99, "98.8%"),
        (0.9949999, 0.995, "99%"),
        (0.98999999, 0.99, "under 99%"),
        (0.5, 0.99, "50%"),
        (0.995, 0.99, "99.5%"),
        (1e-9, 0.5, "under 0.01%"),
        (0.0, 0.5, "0%"),
        (0.99995, 0.99999, "over 99.99%"),
        (-0.2, 0.5, "−20%"),
    ],
)
def test_a_share_under_its_objective_never_reads_as_the_objective(value: float, objective: float, text: str) -> None:
    assert phrases.percent_under(value, objective) == text
