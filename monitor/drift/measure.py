"""Every statistic of every feature for one pair of samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.drift.binning import bin_counts, pad
from monitor.drift.ks import ks_and_wasserstein, ks_p_value
from monitor.drift.prepare import Prepared, check_matrix
from monitor.drift.psi import js, kl, proportions, psi, psi_p_value
from monitor.drift.stability import p_value, stability, standard_error
from monitor.errors import DataError
from monitor.types import Floats, Ints

ROUNDING = 1e-6
"""On the same rows, changes under this share of an attribution, or of its feature's large ones, are rounding."""
OUTLIERS = 1000
"""One row in so many (at least one) may be absurd; it must not set the scale of rounding for all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """All statistics of one view, before any judgement. Arrays are (d,)."""

    n: int
    m: int
    paired: bool
    exact: bool
    statistics: dict[str, Floats]
    p_values: dict[str, Floats]
    importance_ref: Floats
    importance_cur: Floats
    counts_cur: Ints
    """(d, widest) current rows per reference bin."""
    freedom: Ints
    """Bins that any row fell into, minus one."""
    relative_error: Floats
    """Standard error of the stability score; 0 where the reference importance is (next to) 0."""
    moved: Ints
    """Paired only: rows whose attribution changed beyond rounding."""


def measure(prepared: Prepared, current: object, *, paired: bool = False, exact: bool = False) -> Measurement:
    """Compare current attributions with a prepared reference.

    Args:
        current: (m, d) attributions in the reference's feature order, m >= 1.
        paired: row i of both sides is the same input row (holdout view); needs m == n.
        exact: paired only: the explainer is deterministic, so any change beyond rounding is real and the
            p-value is 0 or 1.

    Raises:
        DataError: not a finite matrix, other columns, or paired with other row counts.
    """
    matrix = check_matrix(current, "current", prepared.feature_names)
    m, d = matrix.shape
    if d != prepared.d or m == 0 or (paired and m != prepared.n):
        rows = f"{prepared.n} rows" if paired else "at least one row"
        expected = f"{rows} x {prepared.d} columns"
        raise DataError("current attributions", seen=f"{m} rows x {d} columns", expected=expected)
    moved = np.full(d, m, dtype=np.int64)
    if paired:
        same = np.abs(matrix - prepared.values) <= _rounding(prepared.values)
        matrix = np.where(same, prepared.values, matrix)
        moved = (~same).sum(axis=0)
    return _measure(prepared, matrix, moved, paired=paired, exact=exact)


def _rounding(values: Floats) -> Floats:
    """Largest change of each attribution that float32 arithmetic explains, (n, d).

    A row of zero attribution carries the rounding of its feature's other rows, hence the feature's own scale.
    """
    absolute = np.abs(values)
    rank = max(len(values) - 2 - len(values) // OUTLIERS, 0)
    scale = np.partition(absolute, rank, axis=0)[rank]
    return np.asarray(ROUNDING * np.maximum(absolute, scale), dtype=np.float64)


def _measure(prepared: Prepared, matrix: Floats, moved: Ints, *, paired: bool, exact: bool) -> Measurement:
    n, m = prepared.n, len(matrix)
    columns = np.sort(matrix.T, axis=1)
    counts, widths = pad([bin_counts(c, e) for c, e in zip(columns, prepared.edges, strict=True)])
    p_ref, p_cur = proportions(prepared.counts, counts, widths)
    distances = np.array([ks_and_wasserstein(r, c) for r, c in zip(prepared.columns, columns, strict=True)])
    importance, variance, error = _importance(prepared, matrix, paired=paired)
    statistics = {
        "psi": psi(p_ref, p_cur),
        "ks": distances[:, 0],
        "stability": stability(prepared.importance, importance),
        "wasserstein": distances[:, 1],
        "js": js(p_ref, p_cur),
        "kl": kl(p_ref, p_cur),
    }
    freedom = np.maximum(((prepared.counts + counts) > 0).sum(axis=1) - 1, 1).astype(np.int64)
    if paired and exact:
        certain = np.where(moved > 0, 0.0, 1.0)
        p_values = {"psi": certain, "ks": certain, "stability": certain}
    else:
        p_values = {
            "psi": psi_p_value(statistics["psi"], n, m, freedom),
            "ks": ks_p_value(statistics["ks"], n, m),
            "stability": p_value(importance - prepared.importance, error, n + m - 2),
        }
    chance = standard_error(prepared.variance, n, variance, m)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        relative = chance / prepared.importance
    relative[~np.isfinite(relative)] = 0.0
    return Measurement(
        n=n,
        m=m,
        paired=paired,
        exact=exact,
        statistics=statistics,
        p_values=p_values,
        importance_ref=prepared.importance,
        importance_cur=importance,
        counts_cur=counts,
        freedom=freedom,
        relative_error=relative,
        moved=moved,
    )


def _importance(prepared: Prepared, matrix: Floats, *, paired: bool) -> tuple[Floats, Floats, Floats]:
    """Current importance, its variance per row, and the standard error of its change, each (d,)."""
    absolute = np.abs(matrix)
    importance, variance = absolute.mean(axis=0), absolute.var(axis=0)
    if paired:
        error = (absolute - np.abs(prepared.values)).std(axis=0) / np.sqrt(len(matrix))
    else:
        error = standard_error(prepared.variance, prepared.n, variance, len(matrix))
    return importance, variance, np.asarray(error, dtype=np.float64)
