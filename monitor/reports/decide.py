"""What the meeting is asked to decide, and what nobody has answered yet: literal tables from what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from monitor.drift.sentence import SERVED
from monitor.publish.phrases import NEXT_STEPS, PIPELINE_AS_WELL
from monitor.reports import words
from monitor.reports.model import Budget, Decision
from monitor.reports.watched import Watched, judged
from monitor.reports.words import count, day, listed

ACCEPT = "xdrift reference accept {monitor} --author WHO --reason WHY"
DIAGNOSE = "xdrift diagnose {monitor} --at {check}"
MAINTENANCE = "xdrift maintenance start {monitor} --until TIME --reason WHY"
OLD_REFERENCE = timedelta(days=365)
"""Nobody has looked at an older one for a year."""

DECISIONS: Mapping[str, tuple[Decision, ...]] = {
    "quiet": (Decision(action="nothing", text="Nothing to decide."),),
    "model": (
        Decision(
            action="accept_reference",
            text="If the new version is wanted, accept its explanations as the new reference.",
            command=ACCEPT,
        ),
        Decision(action="roll_back", text="If it is not, roll back to the model that the reference was made with."),
    ),
    "silent_model": (
        Decision(
            action="ask_owner",
            text="{owner} says who replaced the model file without a new version label, and why.",
        ),
        Decision(action="roll_back", text="Until that is known, roll back to the model of the reference."),
        Decision(
            action="accept_reference",
            text="If the new model is wanted, give it a label of its own, then accept a new reference.",
            command=ACCEPT,
        ),
    ),
    "same_file": (
        Decision(
            action="ask_owner",
            text="{owner} finds out why the same model file answers otherwise: libraries, threads, scale.",
            command=DIAGNOSE,
        ),
    ),
    "data": (
        Decision(
            action="ask_owner",
            text="{owner} says whether this change of the data is expected: season, product, campaign, market.",
        ),
        Decision(
            action="accept_reference",
            text="If it stays, retrain on recent data, then accept a new reference. There is nothing to repair.",
            command=ACCEPT,
        ),
    ),
    "both": (
        Decision(
            action="ask_owner",
            text="{owner} says whether the new model was made for the new data. Decide on the model first.",
        ),
        Decision(action="roll_back", text="If it was not, roll back and look at the data alone."),
        Decision(action="accept_reference", text="If it was, accept a new reference.", command=ACCEPT),
    ),
    "pipeline": (
        Decision(
            action="fix_pipeline",
            text="Mend the feature pipeline where the sentence above points, and decide what becomes of the "
            "predictions made meanwhile.",
            command=DIAGNOSE,
        ),
        Decision(action="nothing", text="Do not accept a new reference: it would make the fault the norm."),
    ),
    "explainer": (
        Decision(
            action="put_back_explainer",
            text="Put the explainer's settings and libraries back; until then no result can be compared.",
            command=DIAGNOSE,
        ),
        Decision(
            action="accept_reference",
            text="If the change is wanted, accept a new reference made with it.",
            command=ACCEPT,
        ),
    ),
    "served": (
        Decision(
            action="ask_owner",
            text="{owner} compares the explainer of the serving system, and its caches, with the monitor's. Nothing "
            "drifted, and results stand: there is nothing to accept and nothing to roll back.",
            command=DIAGNOSE,
        ),
    ),
    "beside_pipeline": (
        Decision(
            action="fix_pipeline",
            text="Mend the feature pipeline first, where the sentence above points.",
            command=DIAGNOSE,
        ),
        Decision(
            action="ask_owner",
            text="Then {owner} decides on the model. Accept no reference and retrain nothing before: it would make the "
            "fault the norm.",
        ),
    ),
    "over": (
        Decision(
            action="ask_owner",
            text="It is over. {owner} says what ended it; without an answer expect it again.",
        ),
    ),
    "unconfirmed": (
        Decision(action="nothing", text="A fresh sample did not confirm it: wait for the next check."),
    ),
    "maintenance": (
        Decision(
            action="nothing",
            text="A maintenance was declared for it. Decide only whether it went as planned.",
        ),
    ),
    "no_checks": (
        Decision(
            action="restore_checks",
            text="Find out why no check ran, and make up for the week.",
            command="xdrift backfill {monitor} --since {start} --until {end}",
        ),
    ),
}  # fmt: skip
"""Situation to what is suggested; {monitor}, {owner}, {check}, {start} and {end} are filled in."""


def situation(week: Watched) -> str:
    """The row of the table that applies; `unknown` for weeks without a judgement, which have rows by reason."""
    check = week.headline
    if check is None:
        return "no_checks" if week.counts.expected else "quiet"
    if week.state == "unknown":
        return "unknown"
    if week.state == "none":
        return "quiet"
    if week.over:
        return "over"
    fresh = week.confirming.get(check.id)
    if fresh is not None and fresh.outcome == "succeeded" and fresh.level == 0:
        return "unconfirmed"
    if _planned(week):
        return "maintenance"
    if check.sentence.startswith(SERVED["explainer"]):
        return "served"
    if check.verdict in ("model", "both") and f"{PIPELINE_AS_WELL}: " in check.sentence:
        return "beside_pipeline"
    if check.verdict != "model":
        return check.verdict
    reference = week.reference
    parts = week.parts.get(check.id)
    unchanged = parts is not None and "model digest unchanged" in parts.evidence
    if unchanged:
        return "same_file"
    return "silent_model" if reference is not None and reference.model_version == check.model_version else "model"


def _planned(week: Watched) -> bool:
    """A maintenance was open in the week in which this began: one declared later, for its repair, did not expect it."""
    _, weeks = week.runs(week.week)
    first = week.week.plus(1 - weeks)
    mine = (one for one in week.facts.maintenances if one.monitor == week.name)
    return any(one.start < first.end and one.end > first.start for one in mine)


def decisions(week: Watched, budgets: Sequence[Budget]) -> tuple[Decision, ...]:
    """What is suggested, the most urgent first."""
    now = situation(week)
    found = list(_unknown(week)) if now == "unknown" else [_filled(one, week) for one in DECISIONS[now]]
    found += _serving(week)
    spent = [one.slo for one in budgets if one.remaining is not None and one.remaining < 0]
    if spent:
        text = f"The error budget of {listed(spent)} is spent: stop what risks it, or agree on another objective."
        found.append(Decision(action="review_objective", text=text))
    if len(found) > 1:
        found = [one for one in found if one.text != DECISIONS["quiet"][0].text]
    return tuple(found)


def _unknown(week: Watched) -> list[Decision]:
    """By the reason of the latest check that could not judge."""
    check = week.headline
    assert check is not None  # the situation is that of a check
    known = check.reason or ("internal" if check.outcome == "failed" else "not_judged")
    text = NEXT_STEPS.get(known, NEXT_STEPS["not_judged"]).replace("MONITOR", week.name)
    return [_filled(Decision(action="restore_checks", text=text, command=DIAGNOSE), week)]


def _serving(week: Watched) -> list[Decision]:
    found = []
    if any(one.monitor == week.name for one in week.facts.incidents):
        text = "Personal data was found in explanations: tell the privacy officer, and redact the fields at the source."
        found.append(Decision(action="privacy", text=text))
    return found


def _filled(one: Decision, week: Watched) -> Decision:
    # The slots of a week are those whose windows end after its start and at its end.
    behind = week.settings.schedule.delay + timedelta(minutes=1)
    speaks = week.headline
    values = {
        "monitor": week.name,
        "check": "" if speaks is None else f"{speaks.planned_at:%Y-%m-%dT%H:%M:%SZ}",
        "owner": week.line.owner,
        "start": f"{week.week.start + behind:%Y-%m-%dT%H:%MZ}",
        "end": f"{week.week.end + behind:%Y-%m-%dT%H:%MZ}",
    }
    command = None if one.command is None else one.command.format(**values)
    return Decision(action=one.action, text=one.text.format(**values), command=command)


def questions(week: Watched) -> tuple[str, ...]:
    """What the records leave open."""
    asked: list[str] = []
    now = situation(week)
    if now in ("model", "silent_model"):
        when = _first_seen(week)
        asked.append(f"Who put the model file into service{when}, and was its effect on explanations looked at before?")
    if now in ("data", "both") and not week.maintenances:
        asked.append("Is a reason for the change of the data known? No maintenance was declared.")
    if now in ("pipeline", "beside_pipeline"):
        asked.append("Which release changed the feature, and what else does it feed?")
    if now == "explainer":
        asked.append("Who changed the explainer, and did the serving system change with it?")
    if now == "over":
        asked.append("What ended it? No change is on record." if not week.deployments else "Was the change that "
                     "ended it made on purpose?")  # fmt: skip
    check = week.headline
    if check is not None and week.state in ("warning", "severe") and check.level == 2 and check.id in week.confirming:
        fresh = week.confirming[check.id]
        if fresh.outcome == "succeeded" and fresh.level < 2:
            asked.append("The fresh sample did not confirm the severe level: was the first sample unusual?")
    if week.counts.failed:
        reasons = sorted({words.reason(one) for one in week.checks if one.outcome == "failed"})
        asked.append(f"Why did {count(week.counts.failed, 'check')} fail ({listed(reasons)})?")
    if week.counts.expected > week.counts.done and week.checks:
        asked.append(f"Why were {week.counts.expected - week.counts.done} of {week.counts.expected} slots not run?")
    reference = week.reference
    if reference is None:
        asked.append(_unreferenced(week))
    elif week.week.end - reference.activated_at > OLD_REFERENCE:
        asked.append(f"The reference is in force since {day(reference.activated_at)} {reference.activated_at:%Y}: "
                     "is it still what the model should be held against?")  # fmt: skip
    return tuple(asked)


def _unreferenced(week: Watched) -> str:
    """Without a reference in force at the week's end: the first report is often of a week before it was made."""
    if judged(week.checks):
        return "The reference was made after this week: are these the days that it should be held against?"
    return "Nothing was compared: no reference was made by the end of this week."


def _first_seen(week: Watched) -> str:
    return f" (first seen by the check of {day(week.deployments[-1][0].activated_at)})" if week.deployments else ""
