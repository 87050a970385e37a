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
