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

from monitor.drift.binning import Masses
from monitor.drift.distances import Matrix, distances
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
"""Largest probability per feature that an ordinary period exceeds the warning and the severe bound."""
TOGETHER = (0.05, 0.01)
"""The same for all features that count together, per test. A strange week is one, however often it is looked at: this
does not depend on the number of checks a month."""
SHAPES = (0.5, 100.0)
"""Gamma laws of variation lie between that of a squared normal number and one that is nearly normal."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The reference that periods are left out of."""

    columns: Matrix
    """(d, n) ascending."""
    masses: Sequence[Masses]
    edges: Floats
    counts: Ints
    widths: Ints
    importance: Floats
    variance: Floats
    """Of abs values, (d,)."""


def calibrate(values: Matrix, periods: Sequence[str] | None, whole: Whole, *, counted: Flags | None = None) -> Natural:
    """Leave each period out against the rest. Falls back to chance only, and says so in `note`.

    `counted`: features important enough to say what is common to all, and to alarm, (d,); every one when None or none
    is.
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
    left_out = [_left_out(values[inverse == k], whole) for k in usable]
    everyone = np.ones(d, np.bool_)
    bounds = _variation(left_out, counted if counted is not None and counted.any() else everyone)
    return Natural(
        bounds=bounds, n_periods=len(usable), note=f"thresholds calibrated on {len(usable)} left-out periods"
    )


def _variation(left_out: Sequence[Mapping[str, tuple[Floats, Floats]]], counted: Flags) -> dict[str, Floats]:
    """Bounds per test, never under the largest period seen and what its few rows may have hidden: a storm that the
    reference lived through is part of its ordinary life."""
    share = np.minimum(np.array(TAIL), np.array(TOGETHER) / counted.sum())
    bounds = {}
    for name in left_out[0]:
        excess, error = (np.array([one[name][i] for one in left_out]) for i in (0, 1))
        lived = (excess + np.array(HIDDEN)[:, None, None] * error).max(axis=1)
        width = _quantiles(share, _shape(excess[:, counted], error[:, counted]), len(excess))
        bounds[name] = np.maximum(excess.mean(axis=0) + width * _spread(excess, counted), lived)
    return bounds


def _shape(excess: Floats, error: Floats) -> float:
    """Shape of the law of variation, common to the features, from (k, d) distances and their standard errors.

    A distance is never negative, so its law is taken for a gamma law: nearly normal where all periods are about as far,
    long-tailed where most are near. Its shape is mean squared over variance, without the variance that errors explain.
    """
    variance = float((excess.var(axis=0, ddof=1) - (error**2).mean(axis=0)).sum())
    squared = float((excess.mean(axis=0) ** 2).sum())
    return float(np.clip(squared / variance, *SHAPES)) if variance > 0 else SHAPES[1]


def _quantiles(share: Floats, shape: float, k: int) -> Floats:
    """How many standard deviations above its mean the next period stays but for these shares, (2, 1): of the gamma law,
    widened as Student's law is beside the normal one."""
    width = (stats.gamma.isf(share, shape) - shape) / np.sqrt(shape)
    return np.asarray(width * _t(share, k) / stats.norm.isf(share), dtype=np.float64)[:, None]


def _left_out(period: Matrix, whole: Whole) -> dict[str, tuple[Floats, Floats]]:
    """Variation of one period against the others beyond what its size explains, and the standard error of that
    estimate: (d,) each, per test. The root of PSI is a distance between histograms, of error sqrt(1/n + 1/m) where
    that is small against it; D is a difference of two shares, of error at most half of that.

    The rest is never sorted: F_whole = (n F_rest + m F_period) / (n + m), so D against the rest is (n + m) / n times D
    against the whole; moments likewise.
    """
    m, n = len(period), whole.columns.shape[1] - len(period)
    found = distances(whole.columns, period, whole.edges, whole.masses)
    counts_ref = whole.counts - found.counts
    value = psi(*proportions(counts_ref, found.counts, whole.widths))
    freedom = ((counts_ref + found.counts) > 0).sum(axis=1) - 1
    importance = _rest(whole.importance, found.importance, n, m)
    squares = _rest(whole.variance + whole.importance**2, found.variance + found.importance**2, n, m)
    variance = np.maximum(squares - importance**2, 0.0)
    base = np.where(importance > 0, importance, 1.0)
    change = (found.importance - importance) / base
    error = standard_error(variance, n, found.variance, m) / base
    root = np.full(len(value), np.sqrt(1 / n + 1 / m))
    return {
        "psi": (np.sqrt(np.maximum(value - (1 / n + 1 / m) * freedom, 0.0)), root),
        "ks": (np.maximum(found.ks * (n + m) / n - ks_null_mean(n, m), 0.0), root / 2),
        "stability": (np.sqrt(np.maximum(change**2 - error**2, 0.0)), error),
    }


def _rest(whole: Floats, part: Floats, n: int, m: int) -> Floats:
    """Mean over the n other rows, from that over all n + m rows and over m of them."""
    return np.asarray(np.maximum(((n + m) * whole - m * part) / n, 0.0), dtype=np.float64)


def _t(tail: Floats, k: int) -> Floats:
    """Student's quantiles for k periods, or runs, and what all features have in common."""
    return np.asarray(stats.t.isf(tail, k - 1 + PRIOR_FREEDOM), dtype=np.float64)


def _spread(excess: Floats, counted: Flags) -> Floats:
    """Standard deviation of one more period about the mean of k left-out ones, (d,) from (k, d): the variance of each
    is shrunk towards what is common to all, because k periods alone estimate a tail badly."""
    k = len(excess)
    variance = excess.var(axis=0, ddof=1)
    shrunk = (variance * (k - 1) + _common(variance[counted]) * PRIOR_FREEDOM) / (k - 1 + PRIOR_FREEDOM)
    return np.asarray(np.sqrt(shrunk * (1 + 1 / k)), dtype=np.float64)


def _common(chosen: Floats) -> float:
    """The spread common to all features that count, the largest ones cut down to a quantile."""
    return float(np.minimum(chosen, np.quantile(chosen, COMMON, method="lower")).mean())


def noise_bounds(runs: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    """What an approximate explainer's seed alone does to each statistic: test to (2, d) upper prediction bounds.

    `runs`: statistics per judged test, (d,) each, of the same rows explained with another seed; two runs at least.
    """
    bounds = {}
    everyone = np.ones(len(runs[0]["change"]), np.bool_)
    for name in ("psi", "ks", "stability", "change"):
        # A relative change has no value where there was no importance; such features are not judged by it either.
        seen = np.nan_to_num(np.array([run[name] for run in runs]), posinf=0.0)
        width = _t(np.array(TAIL), len(seen))[:, None]
        bounds[name] = np.maximum(seen.mean(axis=0) + width * _spread(seen, everyone), seen.max(axis=0))
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
