"""The lists of a week's report: checks, budgets, incidents, changes, alerts, maintenance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from monitor import slots
from monitor.names import SLOS
from monitor.publish.phrases import SLO_TITLES, VERDICT_TITLES, percent, share
from monitor.reports import serving, words
from monitor.reports import story as told
from monitor.reports.model import Budget, CheckRow, Happening
from monitor.reports.watched import Watched, state_of
from monitor.reports.words import CONDITIONS, count, day_and_time
from monitor.store.reported import CheckLine
from monitor.types import SloStatus

LISTED = 25
"""Checks that are listed, the latest."""
VISIBLE_CHANGE = 0.005
"""Of a budget, that is worth a word."""
MANIFOLD = 3
"""From here on a budget is overspent by so many times, not by percent."""
_OF_CHECKS = ("freshness", "checks", "drift", "explanations")
"""SLOs that mean nothing of a time at which no check had finished yet: a past that was made up for later."""


def checks(week: Watched) -> tuple[CheckRow, ...]:
    told_of = [check for check in week.checks if check.level or check.outcome != "succeeded"] or week.checks[-1:]
    rows: list[CheckRow] = []
    for check in told_of[-LISTED:]:
        fresh = week.confirming.get(check.id)
        rows.append(_row(week, check, _fresh(fresh)))
        if fresh is not None:
            rows.append(_row(week, fresh, "looks at the same week again, on a fresh sample"))
    return tuple(rows)


def _row(week: Watched, check: CheckLine, note: str) -> CheckRow:
    title = "Check failed" if check.outcome == "failed" else VERDICT_TITLES[check.verdict]
    late = check.finished_at - check.planned_at
    if late.days >= 1:
        note = "; ".join(filter(None, [note, f"made up for on {day_and_time(check.finished_at)} UTC"]))
    return CheckRow(
        id=check.id, planned_at=check.planned_at, state=state_of([check]), title=title,
        sentence=words.sentence(check), note=note, url=week.url(check.id),
    )  # fmt: skip


def _fresh(fresh: CheckLine | None) -> str:
    if fresh is None:
        return ""
    if fresh.outcome != "succeeded":
        return "a fresh sample could not be judged"
    return "confirmed by a fresh sample" if fresh.level >= 2 else "not confirmed by a fresh sample"


def _why_none(week: Watched, check: CheckLine) -> str:
    schedule = week.settings.schedule
    if schedule.confirm_after is None:
        return "schedule.confirm_after is off"
    again = slots.confirming_slot(schedule, check.planned_at)
    if again is None:
        return "the next slot looks again soon enough"
    return "the check was made up for later" if check.finished_at > again else "no daemon ran that check"


def budgets(week: Watched) -> tuple[Budget, ...]:
    now = _of_time(week, week.facts.budgets.get(week.name, ()), week.week.end)
    before = {one.slo: one for one in _of_time(week, week.facts.budgets_before.get(week.name, ()), week.week.start)}
    found = [_budget(one, before.get(one.slo)) for one in now]
    return tuple(sorted(found, key=lambda one: SLOS.index(one.slo)))


def _of_time(week: Watched, slos: Sequence[SloStatus], at: datetime) -> list[SloStatus]:
    if any(check.finished_at < at for check in week.facts.checks if check.monitor == week.name):
        return list(slos)
    return [
        SloStatus(slo=one.slo, objective=one.objective, period_seconds=one.period_seconds,
                  remaining=None if one.slo in _OF_CHECKS else one.remaining)
        for one in slos
    ]  # fmt: skip


def _budget(now: SloStatus, before: SloStatus | None) -> Budget:
    then = before.remaining if before is not None else None
    change = None if now.remaining is None or then is None else now.remaining - then
    if now.remaining is None:
        said = "not known: nothing had been counted by then"
    elif now.remaining < 0:
        used = 1 - now.remaining
        said = f"spent {f'{used:,.0f} times' if used >= MANIFOLD else percent(used) + ' of'} what it may"
    else:
        said = f"{percent(now.remaining)} left"
    if change is not None and abs(change) >= VISIBLE_CHANGE:
        said += f", {percent(abs(change))} {'less' if change < 0 else 'more'} than a week before"
    return Budget(
        slo=now.slo, title=f"{SLO_TITLES[now.slo]}: {share(now.objective)}", objective=now.objective,
        remaining=now.remaining, change=change, words=said,
    )  # fmt: skip


def incidents(week: Watched) -> tuple[Happening, ...]:
    found = []
    for check in week.checks:
        if check.level == 2:
            after = _fresh(week.confirming.get(check.id)) or f"no fresh sample was drawn: {_why_none(week, check)}"
            text = f"severe: {VERDICT_TITLES[check.verdict].lower()}; {after}"
        elif check.outcome != "succeeded":
            text = f"{'failed' if check.outcome == 'failed' else 'could not judge'}: {words.reason(check)}"
        else:
            continue
        found.append(Happening(at=check.planned_at, text=text, url=week.url(check.id)))
    found += [
        Happening(at=None, text=f"{count(one.n, 'slot')} skipped: {one.word.replace('_', ' ')}")
        for one in week.facts.skipped
        if one.monitor == week.name
    ]
    return (*found[:LISTED], *serving.incidents(week))


def changes(week: Watched) -> tuple[Happening, ...]:
    """The first clause of the paragraph's, each with its time."""
    moments = [one.activated_at for one, _ in week.deployments] + [one.activated_at for one in week.activations]
    return tuple(Happening(at=at, text=text) for at, text in zip(moments, told.changes(week), strict=True))


def alerts(week: Watched) -> tuple[Happening, ...]:
    mine = [one for one in week.facts.messages if one.monitor == week.name]
    grouped: dict[tuple[Any, ...], list[str]] = {}
    for one in mine:
        state = "withheld during maintenance" if one.withheld else "given up" if one.given_up else (
            "delivered" if one.sent_at else "waiting")  # fmt: skip
        grouped.setdefault((one.created_at, one.before, one.after, one.check_id), []).append(f"{one.channel} {state}")
    return tuple(
        Happening(
            at=at,
            text=f"{CONDITIONS.get(after or '', after or 'news')} (before: {CONDITIONS.get(before or '', before)}); "
            + ", ".join(sorted(channels)),
            url=week.url(check_id),
        )
        for (at, before, after, check_id), channels in grouped.items()
    )


def untold(week: Watched) -> str:
    if any(one.monitor == week.name for one in week.facts.messages):
        return ""
    if not week.channels:
        return "no channel is configured"
    return "a warning is told after three checks in a row, a severe level once it is confirmed"


def maintenance(week: Watched) -> tuple[Happening, ...]:
    return tuple(
        Happening(at=one.start, text=f"until {day_and_time(one.end)} UTC, {one.author}: {one.reason}")
        for one in week.maintenances
    )
