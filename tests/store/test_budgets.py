"""Budgets in a snapshot: from the rows of the store, and what they cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from monitor.store.served_tables import telemetry_buckets

MINUTE = timedelta(minutes=1)
LOG = {"telemetry": {"path": "log.jsonl", "latency_threshold": "1s"}}


def left(store, make, hours: float, name: str = "credit") -> dict[str, float | None]:
    (status,) = (each for each in store.snapshot(make.slot(hours)).monitors if each.name == name)
    return {slo.slo: slo.remaining for slo in status.slos}


def count(store, make, hours: float, monitor: str = "credit", **counts: int) -> None:
    columns = ("predictions", "unexplained", "explanations", "errors", "slow", "privacy")
    row = {"monitor": monitor, "start": make.slot(hours), **dict.fromkeys(columns, 0), **counts}
    with store._database.write() as connection:
        connection.execute(insert(telemetry_buckets), row)


def test_without_an_explanation_log_only_checks_have_objectives(store, make):
    (status,) = store.snapshot(make.start).monitors

    assert [(slo.slo, slo.objective, slo.period_seconds) for slo in status.slos] == [
        ("freshness", 0.99, 30 * 86400.0),
        ("checks", 0.95, 30 * 86400.0),
        ("drift", 0.95, 30 * 86400.0),
        ("explanations", 0.95, 30 * 86400.0),
    ]


def test_events_come_from_the_buckets_of_the_explanation_log(store, make):
    make.register(store, **LOG)
    count(store, make, 1, predictions=100, unexplained=1, explanations=90, errors=2, slow=3)
    count(store, make, 2, predictions=100, explanations=110)

    found = left(store, make, 3)

    assert found["coverage"] == pytest.approx(1 - 1 / (0.05 * 200))
    assert found["errors"] == pytest.approx(1 - 2 / (0.01 * 200))
    assert found["latency"] == pytest.approx(1 - 3 / (0.05 * 200))
    assert found["privacy"] == 1


def test_days_of_a_daily_monitor_are_no_lost_hours_after_it_became_hourly(store, make):
    def register(seconds: float, hours: float) -> None:
        store.register(
            make.settings(), cadence="any", interval_seconds=seconds, config_digest="c", now=make.slot(hours)
        )

    register(86400.0, 0)
    for day in range(5):
        make.save(store, make.bare(24 * day))
    assert left(store, make, 106)["freshness"] == 1
    register(3600.0, 106)

    assert left(store, make, 108)["freshness"] == 1
    assert left(store, make, 109)["freshness"] == pytest.approx(1 - 50 * 60 / (0.01 * 30 * 86400))


def test_buckets_older_than_the_period_no_longer_count(store, make):
    make.register(store, **LOG)
    count(store, make, 1, predictions=100, unexplained=50, privacy=1)
    count(store, make, 24 * 29, predictions=100)
    assert left(store, make, 24 * 29)["privacy"] == 0

    found = left(store, make, 24 * 30 + 2)

    assert (found["coverage"], found["privacy"]) == (1, 1)


def test_failed_checks_and_drift_come_from_the_checks(store, make):
    for number, level in enumerate([0, 2, 2, 2, 0]):
        make.save(store, make.bare(number, levels={"traffic": level}))
    make.save(store, make.failed(5))

    found = left(store, make, 6)

    assert found["checks"] == pytest.approx(1 - 1 / (0.05 * 6))
    assert found["drift"] == pytest.approx(1 - 2 * 3600 / (0.05 * 30 * 86400))
    assert found["freshness"] == 1


def test_maintenance_is_taken_out_of_drift(store, make):
    for number in range(6):
        make.save(store, make.bare(number, levels={"holdout": 2}))
    store.start_maintenance("credit", until=make.slot(4), author="ada", reason="CHG-42", now=make.slot(2))

    finished = make.bare(1).finished_at - make.slot(1)
    bad = timedelta(hours=5) - finished - timedelta(hours=2)
    assert left(store, make, 6)["drift"] == pytest.approx(1 - bad / (0.05 * timedelta(days=30)))


def test_what_the_period_began_with_counts(store, make):
    """Two severe checks, then nothing was judged for longer than the period."""
    for number in range(2):
        make.save(store, make.bare(number, levels={"total": 2}))
    for number in range(24 * 35, 24 * 35 + 3):
        make.save(store, make.failed(number))

    assert left(store, make, 24 * 35 + 4)["drift"] == pytest.approx(1 - 1 / 0.05)


def test_a_budget_is_worked_out_once_a_minute(store, make):
    make.save(store, make.bare(0))
    assert left(store, make, 1)["checks"] == 1
    make.save(store, make.failed(1))

    assert left(store, make, 1 + 59 / 3600)["checks"] == 1
    assert left(store, make, 1 + 60 / 3600)["checks"] == pytest.approx(1 - 1 / (0.05 * 2))


def test_a_check_finished_between_two_looks_is_not_missed_whatever_its_slot(store, make):
    make.save(store, make.bare(5))
    left(store, make, 6)
    make.save(store, make.failed(1, finished_at=make.slot(6)))

    assert left(store, make, 7)["checks"] == pytest.approx(1 - 1 / (0.05 * 2))


def test_late_records_of_the_latest_day_are_seen_at_once_and_older_ones_within_hours(store, make):
    make.register(store, **LOG)
    for hours in (100, 150):
        count(store, make, hours, predictions=100)
    assert left(store, make, 160)["coverage"] == 1

    with store._database.write() as connection:
        connection.execute(update(telemetry_buckets).values(unexplained=1))

    assert left(store, make, 160.1)["coverage"] == pytest.approx(1 - 1 / (0.05 * 200))
    assert left(store, make, 166)["coverage"] == pytest.approx(1 - 2 / (0.05 * 200))


def test_a_log_of_long_ago_that_is_read_only_now_counts_at_once(store, make):
    make.register(store, **LOG)
    count(store, make, 150, predictions=100)
    assert left(store, make, 160)["coverage"] == 1

    count(store, make, 50, predictions=100, unexplained=6, privacy=1)

    assert left(store, make, 160.1)["coverage"] == pytest.approx(1 - 6 / (0.05 * 200))
    assert left(store, make, 160.2)["privacy"] == 0


def test_what_there_was_no_time_for_is_unknown_and_comes_with_a_later_snapshot(store, make, monkeypatch):
    monkeypatch.setattr(store._budgets, "_allowance", timedelta(0))
    make.register(store, "other")

    known = [
        [status.slos[0].remaining for status in store.snapshot(make.slot(1 + number / 1000)).monitors]
        for number in range(2)
    ]

    assert sorted(known[0], key=str) == [1.0, None]
    assert known[1] == [1.0, 1.0]


def test_a_changed_objective_shows_at_once(store, make):
    make.save(store, make.failed(0))
    assert left(store, make, 1)["checks"] == pytest.approx(1 - 1 / 0.05)

    make.register(store, slo={"checks": 0.5})

    assert left(store, make, 1)["checks"] == pytest.approx(1 - 1 / 0.5)


def test_a_clock_that_was_set_back_begins_anew(store, make):
    make.save(store, make.failed(0))
    left(store, make, 100)

    assert left(store, make, 1)["checks"] == pytest.approx(1 - 1 / 0.05)
