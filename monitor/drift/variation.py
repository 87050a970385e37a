"""How far will the next period be, given those seen? Prediction bounds from distances of left-out periods.

Two laws. Periods of a hundred rows or more are known one by one: their distances, and what chance may have hidden of
each, say how far the next one comes. Smaller ones are mostly chance, and a reference of many small weeks would be deaf
if that were taken for variation: squared distances less what chance explains are estimated for all features together,
and the bound is widened as few periods ask for, by an F law. The second holds for large periods as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from monitor.drift.weights import Flags
from monitor.types import Floats

TAIL = (0.01, 0.001)
"""Largest probability per feature that an ordinary period exceeds the warning and the severe bound."""
TOGETHER = (0.05, 0.01)
"""The same for all features that count together, per test. A strange week is one, however often it is looked at: this
does not depend on the number of checks a month."""
KNOWN = 100
"""Rows from which a period is known well enough to be judged by itself."""
SHAPES = (0.5, 100.0)
"""Gamma laws of distances lie between that of a squared normal number and one that is nearly normal."""
SPREAD, SPREADS = 2.0, 12.5
"""Variance over squared mean of the squared distances of periods: that of a squared normal number, which is the least
believed of small periods, and the most of any."""
BELIEVED = {"psi": SPREAD, "ks": SPREAD, "stability": 4.6}
"""The same, believed beforehand, per test. Attributions lie on both sides of 0: a week that shifts them changes their
mean absolute value by the shift where it is large, and by its square where it is small. The square of that is between
the second power of a normal number, 2, and the fourth, 32 / 3: their geometric mean."""
HIDDEN = (1.0, 1.645)
"""Standard errors by which the largest period seen may have been underestimated, warning and severe."""
PRIOR_FREEDOM = 4.0
"""Weight, in periods, of what is common to many features that vary by themselves."""
COMMON = 0.9
"""Spreads beyond this quantile over features count as that quantile when the common one is worked out: relative changes
of a feature that hardly counts reach any size, and must not widen the bounds of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How far one left-out period was, each (d,)."""

    distance: Floats
    """Beyond the mean of chance, never negative."""
    error: Floats
    """Standard error of that."""
    square: Floats
    """Squared distance beyond the mean of its square by chance: negative where the period is nearer than that."""
    noise: Floats
    """Variance of that by chance."""


def bounds(left_out: Sequence[Mapping[str, Seen]], rows: float, counted: Flags) -> dict[str, Floats]:
    """Bounds per test, (2, d), warning and severe. `rows`: of a usual period. `counted`: features that count, (d,)."""
    found = {}
    for name in left_out[0]:
        parts = {
            part: np.array([getattr(one[name], part) for one in left_out])
            for part in ("distance", "error", "square", "noise")
        }
        known = rows >= KNOWN
        # Half of the share for small ones: their law is known less well than it seems.
        share = share_of(counted) / (1 if known else 2)
        least = 0.0 if known else SPREAD
        found[name] = _of_squares(parts["square"], parts["noise"], counted, share, least, BELIEVED[name])
        if known:
            found[name] = np.maximum(found[name], _of_distances(parts["distance"], parts["error"], counted, share))
    return found


def share_of(counted: Flags) -> Floats:
    """Probability per feature of passing the bounds, (2,)."""
    return np.asarray(np.minimum(np.array(TAIL), np.array(TOGETHER) / counted.sum()), dtype=np.float64)


def _of_distances(excess: Floats, error: Floats, counted: Flags, share: Floats) -> Floats:
    """From distances and their standard errors, (k, d): never under the largest seen and what its rows may have hidden,
    since a storm that the reference lived through is part of its ordinary life."""
    lived = (excess + np.array(HIDDEN)[:, None, None] * error).max(axis=1)
    free = freedom(excess[:, counted])
    width = _quantiles(share, _shape(excess[:, counted], error[:, counted]), free)
    return np.asarray(np.maximum(excess.mean(axis=0) + width * spread(excess, counted), lived), dtype=np.float64)


def _shape(excess: Floats, error: Floats) -> float:
    """Shape of the law of variation, common to the features, from (k, d) distances and their standard errors.

    A distance is never negative, so its law is taken for a gamma law: nearly normal where all periods are about as far,
    long-tailed where most are near. Its shape is mean squared over variance, without the variance that errors explain.
    """
    variance = float((excess.var(axis=0, ddof=1) - (error**2).mean(axis=0)).sum())
    squared = float((excess.mean(axis=0) ** 2).sum())
    return float(np.clip(squared / variance, *SHAPES)) if variance > 0 else SHAPES[1]


def _quantiles(share: Floats, shape: float, free: float) -> Floats:
    """How many standard deviations above its mean the next period stays but for these shares, (2, 1): of the gamma law,
    widened as Student's law is beside the normal one."""
    width = (stats.gamma.isf(share, shape) - shape) / np.sqrt(shape)
    return np.asarray(width * stats.t.isf(share, free) / stats.norm.isf(share), dtype=np.float64)[:, None]


def freedom(seen: Floats) -> float:
    """Degrees of freedom of a spread that is shrunk to what features have in common, from what was seen of them in k
    periods, (k, d).

    A season that moves all features at once is seen k times, not k times d: other features add what their mean squared
    correlation leaves of them, beyond the 1 / (k - 1) that chance gives (effective number of tests, Nyholt 2004).
    """
    k, d = seen.shape
    scaled = seen - seen.mean(axis=0)
    norms = np.sqrt((scaled**2).sum(axis=0))
    scaled = scaled[:, norms > 0] / norms[norms > 0]
    if scaled.shape[1] < 2:
        return float(k - 1 + PRIOR_FREEDOM * (1 - 1 / d))
    pairs = d * (d - 1)
    squared = float(((scaled.T @ scaled) ** 2).sum() - scaled.shape[1]) / pairs
    chance = 1 / (k - 1)
    alike = min(max((squared - chance) / (1 - chance), 0.0), 1.0)
    independent = d / (1 + (d - 1) * alike)
    return float(k - 1 + PRIOR_FREEDOM * (1 - 1 / independent))


def _of_squares(squares: Floats, noise: Floats, counted: Flags, share: Floats, least: float, believed: float) -> Floats:
    """From squared distances and their variance by chance, (k, d).

    They are taken to follow a gamma law, one shape for all features. The next one over the mean of k of them then
    follows an F law, which knows how little a few periods tell.
    """
    k = len(squares)
    free = freedom(squares[:, counted])
    mean = _means(squares.mean(axis=0), noise.mean(axis=0) / k, counted, k)
    shape = 1 / max(_relative_spread(squares[:, counted], noise[:, counted], believed), least)
    widths = stats.f.isf(share[:, None], 2 * shape, 2 * shape * free)
    return np.asarray(np.sqrt(np.maximum(mean * widths, _lived(squares, noise, mean))), dtype=np.float64)


def _means(seen: Floats, error: Floats, counted: Flags, k: int) -> Floats:
    """Mean squared distance of each feature, (d,), from that seen in k periods and its variance due to rows, (d,).

    Small periods are mostly chance, and chance must not pass for variation: what lies within it is shrunk to what
    features have in common (James and Stein 1961, positive part), and one standard error is added. What is left is that
    of a few periods, and is shrunk to the common mean as variances are (Smyth 2004).
    """
    middle, of_middle = float(np.median(seen[counted])), float(error[counted].mean()) / int(counted.sum())
    middle = _positive(middle, of_middle)
    away = seen - middle
    apart = max(float(np.mean(away[counted] ** 2 - error[counted])), 0.0)
    tiny = np.finfo(float).tiny
    weight = np.minimum(apart / (apart + error + tiny), np.maximum(1 - error / np.maximum(away**2, tiny), 0.0))
    unknown = np.sqrt(weight * error + (1 - weight) * of_middle)
    own = np.maximum(middle + weight * away, 0.0) + unknown
    shared = common(own[counted])
    return np.asarray((own * (k - 1) + shared * PRIOR_FREEDOM) / (k - 1 + PRIOR_FREEDOM), dtype=np.float64)


def _positive(seen: float, error: float) -> float:
    """Mean of a quantity that is never negative, given an estimate of it and the variance of that."""
    if error <= 0:
        return max(seen, 0.0)
    z = seen / np.sqrt(error)
    return float(seen + np.sqrt(error) * np.exp(stats.norm.logpdf(z) - stats.norm.logcdf(z)))


def _relative_spread(squares: Floats, noise: Floats, believed: float) -> float:
    """Variance over squared mean of the squared distances of periods, common to the features, from (k, d) of them and
    their variance due to rows; shrunk to the one believed, the more so the fewer the periods."""
    k = len(squares)
    # Every period is held against all others: k of them have k - 1 degrees of freedom and vary too little.
    total = squares.var(axis=0, ddof=1) / (1 - 1 / (k - 1) ** 2)
    variance = max(float((total - noise.mean(axis=0)).sum()), 0.0)
    squared = float((squares.mean(axis=0) ** 2 - total / (k - 1)).sum())
    found = variance / squared if squared > 0 else believed
    shrunk = (min(found, SPREADS) * (k - 1) + believed * PRIOR_FREEDOM) / (k - 1 + PRIOR_FREEDOM)
    return float(shrunk)


def _lived(squares: Floats, noise: Floats, mean: Floats) -> Floats:
    """Largest squared distance that a period of the reference had, warning and severe, (2, d): what was seen, less what
    chance explains of it, and what its few rows may have hidden."""
    between = np.maximum(squares.var(axis=0, ddof=1) - noise.mean(axis=0), 0.0)
    weight = between / (between + noise + np.finfo(float).tiny)
    true = mean + weight * (squares - mean)
    return np.asarray((true + np.array(HIDDEN)[:, None, None] * np.sqrt(weight * noise)).max(axis=1), dtype=np.float64)


def student(tail: Floats, k: int) -> Floats:
    """Student's quantiles for k runs of an explainer, whose noise is each feature's own, and their common one."""
    return np.asarray(stats.t.isf(tail, k - 1 + PRIOR_FREEDOM), dtype=np.float64)


def spread(excess: Floats, counted: Flags) -> Floats:
    """Standard deviation of one more period about the mean of k left-out ones, (d,) from (k, d): the variance of each
    is shrunk towards what is common to all, because k periods alone estimate a tail badly."""
    k = len(excess)
    variance = excess.var(axis=0, ddof=1)
    shrunk = (variance * (k - 1) + common(variance[counted]) * PRIOR_FREEDOM) / (k - 1 + PRIOR_FREEDOM)
    return np.asarray(np.sqrt(shrunk * (1 + 1 / k)), dtype=np.float64)


def common(chosen: Floats) -> float:
    """The spread common to all features that count, the largest ones cut down to a quantile."""
    return float(np.minimum(chosen, np.quantile(chosen, COMMON, method="lower")).mean())
