"""The answers to the questions of the tree, each from what the store holds, with their evidence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from monitor.diagnose.model import Answered, Facts
from monitor.publish.phrases import percent, percent_under, share
from monitor.slo.incidents import EVENTS, INCIDENT_EVENTS, INCIDENT_SHARE
from monitor.types import Check, SloStatus

SEVERAL = 3
"""So many monitors, and at least half of them, at level 2 or failing have something in common."""
STALE_SLACK = timedelta(minutes=10)
LONG_AGO = 10
"""From so many intervals on tenths say nothing."""
INPUT_DRIFT = 0.2
"""PSI from which the inputs, or the predictions, count as drifted."""


def shared(facts: Facts) -> Answered:
    """Several monitors in the same trouble at once."""
    monitors = facts.snapshot.monitors
    # The trend view names no verdict, and stays raised for a while after an incident.
    judged = {
        one.name: max((level for view, level in one.levels.items() if view != "trend"), default=0) for one in monitors
    }
    severe = [name for name, level in judged.items() if level == 2]
    failing = [one.name for one in monitors if one.consecutive_failures > 0]
    for names, what in ((failing, "fail their checks"), (severe, "are at level severe")):
        if len(names) >= SEVERAL and 2 * len(names) >= len(monitors) and facts.status.name in names:
            return "yes", [f"{len(names)} of {len(monitors)} monitors {what}: {', '.join(sorted(names)[:5])}"]
    among = f"{len(monitors)} monitor{'s' * (len(monitors) != 1)}"
    return "no", [f"{len(failing)} failing, {len(severe)} severe, of {among}"]


def failing(facts: Facts) -> Answered:
    status, latest = facts.status, facts.latest
    if latest is None:
        due = first_due(facts)
        when = f"the first is due by {due:%Y-%m-%d %H:%M} UTC, " if due else ""
        registered = f"{when}registered {status.created_at:%Y-%m-%d %H:%M} UTC"
        return ("unknown" if due else "yes"), [f"no check was ever finished; {registered}"]
    if latest.outcome == "failed":
        failed = "it failed" if facts.past else f"{status.consecutive_failures} failed in a row"
        return "yes", [f"{failed}, reason {latest.reason}", *([latest.error] if latest.error else [])]
    if facts.past:
        return "no", [f"the check of {latest.planned_at:%Y-%m-%d %H:%M} UTC was run"]
    limit = 2 * timedelta(seconds=status.interval_seconds) + STALE_SLACK
    seen = status.last_run_at or status.created_at
    if facts.now - max(seen, status.interval_since) > limit:
        every = timedelta(seconds=status.interval_seconds)
        ago = (facts.now - seen) / every
        late = f"{ago:.1f}" if ago < LONG_AGO else f"{ago:,.0f}"
        late += " intervals ago; two are the limit"
        return "yes", [f"last check {seen:%Y-%m-%d %H:%M} UTC, {late}"]
    return "no", [f"last check {seen:%Y-%m-%d %H:%M} UTC"]


def first_due(facts: Facts) -> datetime | None:
    """By when a monitor that was never checked makes its first check; None once that is over, and for all others."""
    status = facts.status
    if facts.latest is not None or status.last_run_at is not None:
        return None
    since = max(status.created_at, status.interval_since)
    due = facts.first_slot or since + timedelta(seconds=status.interval_seconds)
    return due if facts.now <= due + STALE_SLACK else None


def blind(facts: Facts) -> Answered:
    latest = facts.latest
    if latest is None:
        return "unknown", []
    if latest.verdict == "unknown":
        return "yes", [latest.sentence, f"{latest.n_seen} rows in the window, {latest.n_explained} explained"]
    return "no", [f"{latest.n_explained} rows judged"]


def personal(facts: Facts) -> Answered:
    slo = next((one for one in facts.status.slos if one.slo == "privacy"), None)
    if facts.status.telemetry is None or slo is None or slo.remaining is None:
        return "no", []
    return ("yes" if slo.remaining <= 0 else "no"), [_left(slo)]


def unserved(facts: Facts) -> Answered:
    """The explanation log: is it read, and are predictions explained now?

    Failing is what an incident is to the composite objective: a burn rate of more than 0.2 x days of the period, on at
    least three bad events.
    """
    telemetry = facts.status.telemetry
    if telemetry is None:
        return "no", ["no explanation log configured"]
    if telemetry.consecutive_failures:
        return "yes", [f"the explanation log could not be read {telemetry.consecutive_failures} times in a row"]
    lately = _lately(facts)
    failing = [line for slo, good, line in lately if 1 - good > (1 - slo.objective) * _incident_rate(slo)]
    if failing:
        return "yes", failing
    counted = facts.served is not None and facts.served.predictions + facts.served.explanations > 0
    told = "no objective was missed in the last hour" if counted else "nothing was counted in the last hour"
    return "no", [line for *_, line in lately] or [told]


def _incident_rate(slo: SloStatus) -> float:
    return INCIDENT_SHARE * slo.period_seconds / 86400


def overspent(facts: Facts) -> Answered:
    """Is a promise about explanations broken, over the period or in the last hour?"""
    if facts.status.telemetry is None:
        return "no", []
    slos = [one for one in facts.status.slos if one.slo in EVENTS and one.remaining is not None]
    spent = [_left(one) for one in slos if one.remaining is not None and one.remaining <= 0]
    missed = [*spent, *(line for *_, line in _lately(facts))]
    return ("yes", missed) if missed else ("no", [_left(one) for one in slos])


def _left(slo: SloStatus) -> str:
    return f"{slo.slo}: {percent(slo.remaining)} of the error budget left"


def _lately(facts: Facts) -> list[tuple[SloStatus, float, str]]:
    """(objective, share of good events, in words) of those missed in the last hour, on enough events to say so."""
    found = []
    for slo in facts.status.slos:
        if slo.slo not in EVENTS or facts.served is None:
            continue
        bad, events = (int(getattr(facts.served, name)) for name in EVENTS[slo.slo])
        if bad < INCIDENT_EVENTS or (good := 1 - bad / events) >= slo.objective:
            continue
        told = f"{slo.slo} in the last hour: {percent_under(good, slo.objective)}, objective {share(slo.objective)}"
        found.append((slo, good, told))
    return found


def explainer(facts: Facts) -> Answered:
    check = facts.judged
    if check is None:
        return "unknown", []
    lines = [line for line in check.evidence if line.startswith("explainer ")]
    if check.verdict == "explainer":
        return "yes", [check.sentence, *lines]
    gap = "" if check.additivity_gap is None else f"additivity gap {check.additivity_gap:.2g}"
    return "no", [*lines, *([gap] if gap else [])]


def reference(facts: Facts) -> Answered:
    reference, check = facts.reference, facts.judged
    if reference is None:
        return "yes", ["no reference is in force"]
    when = f"{reference.created_at:%Y-%m-%d %H:%M} UTC"
    made = f"reference {reference.id} by {reference.author}, {when}: {reference.reason}"
    if check is not None and check.reference_id != reference.id:
        return "yes", [made, f"the latest judged check used {check.reference_id}"]
    return "no", [made]


def verdict(*words: str) -> Callable[[Facts], Answered]:
    def ask(facts: Facts) -> Answered:
        check = facts.judged
        if check is None:
            return "unknown", []
        if check.verdict in words:
            return "yes", [check.sentence, *_numbers(check)]
        return "no", []

    return ask


def _numbers(check: Check) -> list[str]:
    inputs = {name: psi for name, psi in check.input_drift.items() if name != "__prediction__"}
    lines = [f"{view} view at level {level}" for view, level in check.levels.items() if level]
    if inputs:
        name = max(inputs, key=lambda one: inputs[one])
        lines.append(f"largest input drift: {name}, PSI {inputs[name]:.2f}")
    prediction = check.input_drift.get("__prediction__")
    if prediction is not None:
        moved = "moved as well" if prediction >= INPUT_DRIFT else "hardly moved"
        lines.append(f"predictions {moved}, PSI {prediction:.2f}")
    if check.served.get("rows"):
        lines.append(str(check.served["text"]))
    return lines
