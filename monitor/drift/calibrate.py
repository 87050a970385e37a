"""How much do attributions move when nothing is wrong? Thresholds that know the sample and the season.

Two parts. Chance: the null distribution of each statistic at the two sample sizes, in closed form.
Natural variation: where the reference carries time, every whole period is left out and compared with the
others; what remains after the share of chance is the variation from period to period, and an upper
prediction bound of it is added to the threshold. Shuffled rows would not do: they make every season look
like drift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from monitor.drift.binning import Masses
from monitor.drift.distances import Matrix, distances
from monitor.drift.evident import Mean, means
from monitor.drift.ks import ks_null, ks_null_mean
from monitor.drift.psi import proportions, psi, psi_mean, psi_null
from monitor.drift.stability import standard_error
from monitor.drift.variation import TAIL, Seen, bounds, spread, student
from monitor.drift.weights import Flags
from monitor.types import Floats, Ints

MIN_PERIODS = 4
"""Fewer left-out periods say too little about the next one."""
MIN_PERIOD_ROWS = 20
"""A period with fewer rows is mostly chance."""
SMALL = 200
"""Rows of a period under which half a row per bin moves PSI enough to be reckoned with."""
KS_MEAN, KS_VARIANCE = np.pi**2 / 12, 7 * np.pi**4 / 720 - np.pi**4 / 144
"""Of the square of Kolmogorov's law."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Natural:
    """Upper bounds on period-to-period variation: test name to (2, d), warning and severe; zeros when unknown.

    `psi` bounds the square root of PSI beyond chance, `ks` the distance beyond its mean under chance,
    `stability` the relative change beyond its standard error.
    """

    bounds: dict[str, Floats]
    n_periods: int
    note: str
    squares: dict[str, Mean] = field(default_factory=dict)
    """What the bounds come from; empty when unknown."""


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
    found = bounds(
        left_out, float(np.median(sizes[usable])), counted if counted is not None and counted.any() else everyone
    )
    note = f"thresholds calibrated on {len(usable)} left-out periods"
    return Natural(bounds=found, n_periods=len(usable), note=note, squares=means(left_out))


def _left_out(period: Matrix, whole: Whole) -> dict[str, Seen]:
    """Variation of one period against the others beyond what its size explains, per test: PSI, which is a squared
    distance, D squared, the relative change squared.

    Of a squared distance t with an error of variance e, the estimate has variance c e**2 + 4 e t: c is 2 for one
    normal number, 2 per degree of freedom for PSI, and that of Kolmogorov's law for D.

    The rest is never sorted: F_whole = (n F_rest + m F_period) / (n + m), so D against the rest is (n + m) / n times D
    against the whole; moments likewise.
    """
    m, n = len(period), whole.columns.shape[1] - len(period)
    found = distances(whole.columns, period, whole.edges, whole.masses)
    importance = _rest(whole.importance, found.importance, n, m)
    squares = _rest(whole.variance + whole.importance**2, found.variance + found.importance**2, n, m)
    variance = np.maximum(squares - importance**2, 0.0)
    base = np.where(importance > 0, importance, 1.0)
    change = (found.importance - importance) / base
    error = (standard_error(variance, n, found.variance, m) / base) ** 2
    size = 1 / n + 1 / m
    distance = found.ks * (n + m) / n
    psi_square, freedom = _psi_beyond(whole.counts - found.counts, found.counts, whole.widths)
    rows = np.full(len(error), size)
    return {
        "psi": _seen(psi_square, rows, 2 * freedom),
        "ks": _seen(distance**2 - KS_MEAN * size, rows / 4, 16 * KS_VARIANCE, distance - ks_null_mean(n, m)),
        "stability": _seen(change**2 - error, error, 2.0),
    }


def _seen(square: Floats, error: Floats, null: Floats | float, distance: Floats | None = None) -> Seen:
    """`error`: variance of the distance; `null`: that of the square where nothing varies, in units of its square."""
    root = np.sqrt(np.maximum(square, 0.0)) if distance is None else np.maximum(distance, 0.0)
    return Seen(
        distance=root,
        error=np.sqrt(error),
        square=square,
        noise=np.asarray(null * error**2 + 4 * error * np.maximum(square, 0.0), dtype=np.float64),
    )


def _psi_beyond(counts_ref: Ints, counts_cur: Ints, widths: Ints) -> tuple[Floats, Floats]:
    """PSI beyond its mean under chance and the degrees of freedom, (d,) each.

    Half a row per bin, which keeps PSI finite, pulls a small period closer to the rest: (1 + bins / 2m) per side.
    """
    n, m = int(counts_ref[0].sum()), int(counts_cur[0].sum())
    value = psi(*proportions(counts_ref, counts_cur, widths))
    freedom: Floats = ((counts_ref + counts_cur) > 0).sum(axis=1) - 1.0
    if m >= SMALL:
        return value - (1 / n + 1 / m) * freedom, freedom
    chance = freedom / n + psi_mean(counts_ref / n, widths, m)
    return (value - chance) * (1 + widths / (2 * m)) ** 2, freedom


def _rest(whole: Floats, part: Floats, n: int, m: int) -> Floats:
    """Mean over the n other rows, from that over all n + m rows and over m of them."""
    return np.asarray(np.maximum(((n + m) * whole - m * part) / n, 0.0), dtype=np.float64)


def noise_bounds(runs: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    """What an approximate explainer's seed alone does to each statistic: test to (2, d) upper prediction bounds.

    `runs`: statistics per judged test, (d,) each, of the same rows explained with another seed; two runs at least.
    """
    found = {}
    everyone = np.ones(len(runs[0]["change"]), np.bool_)
    for name in ("psi", "ks", "stability", "change"):
        # A relative change has no value where there was no importance; such features are not judged by it either.
        seen = np.nan_to_num(np.array([run[name] for run in runs]), posinf=0.0)
        width = student(np.array(TAIL), len(seen))[:, None]
        found[name] = np.maximum(seen.mean(axis=0) + width * spread(seen, everyone), seen.max(axis=0))
    return found


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
