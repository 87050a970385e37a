"""What reports are made from: records of many monitors at once, without their heavy parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.types import Condition, Level, Maintenance, Outcome, SloStatus, Verdict, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorLine:
    name: str
    model: str
    owner: str
    tier: str
    cadence: str
    interval_seconds: float
    created_at: datetime
    retired: bool
    has_log: bool
    """It is registered with an explanation log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """A check without its parts, and without the text of an error, which may quote a row."""

    id: str
    monitor: str
    planned_at: datetime
    window: Window
    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    verdict: Verdict
    level: Level
    reason: str | None
    sentence: str
    """Empty where it was not asked for."""
    model_version: str | None
    model_digest: str | None
    reference_id: str | None
    explainer_digest: str | None
    confirms: str | None
    n_seen: int
    n_drawn: int
    n_explained: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureWeek:
    """One feature over the judged checks of one week; confirming ones are left out."""

    monitor: str
    week: datetime
    """Its Monday, 00:00 UTC."""
    feature: str
    checks: int
    level: Level
    """The highest."""
    importance_reference: float | None
    """Means of the checks, as all numbers here; None where every one was undefined."""
    importance_holdout: float | None
    importance_current: float | None
    model_part: float | None
    data_part: float | None
    share_reference: float | None
    share_current: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentLine:
    monitor: str
    activated_at: datetime
    digest: str
    version: str | None
    first_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationLine:
    """A reference that came into force."""

    monitor: str
    reference_id: str
    activated_at: datetime
    author: str
    reason: str
    created_at: datetime
    created_by: str
    created_because: str
    model_version: str
    engine: str
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """What was told, or was to be told, to one channel."""

    id: str
    monitor: str
    channel: str
    created_at: datetime
    sent_at: datetime | None
    given_up: bool
    withheld: bool
    """Recorded and not sent, because of a declared maintenance."""
    before: Condition | None
    after: Condition | None
    check_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryDay:
    """One UTC day of one model version."""

    monitor: str
    day: datetime
    model_version: str
    predictions: int
    left_out: int
    """By sampling."""
    explained: int
    explanations: int
    errors: int
    slow: int
    adverse: int
    compute_seconds: float
    cost: float
    payload_bytes: float
    sources: Mapping[str, int]
    latency: tuple[int, ...]
    """Per bucket of names.LATENCY_BUCKETS and +Inf, not cumulated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How often something happened to one monitor."""

    monitor: str
    word: str
    detail: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLine:
    """Personal data in explanations of one day: which kind in which field, never the value."""

    monitor: str
    day: datetime
    kind: str
    field: str
    n: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyFacts:
    """Everything of many monitors that a weekly report is made from. Lists are sorted by monitor, then by time."""

    since: datetime
    """Trends begin here."""
    start: datetime
    """The week is [start, end)."""
    end: datetime
    monitors: tuple[MonitorLine, ...]
    checks: tuple[CheckLine, ...]
    """Whose window ended in (since, end], and those that confirm one of them; those of the last two
    weeks and raised ones with sentence."""
    features: tuple[FeatureWeek, ...]
    skipped: tuple[Counted, ...]
    """Slots of the week that were not run, by reason."""
    deployments: tuple[DeploymentLine, ...]
    """Up to a week after the end."""
    activations: tuple[ActivationLine, ...]
    """Up to the end."""
    maintenances: tuple[Maintenance, ...]
    """Open at some time since `since`, oldest first."""
    messages: tuple[MessageLine, ...]
    """Made in the week."""
    days: tuple[TelemetryDay, ...]
    """Since `since`."""
    unexplained: tuple[Counted, ...]
    """Predictions of the week without explanation by reason and by what the monitor groups them by."""
    errors: tuple[Counted, ...]
    """Failed explanations of the week, by reason and class."""
    incidents: tuple[IncidentLine, ...]
    budgets: Mapping[str, tuple[SloStatus, ...]]
    """At the end of the week."""
    budgets_before: Mapping[str, tuple[SloStatus, ...]]
    """At its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a period began with: the latest judged check of traffic before it was raised."""

    monitor: str
    least: Level
    """Counted from this level on."""
    since: datetime
    """Planned time of the first of the raised checks."""
    traffic: Window
    """From the start of the first one's window to the end of the last one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainerUse:
    """One explainer, and between which checks of the period it was used."""

    monitor: str
    digest: str
    engine: str
    exact: bool
    scale: str
    libraries: Mapping[str, str]
    checks: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFacts:
    """Everything of many monitors that a compliance report is made from."""

    start: datetime
    """The period is [start, end)."""
    end: datetime
    monitors: tuple[MonitorLine, ...]
    """Those in service, and those that have any record in the period."""
    checks: tuple[CheckLine, ...]
    """Planned in the period, or of traffic in it."""
    carried: tuple[Carried, ...]
    skipped: tuple[Counted, ...]
    deployments: tuple[DeploymentLine, ...]
    """Up to the end of the period; the latest before its start was in force when it began."""
    activations: tuple[ActivationLine, ...]
    """The same of references."""
    maintenances: tuple[Maintenance, ...]
    messages: tuple[MessageLine, ...]
    days: tuple[TelemetryDay, ...]
    unexplained: tuple[Counted, ...]
    errors: tuple[Counted, ...]
    incidents: tuple[IncidentLine, ...]
    explainers: tuple[ExplainerUse, ...]
    rows_kept: Mapping[str, int]
    """Monitor to the explained predictions of the period that are still kept."""
    oldest: Mapping[str, datetime]
    """Table to the time of its oldest record, of all monitors; those without any are absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmRow:
    """Attributions and inputs of one explained prediction."""

    values: Mapping[str, float]
    inputs: Mapping[str, Any]
    prediction: float | None
