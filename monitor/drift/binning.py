"""Quantile bins of the reference, with open ends and a bin of its own for every point mass.

A bin is the span between two neighbouring edges, [edge, next edge). A point mass at v (a zero attribution
shared by most rows, say) becomes the two edges v and the next float above v, so it is counted apart while
everything stays one sorted list of edges.
"""

from __future__ import annotations

import numpy as np

from monitor.types import Floats, Ints


def quantile_edges(column: Floats, bins: int) -> Floats:
    """Inner edges for one sorted finite reference column.

    Args:
        column: (n,) ascending, finite, n >= 1.
        bins: how many bins an untied column gets.

    Returns:
        (k,) strictly ascending inner edges; k + 1 bins. A value held by at least 1/bins of the rows gets its
        own bin; the other rows share the remaining bins by quantiles.
    """
    n = len(column)
    starts = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
    counts = np.diff(np.append(starts, n))
    heavy = column[starts[counts * bins >= n]] if n >= bins else column[starts[counts > n / 2]]
    rest = column[~np.isin(column, heavy)]
    edges = [heavy, np.nextafter(heavy, np.inf)]
    share = round(bins * len(rest) / n)
    if share > 1:
        # A quantile of the data, never between two values: interpolation would invent edges inside ties.
        edges.append(np.quantile(rest, np.arange(1, share) / share, method="higher"))
    return np.unique(np.concatenate(edges))


def bin_counts(column: Floats, edges: Floats) -> Ints:
    """Rows per bin, (len(edges) + 1,), of one ascending column."""
    below = np.searchsorted(column, edges, side="left")
    return np.diff(np.concatenate(([0], below, [len(column)]))).astype(np.int64)


def pad(rows: list[Ints]) -> tuple[Ints, Ints]:
    """Ragged counts as one (d, widest) array with zeros behind, and the number of bins of each row, (d,)."""
    widths = np.array([len(row) for row in rows], dtype=np.int64)
    padded = np.zeros((len(rows), int(widths.max(initial=0))), dtype=np.int64)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return padded, widths


MASS = 0.005
"""Share of the reference's rows from which a value is a point mass that others snap to; two rows at least."""
SNAP = 1e-5
"""Values this near a point mass, relative to it or to the feature's importance, are that value: another library,
precision or file format changes last digits, and a tie broken by them would look like drift."""

Masses = Floats
"""(3, k): point masses, ascending, and the least and the largest value that are taken for each."""


def point_masses(column: Floats, importance: float) -> Masses:
    """Values held by many rows of one ascending column. Those within reach of each other are one, the heaviest."""
    least = max(2, int(np.ceil(MASS * len(column))))
    if len(column) < least:
        return np.empty((3, 0))
    held = np.unique(column[least - 1 :][column[least - 1 :] == column[: len(column) - least + 1]])
    if not len(held):
        return np.empty((3, 0))
    rows = np.searchsorted(column, held, side="right") - np.searchsorted(column, held, side="left")
    held = held.astype(np.float64)
    reach = SNAP * np.maximum(np.abs(held), importance)
    low, high = held - reach, held + reach
    first = np.concatenate([[0], np.flatnonzero(low[1:] > high[:-1]) + 1])
    last = np.append(first[1:], len(held)) - 1
    heaviest = [at + int(np.argmax(rows[at : to + 1])) for at, to in zip(first, last, strict=True)]
    return np.asarray(np.stack([held[heaviest], low[first], high[last]]), dtype=np.float64)


def snap(column: Floats, masses: Masses) -> None:
    """Put the values of one ascending column that are next to a point mass on it; it stays ascending."""
    values, low, high = masses
    starts, ends = np.searchsorted(column, low, side="left"), np.searchsorted(column, high, side="right")
    for value, start, end in zip(values.tolist(), starts.tolist(), ends.tolist(), strict=True):
        column[start:end] = value


def snapped(values: Floats, masses: Masses) -> Floats:
    """The same for values in any order, as a copy."""
    held, low, high = masses
    if not len(held):
        return values
    at = np.minimum(np.searchsorted(high, values), len(held) - 1)
    return np.asarray(np.where((values >= low[at]) & (values <= high[at]), held[at], values), dtype=np.float64)
