"""Histograms whose buckets are durable totals: the same on every replica, unbroken by a restart."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import HistogramMetricFamily

from monitor import names
from monitor.types import MonitorStatus, Snapshot

DURATION = "xdrift_explanation_duration_seconds"
PARTS = tuple(f"{DURATION}_{part}" for part in names.HISTOGRAM_PARTS)
"""Totals of the store that are parts of a histogram: `_bucket`, already cumulated and labelled `le`, and `_sum`."""
_BOUNDS = (*map(str, names.LATENCY_BUCKETS), "+Inf")


def histograms(snapshot: Snapshot) -> Iterator[Metric]:
    """The latency of explanations, for every monitor with an explanation log, from 0 on."""
    metric = names.METRICS[DURATION]
    made = HistogramMetricFamily(DURATION, metric.help, labels=metric.labels)
    totals = {
        (counter.name, counter.labels["monitor"], counter.labels.get("le", "")): counter.value
        for counter in snapshot.counters
        if counter.name in PARTS
    }
    for status in snapshot.monitors:
        if status.telemetry is not None:
            _add(made, status, totals)
    yield made


def _add(made: HistogramMetricFamily, status: MonitorStatus, totals: dict[tuple[str, str, str], float]) -> None:
    bucket, total = PARTS
    buckets = [(bound, totals.get((bucket, status.name, bound), 0.0)) for bound in _BOUNDS]
    made.add_metric((status.name, status.model), buckets, totals.get((total, status.name, ""), 0.0))
