"""The same season of the reference: what this time of year looked like before.

Left-out periods say how far any period strays from all others; they cannot say that January always strays in the
same direction. Where the reference spans a year, a level must therefore hold against its rows of the same season
as well. On its own that comparison would be worse (a sixth of the rows, one period to learn from); as a second
condition it takes away alarms that only the calendar raised and keeps the others (docs/benchmarks.md, real data).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from monitor.drift.assess import ViewResult

YEAR = 365.25
LEAST_SPAN = 350.0
"""Days from the first period to the last from which every season is in the reference."""
HALF_SEASON = 46.0
"""Days on either side of the window's middle that count as its season: a quarter of a year in all."""

Rows = NDArray[np.bool_]


def same_season(periods: Sequence[str] | None, at: datetime, *, least: int) -> Rows | None:
    """Which reference rows lie in the season of `at`, (n,).

    None where seasons cannot be told apart: periods without dates (labels that do not begin with an ISO date), a
    reference of less than a year, or fewer than `least` rows in the season.
    """
    if periods is None:
        return None
    try:
        labels, place = np.unique(np.array([label[:10] for label in periods]), return_inverse=True)
        days = labels.astype("datetime64[D]").astype(np.float64)
    except ValueError:
        return None
    if np.ptp(days) < LEAST_SPAN:
        return None
    apart = np.abs(days - at.timestamp() / 86400) % YEAR
    rows: Rows = (np.minimum(apart, YEAR - apart) <= HALF_SEASON)[place]
    return rows if rows.sum() >= least else None


def in_season(whole: ViewResult, season: ViewResult) -> ViewResult:
    """The view with every level lowered to what also holds against the same season of the reference."""
    if whole.reason or season.reason:
        return whole
    levels = {name: np.minimum(level, season.feature_levels) for name, level in whole.levels.items()}
    lowered = int((whole.feature_levels > season.feature_levels).sum())
    note = f"{whole.note}; compared with the same season of the reference as well ({season.measurement.n} rows)"
    return replace(whole, levels=levels, note=note + (f", which lowered {lowered} features" if lowered else ""))
