"""A slot whose check failed, run again because somebody asked for it."""

from __future__ import annotations

import functools
from datetime import timedelta

import pytest
from sqlalchemy import text

from monitor.errors import SlotLostError
from monitor.settings import RetentionSettings
from monitor.store import Store, check_id


def claim_again(store, make, number=0, **more):
    """A claim that takes a slot failed before its own time."""
    given = {"owner": "here", "lease": make.hour, "now": make.slot(number + 5), "failed_before": make.slot(number + 5)}
    return store.claim("credit", make.slot(number), **{**given, **more})


def finish_again(store, make, check):
    held = claim_again(store, make)
    store.finish(held, check)
    return store.check(check.id)


def failed(make, number, **more):
    """As the pipeline saves it: without notes."""
    return make.failed(number, **{"notes": (), **more})


def later(make, kind, **more):
    """A check of the first slot, run five hours later."""
    begun = make.slot(5)
    return kind(0, started_at=begun, finished_at=begun + timedelta(seconds=2), **more)


def attempts(store):
    with store._database.read() as connection:
        query = text(
            "SELECT attempt, finished_at IS NOT NULL, interrupted_at IS NOT NULL FROM slot_attempts ORDER BY 1"
        )
        return [(attempt, bool(finished), bool(interrupted)) for attempt, finished, interrupted in
                connection.execute(query)]  # fmt: skip


def test_a_failed_slot_is_claimed_only_when_asked_for(store, make):
    make.save(store, failed(make, 0))

    assert store.claim("credit", make.slot(0), owner="here", lease=make.hour, now=make.slot(5)) is None
    assert claim_again(store, make).attempt == 2


@pytest.mark.parametrize("outcome", ["succeeded", "skipped"])
def test_a_slot_that_did_not_fail_is_never_claimed_again(store, make, outcome):
    if outcome == "skipped":
        store.skip("credit", make.slot(0), "misfire", make.slot(0))
    else:
        make.save(store, make.bare(0, verdict="unknown", level=0))

    assert claim_again(store, make) is None


def test_a_slot_that_failed_since_the_moment_asked_for_is_left_to_who_ran_it(store, make):
    make.save(store, failed(make, 0))

    assert claim_again(store, make, failed_before=failed(make, 0).finished_at) is None
    assert store.finished_slots("credit", make.slot(0), make.slot(1)) == {make.slot(0)}
    later = failed(make, 0).finished_at + timedelta(microseconds=1)
    assert store.finished_slots("credit", make.slot(0), make.slot(1), failed_before=later) == set()


def test_a_failed_slot_is_run_again_by_one_process_at_a_time(store, make):
    make.save(store, failed(make, 0))
    claim_again(store, make)

    assert claim_again(store, make, owner="there") is None


def test_one_of_many_processes_wins_a_failed_slot(store, make, url):
    make.save(store, failed(make, 0))

    def ask(number):
        with Store.open(url) as mine:
            return claim_again(mine, make, owner=f"process {number}") is not None

    assert sum(make.together(4, ask)) == 1


def test_the_new_check_takes_the_place_of_the_failed_one_and_tells_of_it(store, make):
    make.save(store, failed(make, 0))

    found = finish_again(store, make, later(make, make.check, notes=("its own",)))

    assert found.outcome == "succeeded"
    assert found.findings == make.check(0).findings
    assert found.notes == (
        "its own",
        "an earlier check of this slot failed on 2024-01-01 00:00 UTC (sampling): no such table",
    )
    assert [check.id for check in store.checks("credit")] == [found.id]
    assert attempts(store) == [(1, True, False), (2, True, False)]


def test_every_failure_of_a_slot_stays_on_record(store, make):
    make.save(store, failed(make, 0))
    store.finish(claim_again(store, make), later(make, functools.partial(failed, make), error="no such column"))
    store.finish(claim_again(store, make, failed_before=make.slot(9)), make.bare(0, finished_at=make.slot(9), notes=()))

    notes = store.check(check_id("credit", make.slot(0))).notes
    assert [note.rpartition(": ")[2] for note in notes] == ["no such table", "no such column"]
    assert [attempt for attempt, *_ in attempts(store)] == [1, 2, 3]


def test_a_check_that_fails_day_after_day_tells_of_the_latest_failures(store, make):
    make.save(store, failed(make, 0, error="failure 0"))
    for number in range(1, 15):
        held = claim_again(store, make, failed_before=make.slot(100 + number))
        store.finish(held, failed(make, 0, error=f"failure {number}", finished_at=make.slot(100 + number)))
        assert held.attempt == number + 1

    notes = store.check(check_id("credit", make.slot(0))).notes
    assert len(notes) == 10
    assert notes[-1].endswith("failure 13")


def test_totals_count_both_runs_and_the_row_of_failures_ends(store, make):
    make.save(store, failed(make, 0))
    (before,) = store.snapshot(make.slot(1)).monitors
    finish_again(store, make, later(make, make.bare))
    (after,) = store.snapshot(make.slot(6)).monitors

    totals = make.totals(store)
    assert totals["xdrift_checks_total"] == 2
    assert totals["xdrift_check_failures_total sampling"] == 1
    assert (before.consecutive_failures, after.consecutive_failures) == (1, 0)
    assert (before.last_check.outcome, after.last_check.outcome) == ("failed", "succeeded")
    assert after.last_success_at == make.slot(5) + timedelta(seconds=2)


@pytest.mark.parametrize("gone", ["its lease is over", "its owner is dead"])
def test_an_interrupted_run_of_a_failed_slot_leaves_the_failed_check_as_it_was(store, make, gone):
    make.save(store, failed(make, 0))
    held = claim_again(store, make)

    dead = gone == "its owner is dead"
    now = make.slot(5.5) if dead else make.slot(7)
    assert store.release_dead(now, lambda owner: not dead) == []

    assert store.check(check_id("credit", make.slot(0))) == failed(make, 0)
    assert store.finished_slots("credit", make.slot(0), make.slot(1)) == {make.slot(0)}
    assert make.totals(store)["xdrift_checks_total"] == 1
    with pytest.raises(SlotLostError):
        store.finish(held, make.bare(0))
    assert claim_again(store, make).attempt == 3


def test_a_failed_slot_without_its_check_any_more_ends_as_interrupted_with_the_interrupted_runs(store, make):
    make.save(store, failed(make, 0))
    make.save(store, failed(make, 1))
    with store._database.write() as connection:
        connection.execute(text("DELETE FROM checks"))  # as retention does, long after
    claim_again(store, make)
    store.release_dead(make.slot(7), lambda owner: True)

    found = store.check(check_id("credit", make.slot(0)))
    assert found.reason == "interrupted"
    assert [line.partition(" by")[0] for line in found.evidence] == ["attempt 2"]


def test_what_a_failed_slot_confirms_is_kept(store, make):
    held = store.claim(
        "credit", make.slot(0), owner="a", lease=make.hour, now=make.slot(0), confirms="0123456789abcdef"
    )
    store.finish(held, failed(make, 0, confirms="0123456789abcdef"))

    assert claim_again(store, make).confirms == "0123456789abcdef"


def test_purging_leaves_a_failed_slot_that_is_run_again(store, make):
    make.save(store, failed(make, 0))
    make.save(store, make.bare(1))
    held = claim_again(store, make)
    store.purge(make.slot(24 * 3000), RetentionSettings())

    store.finish(held, later(make, make.bare))
    assert store.check(check_id("credit", make.slot(0))).outcome == "succeeded"
