"""Zones, naive times, odd nights and period labels."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import DataError
from monitor.sources import period_labels
from monitor.sources.times import MISSING, ambiguous, instant, local_bound, micros, to_micros

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2024, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "values",
    [
        [NOON],
        [NOON.isoformat()],
        ["2024-01-05T12:00:00Z"],
        ["2024-01-05 17:45:00+05:45"],
        pd.Series([NOON]).dt.tz_convert("America/New_York"),
        pd.Series([pd.Timestamp(NOON)]).dt.as_unit("ns"),
        pd.Series([NOON.isoformat()], dtype="category"),
    ],
)
def test_the_same_instant_in_any_form_is_the_same_microsecond(values: Any) -> None:
    assert to_micros(pd.Series(values), None, "time").tolist() == [micros(NOON)]


def test_a_missing_time_is_before_every_window() -> None:
    for values in (pd.Series([None, NOON]), pd.Series([pd.NaT, pd.Timestamp(NOON)])):
        assert to_micros(values, None, "time").tolist() == [MISSING, micros(NOON)]


@pytest.mark.parametrize(
    "value", [datetime(2024, 1, 5, 12), pd.Timestamp(2024, 1, 5, 12), "2024-01-05 12:00", date(2024, 1, 5)]
)
def test_naive_times_are_refused_without_a_zone_and_the_message_says_what_to_set(value: Any) -> None:
    with pytest.raises(DataError, match=r"column ts has times without a zone; seen: 2024-01-05.*set timezone"):
        to_micros(pd.Series([value]), None, "column ts")


@pytest.mark.parametrize(
    "value", [datetime(2024, 1, 5, 13), pd.Timestamp(2024, 1, 5, 13), "2024-01-05 13:00", "2024-01-05T12:00:00+00:00"]
)
def test_naive_times_are_read_in_the_configured_zone_and_aware_ones_keep_theirs(value: Any) -> None:
    assert to_micros(pd.Series([value]), BERLIN, "time").tolist() == [micros(NOON)]


@pytest.mark.parametrize("value", [1704456000, 1704456000.5, 1704456000000])
def test_numbers_are_refused_with_a_hint_how_to_convert_them(value: float) -> None:
    with pytest.raises(DataError, match=r"is not a time; seen: .*17044560.*to_timestamp"):
        to_micros(pd.Series([value]), BERLIN, "time")


def test_text_that_is_no_time_is_quoted() -> None:
    with pytest.raises(DataError, match="seen: 'yesterday'; expected: ISO 8601"):
        to_micros(pd.Series(["yesterday"]), None, "time")


@pytest.mark.parametrize("make", [lambda text: text, pd.Timestamp])
def test_the_repeated_hour_of_autumn_is_taken_as_the_first_and_counted(make: Any) -> None:
    found = to_micros(pd.Series([make("2024-10-27 02:15"), make("2024-10-27 03:15")]), BERLIN, "time")
    assert found.tolist() == [
        micros(datetime(2024, 10, 27, 0, 15, tzinfo=UTC)),
        micros(datetime(2024, 10, 27, 2, 15, tzinfo=UTC)),
    ]
    assert ambiguous(found, BERLIN) == 1


@pytest.mark.parametrize("make", [lambda text: text, pd.Timestamp])
def test_a_time_that_spring_skips_is_refused_as_a_sign_of_the_wrong_zone(make: Any) -> None:
    with pytest.raises(DataError, match=r"skips; seen: 2024-03-31 02:30.*Europe/Berlin.*correct timezone"):
        to_micros(pd.Series([make("2024-03-31 01:00"), make("2024-03-31 02:30")]), BERLIN, "time")


@given(
    bound=st.datetimes(datetime(2024, 10, 26, 20), datetime(2024, 10, 27, 5)),
    local=st.datetimes(datetime(2024, 10, 26, 20), datetime(2024, 10, 27, 6)),
)
def test_a_naive_column_is_cut_exactly_where_its_instants_are_even_in_the_repeated_hour(
    bound: datetime, local: datetime
) -> None:
    edge = bound.replace(tzinfo=UTC)
    assert (local >= local_bound(edge, BERLIN)) == (instant(local, BERLIN, "time") >= edge)


@given(
    bound=st.datetimes(datetime(2024, 3, 30, 20), datetime(2024, 3, 31, 5)),
    local=st.datetimes(datetime(2024, 3, 30, 20), datetime(2024, 3, 31, 6)),
)
def test_a_naive_column_is_cut_exactly_in_the_spring_night(bound: datetime, local: datetime) -> None:
    edge = bound.replace(tzinfo=UTC)
    if not datetime(2024, 3, 31, 2) <= local < datetime(2024, 3, 31, 3):
        assert (local >= local_bound(edge, BERLIN)) == (instant(local, BERLIN, "time") >= edge)


def test_weekly_periods_start_on_mondays_utc() -> None:
    times = np.array(["2013-01-06T23:59:59", "2013-01-07T00:00", "2013-01-13T23:59"], dtype="datetime64[us]")
    assert period_labels(times, timedelta(weeks=1)) == ("2012-12-31", "2013-01-07", "2013-01-07")


def test_period_labels_sort_like_their_periods_even_before_1970_and_under_a_day() -> None:
    times = [datetime(1969, 12, 31, 23, tzinfo=UTC), datetime(1970, 1, 5, 7, 59, tzinfo=UTC)]
    assert period_labels(times, timedelta(hours=6)) == ("1969-12-31T18:00Z", "1970-01-05T06:00Z")


def test_a_missing_time_has_no_period() -> None:
    with pytest.raises(DataError, match="no time"):
        period_labels(np.array(["NaT"], dtype="datetime64[us]"), timedelta(weeks=1))
