"""The runbooks' decision tree, walked over what the store holds: the first branch that applies, with its evidence.

The order is the order in which answers become void: nothing about drift can be read while checks fail, nothing about
the model while the explainer is broken, nothing about the data while the pipeline is. The runbooks ask the same
questions of Prometheus.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from monitor.publish.phrases import percent
from monitor.types import Check, MonitorStatus, ReferenceSummary, Snapshot

Answer = Literal["yes", "no", "unknown"]

SEVERAL = 3
"""So many monitors, and at least half of them, at level 2 or failing have something in common."""
STALE_SLACK = timedelta(minutes=10)
OF_THE_PRESENT = ("shared", "serving")
"""Branches of questions about other monitors and about serving, of which no past state is on record."""
SERVING_SLOS = ("coverage", "latency", "errors", "privacy")
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
    """In order, up to and with the branch that was taken."""
    branch: str
    """One word for it, the same in every version: shared, not_checked, ..., fine."""
    conclusion: str
    next_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    branch: str
    text: str
    ask: Callable[[Facts], tuple[Answer, Sequence[str]]]
    conclusion: str
    next_steps: tuple[str, ...]


def diagnose(facts: Facts) -> Diagnosis:
    """Walk the tree. `unknown` answers are shown and passed by; the first `yes` ends the walk."""
    steps: list[Step] = []
    asked = [question for question in TREE if not facts.past or question.branch not in OF_THE_PRESENT]
    for question in asked:
        answer, evidence = question.ask(facts)
        steps.append(Step(question=question.text, answer=answer, evidence=tuple(evidence)))
        if answer == "yes":
            return _diagnosis(facts, steps, question.branch, question.conclusion, question.next_steps)
    unknown = any(step.answer == "unknown" for step in steps)
    conclusion = (
        "Nothing is wrong that this monitor can see." if not unknown else "Nothing found; not all was answered."
    )
    # Its checks are on time, or the walk would have ended there: the next one comes by itself.
    next_steps = ("xdrift check {monitor}",) if unknown else ()
    return _diagnosis(facts, steps, "fine" if not unknown else "unclear", conclusion, next_steps)


def _diagnosis(
    facts: Facts, steps: Sequence[Step], branch: str, conclusion: str, next_steps: Sequence[str]
) -> Diagnosis:
    name = facts.status.name
    told = tuple(step.format(monitor=name) for step in next_steps)
    at = facts.latest.planned_at if facts.past and facts.latest else None
    return Diagnosis(
        monitor=name, at=at, steps=tuple(steps), branch=branch, conclusion=conclusion, next_steps=told
    )  # fmt: skip


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


def _unserved(facts: Facts) -> Answered:
    """The explanation log: is it read, and are predictions explained at all?"""
    telemetry = facts.status.telemetry
    if telemetry is None:
        return "no", ["no explanation log configured"]
    if telemetry.consecutive_failures:
        return "yes", [f"the explanation log could not be read {telemetry.consecutive_failures} times in a row"]
    slos = [one for one in facts.status.slos if one.slo in SERVING_SLOS and one.remaining is not None]
    lines = [f"{one.slo}: {percent(one.remaining)} of the error budget left" for one in slos]
    spent = [line for line, one in zip(lines, slos, strict=True) if one.remaining is not None and one.remaining <= 0]
    return ("yes", spent) if spent else ("no", lines)


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


TREE: tuple[Question, ...] = (
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
        "serving", "Does serving fail to explain?", _unserved,
        "Predictions are served without good explanations: look at the serving system, not at drift.",
        ("look at unexplained predictions by route on the monitor's page", "xdrift poll {monitor}"),
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
"""Asked in this order; the first yes ends the walk."""
