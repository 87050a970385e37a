"""Distances between two histograms on the same bins: PSI, Jensen-Shannon, Kullback-Leibler.

Both sides are smoothed by the same share per bin, half a row of the smaller sample (Jeffreys where both are
equally large). An empty decile at n = 1000 then adds 0.5 to PSI; a vanishing epsilon would add 1.2 and grow
without bound. Half a row of each sample's own size would pull the smaller one closer to uniform and so make
two samples of one distribution differ.
"""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from monitor.types import Floats, Ints

PSEUDO_COUNT = 0.5


def proportions(counts_ref: Ints, counts_cur: Ints, widths: Ints) -> tuple[Floats, Floats]:
    """Smoothed shares per bin of both sides, each (d, b); 0 in the padding behind each feature's last bin.

    Every row of counts has its side's number of rows as its sum, at least 1. `widths` are bins per feature, (d,).
    """
    inside = np.arange(counts_ref.shape[1]) < widths[:, None]
    n, m = counts_ref.sum(axis=1, keepdims=True), counts_cur.sum(axis=1, keepdims=True)
    share = PSEUDO_COUNT / np.minimum(n, m)
    total = 1 + widths[:, None] * share
    p_ref: Floats = np.where(inside, (counts_ref / n + share) / total, 0.0)
    p_cur: Floats = np.where(inside, (counts_cur / m + share) / total, 0.0)
    return p_ref, p_cur


def psi_mean(shares: Floats, widths: Ints, m: int) -> Floats:
    """Mean of smoothed PSI, (d,), of m rows drawn from exactly these shares per bin, (d, b).

    By the binomial law of each bin: half a row per bin makes it less than (bins - 1) / m where m is small.
    """
    inside = np.arange(shares.shape[1]) < widths[:, None]
    # Bins of quantiles are all about as likely, so few laws have to be worked out.
    keys, which = np.unique(np.where(inside, np.round(shares, 3) + 2 * widths[:, None], 0.0), return_inverse=True)
    bins, rows = np.maximum(keys // 2, 1.0), np.arange(m + 1)
    share, extra = np.clip(keys - 2 * bins, 0.0, 1.0)[:, None], PSEUDO_COUNT / m
    total = 1 + bins[:, None] * extra
    p, q = (rows / m + extra) / total, (share + extra) / total
    law = stats.binom.pmf(rows, m, share)
    mean = (law * (p - q) * np.log(p / q)).sum(axis=1)
    found: Floats = np.where(inside, mean[which.reshape(shares.shape)], 0.0).sum(axis=1)
    return found


def _terms(p: Floats, q: Floats) -> Floats:
    """p * ln(p / q) with 0 where p is 0 (padding)."""
    safe: Floats = np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0) / np.where(q > 0, q, 1.0)), 0.0)
    return safe


def psi(p_ref: Floats, p_cur: Floats) -> Floats:
    """Population stability index, (d,): sum of (p_cur - p_ref) * ln(p_cur / p_ref). Natural logarithm."""
    ratio = np.log(np.where(p_cur > 0, p_cur, 1.0) / np.where(p_ref > 0, p_ref, 1.0))
    total: Floats = ((p_cur - p_ref) * ratio).sum(axis=1)
    return total


def kl(p_ref: Floats, p_cur: Floats) -> Floats:
    """Kullback-Leibler divergence of current from reference, (d,), in nats: sum of p_cur * ln(p_cur / p_ref)."""
    # Rounding can leave -1e-17 where the histograms agree; the divergence is never negative.
    total: Floats = np.maximum(_terms(p_cur, p_ref).sum(axis=1), 0.0)
    return total


def js(p_ref: Floats, p_cur: Floats) -> Floats:
    """Jensen-Shannon distance, (d,), base 2, in [0, 1] (Lin 1991; the square root is a metric)."""
    middle = (p_ref + p_cur) / 2
    divergence = (_terms(p_ref, middle) + _terms(p_cur, middle)).sum(axis=1) / (2 * np.log(2))
    distance: Floats = np.sqrt(np.clip(divergence, 0.0, 1.0))
    return distance


def psi_p_value(value: Floats, n: int, m: int, freedom: Ints) -> Floats:
    """P(PSI >= value) without drift: PSI is about (1/n + 1/m) * chi-square(bins - 1) (Yurdakul 2018)."""
    p = stats.chi2.sf(value / (1 / n + 1 / m), np.maximum(freedom, 1))
    return np.asarray(p, dtype=np.float64)


def table_probability(counts_ref: Ints, counts_cur: Ints) -> Floats:
    """Probability of exactly these two histograms, given their sum and no drift, (d,): multivariate hypergeometric.

    No honest p-value is smaller. It matters where few rows fall outside one bin: ten rare rows, all on one side of two
    equal samples, happen once in 1,200 times, whatever the chi-square law says.
    """
    both = counts_ref + counts_cur
    n, m = counts_ref.sum(axis=1), counts_cur.sum(axis=1)
    ways = special.gammaln(both + 1) - special.gammaln(counts_ref + 1) - special.gammaln(counts_cur + 1)
    total = special.gammaln(n + m + 1) - special.gammaln(n + 1) - special.gammaln(m + 1)
    return np.asarray(np.exp(np.minimum(ways.sum(axis=1) - total, 0.0)), dtype=np.float64)


def psi_null(alpha: Floats, n: int, m: int, freedom: Ints) -> Floats:
    """The value that PSI exceeds with probability alpha, (d,), without drift, (d,)."""
    quantile = stats.chi2.isf(alpha, np.maximum(freedom, 1)) * (1 / n + 1 / m)
    return np.asarray(quantile, dtype=np.float64)
