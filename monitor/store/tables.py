"""The schema, as the migrations in migrations/versions leave it. A test holds the two together.

One row of `checks` is one check; `findings`, `contributions`, `profiles` and `attributions` are its parts, in the
order of `position`, and go with it. Everything time-ordered is ordered by `planned_at`, never by when it was stored,
so that slots made up for later fall into place.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, MetaData, Table, UniqueConstraint
from sqlalchemy import ForeignKeyConstraint as ForeignKeys

from monitor.store.columns import Instant, Json, Real, Whole, Words

SCHEMA_VERSION = "0006"
"""The newest migration. Versions are four digits, so that their order is that of the text."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key_column(kind: Any, name: str, *more: Any) -> Column[Any]:
    return Column(name, kind, *more, primary_key=True)


def must(kind: Any, *names: str) -> tuple[Column[Any], ...]:
    return tuple(Column(name, kind, nullable=False) for name in names)


def may(kind: Any, *names: str) -> tuple[Column[Any], ...]:
    return tuple(Column(name, kind, nullable=True) for name in names)


def monitor_key() -> Column[Any]:
    return key_column(Words, "monitor", ForeignKey("monitors.name"))


def _part_of_check() -> tuple[Column[Any], ...]:
    return key_column(Words, "check_id", ForeignKey("checks.id", ondelete="CASCADE")), key_column(Whole, "position")


def _profile() -> tuple[Column[Any], ...]:
    return (
        *must(Words, "kind", "side", "feature"),
        *must(Whole, "n", "n_missing"),
        *must(Json, "edges", "categories", "counts", "quantiles"),
        *may(Real, "mean", "mean_abs", "std", "minimum", "maximum"),
    )


def _to_reference() -> ForeignKeys:
    return ForeignKeys(("monitor", "reference_id"), ("attribution_references.monitor", "attribution_references.id"))


monitors = Table(
    "monitors",
    metadata,
    key_column(Words, "name"),
    *must(Words, "model", "owner", "tier", "cadence", "config_digest"),
    *must(Real, "interval_seconds", "window_seconds", "delay_seconds"),
    *must(Instant, "created_at", "updated_at"),
    *must(Boolean, "retired"),
    *may(Json, "slo", "earlier_intervals"),
)
"""`slo`: {"period_seconds": s, "objectives": {slo: ratio}}. `earlier_intervals`: [[until when, in seconds since 1970,
interval_seconds that held until then], ...], oldest first; NULL where there was no other. Migration 0005."""

references = Table(
    "attribution_references",
    metadata,
    monitor_key(),
    key_column(Words, "id"),
    *must(Instant, "created_at"),
    *must(Words, "author", "reason", "model_digest", "model_version", "holdout_digest", "explainer_digest", "engine"),
    *must(Json, "model_libraries", "explainer", "feature_names", "source_features", "notes", "row_ids"),
    *may(Json, "periods", "noise"),
    *must(Whole, "n_rows", "n_features"),
    *may(Real, "additivity_gap"),
    *must(LargeBinary, "arrays"),
    *must(Words, "content_digest"),
)
"""`arrays` holds values, base values and predictions as npz. Rows are never changed and never deleted."""

reference_profiles = Table(
    "reference_profiles",
    metadata,
    key_column(Words, "monitor"),
    key_column(Words, "reference_id"),
    key_column(Whole, "position"),
    *_profile(),
    _to_reference(),
)

activations = Table(
    "reference_activations",
    metadata,
    key_column(Words, "monitor"),
    key_column(Whole, "position"),
    *must(Words, "reference_id", "author", "reason"),
    *must(Instant, "activated_at"),
    _to_reference(),
)
"""Which reference came into force when; the highest position of a monitor is in force now."""

slots = Table(
    "slots",
    metadata,
    monitor_key(),
    key_column(Instant, "planned_at"),
    *must(Words, "state"),
    *may(Words, "token", "owner", "reason", "confirms"),
    *must(Whole, "attempt"),
    *may(Instant, "lease_until", "finished_at"),
    Index(None, "state"),
    Index(None, "finished_at"),
)
"""state: running, interrupted, done (a check is saved), failed (a failed check is saved), skipped. `confirms`: the
check that the slot looks at again."""

attempts = Table(
    "slot_attempts",
    metadata,
    key_column(Words, "monitor"),
    key_column(Instant, "planned_at"),
    key_column(Whole, "attempt"),
    *must(Words, "token", "owner"),
    *must(Instant, "started_at"),
    *may(Instant, "finished_at", "interrupted_at"),
    ForeignKeys(("monitor", "planned_at"), ("slots.monitor", "slots.planned_at"), ondelete="CASCADE"),
)
"""What happened to a slot: one row for each time somebody held it."""

checks = Table(
    "checks",
    metadata,
    key_column(Words, "id"),
    Column("monitor", Words, ForeignKey("monitors.name"), nullable=False),
    *must(Words, "model", "outcome", "verdict", "sentence"),
    *must(Instant, "planned_at", "window_start", "window_end", "started_at", "finished_at"),
    *must(Whole, "level"),
    *may(Whole, "level_holdout", "level_traffic", "level_total", "level_trend"),
    *may(Words, "reason", "error", "reference_id", "model_version", "model_digest", "holdout_digest"),
    *may(Words, "explainer_digest", "config_digest"),
    *must(Whole, "seed", "n_seen", "n_drawn", "n_explained", "n_holdout"),
    *must(Boolean, "holdout_skipped"),
    *may(Real, "additivity_gap"),
    *may(Json, "explainer", "canary", "served", "decision"),
    *may(Words, "confirms"),
    *may(Instant, "newest_at"),
    *must(Json, "evidence", "model_numbers", "input_drift", "stage_seconds", "versions", "notes"),
    _to_reference(),
    UniqueConstraint("monitor", "planned_at"),
    Index(None, "planned_at"),
    Index(None, "finished_at"),
)
"""A view that was not tested has a NULL level. `confirms`: the check that this one looks at again. `served`: logged
attributions against recomputed ones. `decision`: how predictions become decisions. `newest_at`: time of the newest
prediction in the window, NULL where there was none and in checks of before migration 0006."""

findings = Table(
    "findings",
    metadata,
    *_part_of_check(),
    *must(Words, "view", "test"),
    *may(Words, "feature", "reason", "segment"),
    *may(Real, "statistic", "p_value", "p_adjusted", "threshold", "threshold_severe"),
    *must(Whole, "level"),
    *must(Whole, "n_reference", "n_current"),
)

contributions = Table(
    "contributions",
    metadata,
    *_part_of_check(),
    *must(Words, "feature"),
    *may(Real, "importance_reference", "importance_holdout", "importance_current"),
    *may(Real, "share_reference", "share_current", "model_part", "data_part"),
    *must(Whole, "level"),
)
"""Numbers are NULL only for NaN."""

profiles = Table("profiles", metadata, *_part_of_check(), *_profile())

attributions = Table(
    "attributions",
    metadata,
    *_part_of_check(),
    *must(Words, "row_id", "kind"),
    *may(Instant, "time"),
    *may(Real, "prediction", "logged_prediction", "base_value"),
    *must(Json, "vector", "inputs", "segments"),
    *may(Json, "logged_vector", "nearest_other", "classes"),
    Index(None, "row_id"),
)
"""Explained predictions; `vector` maps feature to attribution, `logged_vector` what the serving system logged;
`nearest_other` names the nearest row with another decision; `classes` maps class to [base value, prediction] where
several are explained."""

deployments = Table(
    "model_deployments",
    metadata,
    monitor_key(),
    key_column(Instant, "activated_at"),
    *must(Words, "digest"),
    *may(Words, "version"),
    *must(Instant, "first_seen"),
)
"""One row each time another model digest came into force, also back again: `activated_at` is the planned time of the
first slot that saw it, `first_seen` when the check of that slot began."""

monitor_state = Table(
    "monitor_state",
    metadata,
    monitor_key(),
    Column("last_check_id", Words, ForeignKey("checks.id", ondelete="SET NULL"), nullable=True),
    *may(Instant, "last_run_at", "last_success_at", "deployed_at", "newest_at"),
    *must(Whole, "consecutive_failures"),
    *may(Words, "model_version", "model_digest"),
)
"""What a scrape shows of a monitor, worked out again whenever one of its checks is finished."""

view_state = Table(
    "view_state", metadata, monitor_key(), key_column(Words, "view"), *must(Whole, "level"), *must(Whole, "streak")
)
"""Held level and streak per view."""

counters = Table(
    "counters",
    metadata,
    key_column(Words, "name"),
    monitor_key(),
    key_column(Words, "model"),
    key_column(Words, "labels"),
    *must(Real, "value"),
)
"""Durable totals. `labels`: the labels beside monitor and model, as JSON with sorted keys."""
