"""How bad it was: predictions made meanwhile, how far predictions moved, and decisions. Said where records hold it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime

from monitor.diagnose.answers import INPUT_DRIFT
from monitor.publish.phrases import number, percent
from monitor.reports.serving import added
from monitor.reports.watched import Watched, last_quiet
from monitor.reports.weeks import Week
from monitor.store.reported import CheckLine
from monitor.types import Check

_ALWAYS = datetime.min.replace(tzinfo=UTC)


def effect(week: Watched) -> list[str]:
    """Sentences about a raised week, for people who know no PSI."""
    return [*_predictions(week), *_moved(week), *_adverse(week)]


def rows_seen(checks: Iterable[CheckLine], since: datetime = _ALWAYS) -> int | None:
    """Predictions that checks counted in windows from `since` on, none twice: of windows that overlap one counts.

    None where no check counted any: those that failed did not get so far.
    """
    total, reached = None, since
    for check in sorted(checks, key=lambda check: check.window.end):
        if check.outcome != "failed" and reached <= check.window.start:
            total, reached = (total or 0) + check.n_seen, check.window.end
    return total


def _predictions(week: Watched) -> list[str]:
    n = rows_seen(check for check in week.checks if check.level)
    check = week.headline
    if not n or check is None:
        return []
    if check.verdict == "pipeline":
        return [f"Up to {n:,} predictions were made on these values."]
    return [f"The checks that found it looked at {n:,} predictions."]


def _moved(week: Watched) -> list[str]:
    check = week.headline
    parts = week.parts.get(check.id) if check is not None else None
    psi = parts.input_drift.get("__prediction__") if parts is not None else None
    if psi is None or not math.isfinite(psi):
        return []
    moved = "moved too" if psi >= INPUT_DRIFT else "hardly moved"
    said = (
        f"The predictions themselves {moved}: population stability index (PSI) {psi:.2f}, which is 0 where two "
        f"distributions are alike and counts as a shift from {INPUT_DRIFT:g}."
    )
    return [said, *_on_average(week)]


def _on_average(week: Watched) -> list[str]:
    check = week.headline
    quiet = last_quiet(week.facts.checks, check) if check is not None else None
    now, before = (None if one is None else week.parts.get(one.id) for one in (check, quiet))
    mean = _mean(now)
    if now is None or now.explainer is None or mean is None:
        return []
    scale = now.explainer.scale
    same = before is not None and before.explainer is not None and before.explainer.scale == scale
    then = _mean(before) if same else None
    held = "" if then is None else f", {number(then)} in the last quiet check"
    return [f"They are {number(mean)} on average ({scale}){held}."]


def _mean(check: Check | None) -> float | None:
    found = () if check is None else (one.mean for one in check.profiles if one.kind == "prediction")
    return next((mean for mean in found if mean is not None and math.isfinite(mean)), None)


def _adverse(week: Watched) -> list[str]:
    telemetry = week.settings.telemetry
    if telemetry is None or not telemetry.adverse_classes:
        return []
    _, weeks = week.runs(week.week)
    before = week.week.plus(-weeks)
    now, then = _adverse_share(week, week.week), _adverse_share(week, before)
    if now is None:
        return []
    held = "" if then is None else f", {percent(then)} in {before} before it began"
    return [f"Of the decisions in the explanation log {percent(now)} were adverse{held}."]


def _adverse_share(week: Watched, of: Week) -> float | None:
    total = added(day for day in week.facts.days if day.monitor == week.name and Week.of(day.day) == of)
    return total["adverse"] / total["predictions"] if total.get("predictions") else None
