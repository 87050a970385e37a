"""What is computed once per reference: sorted columns, bins, importances, natural variation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitor.drift.binning import Masses, bin_counts, pad, point_masses, quantile_edges, snap
from monitor.drift.calibrate import Natural, Whole, calibrate
from monitor.drift.distances import Matrix, ascending, moments, over_blocks, steady_importance, table
from monitor.drift.weights import shares, weighty
from monitor.errors import DataError
from monitor.settings import DriftSettings
from monitor.types import Floats, Ints

LARGEST = 1e100
"""Largest abs attribution that statistics are computed for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A reference sample, ready to be compared with any number of current samples."""

    feature_names: tuple[str, ...]
    values: Matrix
    """(n, d) as given, not copied: whoever gave them must not change them."""
    columns: Matrix
    """(d, n) each row ascending, values next to a point mass put on it."""
    edges: tuple[Floats, ...]
    edge_table: Floats
    """The same as (d, most edges), infinite behind each feature's last."""
    counts: Ints
    """(d, widest) rows per bin, zero behind the last bin."""
    widths: Ints
    """(d,) bins per feature."""
    importance: Floats
    """(d,) mean abs attribution."""
    variance: Floats
    """(d,) variance of abs attribution."""
    mean: Floats
    """(d,) mean signed attribution."""
    steady: Floats
    """(d,) importance without the most extreme rows."""
    masses: tuple[Masses, ...]
    """Per feature the values that many rows hold, and what is next to each."""
    natural: Natural
    noise: Mapping[str, Floats]
    """Judged test to (2, d): what an approximate explainer's seed alone does; empty when it is exact."""
    settings: DriftSettings

    @property
    def n(self) -> int:
        return int(self.values.shape[0])

    @property
    def d(self) -> int:
        return int(self.values.shape[1])


def check_matrix(values: object, what: str, feature_names: Sequence[str] | None = None) -> Matrix:
    """A finite (n, d) matrix, float32 as it is and anything else as float64. Raises DataError naming the first bad
    column.
    """
    if np.ma.is_masked(values):
        raise DataError(
            f"{what} attributions are masked",
            seen=f"{int(np.ma.getmaskarray(np.ma.asarray(values)).sum())} masked cells",
            expected="a number in every cell: what lies under a mask is no attribution",
            hint="drop these rows",
        )
    try:
        kind = getattr(getattr(values, "dtype", None), "kind", "f")
        if kind not in "fiubO":
            raise TypeError(f"dtype kind {kind}")
        single = getattr(values, "dtype", None) == np.float32
        matrix = np.asarray(values, dtype=np.float32 if single else np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{what} attributions are not numbers", expected="a numeric (rows, features) matrix") from error
    if matrix.ndim != 2:
        raise DataError(f"{what} attributions", seen=f"{matrix.ndim} dimensions", expected="rows x features")
    # Two reductions without a temporary: NaN passes through both, infinity is the largest or the smallest.
    low, high = (float(matrix.min()), float(matrix.max())) if matrix.size else (0.0, 0.0)
    if low >= -LARGEST and high <= LARGEST:
        return matrix
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
    column = int(np.flatnonzero((np.abs(matrix) > LARGEST).any(axis=0))[0])
    name = feature_names[column] if feature_names else column
    raise DataError(
        f"{what} attributions of feature {name!r} are absurdly large",
        seen=f"{np.abs(matrix[:, column]).max():.3g}",
        expected=f"at most {LARGEST:g}: beyond it sums and squares overflow and nothing could be judged",
        hint="look at what the explainer wrote",
    )


def _snap_to_masses(columns: Matrix, steady: Floats) -> tuple[Masses, ...]:
    """Point masses of (d, n) ascending columns, whose values next to one are put on it in place."""
    masses = tuple(point_masses(column, size) for column, size in zip(columns, steady.tolist(), strict=True))
    for column, held in zip(columns, masses, strict=True):
        snap(column, held)
    return masses


def prepare(
    values: object,
    feature_names: Sequence[str],
    *,
    settings: DriftSettings | None = None,
    periods: Sequence[str] | None = None,
    natural: Natural | None = None,
    noise: Mapping[str, Floats] | None = None,
) -> Prepared:
    """Sort, bin and calibrate a reference.

    Args:
        values: (n, d) attributions, n >= 1.
        feature_names: d unique names.
        periods: label of the period of each row; enough periods calibrate thresholds on natural variation.
        natural: variation known from elsewhere (the trend view borrows the reference's); wins over periods.
        noise: bounds on what the explainer's seed alone does, from `noise_bounds`; for the view of the same rows.

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
    columns = np.empty((d, n), matrix.dtype)
    importance, variance, mean, steady = (np.empty(d) for _ in range(4))

    def one(at: slice) -> None:
        columns[at] = ascending(matrix[:, at])
        importance[at], variance[at] = moments(columns[at], matrix.size)
        mean[at] = columns[at].mean(axis=1, dtype=np.float64)
        steady[at] = steady_importance(columns[at])

    over_blocks(one, matrix)
    masses = _snap_to_masses(columns, steady)
    edges = tuple(quantile_edges(column, settings.bins) for column in columns)
    edge_table = table(edges)
    counts, widths = pad([bin_counts(column, edge) for column, edge in zip(columns, edges, strict=True)])
    if natural is None:
        whole = Whole(
            columns=columns, masses=masses, edges=edge_table, counts=counts, widths=widths,
            importance=importance, variance=variance,
        )  # fmt: skip
        natural = calibrate(matrix, periods, whole, counted=weighty(shares(steady), settings))
    return Prepared(
        feature_names=tuple(feature_names),
        values=matrix,
        columns=columns,
        edges=edges,
        edge_table=edge_table,
        counts=counts,
        widths=widths,
        importance=importance,
        variance=variance,
        mean=mean,
        steady=steady,
        masses=masses,
        natural=natural,
        noise=noise or {},
        settings=settings,
    )
