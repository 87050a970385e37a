"""Facts as the store would give them, for tests of what is said about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor.reports.weeks import Week
from monitor.settings import Settings
from monitor.store.reported import (
    ActivationLine,
    CheckLine,
    DeploymentLine,
    FeatureWeek,
    MonitorLine,
    WeeklyFacts,
)
from monitor.types import SloStatus, Window

WEEK = Week.parse("2026-W46")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = WEEK.end + 6 * HOUR


def settings(*names: str, **more: Any) -> Settings:
    each = {
        "owner": "team-risk", "model": {"path": "m.json"}, "holdout": {"path": "h.csv"},
        "predictions": {"path": "p.csv"}, "schedule": {"every": "1w"}, **more,
    }  # fmt: skip
    return Settings.model_validate({"monitors": [{"name": name, **each} for name in names or ("credit",)]})


def monitor(name: str = "credit", **more: Any) -> MonitorLine:
    given = {
        "name": name, "model": name, "owner": "team-risk", "tier": "standard", "cadence": "weekly",
        "interval_seconds": 604800.0, "created_at": WEEK.start - timedelta(weeks=60), "retired": False,
        "has_log": False,
    }  # fmt: skip
    return MonitorLine(**{**given, **more})


def check(back: int = 0, monitor: str = "credit", **more: Any) -> CheckLine:
    """The weekly check of the week so many weeks before; `level` and `verdict` go together unless both are given."""
    planned_at = more.pop("planned_at", WEEK.plus(-back).end)
    level = more.get("level", 0)
    said = "The data changed: age counts 2.0x more." if level else "Nothing drifted."
    given = {
        "id": f"{monitor}-{planned_at:%Y%m%d%H%M}", "monitor": monitor, "planned_at": planned_at,
        "window": Window(start=planned_at - timedelta(weeks=1), end=planned_at), "started_at": planned_at,
        "finished_at": planned_at + HOUR, "outcome": "succeeded", "verdict": "data" if level else "none",
        "level": 0, "reason": None, "sentence": said,
        "model_version": "1", "model_digest": "a" * 64, "reference_id": "r1", "explainer_digest": "e" * 64,
        "confirms": None, "n_seen": 1000, "n_drawn": 500, "n_explained": 500,
    }  # fmt: skip
    return CheckLine(**{**given, **more})


def unjudged(back: int = 0, outcome: str = "unknown", reason: str = "thin_sample", **more: Any) -> CheckLine:
    return check(back, outcome=outcome, verdict="unknown", reason=reason, **more)


def feature(back: int = 0, name: str = "age", now: float = 1.0, monitor: str = "credit", **more: Any) -> FeatureWeek:
    given = {
        "monitor": monitor, "week": WEEK.plus(-back).start, "feature": name, "checks": 1, "level": 0,
        "importance_reference": 1.0, "importance_holdout": 1.0, "importance_current": now, "model_part": 0.0,
        "data_part": now - 1.0, "share_reference": 0.5, "share_current": 0.5,
    }  # fmt: skip
    return FeatureWeek(**{**given, **more})


def deployment(back: int, digest: str, version: str | None = "1", monitor: str = "credit") -> DeploymentLine:
    at = WEEK.plus(-back).end
    return DeploymentLine(monitor=monitor, activated_at=at, digest=digest, version=version, first_seen=at)


def activation(at: datetime | None = None, monitor: str = "credit", **more: Any) -> ActivationLine:
    moment = at or WEEK.start - timedelta(weeks=30)
    given = {
        "monitor": monitor, "reference_id": "r1", "activated_at": moment, "author": "ada", "reason": "launch",
        "created_at": moment, "created_by": "ada", "created_because": "launch", "model_version": "1",
        "engine": "tree-compiled", "n_rows": 1000,
    }  # fmt: skip
    return ActivationLine(**{**given, **more})


def budget(slo: str, remaining: float | None) -> SloStatus:
    return SloStatus(slo=slo, objective=0.95, period_seconds=2592000.0, remaining=remaining)


def facts(*checks: CheckLine, weeks: int = 26, **more: Any) -> WeeklyFacts:
    """Of one quiet monitor with a reference, unless said otherwise."""
    given: dict[str, Any] = {
        "since": WEEK.plus(1 - weeks).start, "start": WEEK.start, "end": WEEK.end, "monitors": (monitor(),),
        "checks": tuple(sorted(checks, key=lambda one: (one.monitor, one.planned_at))), "features": (),
        "skipped": (), "deployments": (deployment(25, "a" * 64),), "activations": (activation(),),
        "maintenances": (), "messages": (), "days": (), "unexplained": (), "errors": (), "incidents": (),
        "budgets": {}, "budgets_before": {},
    }  # fmt: skip
    return WeeklyFacts(**{**given, **more})


def on(check_line: CheckLine, **more: Any) -> CheckLine:
    return replace(check_line, **more)
