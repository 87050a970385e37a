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
"""Current values this near a point mass, relative to it or to the feature's importance, are that value: another
library, precision or file format changes last digits, and a tie broken by them would look like drift."""


def point_masses(column: Floats, importance: float) -> Floats:
    """Values held by many rows of one ascending column, ascending, no two within reach of each other."""
    least = max(2, int(np.ceil(MASS * len(column))))
    if len(column) < least:
        return np.empty(0)
    held = np.unique(column[least - 1 :][column[least - 1 :] == column[: len(column) - least + 1]]).astype(np.float64)
    reach = _reach(held, importance)
    apart = np.diff(held) > reach[1:] + reach[:-1]
    alone = np.concatenate([[True], apart]) & np.concatenate([apart, [True]]) if len(held) else np.empty(0, np.bool_)
    return np.asarray(held[alone], dtype=np.float64)


def _reach(held: Floats, importance: float) -> Floats:
    return np.asarray(SNAP * np.maximum(np.abs(held), importance), dtype=np.float64)


def snap(column: Floats, masses: Floats, importance: float) -> None:
    """Put the values of one ascending column that are next to a point mass on it; it stays ascending."""
    reach = _reach(masses, importance)
    starts = np.searchsorted(column, masses - reach, side="left")
    ends = np.searchsorted(column, masses + reach, side="right")
    for value, start, end in zip(masses.tolist(), starts.tolist(), ends.tolist(), strict=True):
        column[start:end] = value


def snapped(values: Floats, masses: Floats, importance: float) -> Floats:
    """The same for values in any order, as a copy."""
    if not len(masses):
        return values
    after = np.clip(np.searchsorted(masses, values), 1, len(masses) - 1) if len(masses) > 1 else None
    if after is None:
        near = np.broadcast_to(masses[0], values.shape)
    else:
        low, high = masses[after - 1], masses[after]
        near = np.where(values - low <= high - values, low, high)
    close = np.abs(values - near) <= SNAP * np.maximum(np.abs(near), importance)
    return np.asarray(np.where(close, near, values), dtype=np.float64)
