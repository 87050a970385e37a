"""When coverage, latency or errors burned their budget so fast that the minutes count against the composite."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from monitor.slo.facts import BUCKET_SECONDS, COUNTED, Buckets
from monitor.slo.spans import Span, union

INCIDENT_SECONDS = 1800
"""The burn rate is that of so long up to the end of a bucket."""
INCIDENT_SHARE = 0.2
"""Share of the period's budget that a day at the limiting burn rate would spend."""
INCIDENT_EVENTS = 3
"""Fewer bad events than this are no incident, whatever share of a quiet half hour they are."""

EVENTS: Mapping[str, tuple[str, str]] = {
    "coverage": ("unexplained", "predictions"),
    "latency": ("slow", "explanations"),
    "errors": ("errors", "explanations"),
}
"""SLO to what counts as bad, and out of what."""


def incident_spans(buckets: Buckets, objectives: Mapping[str, float], period_days: float) -> list[Span]:
    """Buckets whose half hour burned one of the three budgets at more than 0.2 x days of the period, on at least three
    bad events. At 30 days that is a rate of 6: what the page over six hours asks for.
    """
    if not len(buckets.numbers):
        return []
    steps = INCIDENT_SECONDS // BUCKET_SECONDS
    first, last = int(buckets.numbers[0]), int(buckets.numbers[-1]) + steps
    counts = np.zeros((last - first, len(COUNTED)), np.int64)
    counts[buckets.numbers - first] = buckets.counts
    before = np.concatenate([np.zeros((steps, len(COUNTED)), np.int64), np.cumsum(counts, axis=0)])
    half_hours = before[steps:] - before[:-steps]
    bad = np.zeros(len(counts), bool)
    for slo, (wrong, all_) in EVENTS.items():
        if slo in objectives:
            limit = INCIDENT_SHARE * period_days * (1 - objectives[slo])
            events = half_hours[:, COUNTED.index(wrong)]
            bad |= (events >= INCIDENT_EVENTS) & (events > limit * half_hours[:, COUNTED.index(all_)])
    return _runs(bad, first)


def _runs(bad: NDArray[np.bool_], first: int) -> list[Span]:
    """Runs of bad buckets as spans; `first` is the number of the first bucket."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8)))
    starts, ends = edges[::2] + first, edges[1::2] + first
    return union(
        (float(a * BUCKET_SECONDS), float(b * BUCKET_SECONDS))
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
    )
