"""What reports are made from, on both databases, against the same worked out by hand from single checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from monitor.reports.weeks import Week
from monitor.store import Store
from monitor.store.outbox import add
from monitor.telemetry.records import Batch, Day, Span
from monitor.types import Check, Message, Window

from .conftest import Make

MONDAY = datetime(2024, 2, 5, tzinfo=UTC)
WEEK, HOUR = timedelta(weeks=1), timedelta(hours=1)


def checks_of(make: Make, ends: list[datetime], **more: Any) -> list[Check]:
    """Checks of `credit` whose windows end then, with importances that differ."""
    found = []
    for number, end in enumerate(ends):
        planned = (end - make.start) / HOUR
        parts = tuple(
            make.contribution(
                feature=name, level=(number + place) % 3, importance_current=1.0 + number + place,
                importance_reference=0.5, model_part=float(number), data_part=0.25,
            )
            for place, name in enumerate(make.features)
        )  # fmt: skip
        window = Window(start=end - 2 * HOUR, end=end)
        found.append(make.bare(planned, window=window, contributions=parts, **more))
    return found


def saved(store: Store, make: Make, checks: list[Check]) -> list[Check]:
    for check in checks:
        when = {"lease": HOUR, "now": check.started_at, "confirms": check.confirms}
        held = store.claim(check.monitor, check.planned_at, owner="here", **when)  # type: ignore[arg-type]
        assert held is not None
        store.finish(held, check)
    return checks


def test_weeks_and_means_are_those_of_the_single_checks(store: Store, make: Make) -> None:
    ends = [MONDAY - WEEK + number * timedelta(hours=9) for number in range(1, 40)]
    ends += [MONDAY, MONDAY + timedelta(microseconds=400_000), MONDAY + WEEK, MONDAY + WEEK + timedelta(seconds=1)]
    kept = saved(store, make, checks_of(make, sorted(set(ends))))

    facts = store.weekly_facts(MONDAY, weeks=3)

    by_week: dict[tuple[datetime, str], list[Any]] = {}
    for check in kept:
        if check.window.end <= facts.end:
            for part in check.contributions:
                by_week.setdefault((Week.of_window(check.window).start, part.feature), []).append(part)
    assert {(one.week, one.feature) for one in facts.features} == set(by_week)
    for one in facts.features:
        parts = by_week[one.week, one.feature]
        assert (one.checks, one.level) == (len(parts), max(part.level for part in parts))
        assert one.importance_current == pytest.approx(np.mean([part.importance_current for part in parts]))
        assert one.model_part == pytest.approx(np.mean([part.model_part for part in parts]))
    assert {check.id for check in facts.checks} == {check.id for check in kept if check.window.end <= facts.end}


def test_only_judged_and_planned_checks_count_in_means(store: Store, make: Make) -> None:
    first, second, third = checks_of(make, [MONDAY + HOUR, MONDAY + 2 * HOUR, MONDAY + 3 * HOUR])
    saved(
        store, make, [first, replace(second, outcome="unknown", verdict="unknown"), replace(third, confirms=first.id)]
    )

    facts = store.weekly_facts(MONDAY, weeks=2)

    assert {one.checks for one in facts.features} == {1}
    assert len(facts.checks) == 3


def test_a_confirming_check_goes_with_the_week_of_the_one_it_confirms(store: Store, make: Make) -> None:
    severe, again, later = checks_of(make, [MONDAY + WEEK, MONDAY + WEEK + HOUR / 2, MONDAY + WEEK + HOUR])
    saved(store, make, [severe, replace(again, confirms=severe.id), later])

    facts = store.weekly_facts(MONDAY, weeks=2)

    assert [check.id for check in facts.checks] == [severe.id, again.id]


def test_sentences_come_with_the_last_two_weeks_and_with_what_was_found(store: Store, make: Make) -> None:
    quiet, raised, new = checks_of(make, [MONDAY - 3 * WEEK, MONDAY - 3 * WEEK + HOUR, MONDAY + HOUR])
    saved(store, make, [replace(quiet, level=0, verdict="none"), raised, replace(new, level=0, verdict="none")])

    facts = store.weekly_facts(MONDAY, weeks=5)

    assert [bool(check.sentence) for check in facts.checks] == [False, True, True]


def test_other_monitors_are_left_out_where_names_are_given(store: Store, make: Make) -> None:
    make.register(store, "fraud")
    (one,) = checks_of(make, [MONDAY + HOUR])
    saved(store, make, [one])
    make.save(store, make.bare((MONDAY + HOUR - make.start) / HOUR, "fraud"))

    facts = store.weekly_facts(MONDAY, weeks=2, names=["fraud"])

    assert {check.monitor for check in facts.checks} == {"fraud"}
    assert [line.name for line in facts.monitors] == ["fraud"]
    assert len(store.weekly_facts(MONDAY, weeks=2).checks) == 2


def test_the_log_comes_by_day_group_and_incident(store: Store, make: Make) -> None:
    make.register(store, "logged", telemetry={"path": "log.jsonl"})
    day, noon = MONDAY + timedelta(days=2), MONDAY + timedelta(days=2, hours=12)
    batch = Batch(watermark=noon)
    batch.days[day, "7"] = Day(predictions=10, explained=8, explanations=9, errors=1, slow=2, sources={"cache": 3},
                               latency=[0, 8, *[0] * 10])  # fmt: skip
    batch.unexplained[day, "timeout", "7", (("route", "/score"),)] = Span(n=2, first=noon, last=noon)
    batch.errors["f1", day] = ("input", "ValueError", "7", Span(n=1, first=noon, last=noon))
    batch.incidents[day, "email", "comment"] = Span(n=4, first=noon, last=noon)
    store.commit_telemetry("logged", 0, batch, {}, now=noon, remember=HOUR, finished=True)

    facts = store.weekly_facts(MONDAY, weeks=2)

    assert [(one.monitor, one.predictions, one.sources, one.latency[1]) for one in facts.days] == [
        ("logged", 10, {"cache": 3}, 8)
    ]
    assert [(one.word, one.detail, one.n) for one in facts.unexplained] == [("timeout", '{"route":"/score"}', 2)]
    assert [(one.word, one.detail, one.n) for one in facts.errors] == [("input", "ValueError", 1)]
    assert [(one.kind, one.field, one.n) for one in facts.incidents] == [("email", "comment", 4)]
    assert {line.name: line.has_log for line in facts.monitors} == {"credit": False, "logged": True}
    assert store.weekly_facts(MONDAY + WEEK, weeks=2).incidents == ()


def test_messages_of_the_week_are_those_about_checks(store: Store) -> None:
    def message(identity: str, **more: Any) -> Message:
        body = {"condition": "severe", "condition_before": "none", "check": "c1"}
        given = {"id": identity, "monitor": "credit", "channel": "chat", "body": body, "created_at": MONDAY}
        return Message(**{**given, **more})

    told = [
        message("a"),
        message("withheld", withheld="maintenance"),
        message("early", created_at=MONDAY - HOUR),
        message("weekly-2024-W05", monitor="", channel="report:weekly"),
        message("weekly-2024-W05:chat", monitor=""),
        message("mark", channel="grafana:annotations"),
    ]
    with store._database.write() as connection:
        add(connection, told)

    facts = store.weekly_facts(MONDAY, weeks=2)

    found = [(one.id, one.withheld, one.before, one.after, one.check_id) for one in facts.messages]
    assert found == [("a", False, "none", "severe", "c1"), ("withheld", True, "none", "severe", "c1")]


def test_a_period_knows_what_it_began_with(store: Store, make: Make) -> None:
    levels = (2, 0, 2, 1, 2, 0)
    ends = [MONDAY + number * HOUR for number in range(len(levels))]
    saved(store, make, [replace(one, level=level) for one, level in zip(checks_of(make, ends), levels, strict=True)])  # type: ignore[arg-type]

    def carried(hours: float) -> dict[int, tuple[datetime, Window]]:
        facts = store.period_facts(MONDAY + hours * HOUR, MONDAY + WEEK)
        return {one.least: (one.since, one.traffic) for one in facts.carried}

    def traffic(first: int, last: int) -> tuple[datetime, Window]:
        return ends[first], Window(start=ends[first] - 2 * HOUR, end=ends[last])

    assert carried(-0.5) == {}
    assert carried(0) == {1: traffic(0, 0), 2: traffic(0, 0)}  # its traffic ends as the period begins
    assert carried(1) == {}
    assert carried(3) == {1: traffic(2, 3)}  # the one before was a warning: severe begins anew
    assert carried(4) == {1: traffic(2, 4), 2: traffic(4, 4)}
    assert carried(5) == {}


def test_a_period_has_the_checks_planned_in_it_and_those_of_traffic_in_it(store: Store, make: Make) -> None:
    ends = [MONDAY + number * HOUR for number in range(8)]
    late = [replace(one, planned_at=one.window.end + 3 * HOUR) for one in checks_of(make, ends)]
    saved(store, make, late)

    facts = store.period_facts(MONDAY + 4 * HOUR, MONDAY + 5 * HOUR)

    # Planned at 4: that of 1. Of traffic in it, two hours long: those that end at 5 and 6.
    assert [one.window.end for one in facts.checks] == [ends[1], ends[5], ends[6]]


def test_sampled_rows_are_taken_evenly_out_of_all(store: Store, make: Make) -> None:
    rows = tuple(make.attribution(number, row_id=f"p-{number}") for number in range(50))
    extra = make.attribution(99, kind="priority")
    check = make.save(store, make.check(1, rows=(*rows, extra)))

    assert len(store.swarm(check.id, limit=100)) == 50
    found = store.swarm(check.id, limit=13)
    assert [row.values["age"] for row in found] == [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48]
    assert store.swarm("gone", limit=5) == []


def test_budgets_are_those_of_the_end_of_the_week_whatever_came_later(store: Store, make: Make) -> None:
    make.register(store, "slow", slo={"checks": 0.5})
    planned = [(MONDAY + number * HOUR - make.start) / HOUR for number in range(1, 5)]
    for number in planned[:2]:
        make.save(store, make.bare(number, "slow"))
    make.save(store, make.failed(planned[2], "slow"))
    later = (MONDAY + WEEK + HOUR - make.start) / HOUR
    make.save(store, make.failed(later, "slow"))

    facts = store.weekly_facts(MONDAY, weeks=2)

    left = {one.slo: one.remaining for one in facts.budgets["slow"]}
    assert left["checks"] == pytest.approx(1 - 1 / (0.5 * 3))
    before = {one.slo: one.remaining for one in facts.budgets_before["slow"]}
    assert before["checks"] is None
