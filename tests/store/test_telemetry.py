"""What is counted from the explanation log, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import select

from monitor.errors import StoreError
from monitor.names import LATENCY_BUCKETS
from monitor.settings import RetentionSettings
from monitor.store import served_tables as tables
from monitor.store import telemetry_rows
from monitor.telemetry.records import Batch, Bucket, Day, Quarantined, Span
from monitor.types import ServedLately

NOW = datetime(2024, 1, 2, 12, tzinfo=UTC)
TODAY = datetime(2024, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
TELEMETRY = {"path": "log.jsonl", "latency_threshold": "0.25s"}
RECORDS = ("xdrift_telemetry_records_total", "")


@pytest.fixture
def logged(store, make):
    """The store, with an explanation log for `credit`."""
    make.register(store, telemetry=TELEMETRY)
    return store


def commit(store, batch: Batch, *, revision: int | None = None, now: datetime = NOW, **more) -> bool:
    given = {"positions": {"at": 1}, "remember": timedelta(days=2), "finished": True, **more}
    positions = given.pop("positions")
    expected = store.telemetry_state("credit").revision if revision is None else revision
    return store.commit_telemetry("credit", expected, batch, positions, now=now, **given)


def rows(store, table) -> list[dict]:
    with store._database.read() as connection:
        return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]


def span(n: int = 1, hour: int = 0) -> Span:
    return Span(n=n, first=TODAY + hour * HOUR, last=TODAY + (hour + 1) * HOUR)


def ids(*numbers: int) -> np.ndarray:
    return np.array(sorted(numbers), np.uint64)


def test_nothing_was_read_of_a_new_log(logged):
    state = logged.telemetry_state("credit")

    assert (state.revision, state.positions, state.watermark, state.last_success_at) == (0, {}, None, None)
    assert (state.consecutive_failures, state.error) == (0, None)


def test_a_monitor_without_a_log_has_no_state_and_no_status(store):
    with pytest.raises(StoreError, match="explanation log of monitor 'credit'"):
        store.telemetry_state("credit")
    assert store.snapshot(NOW).monitors[0].telemetry is None


def test_a_batch_its_positions_and_its_ids_are_one(logged):
    assert commit(logged, Batch(totals={RECORDS: 3}, digests=ids(1, 2, 2**64 - 1), watermark=NOW))

    state = logged.telemetry_state("credit")
    assert (state.revision, state.positions, state.watermark, state.last_success_at) == (1, {"at": 1}, NOW, NOW)
    ((counted_at, digests),) = logged.telemetry_seen("credit", NOW - HOUR)
    assert (counted_at, digests.tolist()) == (NOW, [1, 2, 2**64 - 1])


def test_who_was_overtaken_writes_nothing(logged, make):
    batch = Batch(totals={RECORDS: 3}, digests=ids(1))
    assert commit(logged, batch, revision=0)
    assert not commit(logged, batch, revision=0, positions={"at": 2})

    assert logged.telemetry_state("credit").positions == {"at": 1}
    assert make.totals(logged)["xdrift_telemetry_records_total"] == 3
    assert len(logged.telemetry_seen("credit", NOW - HOUR)) == 1


def test_of_many_processes_at_once_one_commits_each_revision(logged, make, url):
    def work(_number: int) -> int:
        from monitor.store import Store

        won = 0
        with Store.open(url) as own:
            for revision in range(10):
                batch = Batch(totals={RECORDS: 1}, buckets={TODAY: Bucket(predictions=1)})
                won += commit(own, batch, revision=revision)
                while own.telemetry_state("credit").revision <= revision:
                    pass
        return won

    logged._database.engine.dispose()
    assert sum(make.together(4, work)) == 10
    assert make.totals(logged)["xdrift_telemetry_records_total"] == 10
    assert rows(logged, tables.telemetry_buckets)[0]["predictions"] == 10


def test_totals_grow_by_label(logged, make):
    batch = Batch(totals={RECORDS: 2, ("xdrift_predictions_unexplained_total", "timeout"): 1,
                          ("xdrift_explanation_compute_seconds_total", "online"): 0.5})  # fmt: skip
    commit(logged, batch)
    commit(logged, batch)

    totals = make.totals(logged)
    assert totals["xdrift_telemetry_records_total"] == 4
    assert totals["xdrift_predictions_unexplained_total timeout"] == 2
    assert totals["xdrift_explanation_compute_seconds_total online"] == 1.0


def test_the_histogram_is_cumulated_and_ends_with_everything(logged, make):
    counts = [1] * (len(LATENCY_BUCKETS) + 1)
    commit(logged, Batch(latency=counts, latency_sum=2.5))
    commit(logged, Batch(latency=counts, latency_sum=0.5))

    totals = make.totals(logged)
    assert totals["xdrift_explanation_duration_seconds_bucket 0.005"] == 2
    assert totals["xdrift_explanation_duration_seconds_bucket 10.0"] == 2 * len(LATENCY_BUCKETS)
    assert totals["xdrift_explanation_duration_seconds_bucket +Inf"] == 2 * len(counts)
    assert totals["xdrift_explanation_duration_seconds_sum"] == 3.0


def test_buckets_and_days_add_up(logged):
    bucket = Bucket(predictions=5, unexplained=2, explanations=4, errors=1, slow=1, privacy=1)
    day = Day(predictions=5, left_out=1, explained=3, explanations=4, errors=1, slow=1, adverse=2, compute_seconds=1.5,
              cost=0.25, payload_bytes=900.0, sources={"cache": 2, "live_treeshap": 1},
              latency=[1] + [0] * len(LATENCY_BUCKETS))  # fmt: skip
    batch = Batch(buckets={TODAY: bucket, TODAY + HOUR: bucket}, days={(TODAY, "v1"): day, (TODAY, ""): day})
    commit(logged, batch)
    commit(logged, Batch(buckets={TODAY: bucket}, days={(TODAY, "v1"): day}))

    assert [row["predictions"] for row in rows(logged, tables.telemetry_buckets)] == [10, 5]
    first, second = rows(logged, tables.telemetry_days)
    assert (first["model_version"], first["predictions"], second["predictions"]) == ("", 5, 10)
    assert (first["left_out"], second["left_out"]) == (1, 2)
    assert (second["cost"], second["sources"]) == (0.5, {"cache": 4, "live_treeshap": 2})
    assert (second["latency"][0], sum(second["latency"])) == (2, 2)


def test_spans_widen_both_ways(logged):
    for hour in (5, 2, 9):
        key = (TODAY, "error", "v1", (("route", "a"),))
        commit(logged, Batch(
            unexplained={key: span(2, hour)},
            errors={("f1", TODAY): ("memory", "MemoryError", "v1", span(1, hour))},
            incidents={(TODAY, "email", "note"): span(3, hour)},
        ))  # fmt: skip
    for table, n in ((tables.unexplained, 6), (tables.explanation_errors, 3), (tables.privacy_incidents, 9)):
        (row,) = rows(logged, table)
        assert (row["n"], row["first_seen"], row["last_seen"]) == (n, TODAY + 2 * HOUR, TODAY + 10 * HOUR)


def test_known_failed_requests_are_told_by_day(logged):
    commit(logged, Batch(errors={("f1", TODAY): ("memory", "MemoryError", "v1", span(4))}))

    asked = {("f1", TODAY), ("f1", TODAY - 24 * HOUR), ("f2", TODAY), *((f"x{n}", TODAY) for n in range(1200))}
    assert logged.telemetry_known("credit", asked).requests == {("f1", TODAY): 4}


def test_failures_are_told_by_day_whatever_their_version(logged):
    days = {(TODAY, "v1"): Day(errors=2), (TODAY, "v2"): Day(errors=3), (TODAY - 24 * HOUR, "v1"): Day(errors=7)}
    commit(logged, Batch(days=days))

    assert logged.telemetry_known("credit", {("f1", TODAY), ("f1", TODAY + 24 * HOUR)}).failures == {TODAY: 5}


def test_groups_beyond_the_limit_of_a_day_are_added_up_as_other(logged, monkeypatch):
    monkeypatch.setattr(telemetry_rows, "GROUPS_PER_DAY", 3)

    def batch(*routes: str) -> Batch:
        return Batch(unexplained={(TODAY, "error", "v1", (("route", one),)): span() for one in routes})

    commit(logged, batch("a", "b"))
    commit(logged, batch("a", "c", "d", "e"))
    commit(logged, batch("a", "d"))

    found = {str(row["groups"].get("route", "other")): row["n"] for row in rows(logged, tables.unexplained)}
    assert found == {"a": 3, "b": 1, "c": 1, "other": 3}


def test_model_versions_beyond_the_limit_of_a_day_are_added_up_as_other(logged, monkeypatch):
    monkeypatch.setattr(telemetry_rows, "VERSIONS_PER_DAY", 2)
    commit(logged, Batch(days={(TODAY, f"v{n}"): Day(predictions=1) for n in range(5)}))
    commit(logged, Batch(days={(TODAY, f"v{n}"): Day(predictions=1) for n in range(5)}))

    found = {row["model_version"]: row["predictions"] for row in rows(logged, tables.telemetry_days)}
    assert found == {"v0": 2, "v1": 2, "other": 6}


def test_fields_with_personal_data_beyond_the_limit_of_a_day_are_added_up_as_other(logged, monkeypatch):
    """Names of fields are whatever a log says."""
    monkeypatch.setattr(telemetry_rows, "FIELDS_PER_DAY", 2)
    commit(logged, Batch(incidents={(TODAY, "email", f"note{n}"): span() for n in range(4)}))
    commit(logged, Batch(incidents={(TODAY, kind, f"note{n}"): span() for n in (0, 3) for kind in ("email", "card")}))

    found = {(row["kind"], row["field"]): row["n"] for row in rows(logged, tables.privacy_incidents)}
    assert found == {
        ("email", "note0"): 2, ("card", "note0"): 1, ("email", "note1"): 1, ("email", "other"): 3, ("card", "other"): 1,
    }  # fmt: skip


def test_places_of_unusable_lines_are_kept_up_to_a_limit(logged, monkeypatch):
    monkeypatch.setattr(telemetry_rows, "QUARANTINED_ROWS", 3)
    for start in (0, 2):
        refused = [Quarantined(source="f", position=n, size=9, reason="torn") for n in range(start, start + 2)]
        commit(logged, Batch(quarantined=[*refused, refused[0]]))

    assert [row["position"] for row in rows(logged, tables.quarantine)] == [0, 1, 2]


def test_ids_are_forgotten_in_time(logged):
    for hour in (0, 30, 60):
        commit(logged, Batch(digests=ids(hour)), now=NOW + hour * HOUR, remember=timedelta(days=2))

    assert [digests.tolist() for _, digests in logged.telemetry_seen("credit", NOW)] == [[30], [60]]
    assert [digests.tolist() for _, digests in logged.telemetry_seen("credit", NOW, after_revision=2)] == [[60]]


def test_ids_are_forgotten_by_the_time_of_records_whatever_the_clock_says(logged):
    commit(logged, Batch(digests=ids(1), watermark=NOW), now=NOW)
    commit(logged, Batch(digests=ids(2), watermark=NOW + HOUR), now=NOW + 9000 * HOUR)

    assert [digests.tolist() for _, digests in logged.telemetry_seen("credit", NOW)] == [[1], [2]]


def test_a_failed_poll_is_noted_until_one_succeeds(logged):
    logged.telemetry_failed("credit", "no such file", NOW)
    logged.telemetry_failed("credit", "no such file", NOW + HOUR)
    status = logged.snapshot(NOW).monitors[0].telemetry
    assert (status.consecutive_failures, status.last_success_at) == (2, None)

    commit(logged, Batch(), finished=False)
    assert logged.telemetry_state("credit").consecutive_failures == 2
    commit(logged, Batch(watermark=TODAY))
    status = logged.snapshot(NOW).monitors[0].telemetry
    assert (status.consecutive_failures, status.last_success_at, status.watermark) == (0, NOW, TODAY)
    assert status.latency_threshold == 0.25


def test_a_log_taken_out_of_the_configuration_is_not_shown_and_goes_on_later(logged, make):
    commit(logged, Batch(watermark=TODAY))
    make.register(logged)
    assert logged.snapshot(NOW).monitors[0].telemetry is None

    make.register(logged, telemetry=TELEMETRY)
    assert logged.snapshot(NOW).monitors[0].telemetry.watermark == TODAY
    assert logged.telemetry_state("credit").revision == 1


def test_what_is_older_than_its_retention_goes(logged):
    kept, old = NOW - timedelta(days=10), NOW - timedelta(days=50)
    for day in (kept, old):
        there = Span(n=1, first=day, last=day)
        commit(logged, Batch(
            buckets={day: Bucket(predictions=1)},
            days={(day, "v1"): Day(predictions=1)},
            unexplained={(day, "error", "v1", ()): there},
            errors={("f1", day): ("memory", "MemoryError", "v1", there)},
            incidents={(day, "email", "note"): there},
            quarantined=[Quarantined(source="f", position=day.day, size=9, reason="torn")],
        ), now=day)  # fmt: skip

    gone = logged.purge(NOW, RetentionSettings())
    assert (gone["telemetry"], gone["days"]) == (4, 0)
    gone = logged.purge(NOW, RetentionSettings(checks=timedelta(days=45)))
    assert (gone["telemetry"], gone["days"]) == (0, 2)
    for table in (tables.telemetry_buckets, tables.telemetry_days, tables.unexplained, tables.explanation_errors):
        assert len(rows(logged, table)) == 1


def test_what_was_served_lately_is_of_its_five_minutes_and_after(logged):
    bucket = Bucket(predictions=5, unexplained=2, explanations=4, errors=1, slow=3)
    minutes = timedelta(minutes=5)
    commit(logged, Batch(buckets={NOW - HOUR - minutes: bucket, NOW - HOUR: bucket, NOW - minutes: bucket}))

    assert logged.served_lately("credit", NOW - HOUR + timedelta(seconds=30)) == ServedLately(
        predictions=10, unexplained=4, explanations=8, errors=2, slow=6
    )
    assert logged.served_lately("another", NOW - HOUR).predictions == 0


def test_unexplained_predictions_of_the_days_are_told_by_group_without_those_of_sampling(logged):
    here, there, yesterday = (("route", "/a"),), (("route", "/b"),), TODAY - timedelta(days=1)
    commit(logged, Batch(unexplained={
        (TODAY, "timeout", "v1", here): span(3, hour=2), (yesterday, "timeout", "v1", here): span(2),
        (TODAY, "missing", "", there): span(1), (TODAY, "sampling", "v1", here): span(500),
        (yesterday - timedelta(days=1), "disabled", "v1", here): span(50),
    }))  # fmt: skip

    found = logged.unexplained("credit", since=yesterday, limit=10)

    assert [(one.reason, one.model_version, one.groups, one.n) for one in found] == [
        ("timeout", "v1", {"route": "/a"}, 5), ("missing", "", {"route": "/b"}, 1),
    ]  # fmt: skip
    assert found[0].last_seen == TODAY + 3 * HOUR
    assert len(logged.unexplained("credit", since=yesterday, limit=1)) == 1
