"""SLOs of time: since when was a monitor stale, or severely drifted? Exact spans, not samples of minutes."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from monitor.slo.facts import CheckFact
from monitor.slo.spans import Span, union

VERDICT_VIEWS = ("holdout", "traffic", "total")
"""Views that a verdict rests on. The trend view is not one: the week after an incident differs from the incident, and
is not severe for that."""
SEVERE_STREAK = 2
"""Judged checks in a row at level 2 that make it confirmed: nothing burns on one verdict."""
_SLACK_SECONDS = 600.0


class Limit(NamedTuple):
    """What the age of the last success is held against while one interval between checks holds."""

    since: float
    until: float
    seconds: float

    def stale(self, success: float, following: float) -> Span:
        """The part of [success, following) in which the success was too old; empty where it ends before it starts.

        The age counts from the beginning of the interval at the earliest: a verdict of yesterday was recent enough for
        a daily monitor, and one that is checked hourly from now on has had no time to reach another.
        """
        return max(success, self.since) + self.seconds, min(following, self.until)


def freshness_limits(interval_seconds: float, earlier: Iterable[tuple[float, float]] = ()) -> list[Limit]:
    """Of the present interval and of earlier ones, (until when, seconds), oldest first.

    One slot may be missed, two may not.
    """
    found, since = [], float("-inf")
    for until, seconds in (*earlier, (float("inf"), interval_seconds)):
        found.append(Limit(since, until, 2 * seconds + _SLACK_SECONDS))
        since = until
    return found


def stale_spans(checks: Iterable[CheckFact], *, created_at: float, limits: Sequence[Limit], until: float) -> list[Span]:
    """When the last success was older than its limit; before the first one the monitor's creation counts.

    The last success is that of the latest slot: a slot made up for late, of a time before it, changes nothing.
    """
    since, slot = created_at, float("-inf")
    found: list[Span] = []
    for check in _known(checks):
        if check.outcome == "succeeded" and check.planned_at > slot:
            found += (limit.stale(since, check.finished_at) for limit in limits)
            since, slot = check.finished_at, check.planned_at
    return union([*found, *(limit.stale(since, until) for limit in limits)])


def drift_spans(checks: Sequence[CheckFact], *, until: float) -> list[Span]:
    """When any view of VERDICT_VIEWS stood at confirmed level 2: it held until a check judged otherwise."""
    known = _known(checks)
    return union(span for view in range(len(VERDICT_VIEWS)) for span in _severe(known, view, until))


def _severe(known: Sequence[CheckFact], view: int, until: float) -> list[Span]:
    """Spans in which the latest SEVERE_STREAK checks that judged the view, by slot, were all at level 2."""
    told = [(check, level) for check in known if (level := check.levels[view]) is not None]
    if all(level < 2 for _, level in told):
        return []  # nearly always
    found: list[Span] = []
    judged: list[tuple[float, int]] = []
    since: float | None = None
    for check, level in told:
        insort(judged, (check.planned_at, level))
        severe = len(judged) >= SEVERE_STREAK and {each for _, each in judged[-SEVERE_STREAK:]} == {2}
        if severe and since is None:
            since = check.finished_at
        elif not severe and since is not None:
            found.append((since, check.finished_at))
            since = None
    return found if since is None else [*found, (since, until)]


def _known(checks: Iterable[CheckFact]) -> list[CheckFact]:
    """In the order in which they became known."""
    return sorted(checks, key=lambda check: (check.finished_at, check.planned_at))
