"""Every statistic of every feature for one pair of samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from monitor.drift import permute
from monitor.drift.binning import snapped
from monitor.drift.distances import Distances, Matrix, distances, over_blocks
from monitor.drift.ks import ks_p_value
from monitor.drift.prepare import Prepared, check_matrix
from monitor.drift.psi import js, kl, proportions, psi, psi_p_value, table_probability
from monitor.drift.stability import p_value, relative_change, stability, standard_error
from monitor.drift.variation import TAIL
from monitor.errors import DataError
from monitor.types import Floats, Ints

NOISE_FREEDOM = 6
"""Degrees of freedom of an explainer's noise: three runs and what all features have in common."""
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
    steady_ref: Floats
    """Importance without the most extreme rows, which alone decides what counts."""
    steady_cur: Floats
    counts_cur: Ints
    """(d, widest) current rows per reference bin."""
    freedom: Ints
    """Bins that any row fell into, minus one."""
    relative_error: Floats
    """Standard error of the stability score; 0 where the reference importance is (next to) 0."""
    tails: dict[str, Floats]
    """Judged test to the factor by which its closed law's tail is too wide (under 1) or too narrow at these samples."""
    current: Matrix | None
    """(m, d) the values measured, as given; None for pairs."""
    moved: Ints
    """Paired only: rows whose attribution changed beyond rounding."""
    moved_by: Floats
    """How far attributions moved, in output units: of the same rows the mean abs change, else Wasserstein distance."""


def measure(prepared: Prepared, current: object, *, paired: bool = False, exact: bool = False) -> Measurement:
    """Compare current attributions with a prepared reference.

    Args:
        current: (m, d) attributions in the reference's feature order, m >= 1. float32 and float64 are read in place.
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
    if not paired:
        return _measure(prepared, matrix, None, exact=False)
    matrix, pairs = _paired(prepared, matrix)
    return _measure(prepared, matrix, pairs, exact=exact)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """What only the same rows can tell, (d,) each."""

    moved: Ints
    size: Floats
    """Mean abs change."""
    mean: Floats
    """Mean signed change."""
    spread: Floats
    """Standard deviation of the signed change."""
    error: Floats
    """Standard error of the mean change of abs values."""


def _paired(prepared: Prepared, matrix: Matrix) -> tuple[Matrix, _Pairs]:
    """The matrix with changes within rounding undone, and what the pairs tell."""
    n, d = matrix.shape
    cleaned, moved = np.empty((n, d), np.float64), np.empty(d, np.int64)
    size, mean, spread, error = (np.empty(d) for _ in range(4))

    def one(at: slice) -> None:
        before = prepared.values[:, at].astype(np.float64, copy=False)
        now = matrix[:, at].astype(np.float64, copy=False)
        same = np.abs(now - before) <= _rounding(before)
        cleaned[:, at] = np.where(same, before, now)
        moved[at] = (~same).sum(axis=0)
        change = cleaned[:, at] - before
        size[at], mean[at], spread[at] = np.abs(change).mean(axis=0), change.mean(axis=0), change.std(axis=0)
        error[at] = (np.abs(cleaned[:, at]) - np.abs(before)).std(axis=0) / np.sqrt(n)

    over_blocks(one, matrix)
    return cleaned, _Pairs(moved, size, mean, spread, error)


def _rounding(values: Floats) -> Floats:
    """Largest change of each attribution that float32 arithmetic explains, (n, k).

    A row of zero attribution carries the rounding of its feature's other rows, hence the feature's own scale.
    """
    absolute = np.abs(values)
    rank = max(len(values) - 2 - len(values) // OUTLIERS, 0)
    scale = np.partition(absolute, rank, axis=0)[rank]
    return np.asarray(ROUNDING * np.maximum(absolute, scale), dtype=np.float64)


def _measure(prepared: Prepared, matrix: Matrix, pairs: _Pairs | None, *, exact: bool) -> Measurement:
    n, m = prepared.n, len(matrix)
    found = distances(prepared.columns, matrix, prepared.edge_table, prepared.masses)
    counts = found.counts
    p_ref, p_cur = proportions(prepared.counts, counts, prepared.widths)
    statistics = {
        "psi": psi(p_ref, p_cur),
        "ks": found.ks,
        "stability": stability(prepared.importance, found.importance),
        "change": np.full(prepared.d, np.nan) if pairs is None else relative_change(pairs.size, prepared.importance),
        "wasserstein": found.wasserstein,
        "js": js(p_ref, p_cur),
        "kl": kl(p_ref, p_cur),
    }
    freedom = np.maximum(((prepared.counts + counts) > 0).sum(axis=1) - 1, 1).astype(np.int64)
    chance = standard_error(prepared.variance, n, found.variance, m)
    tails = {name: np.ones(prepared.d) for name in ("psi", "ks", "stability")}
    if pairs is not None and exact:
        p_values = dict.fromkeys((*tails, "change"), np.where(pairs.moved > 0, 0.0, 1.0))
    else:
        error = chance if pairs is None else pairs.error
        p_values = {
            "psi": psi_p_value(statistics["psi"], n, m, freedom),
            "ks": ks_p_value(statistics["ks"], n, m),
            "stability": p_value(found.importance - prepared.importance, error, n + m - 2),
        }
    if pairs is None and permute.wanted(n, m):
        p_values, tails = _permuted(prepared, matrix, statistics, p_values, freedom=freedom, error=chance)
    if pairs is None:
        p_values["psi"] = np.maximum(p_values["psi"], table_probability(prepared.counts, counts))
        p_values["change"] = np.full(prepared.d, np.nan)
    elif not exact:
        p_values["change"] = _noise_p(statistics["change"], prepared.noise.get("change"))
    if pairs is None or not exact:
        shift = _shift_p(prepared, found, m) if pairs is None else p_value(pairs.mean, pairs.spread / np.sqrt(n), n - 1)
        p_values["ks"] = np.minimum(2 * np.minimum(p_values["ks"], shift), 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        relative = chance / prepared.importance
    relative[~np.isfinite(relative)] = 0.0
    return Measurement(
        n=n,
        m=m,
        paired=pairs is not None,
        exact=exact,
        statistics=statistics,
        p_values=p_values,
        importance_ref=prepared.importance,
        importance_cur=found.importance,
        steady_ref=prepared.steady,
        steady_cur=found.steady,
        counts_cur=counts,
        freedom=freedom,
        relative_error=relative,
        tails=tails,
        current=matrix if pairs is None else None,
        moved=np.full(prepared.d, m, dtype=np.int64) if pairs is None else pairs.moved,
        moved_by=found.wasserstein if pairs is None else pairs.size,
    )


def _shift_p(prepared: Prepared, found: Distances, m: int) -> Floats:
    """Evidence that the mean attribution moved, (d,).

    D is slower to see a plain shift than a t test is. So the evidence behind D is the smaller of both p-values, doubled
    (Bonferroni); its effect stays D alone.
    """
    spread_ref = prepared.variance + prepared.importance**2 - prepared.mean**2
    spread_cur = found.variance + found.importance**2 - found.mean**2
    error = standard_error(np.maximum(spread_ref, 0.0), prepared.n, np.maximum(spread_cur, 0.0), m)
    return p_value(found.mean - prepared.mean, error, prepared.n + m - 2)


def _snapped(prepared: Prepared, values: Matrix) -> Matrix:
    """(n, d) values, those next to a point mass of the reference put on it."""
    return np.stack([snapped(column, held) for column, held in zip(values.T, prepared.masses, strict=True)], axis=1)


def _noise_p(change: Floats, bounds: Floats | None) -> Floats:
    """Evidence that the same rows changed by more than an approximate explainer's seed changes them, (d,).

    The reference keeps two upper bounds of that, for one in a hundred and one in a thousand: between and beyond them
    Student's law, from which they come. NaN, not judged, where it keeps none.
    """
    if bounds is None:
        return np.full(len(change), np.nan)
    near, far = stats.t.isf(np.array(TAIL), NOISE_FREEDOM)
    width = np.maximum((bounds[1] - bounds[0]) / (far - near), np.finfo(np.float64).tiny)
    with np.errstate(over="ignore"):
        return np.asarray(stats.t.sf((change - bounds[0]) / width + near, NOISE_FREEDOM), dtype=np.float64)


def _permuted(
    prepared: Prepared,
    matrix: Matrix,
    statistics: dict[str, Floats],
    closed: dict[str, Floats],
    *,
    freedom: Ints,
    error: Floats,
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """p-values of a small sample, and the tail factors of the closed laws."""
    n, m = prepared.n, len(matrix)
    ref, matrix = (_snapped(prepared, values) for values in (prepared.values, matrix))
    change = np.abs(np.abs(matrix).mean(axis=0, dtype=np.float64) - prepared.importance)
    return permute.refine(
        ref,
        matrix,
        prepared.edges,
        seen={"psi": statistics["psi"], "ks": statistics["ks"], "stability": change},
        closed=closed,
        laws={
            "psi": lambda j, x: float(psi_p_value(np.array([x]), n, m, freedom[j : j + 1])[0]),
            "ks": lambda _, x: float(ks_p_value(np.array([x]), n, m)[0]),
            "stability": lambda j, x: float(p_value(np.array([x]), error[j : j + 1], n + m - 2)[0]),
        },
    )
