"""Distributions small enough to keep: histograms on the reference's bins, quantiles, moments."""

from __future__ import annotations

from typing import Literal

import numpy as np

from monitor.drift.binning import bin_counts
from monitor.drift.prepare import Prepared
from monitor.types import QUANTILE_GRID, Floats, Profile

HUGE = 1e100
"""Numbers beyond this may overflow when they are squared and added up."""

Side = Literal["reference", "holdout", "traffic"]


def attribution_profiles(prepared: Prepared, values: Floats, side: Side) -> tuple[Profile, ...]:
    """One profile per feature of (n, d) attributions, on the bins of `prepared`."""
    columns = np.sort(values.T, axis=1)
    return tuple(
        numeric_profile("attribution", side, name, column, edges)
        for name, column, edges in zip(prepared.feature_names, columns, prepared.edges, strict=True)
    )


def numeric_profile(
    kind: Literal["attribution", "input", "prediction"],
    side: Side,
    feature: str,
    column: Floats,
    edges: Floats,
    *,
    n_missing: int = 0,
) -> Profile:
    """The profile of one ascending finite column; moments are None when it is empty."""
    some = len(column) > 0
    unit = max(abs(float(column[0])), abs(float(column[-1]))) if some else 0.0
    # Sums and squares of such numbers overflow: the column is measured in units of its largest.
    unit = unit if unit > HUGE else 1.0
    scaled = column if unit == 1.0 else column / unit
    return Profile(
        kind=kind,
        side=side,
        feature=feature,
        n=len(column) + n_missing,
        n_missing=n_missing,
        edges=tuple(edges.tolist()),
        categories=(),
        counts=tuple(bin_counts(column, edges).tolist()),
        quantiles=tuple((np.quantile(scaled, QUANTILE_GRID) * unit).tolist()) if some else (),
        mean=float(scaled.mean()) * unit if some else None,
        mean_abs=float(np.abs(scaled).mean()) * unit if some else None,
        std=float(scaled.std()) * unit if some else None,
        minimum=float(column[0]) if some else None,
        maximum=float(column[-1]) if some else None,
    )
