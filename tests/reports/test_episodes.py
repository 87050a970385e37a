"""Severe episodes and periods in which attributions differed, from single checks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.reports.compliance import raised
from monitor.store.reported import CheckLine
from monitor.types import Level
from tests.reports.records import HOUR, WEEK, check

START, END = WEEK.start, WEEK.end


def line(word: str, number: int) -> CheckLine:
    """`0`, `1`, `2`: judged at that level; `u`: could not judge; `f`: failed."""
    planned_at = START + number * HOUR
    if word in "uf":
        outcome = "unknown" if word == "u" else "failed"
        return check(planned_at=planned_at, outcome=outcome, verdict="unknown", reason="x")
    return check(planned_at=planned_at, level=int(word))


@pytest.mark.parametrize(
    ("words", "least", "spans"),
    [
        ("0000", 2, []),
        ("0220", 2, [(1, 3, True)]),
        ("0120", 1, [(1, 3, False)]),
        ("02u20", 2, [(1, 4, True)]),
        ("02f0", 2, [(1, 3, False)]),
        ("0212", 2, [(1, 2, False), (3, None, False)]),
        ("22", 2, [(0, None, True)]),
        ("uuu", 1, []),
    ],
)
def test_an_episode_lasts_from_the_first_raised_check_to_the_first_lower_one(
    words: str, least: Level, spans: list[tuple[int, int | None, bool]]
) -> None:
    lines = [line(word, number) for number, word in enumerate(words)]

    found = raised(reversed(lines), least, None, start=START, end=END)

    at = [((one.since - START) / HOUR, one.until and (one.until - START) / HOUR, one.confirmed) for one in found]
    assert at == spans
    for one, (first, last, _) in zip(found, spans, strict=True):
        until = END if last is None else START + last * HOUR
        assert one.seconds_in_period == (until - START - first * HOUR).total_seconds()


def test_an_episode_that_began_before_counts_from_then_and_only_its_part_in_the_period() -> None:
    before = START - timedelta(days=3)

    (one,) = raised([line("2", 1), line("0", 2)], 2, before, start=START, end=END)

    assert (one.since, one.seconds_in_period, one.checks, one.confirmed) == (before, 7200.0, 1, True)


def test_an_episode_without_a_check_in_the_period_still_stands() -> None:
    before = START - timedelta(days=3)

    (one,) = raised([line("u", 1)], 2, before, start=START, end=END)

    assert (one.since, one.until, one.checks) == (before, None, 0)
    assert one.seconds_in_period == (END - START).total_seconds()
