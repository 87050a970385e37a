"""Snapshot of the store to Prometheus metrics: families built fresh at every scrape, never a database query."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from monitor import names
from monitor.publish.histograms import PARTS, histograms
from monitor.publish.series import PER_MONITOR, Row, feature_rows, reference_rows, segment_series
from monitor.publish.snapshot import MAX_AGE
from monitor.types import MonitorStatus, ReferenceSummary, Snapshot

Samples = dict[tuple[str, ...], float]
"""Label values to value: a dict, so that no label set can appear twice, which would void the whole scrape."""

log = logging.getLogger(__name__)


def family(name: str, samples: Samples) -> Metric:
    """One metric family under its name, kind, help and labels from names.py."""
    metric = names.METRICS[name]
    if metric.kind == "counter":
        counter = CounterMetricFamily(name.removesuffix("_total"), metric.help, labels=metric.labels)
        for labels, value in samples.items():
            counter.add_metric(labels, value)
        return counter
    gauge = GaugeMetricFamily(name, metric.help, labels=metric.labels)
    for labels, value in samples.items():
        gauge.add_metric(labels, value)
    return gauge


class SnapshotCollector(Collector):
    """Exports the latest snapshot; a custom collector for `CollectorRegistry.register`.

    Stale-value policy: while `source` raises, the last good snapshot is exported for at most `max_age` and
    `xdrift_collector_up` is 0. After that only `xdrift_collector_*` remain, so that Prometheus marks the series
    stale instead of repeating old numbers. `collect` itself never raises: that would void the process metrics too.

    Args:
        source: the latest snapshot, None before the first, an exception when the latest read failed.
        references: the references in force.
        features_per_monitor: features with series of their own, the most important of the reference; the number
            left out is exported.
        seconds: how long the latest read of the store took; None when `source` itself reads it.
    """

    def __init__(
        self,
        source: Callable[[], Snapshot | None],
        *,
        references: Callable[[], Sequence[ReferenceSummary]] = tuple,
        features_per_monitor: int = 20,
        seconds: Callable[[], float] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        max_age: timedelta = MAX_AGE,
    ) -> None:
        self._source = source
        self._references = references
        self._features = features_per_monitor
        self._seconds = seconds
        self._clock = clock
        self._max_age = max_age
        self._last_good: Snapshot | None = None

    def describe(self) -> Iterable[Metric]:
        """Empty on purpose: otherwise registration would collect, before there is anything."""
        return []

    def collect(self) -> Iterator[Metric]:
        started = time.perf_counter()
        up, snapshot = self._read()
        seconds = time.perf_counter() - started
        families: list[Metric] = []
        if snapshot is not None:
            try:
                families = list(self._families(snapshot))
            except Exception:
                log.exception("the snapshot of %s could not be turned into metrics", snapshot.taken_at.isoformat())
                up = False
        yield family("xdrift_collector_up", {(): float(up)})
        yield family("xdrift_collector_duration_seconds", {(): self._seconds() if self._seconds else seconds})
        yield from families

    def _read(self) -> tuple[bool, Snapshot | None]:
        """(the latest read worked, a snapshot young enough to export)."""
        try:
            snapshot = self._source()
        except Exception as error:  # noqa: BLE001 - exported as xdrift_collector_up 0
            log.warning("no new snapshot for metrics: %s", error)
            up, snapshot = False, self._last_good
        else:
            up = snapshot is not None
            self._last_good = snapshot
        if snapshot is not None and self._clock() - snapshot.taken_at > self._max_age:
            return False, None
        return up, snapshot

    def _families(self, snapshot: Snapshot) -> Iterator[Metric]:
        gauges: dict[str, Samples] = {name: {} for name in PER_MONITOR}
        for status in snapshot.monitors:
            for name, row in self._rows(status):
                labels, value = row
                if math.isfinite(value):
                    gauges.setdefault(name, {})[(status.name, status.model, *labels)] = value
        for name, samples in gauges.items():
            yield family(name, samples)
        for name, samples in _counters(snapshot).items():
            yield family(name, samples)
        yield from histograms(snapshot)
        for name, samples in _reports(snapshot).items():
            yield family(name, samples)

    def _rows(self, status: MonitorStatus) -> Iterator[tuple[str, Row]]:
        for name, rows in PER_MONITOR.items():
            for row in rows(status):
                yield name, row
        yield from reference_rows(status, self._references())
        yield from feature_rows(status, self._features)
        yield from segment_series(status)


def _reports(snapshot: Snapshot) -> dict[str, Samples]:
    """Weekly reports; nothing where none was ever planned, since a 0 would read as one that is missing."""
    found = snapshot.reports
    if found is None:
        return {}
    at = found.last_success_at
    return {
        "xdrift_report_last_success_timestamp_seconds": {} if at is None else {(): at.timestamp()},
        "xdrift_report_deliveries_waiting": {(): float(found.waiting)},
        "xdrift_report_deliveries_given_up": {(): float(found.given_up)},
    }


def _counters(snapshot: Snapshot) -> dict[str, Samples]:
    """Durable totals; every label set known in advance stands at 0 before its first event.

    Those of the explanation log only for monitors that have one: a 0 would read as no traffic.
    """
    totals: dict[str, Samples] = {name: {} for name in names.COUNTERS}
    silent = {status.name for status in snapshot.monitors if status.telemetry is None}
    for name, known in names.COUNTERS.items():
        for status in snapshot.monitors:
            if name in names.TELEMETRY_COUNTERS and status.name in silent:
                continue
            for word in known[1] if known else (None,):
                totals[name][(status.name, status.model) if word is None else (status.name, status.model, word)] = 0.0
    for counter in snapshot.counters:
        if counter.name in PARTS or (counter.name in names.TELEMETRY_COUNTERS and counter.labels["monitor"] in silent):
            continue
        if counter.name in totals:
            labels = names.METRICS[counter.name].labels
            totals[counter.name][tuple(counter.labels.get(label, "") for label in labels)] = counter.value
        else:
            log.warning("the store holds a counter %s that names.py does not know; it is not exported", counter.name)
    return totals
