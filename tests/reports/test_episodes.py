"""Severe episodes and periods in which attributions differed, from single checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.reports.compliance_model import Confirmation
from monitor.reports.episodes import raised
from monitor.reports.figures import episode_words
from monitor.store.reported import Carried, CheckLine
from monitor.types import Level, Window
from tests.reports.records import HOUR, WEEK, check

START, END = WEEK.start, WEEK.end
DELAY = timedelta(minutes=10)


def at(hours: float) -> datetime:
    return START + hours * HOUR


def line(word: str, number: int) -> CheckLine:
    """The check of hour `number`. `0`, `1`, `2`: judged at that level; `u`: could not judge; `f`: failed."""
    given = {"planned_at": at(number + 1) + DELAY, "window": Window(start=at(number), end=at(number + 1))}
    if word in "uf":
        outcome = "unknown" if word == "u" else "failed"
        return check(outcome=outcome, verdict="unknown", reason="x", **given)
    return check(level=int(word), **given)


def before(first: float, last: float) -> Carried:
    """Severe checks of the hours before the period."""
    traffic = Window(start=at(first), end=at(last))
    return Carried(monitor="credit", least=2, since=at(first + 1) + DELAY, traffic=traffic)


@pytest.mark.parametrize(
    ("words", "least", "spans"),
    [
        ("0000", 2, []),
        ("0220", 2, [(1, 3, "the next slot")]),
        ("0120", 1, [(1, 3, None)]),
        ("02u20", 2, [(1, 4, "the next slot")]),
        ("02f0", 2, [(1, 2, None)]),
        ("0212", 2, [(1, 2, None), (3, 4, None)]),
        ("22", 2, [(0, 2, "the next slot")]),
        ("uuu", 1, []),
    ],
)
def test_an_episode_is_the_traffic_of_its_raised_checks(
    words: str, least: Level, spans: list[tuple[int, int, Confirmation | None]]
) -> None:
    lines = [line(word, number) for number, word in enumerate(words)]

    found = raised(reversed(lines), least, None, start=START, end=END)

    assert [(one.traffic, one.confirmed_by) for one in found] == [
        (Window(start=at(first), end=at(last)), by) for first, last, by in spans
    ]
    assert [one.seconds_in_period for one in found] == [(last - first) * 3600.0 for first, last, _ in spans]


def test_its_slots_stand_beside_it_from_the_first_raised_one_to_the_first_lower_one() -> None:
    (one,) = raised([line(word, number) for number, word in enumerate("0220")], 2, None, start=START, end=END)

    assert (one.since, one.until) == (at(2) + DELAY, at(4) + DELAY)
    said = episode_words(one, START)
    assert said.startswith("traffic of 2026-11-09 01:00 to 2026-11-09 03:00 UTC, 2 h of it in the period: severe, ")
    assert "confirmed (the next slot agreed)" in said
    assert said.endswith("slots 2026-11-09 02:10 to 2026-11-09 04:10 UTC")


def test_what_confirmed_it_is_named() -> None:
    first = line("2", 1)
    fresh = replace(first, id="again", planned_at=first.planned_at + DELAY, confirms=first.id)

    (one,) = raised([first, fresh, line("0", 2)], 2, None, start=START, end=END)

    assert one.confirmed_by == "a fresh sample"
    (alone,) = raised([first, line("0", 2)], 2, None, start=START, end=END)
    assert "severe, not confirmed" in episode_words(alone, START)


def test_an_episode_belongs_to_the_period_of_its_traffic_and_not_of_its_slots() -> None:
    """The check of the last hour is planned after the period; that of the hour before it, in the period."""
    last, earlier = line("2", 7 * 24 - 1), line("2", -1)
    assert last.planned_at > END
    assert START < earlier.planned_at < END

    (one,) = raised([earlier, line("0", 0), last], 2, None, start=START, end=END)

    assert one.traffic == last.window
    assert one.until is None


def test_an_episode_that_began_before_counts_from_then_and_only_its_part_in_the_period() -> None:
    (one,) = raised([line("2", 0), line("0", 1)], 2, before(-72, 0), start=START, end=END)

    assert (one.traffic.start, one.since) == (at(-72), at(-71) + DELAY)
    assert (one.seconds_in_period, one.checks, one.confirmed_by) == (3600.0, 1, "the next slot")
    assert "from before the period, 1 h of it in the period" in episode_words(one, START)


def test_an_episode_that_was_over_with_the_period_before_is_not_of_this_one() -> None:
    assert raised([line("0", 0)], 2, before(-72, 0), start=START, end=END) == ()


def test_an_episode_that_no_check_has_ended_still_stands_though_none_looked_in_the_period() -> None:
    (one,) = raised([line("u", 1)], 2, before(-72, 0), start=START, end=END)

    assert (one.since, one.until, one.checks, one.seconds_in_period) == (at(-71) + DELAY, None, 0, 0.0)
    assert one.traffic == Window(start=at(-72), end=at(0))
