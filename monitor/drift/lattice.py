"""Recorded decimals: the lattice that the values of a column lie on."""

from __future__ import annotations

import numpy as np

from monitor.types import Floats

DECIMALS = (0, 1, 2, 3)
FLOAT32 = 2e-7
"""Relative error of a value that went through single precision."""
SLACK = 1e-3
"""Share of a lattice's step within which a value is on it."""
LEAST_VALUES = 5
"""Fewer distinct values say nothing about a lattice."""


def step_of(known: Floats) -> float | None:
    """The coarsest power of ten, 1 at most, that all these values are multiples of; None for raw floating point."""
    for decimals in DECIMALS:
        step = float(10.0**-decimals)
        if FLOAT32 * np.abs(known).max() > step / 50:
            return None
        if (_off(known, step) <= SLACK * step + FLOAT32 * np.abs(known)).all():
            return step
    return None


def on_lattice(values: Floats, step: float) -> float:
    """Share of non-zero values that are multiples of `step`; NaN when there are too few distinct ones to tell."""
    some = values[values != 0]
    if len(np.unique(some)) < LEAST_VALUES:
        return float("nan")
    return float((_off(some, step) <= SLACK * step + FLOAT32 * np.abs(some)).mean())


def put_back(values: Floats, edges: Floats, rounding: float) -> Floats:
    """Ascending values, those within rounding of a bin edge put on it: undoing x * 1.6 gives x but for the last bit.

    `rounding` is what they may be off by beside single precision: a value that is nearer than that to an edge goes to
    the nearest one.
    """
    ordered = np.sort(values)
    if not len(edges):
        return ordered
    slack = FLOAT32 * np.abs(ordered) + rounding
    after = np.minimum(np.searchsorted(edges, ordered), len(edges) - 1)
    before = np.maximum(after - 1, 0)
    at = np.where(np.abs(edges[before] - ordered) <= np.abs(edges[after] - ordered), before, after)
    # A point mass is two edges, itself and the next float: it lies on the lower one.
    lower = np.maximum(at - 1, 0)
    nearest = np.where(np.nextafter(edges[lower], np.inf) == edges[at], edges[lower], edges[at])
    return np.asarray(np.where(np.abs(nearest - ordered) <= slack, nearest, ordered), dtype=np.float64)


def _off(values: Floats, step: float) -> Floats:
    return np.asarray(np.abs(values - np.round(values / step) * step), dtype=np.float64)
