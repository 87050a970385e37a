"""Uniform samples without replacement from anything that comes in batches: exact and of bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.errors import DataError
from monitor.sources.ranks import Smallest, rank
from monitor.sources.times import micros, to_micros
from monitor.types import Ints, Window

Scan = Callable[[Sequence[str]], Iterator[pd.DataFrame]]
"""Batches of the named columns: every row of the window, possibly others; in the same order on every call when
there is no id column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to draw, in the names of the source."""

    window: Window
    zone: ZoneInfo | None
    time: str
    id: str | None
    priority: str | None
    wanted: tuple[str, ...]
    """Columns to fetch for the rows drawn."""
    rows: int
    priority_rows: int
    batch_rows: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Rows drawn, ordered by (time, key)."""

    frame: pd.DataFrame
    """The wanted columns, as the source stores them."""
    keys: tuple[str, ...]
    """The id, or the row's position in the window, as text."""
    times: Ints
    """Microseconds since 1970, UTC."""

    @staticmethod
    def choose(frame: pd.DataFrame, keys: Sequence[str], times: Ints, *, seed: int, n: int) -> Drawn:
        """The n rows of smallest (rank, time, key)."""
        ranks = rank(seed, keys)
        best = sorted(range(len(keys)), key=lambda row: (ranks[row], times[row], keys[row]))[:n]
        best.sort(key=lambda row: (times[row], keys[row]))
        return Drawn(
            frame=frame.iloc[best].reset_index(drop=True), keys=tuple(keys[row] for row in best), times=times[best]
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of all rows of the window, drawn or not."""

    n: int
    newest: int | None
    """Largest time, in microseconds since 1970, UTC; None without rows."""

    @staticmethod
    def of(times: Ints) -> Seen:
        return Seen(len(times), int(times.max()) if len(times) else None)

    def and_of(self, times: Ints) -> Seen:
        """With the rows of another batch."""
        other = Seen.of(times)
        newest = [one for one in (self.newest, other.newest) if one is not None]
        return Seen(self.n + other.n, max(newest, default=None))


def draw(scan: Scan, request: Request) -> tuple[Drawn, Drawn, Seen]:
    """Sample, priority rows and what is known of all rows in the window, from two passes over a source.

    The first pass reads keys only, the second the wanted columns. Memory is one batch and the rows drawn; without an
    id column also 16 bytes per row of the window, because positions are counted in time order.
    """
    return _draw_by_id(scan, request) if request.id else _draw_by_position(scan, request)


def id_texts(values: pd.Series[Any], name: str) -> list[str]:
    """Ids as text. Raises DataError for a missing id: it could not be ranked."""
    if values.isna().any():
        raise null_ids(name, int(values.isna().sum()))
    return [str(value) for value in values.tolist()]


def whole_number(text: str) -> int | None:
    """The number that is written exactly so and that integers of a database or file can hold."""
    if len(text) > len(str(-(1 << 63))) or not text.removeprefix("-").isdecimal():
        return None
    found = int(text)
    return found if str(found) == text and -(1 << 63) <= found < 1 << 63 else None


def null_ids(name: str, count: int) -> DataError:
    return DataError(
        f"id column {name} has missing values",
        seen=f"{count} rows without an id",
        expected="a unique id in every row",
        hint="leave such rows out in predictions.query, or remove columns.id to go by position in time order",
    )


def not_unique(name: str, seen: str) -> DataError:
    return DataError(
        f"id column {name} is not unique",
        seen=seen,
        expected="a unique id in every row: rows of one id are drawn together, which is no uniform sample",
        hint="name another column in predictions.columns.id, or remove it to go by position in time order",
    )


def flags(values: pd.Series[Any], name: str) -> NDArray[np.bool_]:
    """A priority column as booleans; missing is false. Raises DataError for anything but booleans, 0 and 1."""
    present = values[values.notna()]
    if not present.isin([True, False]).all():
        raise DataError(
            f"priority column {name} is not boolean",
            seen=repr(str(present[~present.isin([True, False])].iloc[0])),  # quoted: left out of what is stored
            expected="true or false, or 1 or 0",
            hint="compute the flag in predictions.query, or correct columns.priority",
        )
    return (values.isin([True]) & values.notna()).to_numpy(dtype=bool)


def inside(scan: Scan, request: Request, columns: Sequence[str]) -> Iterator[tuple[pd.DataFrame, Ints]]:
    """Batches cut exactly to the window, with their times."""
    start, end = micros(request.window.start), micros(request.window.end)
    for batch in scan(tuple(dict.fromkeys(columns))):
        times = to_micros(batch[request.time], request.zone, f"time column {request.time}")
        inside = (times >= start) & (times < end)
        yield (batch, times) if inside.all() else (batch[inside], times[inside])


def _key_columns(request: Request) -> list[str]:
    priority = request.priority if request.priority_rows else None
    return [name for name in (request.id, request.time, priority) if name]


def _draw_by_id(scan: Scan, request: Request) -> tuple[Drawn, Drawn, Seen]:
    assert request.id is not None
    sample, priority, seen = Smallest(request.rows), Smallest(request.priority_rows), Seen(0, None)
    for batch, times in inside(scan, request, _key_columns(request)):
        keys = id_texts(batch[request.id], request.id)
        ranks = rank(request.seed, keys)
        sample.offer(ranks, times, keys)
        if request.priority and request.priority_rows:
            marked = np.flatnonzero(flags(batch[request.priority], request.priority))
            priority.offer(ranks[marked], times[marked], [keys[row] for row in marked])
        seen = seen.and_of(times)
    chosen = {key for _, _, key in (*sample.kept, *priority.kept)}

    def keep(batch: pd.DataFrame, _first: int) -> tuple[Ints, list[str]]:
        keys = id_texts(batch[request.id], str(request.id))
        rows = np.array([row for row, key in enumerate(keys) if key in chosen], dtype=np.int64)
        return rows, [keys[row] for row in rows]

    return *_fetch(scan, request, keep), seen


def _draw_by_position(scan: Scan, request: Request) -> tuple[Drawn, Drawn, Seen]:
    """The key is the row's position in the window in time order; equal times keep the order of the source."""
    parts, marks = [np.empty(0, np.int64)], [np.empty(0, bool)]
    for batch, times in inside(scan, request, _key_columns(request)):
        parts.append(times)
        if request.priority and request.priority_rows:
            marks.append(flags(batch[request.priority], request.priority))
    all_times, marked = np.concatenate(parts), np.concatenate(marks)
    order = np.argsort(all_times, kind="stable")
    sample, priority = Smallest(request.rows), Smallest(request.priority_rows)
    for first in range(0, len(order), request.batch_rows):
        places = order[first : first + request.batch_rows]
        keys = [str(position) for position in range(first, first + len(places))]
        ranks = rank(request.seed, keys)
        sample.offer(ranks, all_times[places], keys)
        if len(marked):
            flagged = np.flatnonzero(marked[places])
            priority.offer(ranks[flagged], all_times[places[flagged]], [keys[row] for row in flagged])
    key_of = {int(order[int(key)]): key for _, _, key in (*sample.kept, *priority.kept)}
    chosen, seen = np.array(sorted(key_of), dtype=np.int64), Seen.of(all_times)
    del parts, all_times, order, marked

    def keep(batch: pd.DataFrame, first: int) -> tuple[Ints, list[str]]:
        rows = chosen[(chosen >= first) & (chosen < first + len(batch))] - first
        return rows, [key_of[first + int(row)] for row in rows]

    return *_fetch(scan, request, keep), seen


def _fetch(
    scan: Scan, request: Request, keep: Callable[[pd.DataFrame, int], tuple[Ints, list[str]]]
) -> tuple[Drawn, Drawn]:
    """Second pass: the wanted columns of the rows that `keep` recognises in a batch."""
    frames: list[pd.DataFrame] = []
    keys: list[str] = []
    times: list[Ints] = [np.empty(0, np.int64)]
    first, most = 0, 2 * (request.rows + request.priority_rows) + 1000
    for batch, stamps in inside(scan, request, (*request.wanted, *_key_columns(request))):
        rows, found = keep(batch, first)
        first += len(batch)
        if len(rows):
            frames.append(batch.iloc[rows])
            keys.extend(found)
            times.append(stamps[rows])
        if len(keys) > most:  # an id that stands for many rows would bring the whole table into memory
            raise not_unique(str(request.id), f"more than {most} rows for {len(set(keys))} ids")
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(request.wanted))
    all_times = np.concatenate(times)
    sample = Drawn.choose(frame, keys, all_times, seed=request.seed, n=request.rows)
    if not request.priority or not request.priority_rows or not keys:
        return sample, Drawn.choose(frame.iloc[:0], [], all_times[:0], seed=request.seed, n=0)
    marked = np.flatnonzero(flags(frame[request.priority], request.priority))
    priority = Drawn.choose(
        frame.iloc[marked],
        [keys[row] for row in marked],
        all_times[marked],
        seed=request.seed,
        n=request.priority_rows,
    )
    return sample, priority


def position_id(time: int, position: str) -> str:
    """What stands for the id of a row that has none: its time and its position in the window."""
    stamp = datetime.fromtimestamp(time / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{stamp}#{position}"
