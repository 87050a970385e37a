"""Smoothed scores per view, level and streak per segment: kept beside what they are made from.

A finished check of the newest slot moves them by one step. One made up for late has them worked out again from the
latest RECENT checks, in the order of their slots, so that the order of finishing changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, Select, func, select

from monitor.names import SMOOTHED_TESTS
from monitor.store.counters import insert_into
from monitor.store.served_tables import segment_state as _segments
from monitor.store.served_tables import smoothed_scores as _smoothed
from monitor.store.tables import checks, findings
from monitor.types import Check, Level, View

WEIGHT = 0.3
"""Of the newest check in the exponentially weighted mean."""
RECENT = 100
"""Checks that are looked at again after a late one; what came before them weighs 0.7 ** 100, which is nothing."""

_TESTS = {test.removesuffix("_max"): test for test in SMOOTHED_TESTS}
"""Test of a feature to the score that is its largest value over features."""
Scores = dict[str, float]
"""Word of SMOOTHED_TESTS to the largest value over features that can alarm."""


def update(connection: Connection, check: Check) -> None:
    """Take a saved check into both. The caller holds the monitor's lock."""
    later = select(checks.c.id).where(checks.c.monitor == check.monitor, checks.c.planned_at > check.planned_at)
    newest = connection.execute(later.limit(1)).first() is None
    for view in check.levels:
        if _enters(check, view):
            _smooth(connection, check, view, newest=newest)
    levels = segment_levels(check)
    if levels:
        _hold(connection, check.monitor, levels, newest=newest)


def _enters(check: Check, view: View) -> bool:
    """Severe checks stay out, so that a drift does not become what is usual; so do checks that only look again."""
    return check.confirms is None and check.levels[view] < 2


def largest(check: Check, view: View) -> Scores:
    """The scores of one check in one view."""
    found: Scores = {}
    for finding in check.findings:
        test = _TESTS.get(finding.test)
        if test is None or finding.view != view or finding.feature is None or finding.segment is not None:
            continue
        if finding.p_adjusted is None:  # too small to alarm by itself: its relative changes reach any size
            continue
        if finding.statistic is not None and math.isfinite(finding.statistic):
            found[test] = max(found.get(test, finding.statistic), finding.statistic)
    return found


def _smooth(connection: Connection, check: Check, view: View, *, newest: bool) -> None:
    of_view = (_smoothed.c.monitor == check.monitor) & (_smoothed.c.view == view)
    held = {row.test: (row.value, row.checks) for row in connection.execute(select(_smoothed).where(of_view))}
    for test, score in largest(check, view).items():
        if newest and test in held:
            value, count = held[test]
            value, count = smoothed([value, score]), min(count + 1, RECENT)
        else:
            scores = _past_scores(connection, check.monitor, view, test)
            value, count = smoothed(scores), len(scores)
        insert = insert_into(connection, _smoothed).values(
            monitor=check.monitor, view=view, test=test, value=value, checks=count
        )
        changed = {"value": value, "checks": count}
        connection.execute(insert.on_conflict_do_update(index_elements=["monitor", "view", "test"], set_=changed))


def smoothed(scores: Iterable[float]) -> float:
    """The exponentially weighted mean, oldest first; it begins with the first score."""
    mean = math.nan
    for score in scores:
        mean = score if math.isnan(mean) else mean + WEIGHT * (score - mean)
    return mean


def _past_scores(connection: Connection, monitor: str, view: View, test: str) -> list[float]:
    """Scores of the latest RECENT checks that enter, oldest first."""
    level = checks.c[f"level_{view}"]
    entering = _recent(monitor).where(level < 2, checks.c.confirms.is_(None)).subquery()
    name = next(short for short, score in _TESTS.items() if score == test)
    query = (
        select(func.max(findings.c.statistic))
        .join(entering, entering.c.id == findings.c.check_id)
        .where(
            findings.c.view == view, findings.c.test == name, findings.c.feature.is_not(None),
            findings.c.segment.is_(None), findings.c.statistic < math.inf, findings.c.p_adjusted.is_not(None),
        )
        .group_by(entering.c.id, entering.c.planned_at)
        .order_by(entering.c.planned_at)
    )  # fmt: skip
    return list(connection.execute(query).scalars())


def _recent(monitor: str) -> Select[tuple[str, object]]:
    wanted = select(checks.c.id, checks.c.planned_at).where(checks.c.monitor == monitor)
    return wanted.order_by(checks.c.planned_at.desc()).limit(RECENT)


def segment_levels(check: Check) -> dict[str, Level]:
    """Segment to its level, of those that were judged: the highest of its tested features."""
    levels: dict[str, Level] = {}
    for finding in check.findings:
        if finding.segment is not None and finding.feature is not None and finding.reason is None:
            levels[finding.segment] = max(levels.get(finding.segment, 0), finding.level)
    return levels


def _hold(connection: Connection, monitor: str, levels: Mapping[str, Level], *, newest: bool) -> None:
    mine = select(_segments).where(_segments.c.monitor == monitor, _segments.c.segment.in_(levels))
    held = {row.segment: (row.level, row.streak) for row in connection.execute(mine)}
    past = {} if newest else _past_levels(connection, monitor, levels)
    rows = []
    for segment, level in levels.items():
        before, streak = held.get(segment, (0, 0))
        if not newest:
            level, streak = streak_of(past.get(segment, [level]))
        else:
            streak = 0 if not level else streak + 1 if level == before else 1
        rows.append({"monitor": monitor, "segment": segment, "level": level, "streak": streak})
    insert = insert_into(connection, _segments)
    changed = {"level": insert.excluded.level, "streak": insert.excluded.streak}
    connection.execute(insert.on_conflict_do_update(index_elements=["monitor", "segment"], set_=changed), rows)


def streak_of(levels: Sequence[Level]) -> tuple[Level, int]:
    """The latest of levels given oldest first, and how many in a row it has been that; 0 while it is none."""
    level, streak = levels[-1], 0
    for each in reversed(levels):
        if each != level:
            break
        streak += 1
    return level, streak if level else 0


def _past_levels(connection: Connection, monitor: str, segments: Iterable[str]) -> dict[str, list[Level]]:
    """Levels of each segment in the latest RECENT checks, oldest first, of those that judged it."""
    recent = _recent(monitor).subquery()
    query = (
        select(findings.c.segment, func.max(findings.c.level).label("level"))
        .join(recent, recent.c.id == findings.c.check_id)
        .where(findings.c.segment.in_(list(segments)), findings.c.feature.is_not(None), findings.c.reason.is_(None))
        .group_by(findings.c.segment, recent.c.id, recent.c.planned_at)
        .order_by(recent.c.planned_at)
    )
    found: dict[str, list[Level]] = {}
    for row in connection.execute(query):
        found.setdefault(row.segment, []).append(row.level)
    return found
