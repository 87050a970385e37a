"""Facts to the report of a week: pure, without a clock, a store or a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from monitor.reports import decide, lines, movers, trends
from monitor.reports import story as told
from monitor.reports.model import FleetReport, MonitorReport, StateKey
from monitor.reports.serving import serving
from monitor.reports.watched import Watched, last_quiet, worst
from monitor.reports.weeks import Week
from monitor.reports.words import count, listed
from monitor.settings import Settings
from monitor.store.reported import CheckLine, WeeklyFacts
from monitor.types import Check

EVIDENCE = 12
"""Lines of evidence that a report shows."""
URGENCY: tuple[StateKey, ...] = ("severe", "warning", "unknown", "nothing", "none")
_TIERS = ("critical", "standard", "experimental")


def headlines(facts: WeeklyFacts, week: Week) -> list[str]:
    """Ids of the checks of which the parts are needed: those that speak for the monitors, and the last quiet one
    before each that found something."""
    of_week: dict[str, list[CheckLine]] = {}
    for check in facts.checks:
        if check.confirms is None and Week.of_window(check.window) == week:
            of_week.setdefault(check.monitor, []).append(check)
    speak = [found for checks in of_week.values() if (found := worst(checks)) is not None]
    quiet = [last_quiet(facts.checks, found) for found in speak if found.level]
    return [*(one.id for one in speak), *(one.id for one in quiet if one is not None)]


def fleet_report(
    settings: Settings, facts: WeeklyFacts, parts: Mapping[str, Check], *, week: Week, now: datetime, version: str
) -> FleetReport:
    """The week of every configured monitor that the store knows.

    Args:
        parts: check id to the check with findings and contributions, of those that `headlines` names.
    """
    known = {line.name: line for line in facts.monitors}
    watched = [
        Watched(
            line=known[monitor.name], settings=monitor, week=week, facts=facts, parts=parts,
            external_url=settings.server.external_url, channels=bool(settings.channels),
        )
        for monitor in settings.monitors
        if monitor.name in known
    ]  # fmt: skip
    found = sorted((monitor_report(one) for one in watched), key=_urgency)
    weeks = watched[0].weeks if watched else ()
    return FleetReport(
        week=str(week),
        dates=week.title,
        made_at=now,
        version=version,
        headline=_fleet_headline(found),
        monitors=tuple(found),
        weeks=tuple(str(one) for one in weeks),
    )


def monitor_report(week: Watched) -> MonitorReport:
    last_week = movers.against_last_week(week)
    story = told.story(week, last_week)
    budgets = lines.budgets(week)
    check = week.headline
    parts = week.parts.get(check.id) if check is not None else None
    return MonitorReport(
        monitor=week.name,
        model=week.line.model,
        owner=week.line.owner,
        tier=week.line.tier,
        model_version=next((one.model_version for one in reversed(week.checks) if one.model_version), None),
        week=str(week.week),
        dates=week.week.title,
        state=week.state,
        title=told.title(week),
        headline=story[0],
        story=tuple(story),
        counts=week.counts,
        decisions=decide.decisions(week, budgets),
        questions=decide.questions(week),
        against_last_week=last_week,
        against_reference=movers.against_reference(week),
        checks=lines.checks(week),
        evidence=parts.evidence[:EVIDENCE] if parts is not None and week.state in ("warning", "severe") else (),
        budgets=budgets,
        serving=serving(week),
        incidents=lines.incidents(week),
        changes=lines.changes(week),
        alerts=lines.alerts(week),
        untold=lines.untold(week),
        maintenance=lines.maintenance(week),
        trend=tuple(trends.trend_week(one, week.by_week[one]) for one in week.weeks),
        episodes=trends.episodes(week),
        features=trends.features(week),
        parts=trends.parts(parts),
        url=week.url(),
        shown=(check.id, check.reference_id) if check is not None and check.outcome == "succeeded" else (None, None),
    )


def _urgency(report: MonitorReport) -> tuple[int, int, str]:
    tier = _TIERS.index(report.tier) if report.tier in _TIERS else len(_TIERS)
    return URGENCY.index(report.state), tier, report.monitor


def _fleet_headline(found: Sequence[MonitorReport]) -> str:
    said = []
    for state, word in (
        ("severe", "severe"), ("warning", "warning"), ("unknown", "could not be judged"),
        ("nothing", "not looked at"), ("none", "quiet"),
    ):  # fmt: skip
        names = [one.monitor for one in found if one.state == state]
        if names and (len(names) <= 3 and state != "none"):
            said.append(f"{len(names)} {word} ({', '.join(names)})")
        elif names:
            said.append(f"{len(names)} {word}")
    return f"{count(len(found), 'monitor')}: {listed(said)}." if said else "No monitor is in service."
