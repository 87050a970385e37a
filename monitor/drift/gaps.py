"""How far logged attributions are from recomputed ones; see `served` for what it means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.drift.served import LoggedRow, Served
from monitor.types import Attributions, Floats, Level

LEAST_ROWS = 20
"""Fewer compared rows raise nothing."""
BEYOND_WARNING, BEYOND_SEVERE = 0.05, 0.2
"""Share of rows beyond the tolerance; each must be exceeded by the lower bound of the share."""
CONFIDENCE = 0.99
SAME_OUTPUT = 1e-3
"""Outputs that differ by less, relative to max(1, abs(output)), are the same: logs round."""
MOST_DIGITS = 6
"""Decimals beyond which rounding is looked for no further: it is lost in single precision."""
ROUNDED_SUM = 4.0
"""Standard deviations of the error of a sum of rounded values within which outputs are the same."""
SCALED = 0.02
"""Residual, relative, under which one factor explains the whole gap."""
MOST = 0.5


def served_gap(
    recomputed: Attributions, rows: Sequence[LoggedRow | None], *, version: str, tolerance: float
) -> Served | None:
    """Hold logged attributions against recomputed ones of the same predictions.

    Args:
        recomputed: (n, d) of the current model on the sampled rows.
        rows: n logged rows, None where nothing was logged.
        version: version label of the current model; rows of other versions are counted and left out.
        tolerance: largest accepted gap of a row, as a share of its sum of absolute attributions.

    Returns None when nothing was logged. The level is raised when the lower Clopper-Pearson bound (99 %) of the share
    of rows beyond the tolerance, or of rows with features unknown to the model, exceeds 5 % (warning) or 20 % (severe).
    """
    present = [i for i, row in enumerate(rows) if row is not None]
    if not present:
        return None
    logged = [row for row in rows if row is not None]
    stale = sum(
        row.served_version is not None and row.version is not None and row.version != row.served_version
        for row in logged
    )
    other = sum(row.version not in (None, version) for row in logged)
    names = recomputed.feature_names
    unknown = _counted_unknown(logged, set(names))
    kept = [
        (i, row)
        for i, row in zip(present, logged, strict=True)
        if not row.approximate and row.version in (None, version) and set(row.values) <= set(names) and row.values
    ]
    counts: dict[str, Any] = {
        "logged": len(logged),
        "approximate": sum(row.approximate for row in logged),
        "stale": stale,
        "other_version": other,
    }
    reason = _not_comparable(recomputed, kept)
    if reason is not None:
        level = _level(unknown[1], len(logged))
        return Served(
            **counts, rows=0, beyond=0, tolerance=tolerance, features={}, unknown_features=unknown[0],
            absent_features=(), outputs_moved=None, factor=None, level=level, cause="pipeline",
            reason=None if level else reason,
        )  # fmt: skip
    index = np.array([i for i, _ in kept])
    theirs, has = _matrix([row for _, row in kept], names)
    ours = np.where(has, recomputed.values[index], 0.0)
    step = _step(theirs)
    gap = np.abs(theirs - ours)
    # A little more than half: the log's own numbers are rounded to floats again.
    gap = np.where(gap <= 0.5001 * step[:, None], 0.0, gap)
    size = np.abs(ours).sum(axis=1)
    far = gap.sum(axis=1) > tolerance * np.maximum(size, _least_size(recomputed))
    importance = float(np.abs(ours).mean(axis=0).sum())
    shares = gap.mean(axis=0) / importance if importance > 0 else gap.mean(axis=0)
    moved = _outputs_moved(recomputed, index, [row for _, row in kept], theirs, has, far, step)
    return Served(
        **counts,
        rows=len(kept),
        beyond=int(far.sum()),
        tolerance=tolerance,
        features={names[j]: float(shares[j]) for j in np.argsort(-shares, kind="stable") if has[:, j].any()},
        unknown_features=unknown[0],
        absent_features=tuple(name for j, name in enumerate(names) if not has[:, j].any()),
        outputs_moved=moved,
        factor=_factor(theirs[far], ours[far]),
        level=max(_level(int(far.sum()), len(kept)), _level(unknown[1], len(logged))),
        cause="explainer" if moved is not None and moved < MOST else "pipeline",
    )  # fmt: skip


def _not_comparable(recomputed: Attributions, kept: Sequence[tuple[int, LoggedRow]]) -> str | None:
    if recomputed.base_values.shape[1] != 1:
        return "the model explains several classes, the log one value per feature"
    if not recomputed.explainer.exact:
        return f"the explainer here ({recomputed.explainer.engine}) is approximate"
    if not kept:
        return "no logged row is of an exact source, of this model version and of this model's features"
    return None


def _counted_unknown(logged: Sequence[LoggedRow], names: set[str]) -> tuple[tuple[str, ...], int]:
    """Features that the model does not have, and how many rows hold one."""
    found = [set(row.values) - names for row in logged]
    return tuple(sorted(set().union(*found))), sum(bool(one) for one in found)


def _matrix(rows: Sequence[LoggedRow], names: Sequence[str]) -> tuple[Floats, NDArray[np.bool_]]:
    """(n, d) logged attributions, 0 where a record has none, and where it has one."""
    values = np.array([[row.values.get(name, np.nan) for name in names] for row in rows], dtype=np.float64)
    has = np.isfinite(values)
    return np.where(has, values, 0.0), has


def _step(theirs: Floats) -> Floats:
    """(n,) the largest power of ten, 1 at most, of which all logged values of a row are multiples; 0 where none is.

    A row of zeros is a multiple of everything and tells nothing of how the log rounds.
    """
    step = np.zeros(len(theirs))
    largest = np.abs(theirs).max(axis=1, initial=0.0)
    for digits in range(MOST_DIGITS, -1, -1):
        off = np.abs(theirs - np.round(theirs, digits)).max(axis=1, initial=0.0)
        # Values may have been single precision on the way.
        step[(off <= 1e-7 * largest) & (largest > 0)] = 10.0**-digits
    return step


def _least_size(recomputed: Attributions) -> float:
    """A row whose attributions are all but 0 is held against a hundredth of the usual size."""
    return 0.01 * float(np.abs(recomputed.values).sum(axis=1).mean())


def _outputs_moved(
    recomputed: Attributions,
    index: NDArray[np.int64],
    rows: Sequence[LoggedRow],
    theirs: Floats,
    has: NDArray[np.bool_],
    far: NDArray[np.bool_],
    step: Floats,
) -> float | None:
    """Share of the rows beyond whose logged base value and attributions add up to another output than the model's.

    The sum of d values rounded to steps s has an error of standard deviation s * sqrt(d / 12).
    """
    base = np.array([np.nan if row.base_value is None else row.base_value for row in rows], dtype=np.float64)
    told = far & np.isfinite(base) & has.all(axis=1)
    if not told.any():
        return None
    output = recomputed.predictions[index, 0][told]
    served = base[told] + theirs[told].sum(axis=1)
    rounded = ROUNDED_SUM * step[told] * np.sqrt((theirs.shape[1] + 1) / 12)
    return float((np.abs(served - output) > SAME_OUTPUT * np.maximum(1.0, np.abs(output)) + rounded).mean())


def _factor(theirs: Floats, ours: Floats) -> float | None:
    """The one factor between two sets of attributions; None when one is not enough, or it is 1."""
    size = float((ours * ours).sum())
    if size == 0.0:
        return None
    factor = float((theirs * ours).sum()) / size
    rest = float(((theirs - factor * ours) ** 2).sum())
    if factor == 0.0 or rest > SCALED**2 * factor**2 * size or abs(factor - 1.0) < SCALED:
        return None
    return factor


def _level(beyond: int, rows: int) -> Level:
    from scipy.stats import beta

    if rows < LEAST_ROWS or not beyond:
        return 0
    lower = float(beta.ppf(1 - CONFIDENCE, beyond, rows - beyond + 1))
    return 2 if lower > BEYOND_SEVERE else 1 if lower > BEYOND_WARNING else 0
