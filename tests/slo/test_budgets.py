"""Budgets, against a brute force that looks at every minute of the period by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.slo import COUNTED, Buckets, CheckFact, Facts, budgets
from monitor.types import SloStatus

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
OBJECTIVES = {
    "coverage": 0.95, "latency": 0.95, "errors": 0.99, "freshness": 0.99, "checks": 0.95, "drift": 0.95,
    "privacy": 1.0, "explanations": 0.95,
}  # fmt: skip
PERIOD = 28 * DAY
NOW = 1_700_006_400.0 // DAY * DAY
START = NOW - PERIOD


def check(finished: float, levels: tuple[int | None, ...] = (0, 0, 0), outcome: str = "succeeded", slot: Any = None):
    """A check that finished `finished` seconds after the period began."""
    return CheckFact(START + (finished if slot is None else slot), START + finished, outcome, levels)


def hourly(days: int, **more: Any) -> list[CheckFact]:
    return [check(HOUR * number, **more) for number in range(24 * days)]


def facts(checks: list[CheckFact], **more: Any) -> Facts:
    return Facts(**{"created_at": START - 90 * DAY, "interval_seconds": HOUR, "checks": checks, **more})


def log(*rows: tuple[int, ...]) -> Buckets:
    """Rows: number of the bucket since the period began, then the counts."""
    numbers = np.array([int(START // 300) + row[0] for row in rows], np.int64)
    return Buckets(numbers=numbers, counts=np.array([row[1:] for row in rows], np.int64).reshape(-1, len(COUNTED)))


def left(found: Facts, objectives: Mapping[str, float] = OBJECTIVES, now: float = NOW) -> dict[str, float | None]:
    return {slo.slo: slo.remaining for slo in budgets(found, objectives, period_seconds=PERIOD, now=now)}


def test_a_month_without_trouble_leaves_every_budget_whole() -> None:
    found = left(facts(hourly(28), buckets=log((0, 1000, 0, 1000, 0, 0, 0))))

    assert found == dict.fromkeys(OBJECTIVES, 1.0)


def test_events_are_held_against_the_events_of_the_period() -> None:
    found = left(facts(hourly(28), buckets=log((10, 600, 6, 500, 1, 10, 0), (900, 400, 4, 500, 1, 15, 0))))

    assert found["coverage"] == pytest.approx(1 - 10 / (0.05 * 1000))
    assert found["latency"] == pytest.approx(1 - 25 / (0.05 * 1000))
    assert found["errors"] == pytest.approx(1 - 2 / (0.01 * 1000))


def test_one_incident_of_privacy_spends_all_of_its_budget() -> None:
    assert left(facts([], buckets=log((10, 600, 0, 600, 0, 0, 1))))["privacy"] == 0
    assert left(facts([], buckets=log((10, 600, 0, 600, 0, 0, 0))))["privacy"] == 1


def test_nothing_counted_leaves_nothing_known() -> None:
    found = left(facts([], buckets=log()))

    assert [slo for slo, remaining in found.items() if remaining is None] == [
        "coverage", "latency", "errors", "checks", "privacy",
    ]  # fmt: skip


def test_failed_checks_are_held_against_all_checks_and_unknown_ones_are_not_failed() -> None:
    checks = [*hourly(4), *(check(5 * DAY + n, outcome="failed") for n in range(3)), check(6 * DAY, outcome="unknown")]

    assert left(facts(checks))["checks"] == pytest.approx(1 - 3 / (0.05 * 100))


def test_only_objectives_in_force_are_reported_in_their_order() -> None:
    chosen = {slo: OBJECTIVES[slo] for slo in ("drift", "freshness", "checks")}

    found = budgets(facts(hourly(28)), chosen, period_seconds=PERIOD, now=NOW)

    assert found[0] == SloStatus(slo="freshness", objective=0.99, period_seconds=PERIOD, remaining=1.0)
    assert [slo.slo for slo in found] == ["freshness", "checks", "drift"]


def test_a_success_may_be_two_intervals_and_ten_minutes_old() -> None:
    gap = 5 * HOUR
    checks = [*hourly(10), *(check(10 * DAY - HOUR + gap + n * HOUR) for n in range(500))]

    assert left(facts(checks))["freshness"] == pytest.approx(1 - (gap - 2 * HOUR - 600) / (0.01 * PERIOD))


def test_what_was_is_judged_by_the_interval_that_held_then() -> None:
    daily = [check(DAY * number) for number in range(-1, 28)]
    changed = NOW - 10 * HOUR
    hours = facts(daily, earlier_intervals=[(changed, DAY)])

    # The last daily check was a day ago; the first hourly one is due at once, and two may not be missed.
    def left(found: Facts, now: float) -> float | None:
        (freshness,) = budgets(found, {"freshness": 0.99}, period_seconds=PERIOD, now=now)
        return freshness.remaining

    spent = 1 / (0.01 * PERIOD)
    assert left(hours, changed + 2 * HOUR + 600) == 1
    assert left(hours, changed + 5 * HOUR + 600) == pytest.approx(1 - 3 * HOUR * spent)
    assert left(facts(daily), changed + 2 * HOUR) < -50, "as if they had been hourly all the time"  # type: ignore[operator]


def test_a_longer_interval_takes_back_no_time_that_was_spent() -> None:
    changed = START + 5 * HOUR + 600
    found = facts([check(0.0)], created_at=START, interval_seconds=DAY, earlier_intervals=[(changed, HOUR)])

    # Three hours of the hourly monitor were too many; from the change on the same success is fresh for two days.
    for hours in (0, 1):
        now = changed + 2 * DAY + 600 + hours * HOUR
        (freshness,) = budgets(found, {"freshness": 0.99}, period_seconds=PERIOD, now=now)
        assert freshness.remaining == pytest.approx(1 - (3 + hours) * HOUR / (0.01 * PERIOD))


def test_a_monitor_that_never_succeeded_is_stale_since_its_creation_was_so_long_ago() -> None:
    young = facts([], created_at=NOW - 3 * HOUR)

    assert left(young)["freshness"] == pytest.approx(1 - (HOUR - 600) / (0.01 * PERIOD))


def test_one_severe_check_burns_nothing_and_the_second_burns_until_a_check_judges_otherwise() -> None:
    severe, quiet = (0, 2, 0), (0, 0, 0)
    checks = [*hourly(2), check(2 * DAY, severe), check(2 * DAY + HOUR, quiet)]
    assert left(facts(checks))["drift"] == 1

    checks += [check(3 * DAY, severe), check(3 * DAY + HOUR, severe), check(3 * DAY + 2 * HOUR, (0, None, 0))]
    checks += [check(4 * DAY, quiet)]
    assert left(facts(checks))["drift"] == pytest.approx(1 - 23 * HOUR / (0.05 * PERIOD))


def test_severe_in_two_views_by_turns_is_not_confirmed_in_either() -> None:
    checks = [check(0.0, (2, 0, 0)), check(HOUR, (0, 2, 0)), check(2 * HOUR, (2, 0, 0))]

    assert left(facts(checks))["drift"] == 1


def test_a_slot_made_up_for_late_counts_where_its_slot_was() -> None:
    """By slot the order is 2, 0, 2: known only when the quiet one is made up for."""
    checks = [check(0.0, (2, 0, 0)), check(2 * HOUR, (2, 0, 0)), check(5 * HOUR, (0, 0, 0), slot=HOUR)]

    assert left(facts(checks))["drift"] == pytest.approx(1 - 3 * HOUR / (0.05 * PERIOD))


def test_drift_that_began_before_the_period_burns_from_its_begin() -> None:
    checks = [check(-2 * HOUR, (2, 0, 0)), check(-HOUR, (2, 0, 0)), check(6 * HOUR)]

    assert left(facts(checks))["drift"] == pytest.approx(1 - 6 * HOUR / (0.05 * PERIOD))


def test_declared_maintenance_is_taken_out_of_drift_and_of_nothing_else() -> None:
    severe = [check(n * HOUR, (2, 0, 0)) for n in range(10)]
    all_of_it = ((START, NOW),)
    before, after = left(facts(severe)), left(facts(severe, maintenance=all_of_it))

    assert before["drift"] is not None
    assert before["drift"] < 0
    assert after["drift"] == 1
    assert (after["freshness"], after["checks"]) == (before["freshness"], before["checks"])
    stale = before["freshness"]
    assert stale is not None
    assert after["explanations"] == pytest.approx(1 - (1 - stale) * 0.01 / 0.05)


def test_the_composite_counts_a_minute_once_however_much_is_wrong_in_it() -> None:
    """Drift of six hours, and within it an hour of latency far beyond the limit."""
    checks = hourly(28)
    checks[100:107] = [check(c.finished_at - START, (2, 2, 2)) for c in checks[100:107]]
    number = 102 * 12
    rows = [(number + step, 100, 0, 100, 0, 50, 0) for step in range(12)]
    found = left(facts(checks, buckets=log(*rows)))

    assert found["drift"] == found["explanations"] == pytest.approx(1 - 6 * HOUR / (0.05 * PERIOD))


@pytest.mark.parametrize(
    ("slow", "minutes"),
    [
        ([0, 2, 0], 0),  # two bad events
        ([0, 3, 0], 30),  # three, and the half hour after them
        ([1, 1, 1], 30 - 10),  # the third comes in the third bucket; the half hour of the first ends first
    ],
)
def test_an_incident_needs_three_bad_events_within_half_an_hour(slow: list[int], minutes: int) -> None:
    rows = [(1000 + n, 10, 0, 1, 0, count, 0) for n, count in enumerate(slow)]
    found = left(facts(hourly(28), buckets=log(*rows)))

    assert found["explanations"] == pytest.approx(1 - minutes * MINUTE / (0.05 * PERIOD))


def test_a_young_monitor_has_the_budget_of_the_whole_period() -> None:
    checks = [check(27 * DAY + n * HOUR, (2, 0, 0)) for n in range(24)]

    found = left(facts(checks, created_at=START + 27 * DAY))

    assert found["drift"] == pytest.approx(1 - 23 * HOUR / (0.05 * PERIOD))


levels = st.tuples(*[st.sampled_from([None, 0, 1, 2, 2])] * 3)
SHORT = 900 * MINUTE
"""A period of which a test can look at every minute."""
minutes = st.integers(-600, 899)


@st.composite
def pasts(draw: st.DrawFn) -> Facts:
    finished = draw(st.lists(minutes, min_size=0, max_size=14, unique=True))
    slots = draw(st.permutations(finished)) if draw(st.booleans()) else finished
    outcomes = st.sampled_from(["succeeded", "succeeded", "unknown", "failed"])
    checks = [
        check(at * MINUTE, draw(levels), draw(outcomes), slot=slot * MINUTE)
        for at, slot in zip(finished, slots, strict=True)
    ]
    spans = draw(st.lists(st.tuples(minutes, st.integers(1, 300)), max_size=3))
    count, busy = st.integers(0, 12), st.sampled_from([0, 12, 500, 2000])
    numbers = sorted(draw(st.sets(st.integers(-6, 179), max_size=20)))
    busy_columns = ("predictions", "explanations")
    rows = [(number, *(draw(busy if name in busy_columns else count) for name in COUNTED)) for number in numbers]
    return facts(
        checks,
        created_at=START + draw(minutes) * MINUTE,
        interval_seconds=float(draw(st.sampled_from([5, 60, 200])) * MINUTE),
        earlier_intervals=[
            (START + at * MINUTE, draw(st.sampled_from([5, 60, 200])) * MINUTE)
            for at in sorted(draw(st.sets(minutes, max_size=2)))
        ],
        maintenance=[(START + at * MINUTE, START + (at + span) * MINUTE) for at, span in spans],
        buckets=draw(st.sampled_from([None, log(*rows)])),
    )


def brute_force(found: Facts, now: float) -> dict[str, int]:
    """Bad minutes of each SLO of time: each minute asked in the words of the definition.

    Everything here happens on whole minutes, so what holds half a minute later holds for all of it.
    """
    bad = dict.fromkeys(("freshness", "drift", "explanations"), 0)
    for start in np.arange(max(START, found.created_at), now, MINUTE).tolist():
        at = start + MINUTE / 2
        known = sorted((one for one in found.checks if one.finished_at <= at), key=lambda one: one.planned_at)
        successes = [one for one in known if one.outcome == "succeeded"]
        # Of the latest slot that succeeded: a late one of an earlier slot is no newer success.
        last = successes[-1].finished_at if successes else found.created_at
        begun = max((until for until, _ in found.earlier_intervals if until <= at), default=float("-inf"))
        held = next((length for until, length in found.earlier_intervals if until > at), found.interval_seconds)
        stale = at - max(last, begun) > 2 * held + 600
        judged = [[one.levels[view] for one in known if one.levels[view] is not None] for view in range(3)]
        drifted = any(view[-2:] == [2, 2] for view in judged)
        drifted = drifted and not any(a <= at < b for a, b in found.maintenance)
        bad["freshness"] += stale
        bad["drift"] += drifted
        bad["explanations"] += stale or drifted or _in_incident(found, at)
    return bad


def _in_incident(found: Facts, at: float) -> bool:
    if found.buckets is None:
        return False
    now = int(at // 300)
    inside = (found.buckets.numbers <= now) & (found.buckets.numbers > now - 6)
    total = dict(zip(COUNTED, found.buckets.counts[inside].sum(axis=0).tolist(), strict=True))
    pairs = (("coverage", "unexplained", "predictions"), ("latency", "slow", "explanations"))
    for slo, wrong, all_ in (*pairs, ("errors", "errors", "explanations")):
        burn = total[wrong] / total[all_] / (1 - OBJECTIVES[slo]) if total[all_] else math.inf if total[wrong] else 0.0
        if burn > 0.2 * SHORT / DAY + 1e-9 and total[wrong] >= 3:
            return True
    return False


@settings(max_examples=60, deadline=None)
@given(found=pasts())
def test_spans_say_what_looking_at_every_minute_says(found: Facts) -> None:
    now = START + SHORT
    remaining = {slo.slo: slo.remaining for slo in budgets(found, OBJECTIVES, period_seconds=SHORT, now=now)}

    for slo, bad in brute_force(found, now).items():
        assert remaining[slo] == pytest.approx(1 - bad * MINUTE / ((1 - OBJECTIVES[slo]) * SHORT))
