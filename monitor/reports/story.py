"""One paragraph per model: what changed, why, since when, how it ended. Plain sentences from facts, nothing else."""

from __future__ import annotations

from collections import Counter

from monitor.publish.phrases import VERDICT_TITLES
from monitor.reports import words
from monitor.reports.effect import effect
from monitor.reports.model import Movers
from monitor.reports.watched import Watched, judged, state_of
from monitor.reports.words import count, day, day_and_time, listed, ordinal

NAMED = 2
"""Movers that are named in the paragraph."""


def title(week: Watched) -> str:
    """Headline words."""
    check = week.headline
    if check is None:
        return "No check ran"
    if check.outcome == "failed":
        return "Checks failed"
    return VERDICT_TITLES[check.verdict]


def story(week: Watched, movers: Movers) -> list[str]:
    """The paragraph, one sentence each, the most important first."""
    state = week.state
    if state == "nothing":
        return [*_nothing(week), *_changes(week), *_maintenance(week)]
    if state == "unknown":
        return [*_blind(week), *_changes(week), *_maintenance(week)]
    if state == "none":
        return [*_quiet(week), *_changes(week), *_gaps(week)]
    told = week.headline is not None and week.headline.verdict in ("model", "both")
    new = [] if told else _changes(week)
    return [
        *_raised(week), *effect(week), *_since(week), *_against(movers), *new, *_end(week), *_maintenance(week),
        *_gaps(week),
    ]  # fmt: skip


def _nothing(week: Watched) -> list[str]:
    expected = week.counts.expected
    if expected == 0:
        created = week.line.created_at
        why = f"it is watched since {day_and_time(created)} UTC" if created >= week.week.end else "none was planned"
        return [f"No check looked at this week: {why}. Nothing is known of it."]
    skipped = f", {week.counts.skipped} of them skipped" if week.counts.skipped else ""
    planned = f"{count(expected, 'slot was', 'slots were')} planned{skipped}"
    return [f"No check looked at this week, though {planned}. Nothing is known of it: this is not a quiet week."]


def _blind(week: Watched) -> list[str]:
    reasons = Counter(words.reason(check) for check in week.checks)
    told = listed([f"{word} ({n})" if len(reasons) > 1 else word for word, n in reasons.most_common()])
    done = len(week.checks)
    first = f"None of {count(done, 'check')}" if done > 1 else "The only check of the week"
    verb = "could judge" if done > 1 else "could not judge"
    said = [f"{first} {verb}: {told}. Nothing is known of this week."]
    _, weeks = week.runs(week.week)
    if weeks > 1:
        least = "at least " if weeks == len(week.weeks) else ""
        said.append(f"This is {least}the {ordinal(weeks)} week in a row without a judgement.")
    return said


def _quiet(week: Watched) -> list[str]:
    n = len(judged(week.checks))
    _, weeks = week.runs(week.week)
    earlier, length = week.runs(week.week.plus(-weeks))
    said = ["Nothing drifted: the model explains recent predictions as it did when the reference was made."]
    if weeks == 1 and earlier in ("warning", "severe"):
        cause = VERDICT_TITLES[_cause(week, -1)].lower()
        said[0] = f"Quiet again after {count(length, 'week')} ({cause}): nothing drifted."
        if n == 1:
            return said
    each = "The check of the week was quiet" if n == 1 else f"All {n} checks that judged were quiet"
    least = "at least " if weeks == len(week.weeks) else ""
    row = f", for {least}the {ordinal(weeks)} week in a row" if weeks > 1 else ""
    return [*said, f"{each}{row}."]


def _cause(week: Watched, back: int) -> str:
    """Verdict that spoke for an earlier week."""
    found = [check for check in judged(week.by_week.get(week.week.plus(back), ())) if check.level]
    return max(found, key=lambda check: (check.level, check.planned_at)).verdict if found else "none"


def _raised(week: Watched) -> list[str]:
    check = week.headline
    assert check is not None  # a raised week has one
    return [check.sentence]


def _since(week: Watched) -> list[str]:
    counts = week.counts
    _, weeks = week.runs(week.week)
    level = "severe" if counts.severe else "a warning"
    n = counts.severe or counts.warning
    if counts.judged == 1:
        said = f"The check of the week was {level}"
    else:
        said = f"{n} of {counts.judged} checks that judged {'was' if n == 1 else 'were'} {level}"
    if weeks > 1:
        first = week.week.plus(1 - weeks)
        return [f"{said}; it has been like this since {first}, now for the {ordinal(weeks)} week{_again(week)}."]
    _, quiet = week.runs(week.week.plus(-1))
    before = state_of(week.before)
    new = f"; the {count(quiet, 'week')} before had been quiet" if before == "none" else ""
    return [f"{said}{new}{_again(week)}."]


def _again(week: Watched) -> str:
    """What the fresh sample said."""
    check = week.headline
    fresh = week.confirming.get(check.id) if check is not None else None
    if fresh is None:
        return ""
    if fresh.outcome != "succeeded":
        return ", and a fresh sample could not be judged"
    return f", and a fresh sample {'confirmed' if fresh.level >= 2 else 'did not confirm'} it"


def _against(movers: Movers) -> list[str]:
    if movers.note:
        return [movers.note]
    if not movers.listed:
        return ["In recent predictions, against last week's, no feature moved by more than 5%."]
    named = [f"{one.feature} {one.words}" for one in movers.listed[:NAMED]]
    return [f"In recent predictions, against last week's, {listed(named)}."]


def _end(week: Watched) -> list[str]:
    if week.over:
        return ["The last check of the week was quiet again."]
    return []


def _changes(week: Watched) -> list[str]:
    return [f"{text}." for text in changes(week)]


def changes(week: Watched) -> list[str]:
    """What came into force this week, one clause each."""
    said = []
    for one, earlier in week.deployments:
        if earlier is None:
            said.append(f"The model was seen for the first time, version {one.version or 'without a label'}")
            continue
        back = any(one.digest == each.digest for each in week.facts.deployments
                   if each.monitor == week.name and each.activated_at < earlier.activated_at)  # fmt: skip
        if back:
            said.append(f"The model file was put back to an earlier one (version {one.version or 'without a label'})")
        elif one.version == earlier.version:
            said.append(f"The model file was replaced under the same version label ({one.version or 'none'})")
        else:
            now, then = one.version or "without a label", earlier.version or "the one before"
            said.append(f"Model version {now} replaced {then}")
    said += [
        f"A new reference came into force on {day(one.activated_at)} ({one.author}: {one.reason})"
        for one in week.activations
    ]
    return said


def _maintenance(week: Watched) -> list[str]:
    return [
        f"A maintenance was declared from {day_and_time(one.start)} to {day_and_time(one.end)} UTC "
        f"({one.author}: {one.reason}); drift was expected then."
        for one in week.maintenances
    ]


def _gaps(week: Watched) -> list[str]:
    """Checks that are missing from an otherwise judged week."""
    counts, said = week.counts, []
    if counts.failed:
        said.append(f"{count(counts.failed, 'check')} failed")
    if counts.unknown:
        said.append(f"{count(counts.unknown, 'check')} could not judge")
    missing = counts.expected - counts.done
    if missing > 0:
        said.append(f"{count(missing, 'slot')} of {counts.expected} {'was' if missing == 1 else 'were'} not run")
    return [f"{listed(said)[0].upper()}{listed(said)[1:]}."] if said else []
