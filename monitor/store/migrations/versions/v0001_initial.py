"""The first schema. What its tables mean is said in monitor/store/tables.py; this file never changes."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)
REAL: sa.Double[float] = sa.Double()
WHOLE, TEXT, FLAG, BYTES = sa.BigInteger(), sa.Text(), sa.Boolean(), sa.LargeBinary()


def _must(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _may(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=True) for name in names]


def _table(name: str, key: str, *parts: Any) -> None:
    columns = key.split()
    op.create_table(name, *parts, sa.PrimaryKeyConstraint(*columns, name=f"pk_{name}"))


def _link(table: str, column: str, target: str, **options: Any) -> sa.ForeignKeyConstraint:
    """A foreign key on the space-separated columns of `column`."""
    columns = column.split()
    targets = target.split()
    return sa.ForeignKeyConstraint(columns, targets, name=f"fk_{table}_{'_'.join(columns)}", **options)


def _to_monitor(table: str) -> sa.ForeignKeyConstraint:
    return _link(table, "monitor", "monitors.name")


def _to_reference(table: str) -> sa.ForeignKeyConstraint:
    return _link(table, "monitor reference_id", "attribution_references.monitor attribution_references.id")


def _profile() -> list[sa.Column[Any]]:
    return [
        *_must(TEXT, "kind", "side", "feature"),
        *_must(WHOLE, "n", "n_missing"),
        *_must(JSON, "edges", "categories", "counts", "quantiles"),
        *_may(REAL, "mean", "mean_abs", "std", "minimum", "maximum"),
    ]


def upgrade() -> None:
    _monitors_and_references()
    _slots()
    _checks()
    _parts_of_checks()
    _state()


def _monitors_and_references() -> None:
    _table(
        "monitors", "name",
        *_must(TEXT, "name", "model", "owner", "tier", "cadence", "config_digest"),
        *_must(REAL, "interval_seconds", "window_seconds", "delay_seconds"),
        *_must(TIME, "created_at", "updated_at"),
        *_must(FLAG, "retired"),
    )  # fmt: skip
    _table(
        "attribution_references", "monitor id",
        *_must(TEXT, "monitor", "id"),
        *_must(TIME, "created_at"),
        *_must(TEXT, "author", "reason", "model_digest", "model_version"),
        *_must(TEXT, "holdout_digest", "explainer_digest", "engine"),
        *_must(JSON, "model_libraries", "explainer", "feature_names", "source_features", "notes", "row_ids"),
        *_may(JSON, "periods"),
        *_must(WHOLE, "n_rows", "n_features"),
        *_may(REAL, "additivity_gap"),
        *_must(BYTES, "arrays"),
        *_must(TEXT, "content_digest"),
        _to_monitor("attribution_references"),
    )  # fmt: skip
    _table(
        "reference_profiles", "monitor reference_id position",
        *_must(TEXT, "monitor", "reference_id"),
        *_must(WHOLE, "position"),
        *_profile(),
        _to_reference("reference_profiles"),
    )  # fmt: skip
    _table(
        "reference_activations", "monitor position",
        *_must(TEXT, "monitor"),
        *_must(WHOLE, "position"),
        *_must(TEXT, "reference_id", "author", "reason"),
        *_must(TIME, "activated_at"),
        _to_reference("reference_activations"),
    )  # fmt: skip


def _slots() -> None:
    _table(
        "slots", "monitor planned_at",
        *_must(TEXT, "monitor"),
        *_must(TIME, "planned_at"),
        *_must(TEXT, "state"),
        *_may(TEXT, "token", "owner", "reason"),
        *_must(WHOLE, "attempt"),
        *_may(TIME, "lease_until", "finished_at"),
        _to_monitor("slots"),
    )  # fmt: skip
    op.create_index("ix_slots_state", "slots", ["state"])
    op.create_index("ix_slots_finished_at", "slots", ["finished_at"])
    _table(
        "slot_attempts", "monitor planned_at attempt",
        *_must(TEXT, "monitor"),
        *_must(TIME, "planned_at"),
        *_must(WHOLE, "attempt"),
        *_must(TEXT, "token", "owner"),
        *_must(TIME, "started_at"),
        *_may(TIME, "finished_at", "interrupted_at"),
        _link("slot_attempts", "monitor planned_at", "slots.monitor slots.planned_at", ondelete="CASCADE"),
    )  # fmt: skip


def _checks() -> None:
    _table(
        "checks", "id",
        *_must(TEXT, "id", "monitor", "model", "outcome", "verdict", "sentence"),
        *_must(TIME, "planned_at", "window_start", "window_end", "started_at", "finished_at"),
        *_must(WHOLE, "level"),
        *_may(WHOLE, "level_holdout", "level_traffic", "level_total", "level_trend"),
        *_may(TEXT, "reason", "error", "reference_id", "model_version", "model_digest", "holdout_digest"),
        *_may(TEXT, "explainer_digest", "config_digest"),
        *_must(WHOLE, "seed", "n_seen", "n_drawn", "n_explained", "n_holdout"),
        *_must(FLAG, "holdout_skipped"),
        *_may(REAL, "additivity_gap"),
        *_may(JSON, "explainer"),
        *_must(JSON, "evidence", "model_numbers", "input_drift", "stage_seconds", "versions", "notes"),
        _to_monitor("checks"),
        _to_reference("checks"),
        sa.UniqueConstraint("monitor", "planned_at", name="uq_checks_monitor_planned_at"),
    )  # fmt: skip
    op.create_index("ix_checks_planned_at", "checks", ["planned_at"])
    op.create_index("ix_checks_finished_at", "checks", ["finished_at"])


def _parts_of_checks() -> None:
    _part(
        "findings",
        *_must(TEXT, "view", "test"),
        *_may(TEXT, "feature", "reason"),
        *_may(REAL, "statistic", "p_value", "p_adjusted", "threshold", "threshold_severe"),
        *_must(WHOLE, "level"),
        *_must(WHOLE, "n_reference", "n_current"),
    )
    _part(
        "contributions",
        *_must(TEXT, "feature"),
        *_may(REAL, "importance_reference", "importance_holdout", "importance_current"),
        *_may(REAL, "share_reference", "share_current", "model_part", "data_part"),
        *_must(WHOLE, "level"),
    )
    _part("profiles", *_profile())
    _part(
        "attributions",
        *_must(TEXT, "row_id", "kind"),
        *_may(TIME, "time"),
        *_may(REAL, "prediction", "logged_prediction", "base_value"),
        *_must(JSON, "vector", "inputs", "segments"),
    )
    op.create_index("ix_attributions_row_id", "attributions", ["row_id"])


def _part(table: str, *columns: Any) -> None:
    _table(
        table,
        "check_id position",
        *_must(TEXT, "check_id"),
        *_must(WHOLE, "position"),
        *columns,
        _link(table, "check_id", "checks.id", ondelete="CASCADE"),
    )


def _state() -> None:
    _table(
        "model_deployments", "monitor activated_at",
        *_must(TEXT, "monitor"),
        *_must(TIME, "activated_at"),
        *_must(TEXT, "digest"),
        *_may(TEXT, "version"),
        *_must(TIME, "first_seen"),
        _to_monitor("model_deployments"),
    )  # fmt: skip
    _table(
        "monitor_state", "monitor",
        *_must(TEXT, "monitor"),
        *_may(TEXT, "last_check_id"),
        *_may(TIME, "last_run_at", "last_success_at", "deployed_at"),
        *_must(WHOLE, "consecutive_failures"),
        *_may(TEXT, "model_version", "model_digest"),
        _to_monitor("monitor_state"),
        _link("monitor_state", "last_check_id", "checks.id", ondelete="SET NULL"),
    )  # fmt: skip
    _table(
        "view_state", "monitor view",
        *_must(TEXT, "monitor", "view"),
        *_must(WHOLE, "level"),
        *_must(WHOLE, "streak"),
        _to_monitor("view_state"),
    )  # fmt: skip
    _table(
        "counters", "name monitor model labels",
        *_must(TEXT, "name", "monitor", "model", "labels"),
        *_must(REAL, "value"),
        _to_monitor("counters"),
    )  # fmt: skip


def downgrade() -> None:
    for table in (
        "counters", "view_state", "monitor_state", "model_deployments", "attributions", "profiles", "contributions",
        "findings", "checks", "slot_attempts", "slots", "reference_activations", "reference_profiles",
        "attribution_references", "monitors",
    ):  # fmt: skip
        op.drop_table(table)
