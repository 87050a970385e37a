"""Runs of raised checks: which traffic was affected, and which slots say so. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from monitor.reports.compliance_model import Confirmation, Raised
from monitor.slo import within
from monitor.store.reported import Carried, CheckLine
from monitor.types import Level, Window

WARNING: Level = 1
SEVERE: Level = 2


def raised(
    checks: Iterable[CheckLine], least: Level, carried: Carried | None, *, start: datetime, end: datetime
) -> tuple[Raised, ...]:
    """Runs of judged checks at `least` or higher, oldest first, of which some traffic lies in [start, end).

    Confirming checks count; checks that could not judge hold what was.

    Args:
        checks: of one monitor; those of which the traffic lies outside the period are passed by.
        carried: the checks before, when the last of them was raised; None when it was not.
    """
    runs: list[tuple[Carried | None, list[CheckLine], datetime | None]] = []
    before, run = carried, list[CheckLine]()
    for check in sorted(checks, key=lambda check: check.planned_at):
        if check.outcome != "succeeded" or not (check.window.start < end and check.window.end > start):
            continue
        if check.level >= least:
            run.append(check)
            continue
        if run:
            runs.append((before, run, check.planned_at))
        before, run = None, []
    if run or before is not None:
        runs.append((before, run, None))
    return tuple(_raised(*one, least=least, start=start, end=end) for one in runs)


def _raised(
    carried: Carried | None,
    run: Sequence[CheckLine],
    until: datetime | None,
    *,
    least: Level,
    start: datetime,
    end: datetime,
) -> Raised:
    windows = [*([carried.traffic] if carried else []), *(check.window for check in run)]
    traffic = Window(start=min(one.start for one in windows), end=max(one.end for one in windows))
    span = within([(traffic.start.timestamp(), traffic.end.timestamp())], start.timestamp(), end.timestamp())
    level: Level = max((check.level for check in run), default=least)
    speaks = [check for check in run if check.level == level]
    return Raised(
        level=level,
        traffic=traffic,
        since=carried.since if carried else run[0].planned_at,
        until=until,
        seconds_in_period=sum(b - a for a, b in span),
        checks=len(run),
        confirmed_by=_confirmed_by(run, severe_before=carried is not None and least == SEVERE),
        causes=tuple(dict.fromkeys(check.verdict for check in run)),
        sentence=speaks[-1].sentence if speaks else "",
    )


def _confirmed_by(run: Sequence[CheckLine], *, severe_before: bool) -> Confirmation | None:
    """Two judged checks in a row at level 2 confirm each other: the second of the first such pair says how."""
    if severe_before and run and run[0].level == SEVERE:
        return "the next slot"
    for one, after in pairwise(run):
        if one.level == after.level == SEVERE:
            return "a fresh sample" if after.confirms is not None else "the next slot"
    return None
