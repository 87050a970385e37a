from __future__ import annotations

from dataclasses import replace
from itertools import groupby, takewhile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from monitor.store import tables
from monitor.types import VIEWS


def status(store, make, name: str = "credit"):
    (found,) = (each for each in store.snapshot(make.start).monitors if each.name == name)
    return found


def test_a_new_monitor_has_no_past(store, make):
    found = status(store, make)

    assert (found.model, found.owner, found.tier, found.cadence, found.interval_seconds) == (
        "credit", "team-risk", "standard", "hourly", 3600.0,
    )  # fmt: skip
    assert (found.last_check, found.last_run_at, found.last_success_at, found.reference_id) == (None,) * 4
    assert (found.consecutive_failures, found.levels, found.streaks) == (0, {}, {})
    assert (found.created_at, found.deployed_at, found.model_version) == (make.start, None, None)
    assert found.newest_at is None


def test_the_last_check_comes_with_findings_and_contributions_only(store, make):
    make.save(store, make.check(0))

    assert status(store, make).last_check == replace(make.check(0), profiles=(), rows=())


def test_the_last_check_follows_the_slots_not_the_order_of_saving(store, make):
    for number in (2, 0, 1):
        make.save(store, make.bare(number))
        assert status(store, make).last_check == make.bare(2)

    make.save(store, make.bare(3))
    assert status(store, make).last_check == make.bare(3)
    assert status(store, make).last_run_at == make.bare(3).finished_at


def test_the_newest_prediction_is_that_of_the_latest_slot_that_saw_any(store, make):
    seen = make.save(store, make.bare(2))
    for later in (make.bare(3, newest_at=None, n_seen=0), make.failed(4), make.bare(1)):
        make.save(store, later)
        assert status(store, make).newest_at == seen.newest_at

    make.save(store, make.bare(5))
    assert status(store, make).newest_at == make.bare(5).newest_at > seen.newest_at


def test_a_snapshot_says_when_the_next_slot_is(store, make):
    make.register(store, "other")

    first, second = store.snapshot(make.start, {"other": make.slot(7)}).monitors

    assert (first.next_run_at, second.next_run_at) == (None, make.slot(7))


def test_a_snapshot_names_the_reference_in_force(store, make):
    store.save_reference(make.reference(seed=1), activate=True)
    store.save_reference(make.reference(seed=2), activate=True)
    store.save_reference(make.reference(seed=3), activate=False)

    assert status(store, make).reference_id == make.reference(seed=2).id


def test_retired_monitors_are_left_out_and_come_back(store, make):
    for name in ("other", "third"):
        make.register(store, name)
    store.retire(["credit", "third"])
    assert [each.name for each in store.snapshot(make.start).monitors] == ["credit", "third"]

    make.register(store, "other", owner="team-new")
    assert status(store, make, "other").owner == "team-new"


def test_registering_again_keeps_when_the_monitor_was_created(store, make):
    store.register(make.settings(), cadence="daily", interval_seconds=86400.0, config_digest="new", now=make.slot(100))

    assert (status(store, make).created_at, status(store, make).cadence) == (make.start, "daily")


def test_another_interval_is_remembered_with_the_time_of_its_change(store, make):
    def register(seconds: float, hours: float) -> None:
        store.register(
            make.settings(), cadence="daily", interval_seconds=seconds, config_digest="new", now=make.slot(hours)
        )

    assert status(store, make).interval_since == make.start
    register(3600.0, 50)
    assert status(store, make).interval_since == make.start
    register(86400.0, 100)
    register(86400.0, 110)
    assert status(store, make).interval_since == make.slot(100)
    register(3600.0, 120)

    assert (status(store, make).interval_since, status(store, make).interval_seconds) == (make.slot(120), 3600.0)
    with store._database.read() as connection:
        (earlier,) = connection.execute(select(tables.monitors.c.earlier_intervals)).scalars()
    assert earlier == [[make.slot(100).timestamp(), 3600.0], [make.slot(120).timestamp(), 86400.0]]


def test_a_level_is_held_by_checks_that_cannot_judge(store, make):
    make.save(store, make.bare(0, levels={"traffic": 2, "total": 1}))
    make.save(store, make.failed(1))
    make.save(store, make.bare(2, outcome="unknown", levels={"total": 0}))

    found = status(store, make)

    assert found.levels == {"traffic": 2, "total": 0}
    assert found.streaks == {"traffic": 1, "total": 0}


@pytest.mark.parametrize(
    ("levels", "level", "streak"),
    [
        ([0], 0, 0),
        ([2], 2, 1),
        ([0, 0], 0, 0),
        ([1, 2, 2], 2, 2),
        ([2, 2, 1], 1, 3),
        ([0, 1, 2, 1], 1, 3),
        ([1, 2, 1, 2], 2, 1),
        ([2, None, 2, None], 2, 2),
        ([2, 0, 2], 2, 1),
        ([2, 2, 0], 0, 0),
    ],
)
def test_a_streak_counts_judged_checks_in_a_row_at_the_present_level_or_above(store, make, levels, level, streak):
    for number, each in enumerate(levels):
        make.save(store, make.failed(number) if each is None else make.bare(number, levels={"trend": each}))

    found = status(store, make)

    assert (found.levels, found.streaks) == ({"trend": level}, {"trend": streak})


def test_failures_in_a_row_end_with_a_check_that_ran(store, make):
    make.save(store, make.bare(0))
    for number in (1, 2):
        make.save(store, make.failed(number))
    assert status(store, make).consecutive_failures == 2
    assert status(store, make).last_success_at == make.bare(0).finished_at

    make.save(store, make.bare(3, outcome="unknown", verdict="unknown", levels={}))
    assert status(store, make).consecutive_failures == 0
    assert status(store, make).last_success_at == make.bare(0).finished_at


def test_every_failure_counts_when_none_ever_succeeded(store, make):
    for number in range(3):
        make.save(store, make.failed(number))

    assert (status(store, make).consecutive_failures, status(store, make).last_success_at) == (3, None)


def test_a_rollback_is_deployed_when_the_old_model_came_back(store, make):
    for number, digest in enumerate(["a", "a", "b", "b", "a", None, "a"]):
        changes = {"model_digest": digest, "model_version": digest and f"v-{digest}"}
        make.save(store, make.bare(number, **changes))

    found = status(store, make)

    assert (found.model_digest, found.model_version, found.deployed_at) == ("a", "v-a", make.slot(4))


def test_a_new_label_of_the_same_model_is_shown_but_is_no_deployment(store, make):
    make.save(store, make.bare(0, model_version="v1"))
    make.save(store, make.bare(1, model_version="stable"))

    assert (status(store, make).model_version, status(store, make).deployed_at) == ("stable", make.slot(0))


def deployments(store, monitor: str) -> list[tuple]:
    query = select(tables.deployments).where(tables.deployments.c.monitor == monitor)
    with store._database.read() as connection:
        rows = connection.execute(query.order_by(tables.deployments.c.activated_at))
        return [(row.digest, row.activated_at, row.first_seen) for row in rows]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ("a.a b", [("a", 0), ("b", 1), ("a", 2)]),
        ("a.b b", [("a", 0), ("b", 1)]),
        ("a.b a", [("a", 0), ("b", 2)]),
        ("a.b c", [("a", 0), ("c", 1), ("b", 2)]),
        (".ab b", [("b", 0), ("a", 1), ("b", 2)]),
        (".ab a", [("a", 0), ("b", 2)]),
        ("ab. b", [("a", 0), ("b", 1)]),
    ],
)
def test_a_slot_made_up_for_puts_deployments_right(store, make, seen, expected):
    """Three slots, the dotted one is finished last, with the digest after the space."""
    late = seen.index(".")
    for number, digest in enumerate(seen[:3]):
        if number != late:
            make.save(store, make.bare(number, model_digest=digest))
    make.save(store, make.bare(late, model_digest=seen[4]))

    assert [row[:2] for row in deployments(store, "credit")] == [(d, make.slot(number)) for d, number in expected]
    assert status(store, make).deployed_at == make.slot(expected[-1][1])


outcomes = st.one_of(
    st.just(None),
    st.tuples(st.sampled_from("ab"), st.dictionaries(st.sampled_from(VIEWS), st.integers(0, 2))),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), past=st.lists(outcomes, min_size=1, max_size=7))
def test_the_order_in_which_slots_are_finished_changes_nothing(store, make, data, past):
    """Against what the definitions say, worked out in plain Python from the slots in their order."""
    order = data.draw(st.permutations(range(len(past))))
    with store._database.read() as connection:
        name = f"m{connection.exec_driver_sql('SELECT count(*) FROM monitors').scalar_one()}"
    make.register(store, name)

    checks = [
        make.failed(number, name) if seen is None else make.bare(number, name, model_digest=seen[0], levels=seen[1])
        for number, seen in enumerate(past)
    ]
    for number in order:
        make.save(store, checks[number])

    found = status(store, make, name)
    judged = {view: [seen[1][view] for seen in past if seen and view in seen[1]] for view in VIEWS}
    seen = {view: each[::-1] for view, each in judged.items() if each}
    assert found.levels == {view: each[0] for view, each in seen.items()}
    assert found.streaks == {
        view: len(list(takewhile(each[0].__le__, each))) if each[0] else 0 for view, each in seen.items()
    }
    failures = len(past) - max((number + 1 for number, seen in enumerate(past) if seen), default=0)
    assert found.consecutive_failures == failures
    assert found.last_check == checks[-1]
    digests = [(check.model_digest, check) for check in checks if check.model_digest]
    starts = [(digest, next(run)[1]) for digest, run in groupby(digests, key=lambda pair: pair[0])]
    assert deployments(store, name) == [(digest, check.planned_at, check.started_at) for digest, check in starts]
    assert found.deployed_at == (starts[-1][1].planned_at if starts else None)


def test_a_second_snapshot_shows_what_was_saved_in_between(store, make):
    make.save(store, make.check(0))
    assert status(store, make).last_check.planned_at == make.slot(0)
    make.save(store, make.check(1))

    assert status(store, make).last_check == replace(make.check(1), profiles=(), rows=())
