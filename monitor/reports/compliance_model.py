"""A compliance report as data: every figure was worked out from records of the store, nothing is asserted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from monitor.names import LATENCY_BUCKETS
from monitor.reports.serving import Quantile
from monitor.store.reported import Counted, ExplainerUse
from monitor.types import Level, Maintenance, Window

Confirmation = Literal["the next slot", "a fresh sample"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionCount:
    model_version: str
    predictions: int
    adverse: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadDay:
    """A day on which the explanation service was below its objectives."""

    day: datetime
    predictions: int
    """Without those that sampling left out."""
    explained: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFigures:
    """Totals of the explanation log; tables telemetry_days and privacy_incidents."""

    predictions: int
    adverse: int | None
    """None where telemetry.adverse_classes names no class: then nothing is counted, and 0 would be a claim."""
    versions: tuple[VersionCount, ...]
    explained: int
    coverage: float | None
    attempts: int
    failed: int
    failed_share: float | None
    slow: int
    p50: Quantile | None
    p99: Quantile | None
    histogram: tuple[int, ...]
    """Explanations per bucket of names.LATENCY_BUCKETS and +Inf."""
    sources: Mapping[str, int]
    cache_share: float | None
    """Of the explained predictions, as the other shares of sources."""
    fallback_share: float | None
    cost: float
    days: int
    """Days with a record."""
    bad_days: tuple[BadDay, ...]
    bad_day_count: int
    unexplained: tuple[Counted, ...]
    errors: tuple[Counted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    kind: str
    field: str
    n: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """Judged checks in a row at some level or higher."""

    level: Level
    """The highest."""
    traffic: Window
    """What they looked at, from the first window's start to the last one's end; may begin before the period."""
    since: datetime
    """Planned time of the first of them, which may lie before the period."""
    until: datetime | None
    """Planned time of the first judged check that was lower; None while none looked at traffic of the period."""
    seconds_in_period: float
    """Of the traffic."""
    checks: int
    """With traffic in the period."""
    confirmed_by: Confirmation | None
    """What agreed with a severe check: the judged check after it; None where two in a row were not severe."""
    causes: tuple[str, ...]
    """Verdicts, in the order in which they came."""
    sentence: str
    """Of the last check at the highest level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFigures:
    """Totals of table checks and of skipped slots; confirming checks are counted apart."""

    run: int
    judged: int
    unknown: Mapping[str, int]
    """Ran and could not judge, by reason."""
    failed: Mapping[str, int]
    skipped: Mapping[str, int]
    confirming: int
    verdicts: Mapping[str, int]
    rows_explained: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A model version or a reference and when it was in force."""

    name: str
    digest: str
    since: datetime
    until: datetime | None
    """None: still, at the end of the period."""
    author: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    written: int
    delivered: int
    given_up: int
    withheld: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorCompliance:
    monitor: str
    model: str
    owner: str
    tier: str
    log: LogFigures | None
    """None without an explanation log."""
    source_rows: int | None
    """Predictions that checks counted in the prediction source, in windows inside the period, none counted twice: the
    source holds at least so many. None where no check counted any."""
    privacy: tuple[Privacy, ...]
    checks: CheckFigures
    severe: tuple[Raised, ...]
    differed: tuple[Raised, ...]
    """When attributions differed at all: level warning or severe."""
    versions: tuple[InForce, ...]
    references: tuple[InForce, ...]
    explainers: tuple[ExplainerUse, ...]
    maintenances: tuple[Maintenance, ...]
    messages: Messages
    rows_kept: int
    """Explained predictions of the period that are still there."""
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceReport:
    period: str
    start: datetime
    end: datetime
    made_at: datetime
    version: str
    monitors: tuple[MonitorCompliance, ...]
    totals: Mapping[str, int]
    """Sums over all monitors."""
    buckets: tuple[float, ...] = LATENCY_BUCKETS
