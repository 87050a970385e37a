"""Adding up a batch of records."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from monitor import names
from monitor.settings import TelemetrySettings
from monitor.telemetry.instants import midnight
from monitor.telemetry.records import Batch, Bucket, Day, Known, Logged, Quarantined, Span

Seen = Callable[[NDArray[np.uint64]], NDArray[np.bool_]]
"""Which of these digests (unsorted, in the order of the records) were counted before, within telemetry.remember."""

BUCKET_SECONDS = 300
REQUESTS_PER_DAY = 50_000
"""Failed requests told apart per UTC day. What fails beyond counts as a failure each time, and is kept by reason."""
OTHER = "other"
"""Class and version of the failures beyond."""
_CLASSES = len(names.LATENCY_BUCKETS) + 1


def digests_of(records: Sequence[Logged]) -> NDArray[np.uint64]:
    """64-bit BLAKE2b digests of the record ids, in the order of the records."""
    # A lone half of a surrogate pair is no text that can be encoded, and still an id.
    parts = [blake2b(record.record_id.encode("utf-8", "surrogatepass"), digest_size=8).digest() for record in records]
    return np.frombuffer(b"".join(parts), dtype="<u8").astype(np.uint64, copy=False)


def failed_requests(records: Sequence[Logged]) -> set[tuple[str, datetime]]:
    """(fingerprint, midnight UTC) of the failed attempts among the records: what `known` must be asked for."""
    return {(record.fingerprint, midnight(record.time)) for record in records if record.fingerprint}


def count(
    records: Sequence[Logged],
    *,
    settings: TelemetrySettings,
    watermark: datetime | None,
    seen: Seen,
    known: Known,
    quarantined: Sequence[Quarantined] = (),
) -> Batch:
    """What these records add to the store, in the order in which they were read.

    Args:
        settings: The monitor's; latency threshold, payload limit, price and late_after are used.
        watermark: Time of the newest record counted before this batch. It moves on record by record, so that what is
            late does not depend on where batches are cut.
        seen: Tells records that were counted before; those that come twice within the batch are found here.
        known: Failed requests counted before, at least those of `failed_requests(records)` that are in the store, and
            the failures of their days.

    Returns:
        Batch whose `digests` are sorted and new, and whose `watermark` is the newer of the two.
    """
    digests = digests_of(records)
    fresh, new = _fresh(digests, seen)
    tally = _Tally(settings, known)
    for index in fresh:
        tally.add(records[index])
    batch = tally.finished()
    batch.digests = new
    times = np.array([records[index].time for index in fresh])
    late, batch.watermark = _late(times, watermark, settings.late_after)
    words = Counter(one.reason for one in quarantined)
    batch.quarantined = list(quarantined)
    batch.totals = {
        **tally.totals(),
        ("xdrift_telemetry_duplicates_total", ""): float(len(records) - len(fresh)),
        ("xdrift_telemetry_late_total", ""): float(late),
        **{("xdrift_telemetry_quarantined_total", word): float(n) for word, n in words.items()},
    }
    batch.totals = {key: value for key, value in batch.totals.items() if value}
    return batch


def _fresh(digests: NDArray[np.uint64], seen: Seen) -> tuple[list[int], NDArray[np.uint64]]:
    """Places of records not counted before, the first of equals only, in reading order; and their sorted digests."""
    if not len(digests):
        return [], digests
    new, first = np.unique(digests, return_index=True)
    unseen = ~seen(digests)[first]
    return np.sort(first[unseen]).tolist(), new[unseen]


def _late(times: NDArray[np.float64], watermark: datetime | None, after: timedelta) -> tuple[int, datetime | None]:
    """How many came later than expected, each against the newest before it; and the newest of all."""
    if not len(times):
        return 0, watermark
    start = -np.inf if watermark is None else watermark.timestamp()
    newest = np.maximum.accumulate(np.concatenate(([start], times)))
    return int(np.sum(times < newest[:-1] - after.total_seconds())), datetime.fromtimestamp(float(newest[-1]), UTC)


class _Tally:
    """Adds records one by one; what most records share is found by one look-up each."""

    def __init__(self, settings: TelemetrySettings, known: Known) -> None:
        self._threshold = settings.latency_threshold.total_seconds()
        self._limit = settings.payload_limit
        self._dollars = settings.price_per_hour / 3600
        self._known = known
        self._failures = dict(known.failures)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._buckets: dict[float, Bucket] = {}
        self._days: dict[tuple[float, str], Day] = {}
        self._payload = self._compute = 0.0
        self._predictions = self._explained = self._explanations = self._slow = 0
        self._sources: Counter[str] = Counter()
        self._batch = Batch(latency=[0] * _CLASSES)
        self._unexplained: _Spans[tuple[datetime, str, str, tuple[tuple[str, str], ...]]] = {}
        self._errors: _Spans[tuple[str, datetime]] = {}
        self._incidents: _Spans[tuple[datetime, str, str]] = {}
        self._failed: dict[tuple[str, datetime], tuple[str, str, str]] = {}

    def add(self, record: Logged) -> None:
        """A record that was not counted before."""
        time = record.time
        slot, date = time // BUCKET_SECONDS, time // 86400
        bucket = self._buckets.get(slot) or self._bucket(slot)
        day = self._days.get((date, record.model_version)) or self._day(date, record.model_version)
        self._predictions += 1
        day.predictions += 1
        if not record.explained and record.reason == names.LEFT_OUT:
            day.left_out += 1
        else:
            bucket.predictions += 1
        if record.adverse:
            day.adverse += 1
        if record.explained:
            self._add_explained(record, bucket, day)
        else:
            self._add_unexplained(record, bucket, day)
        if spent := record.compute_seconds:
            self._compute += spent
            day.compute_seconds += spent
            day.cost += spent * self._dollars
        for kind, field in record.personal:
            bucket.privacy += 1
            self._counts["xdrift_privacy_incidents_total", kind] += 1
            _see(self._incidents, (midnight(time), kind, field), time)

    def _add_explained(self, record: Logged, bucket: Bucket, day: Day) -> None:
        self._explained += 1
        self._explanations += 1
        bucket.explanations += 1
        day.explained += 1
        day.explanations += 1
        source, size, latency = record.source, record.size, record.latency
        self._sources[source] += 1
        day.sources[source] = day.sources.get(source, 0) + 1
        self._payload += size
        day.payload_bytes += size
        if size > self._limit:
            self._counts["xdrift_explanations_oversize_total", ""] += 1
        if record.stale:
            self._counts["xdrift_explanations_stale_total", ""] += 1
        if latency is None:
            return
        place = bisect_left(names.LATENCY_BUCKETS, latency)
        self._batch.latency[place] += 1
        self._batch.latency_sum += latency
        day.latency[place] += 1
        if latency > self._threshold:
            self._slow += 1
            bucket.slow += 1
            day.slow += 1

    def _add_unexplained(self, record: Logged, bucket: Bucket, day: Day) -> None:
        reason, time = record.reason or "missing", record.time
        bucket.unexplained += reason != names.LEFT_OUT
        self._counts["xdrift_predictions_unexplained_total", reason] += 1
        today = midnight(time)
        _see(self._unexplained, (today, reason, record.model_version, record.groups), time)
        if record.error_reason is None:
            return
        key, kept = (record.fingerprint, today), (record.error_reason, record.error, record.model_version)
        if key in self._errors or key in self._known.requests:
            self._counts["xdrift_explanation_errors_repeated_total", ""] += 1
        else:
            self._explanations += 1
            self._counts["xdrift_explanation_errors_total", record.error_reason] += 1
            for into in (bucket, day):
                into.explanations += 1
                into.errors += 1
            before = self._failures.get(today, 0)
            self._failures[today] = before + 1
            if before >= REQUESTS_PER_DAY:
                key, kept = (f"{OTHER}:{record.error_reason}", today), (record.error_reason, OTHER, OTHER)
        self._failed.setdefault(key, kept)
        _see(self._errors, key, time)

    def finished(self) -> Batch:
        """What was added up, but for totals."""
        batch = self._batch
        batch.unexplained = {key: _span(seen) for key, seen in self._unexplained.items()}
        batch.errors = {key: (*self._failed[key], _span(seen)) for key, seen in self._errors.items()}
        batch.incidents = {key: _span(seen) for key, seen in self._incidents.items()}
        return batch

    def totals(self) -> dict[tuple[str, str], float]:
        plain = {
            "xdrift_predictions_total": self._predictions,
            "xdrift_telemetry_records_total": self._predictions,
            "xdrift_predictions_explained_total": self._explained,
            "xdrift_explanations_total": self._explanations,
            "xdrift_explanations_slow_total": self._slow,
            "xdrift_explanation_payload_bytes_total": self._payload,
            "xdrift_explanation_cost_dollars_total": self._compute * self._dollars,
        }
        return {
            **{(name, ""): float(value) for name, value in plain.items()},
            ("xdrift_explanation_compute_seconds_total", "online"): self._compute,
            **{("xdrift_explanation_sources_total", source): float(n) for source, n in self._sources.items()},
            **{key: float(n) for key, n in self._counts.items()},
        }

    def _bucket(self, slot: float) -> Bucket:
        start = datetime.fromtimestamp(slot * BUCKET_SECONDS, UTC)
        bucket = self._buckets[slot] = self._batch.buckets[start] = Bucket()
        return bucket

    def _day(self, date: float, version: str) -> Day:
        start = datetime.fromtimestamp(date * 86400, UTC)
        day = self._days[date, version] = self._batch.days[start, version] = Day(latency=[0] * _CLASSES)
        return day


_Key = TypeVar("_Key")
_Spans = dict[_Key, list[float]]
"""What was seen: [how often, first, last], times in seconds since 1970."""


def _see(spans: _Spans[_Key], key: _Key, time: float) -> None:
    span = spans.get(key)
    if span is None:
        spans[key] = [1, time, time]
        return
    span[0] += 1
    if time < span[1]:
        span[1] = time
    elif time > span[2]:
        span[2] = time


def _span(seen: list[float]) -> Span:
    n, first, last = seen
    return Span(n=int(n), first=datetime.fromtimestamp(first, UTC), last=datetime.fromtimestamp(last, UTC))
