"""Segments of one check: which rows belong to which, and the pairs they make."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor import drift
from monitor.drift import Part, Prepared
from monitor.pipeline.pairs import Material, Pair
from monitor.settings import MonitorSettings
from monitor.types import Holdout, Sample


def segment_rows(monitor: MonitorSettings, holdout: Holdout, sample: Sample, thin: str | None) -> drift.Chosen:
    """Rows by segment; none when the sample is too thin for the whole."""
    return drift.Chosen() if thin else drift.choose_segments(holdout.segments, sample.segments, monitor.drift)


def segment_pairs(material: Material, now: Prepared, season: NDArray[np.bool_] | None = None) -> dict[Part, Pair]:
    """Segments of traffic against those of the holdout (`now`), or against their rows of one season, (n,)."""
    if material.traffic is None:
        return {}
    periods, values = material.reference.periods, material.traffic.values
    return drift.measure_segments(material.segments.segments, now, values, periods=periods, season=season)
