"""The compliance report: every figure worked out from records of the store, nothing asserted. Pure.

A period is [start, end), whole UTC days. A check belongs to it by its planned time, an episode by the traffic that its
checks looked at, a prediction by the time of its record, a message by when it was written down. What cannot be known
any more, or not yet, is said in `limits`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from monitor.reports.compliance_log import log_figures
from monitor.reports.compliance_model import (
    CheckFigures,
    ComplianceReport,
    InForce,
    Messages,
    MonitorCompliance,
    Privacy,
)
from monitor.reports.effect import rows_seen
from monitor.reports.episodes import SEVERE, WARNING, raised
from monitor.reports.limits import days_without, limits, unlogged
from monitor.reports.weeks import Period
from monitor.settings import MonitorSettings, Settings
from monitor.store.reported import (
    ActivationLine,
    CheckLine,
    Counted,
    DeploymentLine,
    MessageLine,
    MonitorLine,
    PeriodFacts,
)


def compliance_report(
    settings: Settings, facts: PeriodFacts, *, period: Period, now: datetime, version: str
) -> ComplianceReport:
    """The report of every monitor that the facts hold, also of those that are not configured any more."""
    configured = {monitor.name: monitor for monitor in settings.monitors}
    found = tuple(
        _monitor(line, facts, configured.get(line.name), settings=settings, now=now) for line in facts.monitors
    )
    return ComplianceReport(
        period=period.name,
        start=period.start,
        end=period.end,
        made_at=now,
        version=version,
        monitors=found,
        totals={
            "predictions": sum(one.log.predictions for one in found if one.log),
            "explained": sum(one.log.explained for one in found if one.log),
            "explanations_failed": sum(one.log.failed for one in found if one.log),
            "privacy_incidents": sum(each.n for one in found for each in one.privacy),
            "checks": sum(one.checks.run for one in found),
            "checks_failed": sum(sum(one.checks.failed.values()) for one in found),
            "severe_episodes": sum(len(one.severe) for one in found),
        },
    )


def _monitor(
    line: MonitorLine, facts: PeriodFacts, configured: MonitorSettings | None, *, settings: Settings, now: datetime
) -> MonitorCompliance:
    name, end = line.name, min(facts.end, now)
    seen = [one for one in facts.checks if one.monitor == name]
    checks = [one for one in seen if facts.start <= one.planned_at < facts.end]
    days = [one for one in facts.days if one.monitor == name]
    carried = {one.least: one for one in facts.carried if one.monitor == name}
    telemetry = configured.telemetry if configured is not None else None
    counts_adverse = telemetry is not None and bool(telemetry.adverse_classes)
    severe, differed = (
        raised(seen, least, carried.get(least), start=facts.start, end=end) for least in (SEVERE, WARNING)
    )
    gaps = days_without(days, line, start=facts.start, end=end)
    log = log_figures(days, facts, configured, name=name, counts_adverse=counts_adverse)
    source_rows = rows_seen((one for one in seen if one.window.end <= facts.end), facts.start)
    return MonitorCompliance(
        monitor=name,
        model=line.model,
        owner=line.owner,
        tier=line.tier,
        log=log if line.has_log or days else None,
        source_rows=source_rows,
        privacy=_privacy(facts, name),
        checks=_checks(checks, [one for one in facts.skipped if one.monitor == name]),
        severe=severe,
        differed=differed,
        versions=_versions([one for one in facts.deployments if one.monitor == name], facts),
        references=_references([one for one in facts.activations if one.monitor == name], facts),
        explainers=tuple(one for one in facts.explainers if one.monitor == name),
        maintenances=tuple(one for one in facts.maintenances if one.monitor == name),
        messages=_messages([one for one in facts.messages if one.monitor == name]),
        rows_kept=facts.rows_kept.get(name, 0),
        limits=(
            *limits(line, facts, gaps, retention=settings.store.retention, now=now, counts_adverse=counts_adverse),
            *(unlogged(log, source_rows) if line.has_log or days else ()),
        ),
    )


def _privacy(facts: PeriodFacts, name: str) -> tuple[Privacy, ...]:
    found: dict[tuple[str, str], Privacy] = {}
    for one in facts.incidents:
        if one.monitor != name:
            continue
        before = found.get((one.kind, one.field))
        found[one.kind, one.field] = Privacy(
            kind=one.kind,
            field=one.field,
            n=one.n + (before.n if before else 0),
            first_seen=min(one.first_seen, before.first_seen) if before else one.first_seen,
            last_seen=max(one.last_seen, before.last_seen) if before else one.last_seen,
        )
    return tuple(found[key] for key in sorted(found))


def _checks(checks: Sequence[CheckLine], skipped: Sequence[Counted]) -> CheckFigures:
    planned = [check for check in checks if check.confirms is None]

    def reasons(outcome: str) -> dict[str, int]:
        found = Counter(check.reason or "not said" for check in planned if check.outcome == outcome)
        return dict(sorted(found.items()))

    return CheckFigures(
        run=len(planned),
        judged=sum(check.outcome == "succeeded" for check in planned),
        unknown=reasons("unknown"),
        failed=reasons("failed"),
        skipped={one.word: one.n for one in skipped},
        confirming=len(checks) - len(planned),
        verdicts=dict(sorted(Counter(check.verdict for check in planned).items())),
        rows_explained=sum(check.n_explained for check in checks),
    )


def _versions(found: Sequence[DeploymentLine], facts: PeriodFacts) -> tuple[InForce, ...]:
    spans = zip(found, [*found[1:], None], strict=False)
    return tuple(
        InForce(
            name=one.version or "without a label", digest=one.digest, since=one.activated_at,
            until=None if later is None else later.activated_at,
        )
        for one, later in spans
        if later is None or later.activated_at > facts.start
    )  # fmt: skip


def _references(found: Sequence[ActivationLine], facts: PeriodFacts) -> tuple[InForce, ...]:
    spans = zip(found, [*found[1:], None], strict=False)
    return tuple(
        InForce(
            name=one.reference_id, digest=one.reference_id, since=one.activated_at,
            until=None if later is None else later.activated_at, author=one.author, reason=one.reason,
        )
        for one, later in spans
        if later is None or later.activated_at > facts.start
    )  # fmt: skip


def _messages(found: Sequence[MessageLine]) -> Messages:
    withheld = sum(one.withheld for one in found)
    return Messages(
        written=len(found),
        delivered=sum(one.sent_at is not None for one in found),
        given_up=sum(one.given_up for one in found) - withheld,
        withheld=withheld,
        waiting=sum(one.sent_at is None and not one.given_up for one in found),
    )
