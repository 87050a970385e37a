"""What follows from the same windows with and without an incident."""

from __future__ import annotations

from datetime import timedelta

from monitor.drill.report import Answer, DrillCheck, conclude, says_more
from monitor.types import Level, Verdict, Window
from tests.e2e.world import START, WEEK


def answer(verdict: Verdict, level: Level, *features: str) -> Answer:
    return Answer(
        outcome="succeeded", verdict=verdict, level=level, features=features, sentence=verdict, evidence=(), reason=None
    )


QUIET = answer("none", 0)


def line(week: int, before: Answer, after: Answer | None) -> DrillCheck:
    start = START + week * WEEK
    return DrillCheck(
        planned_at=start + WEEK,
        window=Window(start=start, end=start + WEEK),
        untouched=before,
        injected=after,
        detected=after is not None and says_more(before, after),
    )


def test_an_alarm_that_was_on_already_detects_nothing() -> None:
    loud = answer("data", 2, "age")

    assert not line(0, loud, loud).detected
    assert not line(0, loud, QUIET).detected
    assert line(0, QUIET, loud).detected
    assert line(0, answer("data", 1, "age"), loud).detected
    assert line(0, loud, answer("pipeline", 2, "age")).detected
    assert line(0, loud, answer("data", 2, "income", "age")).detected


def test_the_first_check_that_detects_speaks_for_the_incident() -> None:
    lines = [
        line(0, QUIET, None),
        line(1, answer("data", 1, "age"), answer("data", 1, "age")),
        line(2, QUIET, answer("data", 1, "debt", "income")),
        line(3, QUIET, answer("pipeline", 2, "income")),
    ]

    found = conclude(lines, started_at=START + WEEK, expected=("pipeline",), columns=("income",))

    assert (found.detected, found.level, found.cause, found.cause_right, found.passed) == (
        True,
        1,
        "data",
        False,
        False,
    )
    assert (found.delay_checks, found.delay_seconds) == (2, timedelta(weeks=2).total_seconds())
    assert (found.named_first, found.named, found.sentence) == (False, True, "data")
    assert (found.times_detected, found.times_right, found.times_named_first) == (2, 1, 1)
    assert found.raised_untouched == 1
