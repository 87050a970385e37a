"""Everything /metrics shows: the store's snapshot, this daemon's own state, and the Python process."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    Metric,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from monitor import names
from monitor.publish.collector import Samples, SnapshotCollector, family
from monitor.publish.health import Health
from monitor.publish.snapshot import SnapshotHolder
from monitor.types import Check

STAGE_BUCKETS = (0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0)
"""Seconds: from a tiny holdout to the default deadline of a check."""
WAIT_BUCKETS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)
"""Seconds: the stagger of a monitor is five minutes at most; a day is a slot made up for after a stop."""


class Metrics:
    """A registry of its own with all collectors, and its text.

    Args:
        holder: the snapshot in memory.
        health: the daemon's own state; must not wait for anything.
        revision: source revision of the build, where one is known.
        process: False leaves out what differs between two runs (memory, garbage collections, Python): for tests.
    """

    def __init__(
        self,
        holder: SnapshotHolder,
        *,
        health: Callable[[], Health],
        version: str,
        revision: str = "",
        features_per_monitor: int = 20,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        process: bool = True,
    ) -> None:
        # One more series per histogram child that nobody here reads. The switch belongs to the client library.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(_DaemonCollector(health, version=version, revision=revision))
        stage = names.METRICS["xdrift_check_duration_seconds"]
        self._stages = Histogram(
            "xdrift_check_duration_seconds", stage.help, stage.labels, registry=self.registry, buckets=STAGE_BUCKETS
        )
        for name in names.STAGES:
            self._stages.labels(name)
        wait = names.METRICS["xdrift_check_queue_wait_seconds"]
        self._wait = Histogram(
            "xdrift_check_queue_wait_seconds", wait.help, registry=self.registry, buckets=WAIT_BUCKETS
        )
        self.registry.register(
            SnapshotCollector(
                holder.read,
                references=holder.references,
                features_per_monitor=features_per_monitor,
                seconds=lambda: holder.seconds,
                clock=clock,
                max_age=holder.max_age,
            )
        )
        if process:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)
            GCCollector(registry=self.registry)

    def observe(self, check: Check) -> None:
        """Add the durations of a check that this daemon ran, whatever came out of it."""
        self._wait.observe(max(0.0, (check.started_at - check.planned_at).total_seconds()))
        for stage, seconds in check.stage_seconds.items():
            if stage in names.STAGES:
                self._stages.labels(stage).observe(seconds)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """(body, content type): OpenMetrics where the Accept header asks for it, else the text format."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


class _DaemonCollector(Collector):
    """This process's own few facts, read at scrape time."""

    def __init__(self, health: Callable[[], Health], *, version: str, revision: str) -> None:
        self._health = health
        self._build = (version, revision, platform.python_version())

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        health = self._health()
        yield family("xdrift_build_info", {self._build: 1.0})
        beat: Samples = {} if health.heartbeat_at is None else {(): health.heartbeat_at.timestamp()}
        yield family("xdrift_scheduler_heartbeat_timestamp_seconds", beat)
        yield family("xdrift_check_queue_length", {(): float(health.queue_length)})
        yield family("xdrift_checks_in_progress", {(): float(health.checks_in_progress)})
