from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from monitor.errors import SlotLostError, StoreError
from monitor.store import check_id


def everybody(owner: str) -> bool:
    return True


def nobody(owner: str) -> bool:
    return False


def rows(store, query: str) -> list[dict]:
    with store._database.read() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def test_a_slot_is_claimed_once(store, make):
    assert make.claim(store).attempt == 1
    assert store.claim("credit", make.slot(0), owner="there", lease=make.hour, now=make.slot(0)) is None


def test_slots_of_other_monitors_and_times_are_separate(store, make):
    make.register(store, "other")
    tokens = {make.claim(store).token, make.claim(store, 1).token, make.claim(store, 0, "other").token}

    assert len(tokens) == 3


def test_a_finished_slot_cannot_be_claimed(store, make):
    make.save(store, make.bare(0))

    assert store.claim("credit", make.slot(0), owner="there", lease=make.hour, now=make.slot(9)) is None


def test_a_slot_of_an_unregistered_monitor_cannot_be_claimed(store, make):
    with pytest.raises(StoreError, match=r"monitor 'nobody'; seen: unknown to the store; expected: .*; next: add it"):
        make.claim(store, 0, "nobody")


def test_a_claim_cannot_finish_another_slot(store, make):
    held = make.claim(store)

    with pytest.raises(ValueError, match="cannot finish the slot"):
        store.finish(held, make.bare(1))


def test_a_second_finish_of_a_slot_is_refused(store, make):
    held = make.claim(store)
    store.finish(held, make.bare(0))

    with pytest.raises(SlotLostError, match="seen: done, attempt 1"):
        store.finish(held, make.bare(0, sentence="another"))

    assert store.check(check_id("credit", make.slot(0))) == make.bare(0)
    assert make.totals(store)["xdrift_checks_total"] == 1


def test_a_held_slot_is_left_alone_while_its_owner_lives(store, make):
    make.claim(store)

    assert store.release_dead(make.slot(0.5), everybody) == []
    assert store.claim("credit", make.slot(0), owner="there", lease=make.hour, now=make.slot(0.5)) is None


def test_a_slot_whose_lease_is_over_can_be_claimed_once_more(store, make):
    make.claim(store)

    assert store.release_dead(make.slot(1), everybody) == [("credit", make.slot(0))]
    assert make.claim(store).attempt == 2


def test_a_slot_whose_owner_is_dead_can_be_claimed_before_its_lease_is_over(store, make):
    make.claim(store, owner="dead|boot|1|2")
    make.claim(store, 1, owner="alive|boot|3|4")

    assert store.release_dead(make.slot(0.1), lambda owner: owner.startswith("alive")) == [("credit", make.slot(0))]


def test_a_renewed_lease_is_kept(store, make):
    held = make.claim(store)

    assert store.renew(held, lease=make.hour, now=make.slot(0.9))
    assert store.release_dead(make.slot(1.5), everybody) == []


def test_a_slot_renewed_while_its_owner_is_looked_for_is_kept(store, make):
    held = make.claim(store)

    def renews_in_the_last_moment(owner: str) -> bool:
        assert store.renew(held, lease=2 * make.hour, now=make.slot(0))
        return False

    assert store.release_dead(make.slot(0.5), renews_in_the_last_moment) == []
    store.finish(held, make.bare(0))


def test_a_lost_slot_cannot_be_renewed(store, make):
    held = make.claim(store)
    store.release_dead(make.slot(0), nobody)

    assert not store.renew(held, lease=make.hour, now=make.slot(0))

    make.claim(store)
    assert not store.renew(held, lease=make.hour, now=make.slot(0))


@pytest.mark.parametrize("taken_over", [False, True])
def test_a_paused_owner_that_lost_its_slot_cannot_write(store, make, taken_over):
    paused = make.claim(store)
    store.release_dead(make.slot(1), everybody)
    again = make.claim(store) if taken_over else None

    with pytest.raises(SlotLostError, match="another process has it"):
        store.finish(paused, make.check(0))

    assert store.checks() == []
    assert make.totals(store) == {}
    if again:
        store.finish(again, make.bare(0))
        assert store.finished_slots("credit", make.slot(0), make.slot(1)) == {make.slot(0)}


def test_an_interrupted_slot_is_offered_until_somebody_claims_it(store, make):
    make.claim(store)
    store.release_dead(make.slot(1), everybody)

    assert store.release_dead(make.slot(2), everybody) == [("credit", make.slot(0))]

    make.claim(store, 0, now=make.slot(2))
    assert store.release_dead(make.slot(2), everybody) == []


def test_an_interrupted_slot_of_a_retired_monitor_is_not_offered(store, make):
    make.claim(store)
    store.retire([])

    assert store.release_dead(make.slot(1), everybody) == []


def test_a_slot_interrupted_twice_ends_as_a_failed_check(store, make):
    for owner in ("first", "second"):
        make.claim(store, owner=owner)
        waiting = store.release_dead(make.slot(0.25), nobody)

    (check,) = store.checks("credit")

    assert waiting == []
    assert (check.id, check.outcome, check.verdict, check.reason) == (
        check_id("credit", make.slot(0)), "failed", "unknown", "interrupted",
    )  # fmt: skip
    assert [line.split(":")[0] for line in check.evidence] == ["attempt 1 by first", "attempt 2 by second"]
    # the schedule of the fixture: two hours that end five minutes before the slot
    assert (check.window.start, check.window.end) == (
        make.slot(0) - timedelta(minutes=125), make.slot(0) - timedelta(minutes=5),
    )  # fmt: skip
    assert store.claim("credit", make.slot(0), owner="third", lease=make.hour, now=make.slot(1)) is None
    assert make.totals(store) == {
        "xdrift_checks_total": 1,
        "xdrift_check_failures_total interrupted": 1,
        "xdrift_verdicts_total unknown": 1,
    }


def test_every_run_of_a_slot_is_remembered(store, make):
    make.claim(store, owner="first")
    store.release_dead(make.slot(1), everybody)
    store.finish(make.claim(store, owner="second"), make.bare(0))

    found = rows(store, "SELECT * FROM slot_attempts ORDER BY attempt")

    assert [(row["owner"], row["interrupted_at"] is None, row["finished_at"] is None) for row in found] == [
        ("first", False, True),
        ("second", True, False),
    ]


def test_a_skipped_slot_is_counted_once_and_never_run(store, make):
    for _ in range(2):
        store.skip("credit", make.slot(0), "catch_up", make.slot(9))

    assert store.claim("credit", make.slot(0), owner="here", lease=make.hour, now=make.slot(9)) is None
    assert make.totals(store) == {"xdrift_checks_skipped_total catch_up": 1}


def test_a_slot_that_runs_or_is_done_is_not_skipped(store, make):
    make.save(store, make.bare(0))
    held = make.claim(store, 1)
    for number in (0, 1):
        store.skip("credit", make.slot(number), "overlap", make.slot(9))
    store.finish(held, make.bare(1))

    assert "xdrift_checks_skipped_total overlap" not in make.totals(store)


def test_an_interrupted_slot_can_be_skipped(store, make):
    make.claim(store)
    store.release_dead(make.slot(1), everybody)
    store.skip("credit", make.slot(0), "catch_up", make.slot(9))

    assert store.release_dead(make.slot(9), everybody) == []
    assert make.totals(store) == {"xdrift_checks_skipped_total catch_up": 1}


def test_an_open_set_of_skip_reasons_is_refused(store, make):
    with pytest.raises(ValueError, match="'bored' is not one of misfire"):
        store.skip("credit", make.slot(0), "bored", make.slot(0))


def test_finished_slots_are_those_that_need_nothing_more(store, make):
    make.register(store, "other")
    make.save(store, make.bare(0))
    make.save(store, make.failed(1))
    store.skip("credit", make.slot(2), "catch_up", make.slot(9))
    make.claim(store, 3)
    make.save(store, make.bare(0.5, "other"))
    make.save(store, make.bare(9))

    assert store.finished_slots("credit", make.slot(0), make.slot(9)) == {make.slot(number) for number in (0, 1, 2)}
    assert store.finished_slots("credit", make.slot(1), make.slot(10)) == {make.slot(number) for number in (1, 2, 9)}


def test_the_last_slot_is_the_latest_in_any_state(store, make):
    assert store.last_slot("credit") is None

    make.claim(store, 5)
    make.save(store, make.bare(3))

    assert store.last_slot("credit") == make.slot(5)


def test_a_check_id_depends_on_monitor_and_instant_only(make):
    from zoneinfo import ZoneInfo

    local = make.slot(0).astimezone(ZoneInfo("Asia/Tokyo"))

    assert check_id("credit", local) == check_id("credit", make.slot(0))
    assert len({check_id("credit", make.slot(0)), check_id("credit", make.slot(1)), check_id("c", make.slot(0))}) == 3
