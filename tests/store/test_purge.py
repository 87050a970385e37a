from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.settings import RetentionSettings
from monitor.store import purge

DAY = timedelta(days=1)
NOTHING = {"rows": 0, "checks": 0, "slots": 0, "telemetry": 0, "days": 0, "messages": 0}
KEEP = RetentionSettings(rows=DAY, checks=10 * DAY)


def test_rows_go_before_checks(store, make):
    for number in (0, 240, 264):
        make.save(store, make.check(number))

    gone = store.purge(make.slot(264), KEEP)

    assert gone == {**NOTHING, "rows": 3, "checks": 1, "slots": 1}
    assert store.check(make.check(0).id) is None
    assert store.check(make.check(240).id) == replace(make.check(240), rows=make.check(240).rows)
    assert store.check(make.check(264).id) == make.check(264)


def test_nothing_is_left_of_a_purged_check(store, make):
    make.save(store, make.check(0))
    make.save(store, make.bare(1))
    store.purge(make.slot(9999), KEEP)

    with store._database.read() as connection:
        for table in ("checks", "findings", "contributions", "profiles", "attributions"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0


def test_rows_past_their_time_go_and_the_check_stays(store, make):
    make.save(store, make.check(0))

    assert store.purge(make.slot(48), KEEP) == {**NOTHING, "rows": 3}
    assert store.check(make.check(0).id) == replace(make.check(0), rows=())


def test_the_end_of_a_retention_is_kept(store, make):
    make.save(store, make.check(0))
    finished = make.check(0).finished_at

    assert store.purge(finished + KEEP.rows, KEEP)["rows"] == 0
    assert store.purge(finished + KEEP.rows + timedelta(microseconds=1), KEEP)["rows"] == 3


def test_age_counts_from_when_a_check_finished(store, make):
    """A backfill of years ago is kept: its records are new."""
    make.save(store, make.check(0, finished_at=make.slot(24 * 365 * 10)))

    assert store.purge(make.slot(24 * 365 * 10 + 1), KEEP) == NOTHING


def test_totals_references_and_present_state_outlive_the_checks(store, make):
    store.save_reference(make.reference(), activate=True)
    for number in range(3):
        make.save(store, make.check(number, reference_id=make.reference().id))
    before = make.totals(store)
    (status,) = store.snapshot(make.start).monitors

    store.purge(make.slot(9999), KEEP)

    assert make.totals(store) == before
    assert store.active_reference("credit") is not None
    (after,) = store.snapshot(make.start).monitors
    assert after == replace(status, last_check=None)


def test_the_latest_slot_of_a_monitor_is_kept(store, make):
    for number in range(3):
        make.save(store, make.bare(number))

    assert store.purge(make.slot(9999), KEEP)["slots"] == 2
    assert store.last_slot("credit") == make.slot(2)


def test_slots_that_wait_or_run_are_kept(store, make):
    make.claim(store, 0)
    store.release_dead(make.slot(1), lambda owner: False)
    make.claim(store, 1)
    make.save(store, make.bare(2))

    assert store.purge(make.slot(9999), KEEP)["slots"] == 0
    assert make.claim(store, 0).attempt == 2


@pytest.mark.parametrize("batch", [1, 2])
def test_more_than_one_transaction_is_used_when_there_is_much(store, make, monkeypatch, batch):
    monkeypatch.setattr(purge, "BATCH", batch)
    for number in range(5):
        make.save(store, make.check(number))

    assert store.purge(make.slot(9999), KEEP) == {**NOTHING, "rows": 15, "checks": 5, "slots": 4}
