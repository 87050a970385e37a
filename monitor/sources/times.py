"""Times of rows, from whatever a source stores, to microseconds since 1970 in UTC. A zone is never guessed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.errors import DataError
from monitor.types import Ints

MISSING = np.iinfo(np.int64).min
"""Microseconds of a missing time; before every window."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(instant: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (instant - _EPOCH) // _MICROSECOND


def moment(instant: int) -> datetime:
    """The aware datetime in UTC of microseconds since 1970."""
    return _EPOCH + instant * _MICROSECOND


def instant(value: Any, zone: ZoneInfo | None, what: str) -> datetime:
    """One stored time as an aware datetime.

    Text is read as ISO 8601. A naive time is read in `zone`; in the repeated hour of an autumn night it is taken as
    the first. Raises DataError: naive without a zone, skipped by the zone (the spring night), a number, other text.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise DataError(
                f"{what} is not a time", seen=repr(value), expected="ISO 8601, as in 2024-01-05T12:00:00+00:00",
                hint="in a file, write it as ISO 8601 with an offset (pandas.to_datetime(column, dayfirst=True, "
                "utc=True) reads day/month/year); in a database, convert it in the query; or name another column",
            ) from error  # fmt: skip
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    elif not isinstance(value, datetime):
        raise wrong_kind(value, what)
    stamp: datetime = value
    if stamp.tzinfo is not None:
        return stamp
    if zone is None:
        raise naive(stamp, what)
    local = stamp.replace(tzinfo=zone, fold=0)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != stamp:
        raise _not_existing(stamp, zone, what)
    return local


def to_micros(values: pd.Series[Any], zone: ZoneInfo | None, what: str) -> Ints:
    """(n,) microseconds since 1970 in UTC, `MISSING` where there is no time; finer parts are cut off.

    Raises DataError like `instant`.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return _whole_micros(values.dt.tz_convert("UTC").dt.tz_localize(None))
    if pd.api.types.is_datetime64_dtype(values.dtype):
        return _whole_micros(values if values.isna().all() else _localised(values, zone, what))
    if values.notna().any() and (
        pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype)
    ):
        raise wrong_kind(values[values.notna()].iloc[0], what)
    absent = values.isna().to_numpy()
    found = (MISSING if gone else micros(instant(one, zone, what)) for one, gone in zip(values, absent, strict=True))
    return np.fromiter(found, dtype=np.int64, count=len(values))


def ambiguous(instants: Ints, zone: ZoneInfo) -> int:
    """How many of these instants, read from naive local times, lie in the first of two equal hours."""
    local = pd.Series(pd.to_datetime(instants, unit="us", utc=True)).dt.tz_convert(zone).dt.tz_localize(None)
    first = local.dt.tz_localize(zone, ambiguous=np.ones(len(local), bool))
    second = local.dt.tz_localize(zone, ambiguous=np.zeros(len(local), bool))
    return int((first != second).sum())


def local_bound(bound: datetime, zone: ZoneInfo) -> datetime:
    """The smallest naive local time that `instant` puts at or after `bound`: how a window is cut in a naive column."""
    local = bound.astimezone(zone)
    if local.fold == 0:
        return local.replace(tzinfo=None)
    # In the second of two equal hours every naive time means the first, so the cut is where the hour ends.
    end = local.replace(second=0, microsecond=0).astimezone(UTC)
    while end.astimezone(zone).fold:
        end += timedelta(minutes=1)
    return end.astimezone(zone).replace(tzinfo=None)


def period_labels(times: NDArray[np.datetime64] | Iterable[datetime], period: timedelta) -> tuple[str, ...]:
    """The start of the period each time lies in, as text that sorts: `2013-01-07`, or `2013-01-07T06:00Z`.

    Periods are counted from Monday 1970-01-05 00:00 UTC, like the slots of `schedule.every`. Times are datetime64
    in UTC or aware datetimes. Raises DataError for a missing time.
    """
    if isinstance(times, np.ndarray):
        stamps = times.astype("datetime64[us]")
        if np.isnat(stamps).any():
            raise DataError("a row has no time", expected="a time in every row", hint="drop such rows")
        counted = stamps.astype(np.int64)
    else:
        counted = np.array([micros(one) for one in times], dtype=np.int64)
    length, origin = period // _MICROSECOND, micros(_MONDAY)
    starts, place = np.unique((counted - origin) // length * length + origin, return_inverse=True)
    form = "%Y-%m-%d" if period % timedelta(days=1) == timedelta(0) else "%Y-%m-%dT%H:%MZ"
    if period % timedelta(minutes=1):
        form = "%Y-%m-%dT%H:%M:%S.%fZ"
    names = [(_EPOCH + int(start) * _MICROSECOND).strftime(form) for start in starts]
    return tuple(names[index] for index in place)


def naive(value: object, what: str) -> DataError:
    return DataError(
        f"{what} has times without a zone",
        seen=value,
        expected="times with a zone or UTC offset",
        hint="if all its times are in one zone, set timezone beside it, as in timezone: Europe/Berlin",
    )


def wrong_kind(value: object, what: str) -> DataError:
    """The error for a value, or a description in words, that is no time."""
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, np.bool_))
    return DataError(
        f"{what} is not a time",
        seen=f"{value!r} ({type(value).__name__})" if not isinstance(value, str) else value,
        expected="timestamps, or ISO 8601 text",
        hint="convert seconds since 1970: in a file, write pandas.to_datetime(column, unit='s', utc=True); in a query, "
        "select to_timestamp(ts) or datetime(ts, 'unixepoch')"
        if is_number
        else "name the time column in columns.time",
    )


def _not_existing(value: object, zone: ZoneInfo, what: str) -> DataError:
    return DataError(
        f"{what} has a time that its zone skips",
        seen=value,
        expected=f"a time that exists in {zone.key}",
        hint="the times are probably in another zone (UTC?): correct timezone",
    )


def _localised(values: pd.Series[Any], zone: ZoneInfo | None, what: str) -> pd.Series[Any]:
    if zone is None:
        raise naive(values[values.notna()].iloc[0], what)
    first = np.ones(len(values), bool)
    try:
        zoned: pd.Series[Any] = values.dt.tz_localize(zone, ambiguous=first)
    except ValueError as error:
        gap = values.dt.tz_localize(zone, ambiguous=first, nonexistent="NaT").isna() & values.notna()
        raise _not_existing(values[gap].iloc[0] if gap.any() else error, zone, what) from error
    result: pd.Series[Any] = zoned.dt.tz_convert("UTC").dt.tz_localize(None)
    return result


def _whole_micros(values: pd.Series[Any]) -> Ints:
    """NaT becomes the smallest integer, which is MISSING."""
    return values.to_numpy().astype("datetime64[us]").astype(np.int64)
