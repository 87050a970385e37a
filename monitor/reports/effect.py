"""How bad it was: predictions made meanwhile, how far predictions moved, and decisions. Said where records hold it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.diagnose.answers import INPUT_DRIFT
from monitor.publish.phrases import number, percent
from monitor.reports.serving import added
from monitor.reports.watched import Watched, last_quiet
from monitor.reports.weeks import Week
from monitor.reports.words import day
from monitor.store.reported import CheckLine
from monitor.types import Check, Profile

CLEAR_SPREAD = 0.2
"""A mean of predictions moved clearly from so many standard deviations of the predictions before: Cohen (1988) calls
this a small effect."""
CLEAR_SHARE = 0.2
"""A share of adverse decisions moved clearly from so much of itself."""
CLEAR_ERRORS = 3.0
"""Neither moved clearly within so many standard errors of the difference: that is chance."""
_ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    clear: bool
    """What it tells moved clearly."""


def effect(week: Watched) -> list[str]:
    """Sentences about a raised week, for people who know no PSI."""
    average, adverse = _on_average(week), _adverse(week)
    clear = any(one is not None and one.clear for one in (average, adverse))
    psi = _moved(week, clear=clear)
    told = [one.text for one in (average if psi else None, adverse) if one is not None]
    return [*_predictions(week), *psi, *told]


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


def _moved(week: Watched, *, clear: bool) -> list[str]:
    """PSI of the predictions. `clear`: their mean or decisions moved clearly, so that a small PSI is no comfort."""
    check = week.headline
    parts = week.parts.get(check.id) if check is not None else None
    psi = parts.input_drift.get("__prediction__") if parts is not None else None
    if check is None or psi is None or not math.isfinite(psi):
        return []
    now, then = (None if one is None else _scale(week, one) for one in (check, _quiet(week)))
    if check.verdict == "explainer" and now and then and now != then:
        return [
            f"The predictions themselves are on another scale than in the last quiet check ({now}, not {then}): no "
            "number of theirs can be compared."
        ]
    moved = "moved too" if psi >= INPUT_DRIFT else "moved by less than a shift" if clear else "hardly moved"
    return [
        f"Against the reference, the predictions themselves {moved}: population stability index (PSI) {psi:.2f}, which "
        f"is 0 where two distributions are alike and counts as a shift from {INPUT_DRIFT:g}."
    ]


def _on_average(week: Watched) -> _Said | None:
    check, quiet = week.headline, _quiet(week)
    scale = None if check is None else _scale(week, check)
    now = None if check is None else _profile(week.parts.get(check.id))
    if scale is None or now is None:
        return None
    same = quiet is not None and _scale(week, quiet) == scale
    then = _profile(week.parts.get(quiet.id)) if quiet is not None and same else None
    said = f"On average they are {number(now.mean)} ({scale})"
    if then is None or quiet is None:
        return _Said(f"{said}.", clear=False)
    held = f"in the last quiet check, of {day(quiet.planned_at)}"
    if not _means_apart(now, then):
        return _Said(f"{said}; {held}, they were {number(then.mean)}.", clear=False)
    way = "higher" if (now.mean or 0.0) > (then.mean or 0.0) else "lower"
    return _Said(f"{said}, clearly {way} than {held}: {number(then.mean)}.", clear=True)


def _quiet(week: Watched) -> CheckLine | None:
    return last_quiet(week.facts.checks, week.headline) if week.headline is not None else None


def _scale(week: Watched, check: CheckLine) -> str | None:
    """Of the predictions of a check; None where its parts are not at hand."""
    parts = week.parts.get(check.id)
    return None if parts is None or parts.explainer is None else parts.explainer.scale


def _profile(check: Check | None) -> Profile | None:
    """Of the predictions of a check, where their mean is known."""
    found = () if check is None else (one for one in check.profiles if one.kind == "prediction")
    return next((one for one in found if one.mean is not None and math.isfinite(one.mean)), None)


def _means_apart(now: Profile, then: Profile) -> bool:
    """Whether two means are apart by CLEAR_SPREAD, and by CLEAR_ERRORS of sqrt(s1^2 / n1 + s2^2 / n2)."""
    counts = [one.n - one.n_missing for one in (now, then)]
    if now.std is None or then.std is None or min(counts) < 1:
        return False
    gap = abs((now.mean or 0.0) - (then.mean or 0.0))
    error = math.sqrt(now.std**2 / counts[0] + then.std**2 / counts[1])
    return gap > 0 and gap >= CLEAR_SPREAD * then.std and gap >= CLEAR_ERRORS * error


def _adverse(week: Watched) -> _Said | None:
    telemetry = week.settings.telemetry
    if telemetry is None or not telemetry.adverse_classes:
        return None
    _, weeks = week.runs(week.week)
    before = week.week.plus(-weeks)
    now, then = _decisions(week, week.week), _decisions(week, before)
    if now is None:
        return None
    said = f"Of this week's decisions in the explanation log {percent(now[0] / now[1])} were adverse"
    if then is None:
        return _Said(f"{said}.", clear=False)
    share, last = percent(then[0] / then[1]), f"in {before}, the last week before it began"
    if not _shares_apart(now, then):
        return _Said(f"{said}; {last}, {share} were.", clear=False)
    way = "more" if now[0] / now[1] > then[0] / then[1] else "fewer"
    return _Said(f"{said}, clearly {way} than the {share} {last}.", clear=True)


def _decisions(week: Watched, of: Week) -> tuple[float, float] | None:
    """(adverse ones, all) of a week; None without any."""
    total = added(one for one in week.facts.days if one.monitor == week.name and Week.of(one.day) == of)
    return (total["adverse"], total["predictions"]) if total.get("predictions") else None


def _shares_apart(now: tuple[float, float], then: tuple[float, float]) -> bool:
    """Whether two shares are apart by CLEAR_SHARE of the earlier, and by CLEAR_ERRORS of the two-proportion z-test's
    error, sqrt(p (1 - p) (1 / n1 + 1 / n2)) with p the share of both together."""
    gap = abs(now[0] / now[1] - then[0] / then[1])
    both = (now[0] + then[0]) / (now[1] + then[1])
    error = math.sqrt(both * (1 - both) * (1 / now[1] + 1 / then[1]))
    return gap > 0 and gap >= CLEAR_SHARE * then[0] / then[1] and gap >= CLEAR_ERRORS * error
