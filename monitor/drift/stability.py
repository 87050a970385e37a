"""Stability score, relative change of a feature's importance (mean abs attribution), and change of the same rows."""

from __future__ import annotations

import numpy as np
from scipy import stats

from monitor.types import Floats


def stability(importance_ref: Floats, importance_cur: Floats) -> Floats:
    """abs(cur - ref) / ref, (d,); 0 where both are 0, inf where only the reference is 0.

    Blind to changes of sign (PSI and KS see those that are one-sided, `change` sees all, on the same rows) and
    meaningless for features of next to no importance, which is why judging asks for materiality first.
    """
    return relative_change(np.abs(importance_cur - importance_ref), importance_ref)


def relative_change(change: Floats, importance_ref: Floats) -> Floats:
    """change / importance_ref, (d,) each; 0 where nothing changed, inf where only the reference importance is 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = change / importance_ref
    ratio[change == 0] = 0.0
    return np.asarray(ratio, dtype=np.float64)


def standard_error(var_ref: Floats, n: int, var_cur: Floats, m: int) -> Floats:
    """Of the difference of two independent mean abs attributions without drift, (d,), in their units.

    The larger of two estimates: each side's own variance (Welch), and one variance for both (Student). Under
    heavy tails a small sample often misses the tail, has a small variance of its own and would look certain;
    measured at n = 1000, m = 200 the first alone alarms three to five times as often as it should.
    """
    own = var_ref / n + var_cur / m
    common = (n * var_ref + m * var_cur) / (n + m) * (1 / n + 1 / m)
    return np.asarray(np.sqrt(np.maximum(own, common)), dtype=np.float64)


def p_value(difference: Floats, error: Floats, freedom: int) -> Floats:
    """Two-sided t test of a difference of means, (d,); 1 where nothing differs, 0 where it does without any spread."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(difference) / error
    t[difference == 0] = 0.0
    return np.asarray(2 * stats.t.sf(t, max(freedom, 1)), dtype=np.float64)
