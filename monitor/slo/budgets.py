"""How much of each error budget is left over the whole period."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from monitor.names import SLOS
from monitor.slo.facts import BUCKET_SECONDS, COUNTED, Buckets, Facts
from monitor.slo.incidents import EVENTS, incident_spans
from monitor.slo.minutes import drift_spans, freshness_limits, stale_spans
from monitor.slo.spans import length, minus, union, within
from monitor.types import SloStatus

_DAY = 86400.0


def budgets(
    facts: Facts, objectives: Mapping[str, float], *, period_seconds: float, now: float
) -> tuple[SloStatus, ...]:
    """What is left of the budget of each objective, in the order of names.SLOS.

        events:   remaining = 1 - bad events / ((1 - objective) x all events of the period)
        minutes:  remaining = 1 - bad seconds / ((1 - objective) x period_seconds)
        privacy:  remaining = 1 without an incident in the period, else 0

    A monitor younger than the period is measured since its creation, but against the budget of the whole period:
    otherwise one bad hour on the first day would overspend it, and the budget would then grow back by itself.

    Args:
        objectives: SLO to objective, of those in force.
        now: seconds since 1970; the period is [now - period_seconds, now).
    """
    start = max(now - period_seconds, facts.created_at)
    events = {} if facts.buckets is None else _events(facts.buckets, now - period_seconds, now)
    minutes = _minutes(facts, objectives, period_seconds=period_seconds, start=start, now=now)
    ended = [check.outcome for check in facts.checks if start <= check.finished_at < now]
    left: dict[str, float | None] = {
        **{
            slo: _share(events[bad], events[all_], objectives[slo]) if events else None
            for slo, (bad, all_) in EVENTS.items()
            if slo in objectives
        },
        **{slo: 1 - bad / ((1 - objectives[slo]) * period_seconds) for slo, bad in minutes.items()},
        "checks": _share(ended.count("failed"), len(ended), objectives.get("checks", 0.0)),
        "privacy": float(not events["privacy"]) if events.get("predictions") else None,
    }
    return tuple(
        SloStatus(slo=slo, objective=objectives[slo], period_seconds=period_seconds, remaining=left[slo])
        for slo in SLOS
        if slo in objectives
    )


def _share(bad: float, total: float, objective: float) -> float | None:
    return 1 - bad / ((1 - objective) * total) if total else None


def _events(buckets: Buckets, start: float, now: float) -> dict[str, int]:
    """Totals of the buckets that lie in the period or reach into it."""
    inside = (buckets.numbers > start / BUCKET_SECONDS - 1) & (buckets.numbers < now / BUCKET_SECONDS)
    return dict(zip(COUNTED, np.sum(buckets.counts[inside], axis=0).tolist(), strict=True))


def _minutes(
    facts: Facts, objectives: Mapping[str, float], *, period_seconds: float, start: float, now: float
) -> dict[str, float]:
    """Bad seconds of each SLO of time."""
    limits = freshness_limits(facts.interval_seconds, facts.earlier_intervals)
    stale = stale_spans(facts.checks, created_at=facts.created_at, limits=limits, until=now)
    drifted = minus(drift_spans(facts.checks, until=now), facts.maintenance)
    incidents = [] if facts.buckets is None else incident_spans(facts.buckets, objectives, period_seconds / _DAY)
    bad = {"freshness": stale, "drift": drifted, "explanations": union([*stale, *drifted, *incidents])}
    return {slo: length(within(spans, start, now)) for slo, spans in bad.items() if slo in objectives}
