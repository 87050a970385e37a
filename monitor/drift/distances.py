"""Everything that needs the current values themselves, of all features at once: distances, bin counts, importances.

The reference is sorted and binned once (`prepare`); current values are copied, sorted and walked a few columns at a
time, so memory stays bounded whatever their number, and in two threads where that pays. Large samples take a compiled
kernel, small ones numpy: the choice depends on sizes only, so the same data always give the same numbers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.drift.binning import Masses, snap
from monitor.types import Floats, Ints

Matrix = NDArray[Any]
"""float64 or float32."""

COMPILED_FROM = 1_000_000
"""Values on both sides from which loading numba and its kernels pays."""
THREADS_FROM = 500_000
"""Current values from which a second thread pays."""
BLOCK_BYTES = 16_000_000
BLOCK_COLUMNS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Distances:
    """One sample of current values against a sorted reference; arrays are per feature, (d,)."""

    ks: Floats
    """sup abs(F_cur - F_ref)."""
    wasserstein: Floats
    """Integral of abs(F_cur - F_ref), in the values' units."""
    counts: Ints
    """(d, e + 1) current rows per bin."""
    importance: Floats
    """Mean abs value."""
    variance: Floats
    """Of the abs values."""
    mean: Floats
    """Of the signed values."""
    steady: Floats
    """Importance without the most extreme rows, see `steady_importance`."""


EXTREME = 1000
"""One row in so many, at least one, may be absurd at either end and must not decide which features count."""


def steady_importance(columns: Matrix) -> Floats:
    """Mean abs value of each of (k, n) ascending columns without one row in EXTREME at either end, (k,)."""
    rows = columns.shape[1]
    cut = max(1, rows // EXTREME)
    inner = columns[:, cut : rows - cut] if rows > 4 * cut else columns
    # Ascending: one place parts negative values from the others, so no copy of absolute values is needed.
    places = [int(np.searchsorted(column, 0.0)) for column in inner]
    sums = [
        column[at:].sum(dtype=np.float64) - column[:at].sum(dtype=np.float64)
        for column, at in zip(inner, places, strict=True)
    ]
    return np.asarray(np.array(sums, dtype=np.float64) / inner.shape[1], dtype=np.float64)


def ascending(block: Matrix) -> Matrix:
    """The columns of an (n, k) block, each sorted, as (k, n)."""
    columns = np.array(block.T, order="C")
    columns.sort(axis=1)
    return columns


def table(edges: tuple[Floats, ...]) -> Floats:
    """Ragged inner edges as (d, longest), infinite behind the last: no value lies beyond, so those bins stay empty."""
    made = np.full((len(edges), max((len(row) for row in edges), default=0)), np.inf)
    for f, row in enumerate(edges):
        made[f, : len(row)] = row
    return made


def blocks(rows: int, columns: int, itemsize: int) -> Iterator[slice]:
    """Stretches of features whose values fit one buffer."""
    width = max(1, min(BLOCK_COLUMNS, BLOCK_BYTES // max(rows * itemsize, 1)))
    return (slice(start, min(start + width, columns)) for start in range(0, columns, width))


def over_blocks(task: Callable[[slice], None], values: Matrix) -> None:
    """`task` on every block of columns; each fills its own part of the results, so threads change nothing."""
    rows, columns = values.shape
    pieces = list(blocks(rows, columns, values.dtype.itemsize))
    workers = min(len(os.sched_getaffinity(0)), len(pieces), 4)
    if workers < 2 or rows * columns < THREADS_FROM:
        for piece in pieces:
            task(piece)
        return
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(task, pieces):  # raises what a task raised
            pass


def distances(ref: Matrix, current: Matrix, edges: Floats, masses: Sequence[Masses] | None = None) -> Distances:
    """Compare all columns.

    Args:
        ref: (d, n) ascending reference columns.
        current: (m, d) finite values in any order, float32 or float64.
        edges: (d, e) ascending inner bin edges of the reference.
        masses: d tables of point masses, on which the values next to them are put.
    """
    (d, n), m = ref.shape, len(current)
    gaps, counts = np.empty(d, np.int64), np.empty((d, edges.shape[1] + 1), np.int64)
    areas, importance, variance, mean, steady = (np.empty(d) for _ in range(5))
    compare = _compiled if (n + m) * d >= COMPILED_FROM else _by_numpy

    def one(at: slice) -> None:
        columns = ascending(current[:, at])
        if masses is not None:
            columns = _snapped(columns, masses[at])
        gaps[at], areas[at], counts[at] = compare(ref[at], columns, edges[at])
        importance[at], variance[at] = moments(columns, current.size)
        mean[at] = columns.mean(axis=1, dtype=np.float64)
        steady[at] = steady_importance(columns)

    over_blocks(one, current)
    return Distances(
        ks=gaps / (n * m),
        wasserstein=areas / (n * m),
        counts=counts,
        importance=importance,
        variance=variance,
        mean=mean,
        steady=steady,
    )


def _snapped(columns: Matrix, masses: Sequence[Masses]) -> Matrix:
    """In double precision where anything is snapped: single cannot hold the reference's values."""
    if not any(held.size for held in masses):
        return columns
    columns = columns.astype(np.float64, copy=False)
    for column, held in zip(columns, masses, strict=True):
        snap(column, held)
    return columns


def moments(columns: Matrix, size: int) -> tuple[Floats, Floats]:
    """Mean and variance of the abs values of each of (k, n) sorted columns; summed in order of value, so that the order
    of rows never matters. `size` is that of the whole sample: it alone chooses the form.
    """
    if size * 2 < COMPILED_FROM:
        absolute = np.abs(columns.astype(np.float64, copy=False))
        return absolute.mean(axis=1), absolute.var(axis=1)
    from monitor.drift import kernels

    mean, variance = np.empty(len(columns)), np.empty(len(columns))
    kernels.moments(columns, mean, variance)
    return mean, variance


Compared = tuple[Ints, Floats, Ints]
"""sup and integral of abs(F_cur - F_ref), both times n * m, (k,) each, and rows per bin, (k, e + 1)."""


def _compiled(ref: Matrix, cur: Matrix, edges: Floats) -> Compared:
    from monitor.drift import kernels

    gaps, areas = np.empty(len(cur), np.int64), np.empty(len(cur))
    counts = np.empty((len(cur), edges.shape[1] + 1), np.int64)
    kernels.compare_columns(ref, cur, edges, gaps, areas, counts)
    return gaps, areas, counts


def _by_numpy(ref: Matrix, cur: Matrix, edges: Floats) -> Compared:
    """One stable sort of edges, reference and current together answers all three questions.

    Edges come first, so that among equals they stand before every value: bins are [edge, next edge).
    """
    e, n, m = edges.shape[1], ref.shape[1], cur.shape[1]
    pooled = np.concatenate([edges, ref, cur], axis=1)
    order = np.argsort(pooled, axis=1, kind="stable")
    points = np.take_along_axis(pooled, order, axis=1)
    from_ref, from_cur = (order >= e) & (order < e + n), order >= e + n
    below_ref, below_cur = np.cumsum(from_ref, axis=1), np.cumsum(from_cur, axis=1)
    gap = np.abs(below_ref * m - below_cur * n)[:, :-1]
    finite = np.minimum(points, np.finfo(np.float64).max)  # infinite edges hold no width: the gap there is 0
    width = np.diff(finite, axis=1)
    largest = np.max(gap, axis=1, initial=0, where=width > 0)
    under = below_cur[order < e].reshape(len(cur), e)
    bounds = np.concatenate([np.zeros((len(cur), 1), np.int64), under, np.full((len(cur), 1), m)], axis=1)
    return largest, (gap * width).sum(axis=1), np.diff(bounds, axis=1)
