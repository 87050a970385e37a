"""Adding up: every counter equals what one would count by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor import names
from monitor.settings import TelemetrySettings
from monitor.telemetry import Batch, Known, Logged, Quarantined, count, counting, digests_of, failed_requests

SETTINGS = TelemetrySettings(path="log.jsonl", payload_limit=900, price_per_hour=1.8)
DAY = datetime(2024, 5, 6, tzinfo=UTC)
NOON = datetime(2024, 5, 6, 12, tzinfo=UTC).timestamp()
ONE = Logged(
    record_id="p-1", time=NOON, model_version="7", explained=True, attempted=True, reason=None, error_reason=None,
    error="", fingerprint="", latency=0.0125, source="live_treeshap", stale=False, compute_seconds=2.0, size=800,
    adverse=False, groups=(), personal=(),
)  # fmt: skip
FAILED = replace(
    ONE, explained=False, reason="error", error_reason="input", error="ValueError", fingerprint="f1", latency=None,
    source="", groups=(("route", "/a"),),
)  # fmt: skip


def nothing_seen(digests: np.ndarray) -> np.ndarray:
    return np.zeros(len(digests), bool)


def counted(*records: Logged, **changes: Any) -> Batch:
    given: dict[str, Any] = {"settings": SETTINGS, "watermark": None, "seen": nothing_seen, "known": Known()}
    return count(records, **{**given, **changes})


def total(batch: Batch, name: str, label: str = "") -> float:
    return batch.totals.get((f"xdrift_{name}_total", label), 0.0)


def test_an_explained_prediction_counts_as_one_explanation() -> None:
    batch = counted(ONE)
    for name in ("predictions", "telemetry_records", "predictions_explained", "explanations"):
        assert total(batch, name) == 1
    assert total(batch, "explanation_sources", "live_treeshap") == 1
    assert total(batch, "explanation_payload_bytes") == 800
    assert total(batch, "explanation_compute_seconds", "online") == 2.0
    assert total(batch, "explanation_cost_dollars") == pytest.approx(0.001)
    assert batch.latency == [0, 0, 1, *[0] * 9]
    assert batch.latency_sum == 0.0125
    (start,) = batch.buckets
    assert start == datetime(2024, 5, 6, 12, tzinfo=UTC)
    assert (batch.buckets[start].predictions, batch.buckets[start].explanations) == (1, 1)
    day = batch.days[DAY, "7"]
    assert (day.predictions, day.explained, day.explanations, day.errors, day.sources) == (
        1,
        1,
        1,
        0,
        {"live_treeshap": 1},
    )
    assert (day.latency, day.compute_seconds, day.payload_bytes) == (batch.latency, 2.0, 800)
    assert batch.watermark == datetime(2024, 5, 6, 12, tzinfo=UTC)
    assert not batch.errors
    assert not batch.unexplained


def test_every_counter_of_the_log_can_be_reached_and_no_other_is() -> None:
    batch = counted(
        ONE,
        ONE,
        replace(FAILED, record_id="f1"),
        replace(FAILED, record_id="f2"),
        replace(ONE, record_id="s", source="cache", stale=True, size=901, latency=3.0),
        replace(ONE, record_id="l", time=NOON - 7200, personal=(("email", "inputs.a"),)),
        quarantined=[Quarantined(source="a.jsonl", position=0, size=5, reason="torn")],
    )
    for name, label in batch.totals:
        known = names.COUNTERS[name]
        assert label in (("",) if known is None else known[1]), (name, label)
    assert {name for name, _ in batch.totals} == {*names.TELEMETRY_COUNTERS, "xdrift_privacy_incidents_total"}


@pytest.mark.parametrize(
    ("latency", "slow", "place"), [(0.2, 0, 5), (0.2000001, 1, 6), (0.0, 0, 0), (10.0, 1, 10), (11.0, 1, 11)]
)
def test_slow_is_above_the_threshold_and_bounds_belong_to_their_bucket(latency: float, slow: int, place: int) -> None:
    batch = counted(replace(ONE, latency=latency))
    assert total(batch, "explanations_slow") == slow
    assert batch.latency.index(1) == place
    assert next(iter(batch.buckets.values())).slow == batch.days[DAY, "7"].slow == slow


def test_an_explanation_without_latency_is_in_no_bucket_of_the_histogram() -> None:
    batch = counted(replace(ONE, latency=None))
    assert sum(batch.latency) == 0
    assert total(batch, "explanations") == 1


@pytest.mark.parametrize(("size", "oversize"), [(900, 0), (901, 1)])
def test_oversize_is_above_the_limit(size: int, oversize: int) -> None:
    assert total(counted(replace(ONE, size=size)), "explanations_oversize") == oversize


def test_what_was_never_tried_is_no_attempt() -> None:
    skipped = replace(
        FAILED, attempted=False, reason="sampling", error_reason=None, error="", fingerprint="", compute_seconds=0.0
    )
    batch = counted(skipped, replace(skipped, record_id="p-2", time=NOON + 1))
    assert total(batch, "predictions") == total(batch, "predictions_unexplained", "sampling") == 2
    assert total(batch, "explanations") == 0
    span = batch.unexplained[DAY, "sampling", "7", (("route", "/a"),)]
    assert (span.n, span.first.timestamp(), span.last.timestamp()) == (2, NOON, NOON + 1)
    assert not batch.errors


@pytest.mark.parametrize("reason", names.UNEXPLAINED_REASONS)
def test_a_prediction_that_sampling_left_out_spends_no_budget_and_any_other_does(reason: str) -> None:
    lacking = replace(FAILED, attempted=False, reason=reason, error_reason=None, error="", fingerprint="")
    batch = counted(ONE, replace(lacking, record_id="p-2"))
    (bucket,) = batch.buckets.values()

    assert (bucket.predictions, bucket.unexplained) == ((1, 0) if reason == "sampling" else (2, 1))
    assert batch.days[DAY, "7"].predictions == total(batch, "predictions") == 2
    assert batch.days[DAY, "7"].left_out == (reason == "sampling")


def test_failures_of_one_request_count_once_a_day() -> None:
    again = [replace(FAILED, record_id=f"r{i}", time=NOON + i) for i in range(3)]
    tomorrow = replace(FAILED, record_id="t", time=NOON + 86400)
    batch = counted(*again, tomorrow)
    assert total(batch, "explanation_errors", "input") == 2
    assert total(batch, "explanation_errors_repeated") == 2
    assert total(batch, "explanations") == 2
    assert total(batch, "predictions") == total(batch, "predictions_unexplained", "error") == 4
    assert total(batch, "explanation_compute_seconds", "online") == 8.0
    assert batch.days[DAY, "7"].errors == batch.days[DAY, "7"].explanations == 1
    reason, error, version, span = batch.errors["f1", DAY]
    assert (reason, error, version, span.n) == ("input", "ValueError", "7", 3)
    assert failed_requests([*again, tomorrow, ONE]) == {("f1", DAY), ("f1", DAY + timedelta(days=1))}


def test_failures_counted_before_are_repeats_and_still_widen_their_span() -> None:
    batch = counted(FAILED, replace(FAILED, record_id="r"), known=Known(requests={("f1", DAY): 5}))
    assert total(batch, "explanation_errors", "input") == total(batch, "explanations") == 0
    assert total(batch, "explanation_errors_repeated") == 2
    assert batch.errors["f1", DAY][3].n == 2
    other_day = counted(FAILED, known=Known(requests={("f1", DAY - timedelta(days=1)): 5}))
    assert total(other_day, "explanation_errors", "input") == 1


def test_requests_told_apart_are_bounded_per_day_and_no_failure_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "REQUESTS_PER_DAY", 2)
    names_of_requests = ("f1", "f2", "f1", "f3", "f3", "f1")
    records = [
        replace(FAILED, record_id=f"r{i}", time=NOON + i, fingerprint=name) for i, name in enumerate(names_of_requests)
    ]
    tomorrow = replace(FAILED, record_id="t", time=NOON + 86400, fingerprint="f9")
    batch = counted(*records, tomorrow)
    assert total(batch, "explanation_errors_repeated") == 2  # of f1
    assert total(batch, "explanation_errors", "input") == 5  # f1, f2, f3 twice: it is beyond, and f9 of the next day
    kept = {key: (reason, error, version, span.n) for key, (reason, error, version, span) in batch.errors.items()}
    assert kept == {
        ("f1", DAY): ("input", "ValueError", "7", 3),
        ("f2", DAY): ("input", "ValueError", "7", 1),
        ("other:input", DAY): ("input", "other", "other", 2),
        ("f9", DAY + timedelta(days=1)): ("input", "ValueError", "7", 1),
    }
    full = counted(records[0], records[3], known=Known(requests={("f1", DAY): 1}, failures={DAY: 2}))
    assert set(full.errors) == {("f1", DAY), ("other:input", DAY)}


def test_a_duplicate_counts_as_a_duplicate_and_nowhere_else() -> None:
    once, twice = counted(ONE, FAILED), counted(ONE, replace(FAILED, record_id="p-2"), replace(ONE, time=NOON + 9e6))
    assert total(once, "telemetry_duplicates") == 1  # both have the id p-1; the first is counted
    assert total(once, "predictions_explained") == 1
    assert total(twice, "telemetry_duplicates") == 1
    assert total(twice, "predictions") == 2
    assert twice.watermark == datetime(2024, 5, 6, 12, tzinfo=UTC)


def test_records_counted_before_are_duplicates() -> None:
    known = np.sort(digests_of([ONE, replace(ONE, record_id="p-3")]))
    batch = counted(ONE, replace(ONE, record_id="p-2"), seen=lambda digests: np.isin(digests, known))
    assert total(batch, "telemetry_duplicates") == total(batch, "predictions") == 1
    assert batch.digests.tolist() == digests_of([replace(ONE, record_id="p-2")]).tolist()


def test_an_empty_batch_adds_nothing_and_keeps_the_watermark() -> None:
    batch = counted(watermark=DAY)
    assert (batch.totals, batch.buckets, batch.days, len(batch.digests)) == ({}, {}, {}, 0)
    assert batch.watermark == DAY
    only_seen = counted(ONE, watermark=DAY, seen=lambda digests: np.ones(len(digests), bool))
    assert only_seen.totals == {("xdrift_telemetry_duplicates_total", ""): 1.0}
    assert only_seen.watermark == DAY


def test_late_is_measured_against_the_newest_record_before_it() -> None:
    times = [NOON, NOON - 3600, NOON - 3600.001, NOON + 100, NOON - 3550]
    batch = counted(*(replace(ONE, record_id=str(i), time=time) for i, time in enumerate(times)))
    assert total(batch, "telemetry_late") == 2
    assert total(batch, "predictions") == 5
    later = counted(replace(ONE, time=NOON), watermark=datetime.fromtimestamp(NOON + 3601, UTC))
    assert total(later, "telemetry_late") == 1
    assert later.watermark == datetime.fromtimestamp(NOON + 3601, UTC)


def test_personal_data_counts_once_per_kind_and_field() -> None:
    personal = (("email", "inputs.a"), ("email", "inputs.b"), ("phone", "inputs.a"))
    batch = counted(replace(ONE, personal=personal), replace(FAILED, record_id="p-2", personal=personal[:1]))
    assert total(batch, "privacy_incidents", "email") == 3
    assert total(batch, "privacy_incidents", "phone") == 1
    assert next(iter(batch.buckets.values())).privacy == 4
    assert {key: span.n for key, span in batch.incidents.items()} == {
        (DAY, "email", "inputs.a"): 2, (DAY, "email", "inputs.b"): 1, (DAY, "phone", "inputs.a"): 1,
    }  # fmt: skip


def test_adverse_decisions_count_whether_explained_or_not() -> None:
    batch = counted(
        replace(ONE, adverse=True), replace(FAILED, record_id="p-2", adverse=True), replace(ONE, record_id="p-3")
    )
    assert batch.days[DAY, "7"].adverse == 2


def test_buckets_and_days_go_by_event_time_and_version() -> None:
    batch = counted(
        replace(ONE, record_id="a", time=NOON + 299.999999), replace(ONE, record_id="b", time=NOON + 300),
        replace(ONE, record_id="c", time=DAY.timestamp() - 0.000001), replace(ONE, record_id="d", model_version="8"),
    )  # fmt: skip
    assert {start.timestamp() - NOON: bucket.predictions for start, bucket in batch.buckets.items()} == {
        0: 2,
        300: 1,
        -43500: 1,
    }
    assert {key: day.predictions for key, day in batch.days.items()} == {
        (DAY, "7"): 2, (DAY, "8"): 1, (DAY - timedelta(days=1), "7"): 1,
    }  # fmt: skip


def test_refused_lines_are_counted_by_reason_and_passed_on() -> None:
    refused = [
        Quarantined(source="a.jsonl", position=i, size=5, reason=r) for i, r in enumerate(("torn", "torn", "not_json"))
    ]
    batch = counted(quarantined=refused)
    assert total(batch, "telemetry_quarantined", "torn") == 2
    assert total(batch, "telemetry_quarantined", "not_json") == 1
    assert batch.quarantined == refused
    assert total(batch, "predictions") == 0


def test_ids_that_are_no_valid_unicode_have_digests_too() -> None:
    digests = digests_of([replace(ONE, record_id=name) for name in ("a", "\ud800", "é", "a")])
    assert digests.dtype == np.uint64
    assert digests[0] == digests[3]
    assert len(set(digests.tolist())) == 3
    assert digests_of([]).tolist() == []


RECORDS = st.lists(
    st.builds(
        replace,
        st.sampled_from(
            [
                ONE,
                FAILED,
                replace(FAILED, fingerprint="f2"),
                replace(FAILED, fingerprint="f3"),
                replace(FAILED, attempted=False, reason="missing", error_reason=None, fingerprint="", error=""),
                replace(FAILED, attempted=False, reason="sampling", error_reason=None, fingerprint="", error=""),
            ]
        ),
        record_id=st.integers(0, 30).map(str),
        time=st.floats(NOON - 2 * 86400, NOON + 86400).map(lambda seconds: round(seconds, 6)),
        model_version=st.sampled_from(["7", "8"]),
    ),
    max_size=40,
)


@pytest.mark.parametrize("requests_per_day", [1, 2, counting.REQUESTS_PER_DAY])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RECORDS, st.lists(st.integers(0, 40), max_size=4))
def test_where_batches_are_cut_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, requests_per_day: int, records: list[Logged], cuts: list[int]
) -> None:
    monkeypatch.setattr(counting, "REQUESTS_PER_DAY", requests_per_day)
    whole = counted(*records)
    seen: set[int] = set()
    known: dict[tuple[str, datetime], int] = {}
    failures: Counter[datetime] = Counter()
    watermark: datetime | None = None
    totals: Counter[tuple[str, str]] = Counter()
    buckets: Counter[tuple[datetime, str]] = Counter()
    spans: Counter[Any] = Counter()
    for part in _parts(records, sorted(cuts)):
        before = np.array(sorted(seen), np.uint64)
        batch = counted(
            *part, watermark=watermark, known=Known(requests=known, failures=failures),
            seen=lambda digests, before=before: np.isin(digests, before),
        )  # fmt: skip
        seen |= set(batch.digests.tolist())
        known |= dict.fromkeys(batch.errors, 1)
        for (start, _), day in batch.days.items():
            failures[start] += day.errors
        watermark = batch.watermark
        totals.update(batch.totals)
        buckets.update(
            {(s, name): getattr(b, name) for s, b in batch.buckets.items() for name in b.__dataclass_fields__}
        )
        spans.update({key: span.n for key, span in batch.unexplained.items()})
        spans.update({key: failed[3].n for key, failed in batch.errors.items()})
    assert dict(totals) == pytest.approx(whole.totals)
    assert +buckets == +Counter(
        {(s, n): getattr(b, n) for s, b in whole.buckets.items() for n in b.__dataclass_fields__}
    )
    assert dict(spans) == {
        **{key: span.n for key, span in whole.unexplained.items()},
        **{key: failed[3].n for key, failed in whole.errors.items()},
    }
    assert watermark == whole.watermark
    assert sorted(seen) == whole.digests.tolist()


def _parts(records: Sequence[Logged], cuts: list[int]) -> list[Sequence[Logged]]:
    ends = [0, *cuts, len(records)]
    return [records[start:end] for start, end in pairwise(ends)]


@given(RECORDS)
def test_the_parts_add_up(records: list[Logged]) -> None:
    batch = counted(*records)
    ids = {record.record_id for record in records}
    assert total(batch, "predictions") == len(ids) == total(batch, "telemetry_records")
    assert total(batch, "telemetry_duplicates") == len(records) - len(ids)
    unexplained = sum(total(batch, "predictions_unexplained", reason) for reason in names.UNEXPLAINED_REASONS)
    errors = sum(total(batch, "explanation_errors", reason) for reason in names.ERROR_REASONS)
    assert total(batch, "predictions_explained") + unexplained == len(ids)
    assert total(batch, "explanations") == total(batch, "predictions_explained") + errors
    left_out = total(batch, "predictions_unexplained", "sampling")
    for name, fewer in (("predictions", left_out), ("explanations", 0), ("errors", 0), ("slow", 0)):
        by_time = sum(getattr(bucket, name) for bucket in batch.buckets.values())
        assert by_time == sum(getattr(day, name) for day in batch.days.values()) - fewer
    assert sum(bucket.unexplained for bucket in batch.buckets.values()) == unexplained - left_out
    assert sum(span.n for span in batch.unexplained.values()) == unexplained
    assert sum(batch.latency) == total(batch, "predictions_explained")
