"""The runbooks' decision tree, walked over what the store holds: the first branch that applies, with its evidence.

The order is the order in which answers become void: nothing about drift can be read while checks fail, nothing about
the model while the explainer is broken, nothing about the data while the pipeline is. Personal data and spent error
budgets make no other answer void, and last for a whole period: they are told beside the branch and hide none. The
runbooks ask the same questions of Prometheus.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from monitor.publish.phrases import percent, percent_under, share
from monitor.slo.incidents import EVENTS, INCIDENT_EVENTS, INCIDENT_SHARE
from monitor.types import Check, MonitorStatus, ReferenceSummary, ServedLately, SloStatus, Snapshot

Answer = Literal["yes", "no", "unknown"]

SEVERAL = 3
"""So many monitors, and at least half of them, at level 2 or failing have something in common."""
STALE_SLACK = timedelta(minutes=10)
OF_THE_PRESENT = ("privacy", "shared", "serving", "budget")
"""Branches of questions about other monitors and about serving, of which no past state is on record."""
LATELY = timedelta(hours=1)
"""What serving did within it is what it does now."""
INPUT_DRIFT = 0.2
"""PSI from which the inputs, or the predictions, count as drifted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the tree is walked over."""

    now: datetime
    status: MonitorStatus
    snapshot: Snapshot
    latest: Check | None
    """The latest check, with notes and evidence."""
    judged: Check | None
    """The latest check that could judge."""
    reference: ReferenceSummary | None
    """In force; of the past the one that the latest check used."""
    served: ServedLately | None = None
    """What the explanation log counted within LATELY; None without one."""
    past: bool = False
    """The tree is walked as of the latest check, whatever came after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One question, answered."""

    question: str
    answer: Answer
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    monitor: str
    at: datetime | None
    """Planned time of the check as of which it is; None for now."""
    steps: tuple[Step, ...]
    """In order, up to and with the one that ended the walk."""
    branch: str
    """One word for what ended the walk, else for what was found beside it; the same in every version: shared,
    not_checked, ..., fine."""
    conclusion: str
    next_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    branch: str
    text: str
    ask: Callable[[Facts], tuple[Answer, Sequence[str]]]
    conclusion: str
    next_steps: tuple[str, ...]
    beside: bool = False
    """A yes is told and does not end the walk."""


def diagnose(facts: Facts) -> Diagnosis:
    """Walk the tree. `unknown` answers are shown and passed by; the first `yes` ends the walk, but for questions beside
    it, which come after it in the conclusion and the next steps."""
    steps: list[Step] = []
    found: list[Question] = []
    for question in TREE:
        if facts.past and question.branch in OF_THE_PRESENT:
            continue
        answer, evidence = question.ask(facts)
        steps.append(Step(question=question.text, answer=answer, evidence=tuple(evidence)))
        if answer == "yes":
            found.append(question)
            if not question.beside:
                break
    found.sort(key=lambda question: question.beside)
    unknown = any(step.answer == "unknown" for step in steps)
    if not found:
        found = [_UNCLEAR if unknown else _FINE]
    return Diagnosis(
        monitor=facts.status.name,
        at=facts.latest.planned_at if facts.past and facts.latest else None,
        steps=tuple(steps),
        branch=found[0].branch,
        conclusion=" ".join(question.conclusion for question in found),
        next_steps=tuple(step.format(monitor=facts.status.name) for question in found for step in question.next_steps),
    )


Answered = tuple[Answer, Sequence[str]]


def _shared(facts: Facts) -> Answered:
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
    return "no", [f"{len(failing)} failing, {len(severe)} severe, of {len(monitors)} monitors"]


def _failing(facts: Facts) -> Answered:
    status, latest = facts.status, facts.latest
    if latest is None:
        return "yes", [f"no check was ever finished; registered {status.created_at:%Y-%m-%d %H:%M} UTC"]
    if latest.outcome == "failed":
        failed = "it failed" if facts.past else f"{status.consecutive_failures} failed in a row"
        return "yes", [f"{failed}, reason {latest.reason}", *([latest.error] if latest.error else [])]
    if facts.past:
        return "no", [f"the check of {latest.planned_at:%Y-%m-%d %H:%M} UTC was run"]
    limit = 2 * timedelta(seconds=status.interval_seconds) + STALE_SLACK
    seen = status.last_run_at or status.created_at
    if facts.now - max(seen, status.interval_since) > limit:
        every = timedelta(seconds=status.interval_seconds)
        late = f"{(facts.now - seen) / every:.1f} intervals ago; two are the limit"
        return "yes", [f"last check {seen:%Y-%m-%d %H:%M} UTC, {late}"]
    return "no", [f"last check {seen:%Y-%m-%d %H:%M} UTC"]


def _blind(facts: Facts) -> Answered:
    latest = facts.latest
    if latest is None:
        return "unknown", []
    if latest.verdict == "unknown":
        return "yes", [latest.sentence, f"{latest.n_seen} rows in the window, {latest.n_explained} explained"]
    return "no", [f"{latest.n_explained} rows judged"]


def _personal(facts: Facts) -> Answered:
    slo = next((one for one in facts.status.slos if one.slo == "privacy"), None)
    if facts.status.telemetry is None or slo is None or slo.remaining is None:
        return "no", []
    return ("yes" if slo.remaining <= 0 else "no"), [_left(slo)]


def _unserved(facts: Facts) -> Answered:
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


def _overspent(facts: Facts) -> Answered:
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


def _explainer(facts: Facts) -> Answered:
    check = facts.judged
    if check is None:
        return "unknown", []
    lines = [line for line in check.evidence if line.startswith("explainer ")]
    if check.verdict == "explainer":
        return "yes", [check.sentence, *lines]
    gap = "" if check.additivity_gap is None else f"additivity gap {check.additivity_gap:.2g}"
    return "no", [*lines, *([gap] if gap else [])]


def _reference(facts: Facts) -> Answered:
    reference, check = facts.reference, facts.judged
    if reference is None:
        return "yes", ["no reference is in force"]
    when = f"{reference.created_at:%Y-%m-%d %H:%M} UTC"
    made = f"reference {reference.id} by {reference.author}, {when}: {reference.reason}"
    if check is not None and check.reference_id != reference.id:
        return "yes", [made, f"the latest judged check used {check.reference_id}"]
    return "no", [made]


def _verdict(*words: str) -> Callable[[Facts], Answered]:
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


_FINE = Question("fine", "", lambda _: ("no", ()), "Nothing is wrong that this monitor can see.", ())
# Its checks are on time, or the walk would have ended there: the next one comes by itself.
_UNCLEAR = Question(
    "unclear", "", lambda _: ("no", ()), "Nothing found; not all was answered.", ("xdrift check {monitor}",)
)
TREE: tuple[Question, ...] = (
    Question(
        "privacy", "Is there personal data in explanations?", _personal,
        "Personal data stands in the explanation log: there may be a duty to report it.",
        ("tell the privacy officer; xdrift doctor says which kind, in which field and when",
         "redact the field in the application, and name it under redact or privacy in the configuration"),
        beside=True,
    ),
    Question(
        "shared", "Are several monitors in the same trouble?", _shared,
        "Something shared is broken: explainer image, feature store, prediction log, database.",
        ("look at what was deployed last for all of them", "page the platform's owner, not the models' owners"),
    ),
    Question(
        "not_checked", "Are checks missing or failing?", _failing,
        "The monitor cannot look. What it said last may be out of date.",
        (
            "does a daemon run, and does it reach the database? its /readyz says why not",
            "put right what an error names, then: xdrift check {monitor}",
        ),
    ),
    Question(
        "no_data", "Was there too little to judge?", _blind,
        "The check ran and could not judge: too few predictions, or a holdout that is too small.",
        ("is the prediction log still written?", "lower sample.min_rows only if the traffic is meant to be thin"),
    ),
    Question(
        "serving", "Does serving fail to explain now?", _unserved,
        "Predictions are served without good explanations: look at the serving system, not at drift.",
        (
            "the monitor's page lists what lacks an explanation; restart or roll back the explainer that serves it",
            "does the log fail to be read? xdrift doctor says why",
        ),
    ),
    Question(
        "budget", "Are objectives of explanations missed?", _overspent,
        "An error budget of explanations is spent, or an objective was missed in the last hour.",
        ("the monitor's page lists what lacks an explanation; until the budget is back make nothing worse",),
        beside=True,
    ),
    Question(
        "reference", "Is the reference missing, or new?", _reference,
        "Results before and after compare with different references.",
        ("xdrift reference list {monitor}", "xdrift check {monitor}"),
    ),
    Question(
        "explainer", "Did the explainer change?", _explainer,
        "The explainer changed, not the model; results are void until it is put back.",
        (
            "put the explainer's library and settings back",
            "or accept it: xdrift reference accept {monitor} --author WHO --reason WHY",
        ),
    ),
    Question(
        "pipeline", "Did a feature pipeline change?", _verdict("pipeline"),
        "Features arrive otherwise than the model was trained on. Retraining would learn the fault.",
        ("fix or freeze the feature pipeline", "until then serve the feature as it was made before"),
    ),
    Question(
        "model", "Did the model change?", _verdict("model", "both"),
        "The model answers differently on the same rows.",
        ("planned? xdrift reference accept {monitor} --author WHO --reason WHY", "not planned? roll the model back"),
    ),
    Question(
        "data", "Did the data change?", _verdict("data"),
        "The population changed; the model did not.",
        ("predictions moved too: tell the owner today", "they did not: a ticket for the next review"),
    ),
)  # fmt: skip
"""Asked in this order; the first yes that is not beside the walk ends it."""
