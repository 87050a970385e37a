"""What is computed once per reference: sorted columns, bins, importances, natural variation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.drift.binning import bin_counts, pad, quantile_edges
from monitor.drift.calibrate import Natural, calibrate
from monitor.errors import DataError
from monitor.settings import DriftSettings
from monitor.types import Floats, Ints

LARGEST = 1e100
"""Largest abs attribution that statistics are computed for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A reference sample, ready to be compared with any number of current samples."""

    feature_names: tuple[str, ...]
    values: Floats
    """(n, d) as given."""
    columns: Floats
    """(d, n) each row ascending."""
    edges: tuple[Floats, ...]
    counts: Ints
    """(d, widest) rows per bin, zero behind the last bin."""
    widths: Ints
    """(d,) bins per feature."""
    importance: Floats
    """(d,) mean abs attribution."""
    variance: Floats
    """(d,) variance of abs attribution."""
    natural: Natural
    settings: DriftSettings

    @property
    def n(self) -> int:
        return int(self.values.shape[0])

    @property
    def d(self) -> int:
        return int(self.values.shape[1])


def check_matrix(values: object, what: str, feature_names: Sequence[str] | None = None) -> Floats:
    """A finite (n, d) float64 matrix. Raises DataError naming the first bad column."""
    try:
        # One memory layout, so that equal numbers add up to equal sums.
        matrix = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{what} attributions are not numbers", expected="a numeric (rows, features) matrix") from error
    if matrix.ndim != 2:
        raise DataError(f"{what} attributions", seen=f"{matrix.ndim} dimensions", expected="rows x features")
    bad = ~np.isfinite(matrix)
    if bad.any():
        column = int(np.flatnonzero(bad.any(axis=0))[0])
        name = feature_names[column] if feature_names else column
        raise DataError(
            f"{what} attributions of feature {name!r} are not all finite",
            seen=f"{int(bad[:, column].sum())} NaN or infinite of {len(matrix)} rows",
            expected="finite numbers: an explainer gives every row a value",
            hint="drop or repair these rows in the explainer that wrote them",
        )
    if matrix.size and np.abs(matrix).max() > LARGEST:
        column = int(np.flatnonzero((np.abs(matrix) > LARGEST).any(axis=0))[0])
        name = feature_names[column] if feature_names else column
        raise DataError(
            f"{what} attributions of feature {name!r} are absurdly large",
            seen=f"{np.abs(matrix[:, column]).max():.3g}",
            expected=f"at most {LARGEST:g}: beyond it sums and squares overflow and nothing could be judged",
            hint="look at what the explainer wrote",
        )
    return matrix


def prepare(
    values: object,
    feature_names: Sequence[str],
    *,
    settings: DriftSettings | None = None,
    periods: Sequence[str] | None = None,
    natural: Natural | None = None,
) -> Prepared:
    """Sort, bin and calibrate a reference.

    Args:
        values: (n, d) attributions, n >= 1.
        feature_names: d unique names.
        periods: label of the period of each row; enough periods calibrate thresholds on natural variation.
        natural: variation known from elsewhere (the trend view borrows the reference's); wins over periods.

    Raises:
        DataError: not a finite matrix, no rows, or names, columns or periods disagree.
    """
    settings = settings or DriftSettings()
    matrix = check_matrix(values, "reference", feature_names)
    n, d = matrix.shape
    if n == 0 or d == 0 or d != len(feature_names):
        raise DataError(
            "reference attributions",
            seen=f"{n} rows x {d} columns",
            expected=f"{len(feature_names)} columns, some rows",
        )
    if periods is not None and len(periods) != n:
        raise DataError("reference periods", seen=f"{len(periods)} labels", expected=f"{n}, one per reference row")
    columns = np.sort(matrix.T, axis=1)
    edges = tuple(quantile_edges(column, settings.bins) for column in columns)
    counts, widths = pad([bin_counts(column, edge) for column, edge in zip(columns, edges, strict=True)])
    absolute = np.abs(matrix)
    return Prepared(
        feature_names=tuple(feature_names),
        values=matrix,
        columns=columns,
        edges=edges,
        counts=counts,
        widths=widths,
        importance=absolute.mean(axis=0),
        variance=absolute.var(axis=0),
        natural=natural or calibrate(matrix, periods, edges),
        settings=settings,
    )
