"""Tables of what is known beside checks: the explanation log, maintenance, messages. Migration 0003 makes them.

No value of an input is kept here, in clear or otherwise.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, LargeBinary, Table

from monitor.store.columns import Instant, Json, Real, Whole, Words
from monitor.store.tables import key_column, may, metadata, monitor_key, must

telemetry_state = Table(
    "telemetry_state",
    metadata,
    monitor_key(),
    *must(Whole, "revision"),
    *must(Json, "positions"),
    *may(Instant, "watermark", "last_success_at", "last_failure_at"),
    *must(Whole, "consecutive_failures"),
    *may(Words, "error"),
    *may(Real, "latency_threshold"),
)
"""How far the explanation log has been read. `revision` grows by one with every batch: whoever read another revision
has been overtaken and must begin again from here."""

telemetry_seen = Table(
    "telemetry_seen",
    metadata,
    monitor_key(),
    key_column(Whole, "revision"),
    *must(Instant, "counted_at"),
    *must(LargeBinary, "digests"),
    Index(None, "counted_at"),
)
"""Ids of the records of one batch, as sorted 64-bit digests: what tells duplicates."""

telemetry_buckets = Table(
    "telemetry_buckets",
    metadata,
    monitor_key(),
    key_column(Instant, "start"),
    *must(Whole, "predictions", "unexplained", "explanations", "errors", "slow", "privacy"),
)
"""Five minutes of event time each: what the period's error budgets are worked out from."""

telemetry_days = Table(
    "telemetry_days",
    metadata,
    monitor_key(),
    key_column(Instant, "day"),
    key_column(Words, "model_version"),
    *must(Whole, "predictions", "left_out", "explained", "explanations", "errors", "slow", "adverse"),
    *must(Real, "compute_seconds", "cost", "payload_bytes"),
    *must(Json, "sources", "latency"),
)
"""One UTC day of one model version: what reports are made from. `latency`: counts per bucket of
names.LATENCY_BUCKETS and +Inf, not cumulated. `left_out`: of the predictions those that sampling left out, 0 before
migration 0005."""

unexplained = Table(
    "unexplained",
    metadata,
    monitor_key(),
    key_column(Instant, "day"),
    key_column(Words, "reason"),
    key_column(Words, "model_version"),
    key_column(Words, "group_key"),
    *must(Json, "groups"),
    *must(Whole, "n"),
    *must(Instant, "first_seen", "last_seen"),
)
"""Predictions without explanation by what the monitor groups them by; `group_key` is `groups` as canonical JSON."""

explanation_errors = Table(
    "explanation_errors",
    metadata,
    monitor_key(),
    key_column(Words, "fingerprint"),
    key_column(Instant, "day"),
    *must(Words, "reason", "error", "model_version"),
    *must(Whole, "n"),
    *must(Instant, "first_seen", "last_seen"),
    Index(None, "last_seen"),
)
"""Failed explanations; `error` is the class of the error, never its text, which may quote inputs."""

quarantine = Table(
    "quarantine",
    metadata,
    monitor_key(),
    key_column(Words, "source"),
    key_column(Whole, "position"),
    *must(Words, "reason"),
    *must(Whole, "size"),
    *must(Instant, "seen_at"),
    Index(None, "seen_at"),
)
"""Where lines stand that could not be used, never what they say."""

privacy_incidents = Table(
    "privacy_incidents",
    metadata,
    monitor_key(),
    key_column(Instant, "day"),
    key_column(Words, "kind"),
    key_column(Words, "field"),
    *must(Whole, "n"),
    *must(Instant, "first_seen", "last_seen"),
)
"""Personal data found in explanations: which kind, in which field, never the value."""

maintenances = Table(
    "maintenances",
    metadata,
    monitor_key(),
    key_column(Instant, "start"),
    *must(Instant, "until"),
    *may(Instant, "ended_at"),
    *must(Words, "author", "reason"),
    *may(Words, "ended_by"),
)
"""Declared maintenance: it covers [start, the earlier of until and ended_at)."""

smoothed_scores = Table(
    "smoothed_scores",
    metadata,
    monitor_key(),
    key_column(Words, "view"),
    key_column(Words, "test"),
    *must(Real, "value"),
    *must(Whole, "checks"),
)
"""Exponentially weighted means over judged checks, worked out again with the rest of the state."""

segment_state = Table(
    "segment_state",
    metadata,
    monitor_key(),
    key_column(Words, "segment"),
    *must(Whole, "level", "streak"),
)
"""Held level and streak per segment."""

switched_on = Table("switched_on", metadata, key_column(Words, "what"), *must(Instant, "at"))
"""When something was first switched on that must not tell of what was before, as annotations are. Migration 0004."""

outbox = Table(
    "outbox",
    metadata,
    key_column(Words, "id"),
    Column("monitor", Words, nullable=False),
    *must(Words, "channel"),
    *must(Json, "message"),
    *must(Instant, "created_at", "due_at"),
    *must(Whole, "attempts"),
    *must(Boolean, "given_up"),
    *may(Instant, "sent_at"),
    *may(Words, "error"),
    Index(None, "due_at"),
)
"""Messages to be delivered at least once; `id` follows from check and channel, so that none is written twice."""
