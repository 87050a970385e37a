"""Confirming checks: slots beside the planned ones, told apart wherever planned ones are counted."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

SAME = {"reference_id": "0" * 16, "model_digest": "a" * 64, "explainer_digest": "e" * 64}
LEASE = timedelta(minutes=1)


def again(store, make, number: float, confirms: str, **more):
    """Claim and finish a confirming slot."""
    check = make.check(number, confirms=confirms, **more)
    held = make.claim(store, number, confirms=confirms)
    assert held.confirms == confirms
    store.finish(held, check)
    return check


def test_a_confirming_check_is_found_from_both_sides(store, make):
    severe = make.save(store, make.check(0))
    found = again(store, make, 0.5, severe.id)
    make.save(store, make.check(6))

    assert store.check(found.id).confirms == severe.id
    assert store.confirmation(severe).id == found.id
    assert store.confirmation(found) is None


def test_a_check_that_was_not_looked_at_again_has_no_confirmation(store, make):
    first = make.save(store, make.check(0))
    assert store.confirmation(first) is None

    make.save(store, make.check(6))
    assert store.confirmation(first) is None


def test_it_counts_in_streaks_and_is_no_point_of_the_history(store, make):
    severe = make.save(store, make.check(0, levels={"traffic": 2}))
    found = again(store, make, 0.5, severe.id, levels={"traffic": 2})

    (status,) = store.snapshot(make.start).monitors
    assert status.streaks == {"traffic": 2}
    assert status.last_check.id == found.id
    assert [point.check_id for point in store.history("credit")] == [severe.id]
    assert [check.id for check in store.checks("credit")] == [found.id, severe.id]


def test_its_rows_are_no_earlier_window_of_the_trend(store, make):
    store.save_reference(make.reference(), activate=True)
    explained = {"reference_id": "0" * 16}
    before = make.save(store, make.check(0, **explained))
    severe = make.save(store, make.check(6, **explained))
    again(store, make, 6.5, severe.id, **explained)

    planned = store.previous_attributions("credit", before=make.slot(12), limit=4, **SAME)
    confirming = store.previous_attributions("credit", before=make.slot(6.5), limit=4, without=severe.id, **SAME)

    rows = len([row for row in before.rows if row.kind == "sample"])
    assert planned.shape[0] == 2 * rows
    assert confirming.shape[0] == rows
    assert np.array_equal(planned[:rows], confirming)


def test_the_second_run_of_an_interrupted_slot_still_confirms(store, make):
    severe = make.save(store, make.check(0))
    make.claim(store, 0.5, confirms=severe.id, lease=LEASE)
    store.release_dead(make.slot(0.5) + 2 * LEASE, lambda owner: True)

    second = make.claim(store, 0.5)

    assert (second.attempt, second.confirms) == (2, severe.id)


def test_a_confirming_slot_interrupted_twice_is_saved_as_one(store, make):
    severe = make.save(store, make.check(0))
    for run in range(2):
        make.claim(store, 0.5, confirms=severe.id, lease=LEASE, now=make.slot(0.5 + run))
        store.release_dead(make.slot(0.9 + run), lambda owner: True)

    found = store.confirmation(severe)

    assert (found.outcome, found.reason, found.confirms) == ("failed", "interrupted", severe.id)


def test_two_daemons_claim_it_once(store, make):
    severe = make.save(store, make.check(0))
    make.claim(store, 0.5, confirms=severe.id)

    other = store.claim("credit", make.slot(0.5), owner="there", lease=LEASE, now=make.slot(0.5), confirms=severe.id)

    assert other is None


def test_a_check_that_confirms_another_one_than_its_slot_is_refused(store, make):
    severe = make.save(store, make.check(0))
    held = make.claim(store, 0.5, confirms=severe.id)

    with pytest.raises(ValueError, match="claimed to confirm"):
        store.finish(held, make.check(0.5))

    assert store.check(make.check(0.5).id) is None
