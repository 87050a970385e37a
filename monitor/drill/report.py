"""What a drill found: the same windows with and without the incident, and what the difference says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.types import Check, Level, Outcome, Verdict, View, Window

VIEW_OF: Mapping[Verdict, View] = {
    "model": "holdout",
    "explainer": "holdout",
    "pipeline": "traffic",
    "data": "traffic",
    "both": "total",
}
"""The view whose movers a verdict's sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one check said."""

    outcome: Outcome
    verdict: Verdict
    level: Level
    features: tuple[str, ...]
    """Input columns behind the raised features, in the order in which the sentence names them."""
    sentence: str
    evidence: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillCheck:
    """One window: what the monitor says about it as it was and, once the incident is there, with it."""

    planned_at: datetime
    window: Window
    untouched: Answer
    injected: Answer | None
    """None before the incident begins."""
    detected: bool
    """The incident made the check say something that it did not say without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What the checks of a drill add up to. The first check that detects the incident speaks for it: it alarms."""

    passed: bool
    """Detected with the right cause; for the control: nothing was raised."""
    detected: bool
    level: Level
    """Of the check that detected it; 0 when none did."""
    delay_checks: int | None
    """1: the first check with the incident in its window."""
    delay_seconds: float | None
    """From the beginning of the incident, in the time of the traffic, to the planned time of that check."""
    cause: Verdict | None
    """The verdict of that check."""
    sentence: str | None
    """What that check says."""
    cause_right: bool | None
    named_first: bool | None
    """Whether that check names an injected column first; None without a detection, or a column to name."""
    named: bool | None
    """Whether it raises an injected column at all."""
    times_detected: int
    times_right: int
    """Detecting checks with a right verdict."""
    times_named_first: int
    failed: int
    """Checks that could not be done because of the incident: the monitor would report failures, not drift."""
    raised_untouched: int
    """Checks that were raised without the incident: false alarms, unless the traffic really drifts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """The whole answer."""

    monitor: str
    inject: str
    words: str
    expected: tuple[Verdict, ...]
    """Verdicts that name the cause."""
    why: str
    columns: tuple[str, ...]
    """Input columns that a good alarm names; empty when no single one is to blame."""
    reference_id: str
    reference_made: bool
    """True when the store had none and one was made for the drill."""
    started_at: datetime | None
    """When the incident begins, in the time of the traffic; None for the control."""
    checks: tuple[DrillCheck, ...]
    conclusion: Conclusion
    notes: tuple[str, ...]


def answer_of(check: Check, source_of: Mapping[str, str]) -> Answer:
    """The part of a check that a drill looks at; `source_of` leads from attribution column to input column."""
    view = VIEW_OF.get(check.verdict, "total")
    moved = {
        one.feature: one.statistic or 0.0 for one in check.findings if (one.view, one.test) == (view, "wasserstein")
    }
    raised = [part for part in check.contributions if part.level]
    raised.sort(key=lambda part: (-part.level, -moved.get(part.feature, 0.0), part.feature))
    return Answer(
        outcome=check.outcome,
        verdict=check.verdict,
        level=check.level,
        features=tuple(dict.fromkeys(source_of.get(part.feature, part.feature) for part in raised)),
        sentence=check.sentence,
        evidence=check.evidence,
        reason=check.reason,
    )


def compared(untouched: Check, injected: Check | None, *, source_of: Mapping[str, str]) -> DrillCheck:
    """One window's line."""
    before = answer_of(untouched, source_of)
    after = None if injected is None else answer_of(injected, source_of)
    return DrillCheck(
        planned_at=untouched.planned_at,
        window=untouched.window,
        untouched=before,
        injected=after,
        detected=after is not None and says_more(before, after),
    )


def says_more(before: Answer, after: Answer) -> bool:
    """A check that was raised anyway detects nothing, unless its level, its verdict or its first feature is new."""
    if not after.level:
        return False
    return after.level > before.level or after.verdict != before.verdict or after.features[:1] != before.features[:1]


def conclude(
    checks: Sequence[DrillCheck], *, started_at: datetime | None, expected: Sequence[Verdict], columns: Sequence[str]
) -> Conclusion:
    """Detection, delay, place and cause of an incident that begins at `started_at`; None for the control."""
    after = [(one, one.injected) for one in checks if one.injected is not None]
    detecting = [(place, one, said) for place, (one, said) in enumerate(after, 1) if one.detected]
    raised = sum(one.untouched.level > 0 for one in checks)
    nothing = Conclusion(
        passed=started_at is None and not raised,
        detected=False,
        level=0,
        delay_checks=None,
        delay_seconds=None,
        cause=None,
        sentence=None,
        cause_right=None,
        named_first=None,
        named=None,
        times_detected=len(detecting),
        times_right=sum(said.verdict in expected for _, _, said in detecting),
        times_named_first=sum(not set(said.features[:1]).isdisjoint(columns) for _, _, said in detecting),
        failed=sum(said.outcome == "failed" for _, said in after),
        raised_untouched=raised,
    )
    if not detecting or started_at is None:
        return nothing
    place, one, said = detecting[0]
    return replace(
        nothing,
        passed=said.verdict in expected,
        detected=True,
        level=said.level,
        delay_checks=place,
        delay_seconds=(one.planned_at - started_at).total_seconds(),
        cause=said.verdict,
        sentence=said.sentence,
        cause_right=said.verdict in expected,
        named_first=not set(said.features[:1]).isdisjoint(columns) if columns else None,
        named=not set(said.features).isdisjoint(columns) if columns else None,
    )
