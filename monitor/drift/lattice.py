"""Recorded decimals: the lattice that the values of a column lie on."""

from __future__ import annotations

import numpy as np
from scipy import stats

from monitor.types import Floats

DECIMALS = (0, 1, 2, 3)
FLOAT32 = 2e-7
"""Relative error of a value that went through single precision."""
SLACK = 1e-3
"""Share of a lattice's step within which a value is on it."""
LEAST_VALUES = 5
"""Fewer distinct values say nothing about a lattice."""

TELLING = 0.8
"""A conversion that can give a larger share of all values proves nothing."""
FITS = 0.95
"""Share of distinct values that a rounded conversion must be able to give."""
ROUNDED = 1e-6
"""How often chance may give as many values that a rounded conversion can have given; every unit is asked."""


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


def rounded(values: Floats, step: float, now_step: float, factor: float, offset: float) -> bool:
    """Whether values on the lattice `now_step` are conversions of values on `step`, rounded.

    Whole miles in whole kilometres leave out 1, 4, 7, 9: of values that were never converted, a share of
    now_step / (step * factor) is among those that can be, and the binomial law tells that from all of them.
    """
    chance = now_step / (step * abs(factor))
    if chance > TELLING:
        return False
    distinct = np.unique(values)
    made = np.round((distinct - offset) / factor / step) * step * factor + offset
    slack = now_step * (0.5 + SLACK) + FLOAT32 * np.abs(distinct)
    hits = int((np.abs(made - distinct) <= slack).sum())
    return hits >= FITS * len(distinct) and bool(stats.binom.sf(hits - 1, len(distinct), chance) <= ROUNDED)


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
