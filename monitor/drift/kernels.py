"""Compiled forms for large samples; `distances.py` holds the numpy forms they are tested against.

Imported late: numba takes a second to load.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.compiled import kernel
from monitor.types import Floats, Ints

Array = NDArray[Any]


@kernel
def _merged(ref: Array, cur: Array, k: int) -> int:
    """How many of the first k values of both ascending columns together are the reference's (first among equals)."""
    low, high = max(0, k - cur.size), min(k, ref.size)
    while low < high:
        i = (low + high) // 2
        if ref[i] <= cur[k - i - 1]:
            low = i + 1
        else:
            high = i
    return low


@kernel
def _before(ref: Array, cur: Array, i: int, j: int) -> float:
    """The value just before position (i, j) of the merge."""
    if i == 0 and j == 0:
        return min(np.float64(ref[0]), np.float64(cur[0]))
    if i == 0:
        return np.float64(cur[j - 1])
    if j == 0:
        return np.float64(ref[i - 1])
    return max(np.float64(ref[i - 1]), np.float64(cur[j - 1]))


@kernel
def _step(
    ref: Array, cur: Array, i: int, j: int, previous: float, gap: int, area: float
) -> tuple[int, int, float, int, float]:
    """One value of the merge. The distance counts only where the value changes, that is after the last of equals."""
    n, m = ref.size, cur.size
    here = abs(i * m - j * n)
    a = np.float64(ref[i]) if i < n else np.inf
    b = np.float64(cur[j]) if j < m else np.inf
    takes_ref = a <= b
    value = a if takes_ref else b
    width = value - previous
    area += here * width
    gap = max(gap, here if width > 0 else 0)
    return i + (1 if takes_ref else 0), j + (0 if takes_ref else 1), value, gap, area


@kernel
def walk(ref: Array, cur: Array) -> tuple[int, float]:
    """(max of abs(F_cur - F_ref), area between the two) of two ascending columns, both times n * m.

    The merge is cut into four stretches that are walked side by side: one stretch alone waits for each comparison.
    """
    n, m = ref.size, cur.size
    quarter = (n + m) // 4
    i1, i2, i3 = _merged(ref, cur, quarter), _merged(ref, cur, 2 * quarter), _merged(ref, cur, 3 * quarter)
    i0, j0, j1, j2, j3 = 0, 0, quarter - i1, 2 * quarter - i2, 3 * quarter - i3
    v0, v1 = _before(ref, cur, 0, 0), _before(ref, cur, i1, j1)
    v2, v3 = _before(ref, cur, i2, j2), _before(ref, cur, i3, j3)
    g0, g1, g2, g3 = 0, 0, 0, 0
    a0, a1, a2, a3 = 0.0, 0.0, 0.0, 0.0
    for _ in range(quarter):
        i0, j0, v0, g0, a0 = _step(ref, cur, i0, j0, v0, g0, a0)
        i1, j1, v1, g1, a1 = _step(ref, cur, i1, j1, v1, g1, a1)
        i2, j2, v2, g2, a2 = _step(ref, cur, i2, j2, v2, g2, a2)
        i3, j3, v3, g3, a3 = _step(ref, cur, i3, j3, v3, g3, a3)
    for _ in range(4 * quarter, n + m):
        i3, j3, v3, g3, a3 = _step(ref, cur, i3, j3, v3, g3, a3)
    return max(g0, g1, g2, g3), a0 + a1 + a2 + a3


@kernel
def below(column: Array, edge: float) -> int:
    """How many values of an ascending column are under `edge`."""
    low, high = 0, column.size
    while low < high:
        middle = (low + high) // 2
        if column[middle] < edge:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def compare_columns(ref: Array, cur: Array, edges: Floats, gaps: Ints, areas: Floats, counts: Ints) -> None:
    """`walk` and bin counts of k features: ref (k, n), cur (k, m) ascending, edges (k, e); fills the last three."""
    for f in range(cur.shape[0]):
        gaps[f], areas[f] = walk(ref[f], cur[f])
        under = 0
        for e in range(edges.shape[1]):
            now = below(cur[f], edges[f, e])
            counts[f, e] = now - under
            under = now
        counts[f, edges.shape[1]] = cur.shape[1] - under


@kernel
def moments(columns: Array, mean: Floats, variance: Floats) -> None:
    """Mean and variance of the absolute values of each row of `columns`; four sums at a time."""
    m = columns.shape[1]
    whole = m - m % 4
    for f in range(columns.shape[0]):
        row = columns[f]
        s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
        for i in range(0, whole, 4):
            s0 += abs(np.float64(row[i]))
            s1 += abs(np.float64(row[i + 1]))
            s2 += abs(np.float64(row[i + 2]))
            s3 += abs(np.float64(row[i + 3]))
        for i in range(whole, m):
            s0 += abs(np.float64(row[i]))
        center = ((s0 + s1) + (s2 + s3)) / m
        s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
        for i in range(0, whole, 4):
            s0 += (abs(np.float64(row[i])) - center) ** 2
            s1 += (abs(np.float64(row[i + 1])) - center) ** 2
            s2 += (abs(np.float64(row[i + 2])) - center) ** 2
            s3 += (abs(np.float64(row[i + 3])) - center) ** 2
        for i in range(whole, m):
            s0 += (abs(np.float64(row[i])) - center) ** 2
        mean[f], variance[f] = center, ((s0 + s1) + (s2 + s3)) / m
