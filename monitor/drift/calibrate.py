"""How much do attributions move when nothing is wrong? Thresholds that know the sample and the season.

Two parts. Chance: the null distribution of each statistic at the two sample sizes, in closed form.
Natural variation: where the reference carries time, every whole period is left out and compared with the
others; what remains after the share of chance is the variation from period to period, and an upper
prediction bound of it is added to the threshold. Shuffled rows would not do: they make every season look
like drift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from monitor.drift.distances import Matrix, ascending, distances, moments
from monitor.drift.ks import ks_null, ks_null_mean
from monitor.drift.psi import proportions, psi, psi_null
from monitor.drift.stability import standard_error
from monitor.drift.weights import Flags
from monitor.types import Floats, Ints

MIN_PERIODS = 4
"""Fewer left-out periods say too little about the next one."""
MIN_PERIOD_ROWS = 20
"""A period with fewer rows is mostly chance."""
TAIL = (0.01, 0.001)
"""Probability per feature that an ordinary period exceeds the warning and the severe bound."""
HIDDEN = (1.0, 1.645)
"""Standard errors by which the largest period seen may have been underestimated, warning and severe."""
PRIOR_FREEDOM = 4.0
"""Weight, in periods, of the spread common to all features when one feature's own spread is estimated."""
COMMON = 0.9
"""Spreads beyond this quantile over features count as that quantile when the common one is worked out: relative changes
of a feature that hardly counts reach any size, and must not widen the bounds of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Natural:
    """Upper bounds on period-to-period variation: test name to (2, d), warning and severe; zeros when unknown.

    `psi` bounds the square root of PSI beyond chance, `ks` the distance beyond its mean under chance,
    `stability` the relative change beyond its standard error.
    """

    bounds: dict[str, Floats]
    n_periods: int
    note: str


def calibrate(
    values: Matrix,
    periods: Sequence[str] | None,
    edges: Floats,
    counts: Ints,
    widths: Ints,
    counted: Flags | None = None,
) -> Natural:
    """Leave each period out against the rest. Falls back to chance only, and says so in `note`.

    `counted`: features important enough to say what is common to all, (d,); every one when None or none is.
    """
    d = values.shape[1]
    zeros = {name: np.zeros((2, d)) for name in ("psi", "ks", "stability")}
    if periods is None:
        return Natural(bounds=zeros, n_periods=0, note="thresholds know chance only: the reference carries no time")
    labels, inverse = np.unique(np.asarray(periods, dtype=str), return_inverse=True)
    sizes = np.bincount(inverse)
    usable = [k for k in range(len(labels)) if MIN_PERIOD_ROWS <= sizes[k] <= len(values) - MIN_PERIOD_ROWS]
    if len(usable) < MIN_PERIODS:
        return Natural(
            bounds=zeros,
            n_periods=len(usable),
            note=f"thresholds know chance only: {len(usable)} periods of {MIN_PERIOD_ROWS} rows or more, "
            f"{MIN_PERIODS} are needed",
        )
    left_out = [_left_out(values[inverse == k], values[inverse != k], edges, counts, widths) for k in usable]
    bounds = {
        name: _bound(
            np.array([one[name][0] for one in left_out]), np.array([one[name][1] for one in left_out]), counted
        )
        for name in zeros
    }
    note = f"thresholds calibrated on {len(usable)} left-out periods"
    return Natural(bounds=bounds, n_periods=len(usable), note=note)


def _left_out(
    period: Matrix, rest: Matrix, edges: Floats, counts: Ints, widths: Ints
) -> dict[str, tuple[Floats, Floats]]:
    """Variation of one period against the others beyond what its size explains, and the standard error of that
    estimate: (d,) each, per test. The root of PSI is a distance between histograms, of error sqrt(1/n + 1/m) where
    that is small against it; D is a difference of two shares, of error at most half of that.
    """
    m, n = len(period), len(rest)
    ref = ascending(rest)
    found = distances(ref, period, edges)
    counts_ref = counts - found.counts
    value = psi(*proportions(counts_ref, found.counts, widths))
    freedom = ((counts_ref + found.counts) > 0).sum(axis=1) - 1
    importance, variance = moments(ref, rest.size)
    base = np.where(importance > 0, importance, 1.0)
    change = (found.importance - importance) / base
    error = standard_error(variance, n, found.variance, m) / base
    root = np.full(len(value), np.sqrt(1 / n + 1 / m))
    return {
        "psi": (np.sqrt(np.maximum(value - (1 / n + 1 / m) * freedom, 0.0)), root),
        "ks": (np.maximum(found.ks - ks_null_mean(n, m), 0.0), root / 2),
        "stability": (np.sqrt(np.maximum(change**2 - error**2, 0.0)), error),
    }


def _bound(excess: Floats, error: Floats, counted: Flags | None = None) -> Floats:
    """Upper prediction bounds, (2, d), for one more period, from (k, d) left-out ones and their standard errors.

    Normal prediction bound (mean + t * s * sqrt(1 + 1/k)) with each feature's variance shrunk towards the
    variance common to all: k periods alone estimate a tail badly. Never under the largest period seen and what its few
    rows may have hidden: a storm that the reference lived through is part of its ordinary life.
    """
    k = len(excess)
    variance = excess.var(axis=0, ddof=1)
    shrunk = (variance * (k - 1) + _common(variance, counted) * PRIOR_FREEDOM) / (k - 1 + PRIOR_FREEDOM)
    t = stats.t.isf(np.array(TAIL), k - 1 + PRIOR_FREEDOM)
    predicted = excess.mean(axis=0) + t[:, None] * np.sqrt(shrunk * (1 + 1 / k))
    lived = (excess + np.array(HIDDEN)[:, None, None] * error).max(axis=1)
    return np.asarray(np.maximum(predicted, lived), dtype=np.float64)


def _common(variance: Floats, counted: Flags | None) -> float:
    """The spread common to all features that count, the largest ones cut down to a quantile."""
    chosen = variance[counted] if counted is not None and counted.any() else variance
    return float(np.minimum(chosen, np.quantile(chosen, COMMON, method="lower")).mean())


def noise_bounds(runs: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    """What an approximate explainer's seed alone does to each statistic: test to (2, d) upper prediction bounds.

    `runs`: statistics per judged test, (d,) each, of the same rows explained with another seed; two runs at least.
    """
    bounds = {}
    for name in ("psi", "ks", "stability", "change"):
        # A relative change has no value where there was no importance; such features are not judged by it either.
        seen = np.nan_to_num(np.array([run[name] for run in runs]), posinf=0.0)
        bounds[name] = _bound(seen, np.zeros_like(seen))
    return bounds


def thresholds(
    *,
    test: str,
    floor: tuple[float, float],
    alpha: tuple[float, float],
    natural: Natural,
    n: int,
    m: int,
    freedom: Floats,
    relative_error: Floats,
    tail: Floats,
) -> Floats:
    """Warning and severe thresholds, (2, d): the larger of the effect floor and chance plus natural variation.

    `alpha` is shared out over the d features, so that the chance part holds for all of them together. `tail` says by
    how much the closed law's tail must be multiplied at these samples, (d,).
    """
    d = len(freedom)
    rows = []
    for i in (0, 1):
        share, bound = np.minimum(alpha[i] / d / tail, 1.0), natural.bounds[test][i]
        if test == "psi":
            limit = bound**2 + psi_null(share, n, m, freedom.astype(np.int64))
        elif test == "ks":
            limit = bound + ks_null(share, n, m)
        else:
            limit = bound + stats.norm.isf(share / 2) * relative_error
        rows.append(np.maximum(floor[i], limit))
    return np.array(rows)
