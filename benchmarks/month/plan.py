"""What happens in the month, and what must be said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["drift", "gradual", "coverage", "latency", "failing", "down", "privacy", "maintenance"]
DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One thing that goes wrong, and the alert that must say so."""

    name: str
    kinds: tuple[Kind, ...]
    start: float
    """Hours since the month began."""
    hours: float
    alert: str
    """Must fire because of it."""
    page: bool
    within: float
    """Hours after the start by which it must fire: what docs/alerts.md promises."""
    over: float
    """Hours after the end by which it must have stopped."""
    also: tuple[str, ...] = ()
    """May fire because of it as well."""
    suppressed: bool = False
    """Alertmanager holds it back: a declared maintenance is open."""

    def covers(self, hour: float) -> bool:
        return self.start <= hour < self.start + self.hours


_BURN = (
    "ExplanationSLOBurnFast",
    "ExplanationSLOBurnSlow",
    "ExplanationBudgetHalfBurned24h",
    "ExplanationErrorBudgetSpent",
)
_DRIFT = ("ExplanationDriftSevere", "ExplanationDriftGradual", "ExplanationDriftTrend", *_BURN)

HOURLY: tuple[Incident, ...] = (
    Incident(name="no prediction is explained", kinds=("coverage",), start=3 * 24, hours=1.5,
             alert="ExplanationCoverageZero", page=True, within=0.5, over=0.5, also=_BURN),
    Incident(name="explaining takes 0.4 s instead of 0.05 s", kinds=("latency",), start=6 * 24, hours=1.5,
             alert="ExplanationLatencyP95Breach", page=True, within=1.0, over=1.0, also=_BURN),
    Incident(name="severe drift", kinds=("drift",), start=9 * 24, hours=20,
             alert="ExplanationDriftSevere", page=True, within=2.5, over=1.5, also=_DRIFT),
    Incident(name="checks fail", kinds=("failing",), start=14 * 24, hours=5,
             alert="ExplanationChecksFailing", page=False, within=2.5, over=1.5,
             also=("ExplanationCheckStale", *_BURN)),
    Incident(name="the daemon is down", kinds=("down",), start=17 * 24 + 0.4, hours=1.0,
             alert="ExplanationMonitorDown", page=True, within=0.5, over=0.5,
             also=("ExplanationCheckStale", "ExplanationSchedulerStalled", "ExplanationTelemetryStale",
                   "ExplanationCoverageZero", *_BURN)),
    Incident(name="an e-mail address in a feature", kinds=("privacy",), start=20 * 24, hours=0.25,
             alert="ExplanationPrivacyIncident", page=True, within=0.25, over=2.5),
    Incident(name="severe drift in a declared maintenance", kinds=("drift", "maintenance"), start=23 * 24, hours=8,
             alert="ExplanationMigrationInProgress", page=False, within=0.25, over=0.25, also=_DRIFT,
             suppressed=True),
    Incident(name="moderate drift", kinds=("gradual",), start=26 * 24, hours=12,
             alert="ExplanationDriftGradual", page=False, within=4.5, over=4.0, also=_DRIFT),
)  # fmt: skip

DAILY: tuple[Incident, ...] = (
    Incident(name="severe drift", kinds=("drift",), start=5 * 24 - 1, hours=3 * 24,
             alert="ExplanationDriftSevere", page=True, within=2.0, over=26.0, also=_DRIFT),
    Incident(name="checks fail", kinds=("failing",), start=12 * 24 - 1, hours=3 * 24,
             alert="ExplanationChecksFailing", page=False, within=26.0, over=26.0,
             also=("ExplanationCheckStale", *_BURN)),
    Incident(name="moderate drift", kinds=("gradual",), start=19 * 24 - 1, hours=5 * 24,
             alert="ExplanationDriftGradual", page=False, within=50.0, over=52.0, also=_DRIFT),
    Incident(name="an e-mail address in a feature", kinds=("privacy",), start=27 * 24, hours=0.25,
             alert="ExplanationPrivacyIncident", page=True, within=0.25, over=2.5),
)  # fmt: skip

PLANS: Mapping[str, tuple[Incident, ...]] = {"hourly": HOURLY, "daily": DAILY}
EVERY = {"hourly": "1h", "daily": "1d"}
