"""The explanation log, maintenance, messages, confirming checks. This file never changes."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)
REAL: sa.Double[float] = sa.Double()
WHOLE, TEXT, FLAG, BYTES = sa.BigInteger(), sa.Text(), sa.Boolean(), sa.LargeBinary()

TABLES = (
    "telemetry_state", "telemetry_seen", "telemetry_buckets", "telemetry_days", "unexplained", "explanation_errors",
    "quarantine", "privacy_incidents", "maintenances", "smoothed_scores", "segment_state", "outbox",
)  # fmt: skip


def _must(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _may(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=True) for name in names]


def _table(name: str, key: str, *columns: sa.Column[Any], linked: bool = True) -> None:
    parts: list[Any] = [sa.PrimaryKeyConstraint(*key.split(), name=f"pk_{name}")]
    if linked:
        parts.append(sa.ForeignKeyConstraint(["monitor"], ["monitors.name"], name=f"fk_{name}_monitor"))
    op.create_table(name, *columns, *parts)


def upgrade() -> None:
    op.add_column("checks", sa.Column("served", JSON, nullable=True))
    op.add_column("checks", sa.Column("confirms", TEXT, nullable=True))
    op.add_column("slots", sa.Column("confirms", TEXT, nullable=True))
    op.add_column("monitors", sa.Column("slo", JSON, nullable=True))
    op.add_column("attributions", sa.Column("logged_vector", JSON, nullable=True))
    _totals()
    _rows()
    _state()


def _totals() -> None:
    _table(
        "telemetry_state", "monitor", *_must(TEXT, "monitor"), *_must(WHOLE, "revision"), *_must(JSON, "positions"),
        *_may(TIME, "watermark", "last_success_at", "last_failure_at"), *_must(WHOLE, "consecutive_failures"),
        *_may(TEXT, "error"), *_may(REAL, "latency_threshold"),
    )  # fmt: skip
    _table(
        "telemetry_seen", "monitor revision", *_must(TEXT, "monitor"), *_must(WHOLE, "revision"),
        *_must(TIME, "counted_at"), *_must(BYTES, "digests"),
    )  # fmt: skip
    op.create_index("ix_telemetry_seen_counted_at", "telemetry_seen", ["counted_at"])
    _table(
        "telemetry_buckets", "monitor start", *_must(TEXT, "monitor"), *_must(TIME, "start"),
        *_must(WHOLE, "predictions", "unexplained", "explanations", "errors", "slow", "privacy"),
    )  # fmt: skip
    _table(
        "telemetry_days", "monitor day model_version", *_must(TEXT, "monitor"), *_must(TIME, "day"),
        *_must(TEXT, "model_version"),
        *_must(WHOLE, "predictions", "explained", "explanations", "errors", "slow", "adverse"),
        *_must(REAL, "compute_seconds", "cost", "payload_bytes"), *_must(JSON, "sources", "latency"),
    )  # fmt: skip


def _rows() -> None:
    seen = ("first_seen", "last_seen")
    _table(
        "unexplained", "monitor day reason model_version group_key", *_must(TEXT, "monitor"), *_must(TIME, "day"),
        *_must(TEXT, "reason", "model_version", "group_key"), *_must(JSON, "groups"), *_must(WHOLE, "n"),
        *_must(TIME, *seen),
    )  # fmt: skip
    _table(
        "explanation_errors", "monitor fingerprint day", *_must(TEXT, "monitor", "fingerprint"), *_must(TIME, "day"),
        *_must(TEXT, "reason", "error", "model_version"), *_must(WHOLE, "n"), *_must(TIME, *seen),
    )  # fmt: skip
    op.create_index("ix_explanation_errors_last_seen", "explanation_errors", ["last_seen"])
    _table(
        "quarantine", "monitor source position", *_must(TEXT, "monitor", "source"), *_must(WHOLE, "position"),
        *_must(TEXT, "reason"), *_must(WHOLE, "size"), *_must(TIME, "seen_at"),
    )  # fmt: skip
    op.create_index("ix_quarantine_seen_at", "quarantine", ["seen_at"])
    _table(
        "privacy_incidents", "monitor day kind field", *_must(TEXT, "monitor"), *_must(TIME, "day"),
        *_must(TEXT, "kind", "field"), *_must(WHOLE, "n"), *_must(TIME, *seen),
    )  # fmt: skip


def _state() -> None:
    _table(
        "maintenances", "monitor start", *_must(TEXT, "monitor"), *_must(TIME, "start", "until"),
        *_may(TIME, "ended_at"), *_must(TEXT, "author", "reason"), *_may(TEXT, "ended_by"),
    )  # fmt: skip
    _table(
        "smoothed_scores", "monitor view test", *_must(TEXT, "monitor", "view", "test"), *_must(REAL, "value"),
        *_must(WHOLE, "checks"),
    )  # fmt: skip
    _table("segment_state", "monitor segment", *_must(TEXT, "monitor", "segment"), *_must(WHOLE, "level", "streak"))
    _table(
        "outbox", "id", *_must(TEXT, "id", "monitor", "channel"), *_must(JSON, "message"),
        *_must(TIME, "created_at", "due_at"), *_must(WHOLE, "attempts"), *_must(FLAG, "given_up"),
        *_may(TIME, "sent_at"), *_may(TEXT, "error"), linked=False,
    )  # fmt: skip
    op.create_index("ix_outbox_due_at", "outbox", ["due_at"])


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)
    op.drop_column("attributions", "logged_vector")
    op.drop_column("monitors", "slo")
    op.drop_column("slots", "confirms")
    op.drop_column("checks", "confirms")
    op.drop_column("checks", "served")
