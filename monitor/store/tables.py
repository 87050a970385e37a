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

SCHEMA_VERSION = "0002"
"""The newest migration. Versions are four digits, so that their order is that of the text."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(kind: Any, name: str, *more: Any) -> Column[Any]:
    return Column(name, kind, *more, primary_key=True)


def _must(kind: Any, *names: str) -> tuple[Column[Any], ...]:
    return tuple(Column(name, kind, nullable=False) for name in names)


def _may(kind: Any, *names: str) -> tuple[Column[Any], ...]:
    return tuple(Column(name, kind, nullable=True) for name in names)


def _monitor_key() -> Column[Any]:
    return _key(Words, "monitor", ForeignKey("monitors.name"))


def _part_of_check() -> tuple[Column[Any], ...]:
    return _key(Words, "check_id", ForeignKey("checks.id", ondelete="CASCADE")), _key(Whole, "position")


def _profile() -> tuple[Column[Any], ...]:
    return (
        *_must(Words, "kind", "side", "feature"),
        *_must(Whole, "n", "n_missing"),
        *_must(Json, "edges", "categories", "counts", "quantiles"),
        *_may(Real, "mean", "mean_abs", "std", "minimum", "maximum"),
    )


def _to_reference() -> ForeignKeys:
    return ForeignKeys(("monitor", "reference_id"), ("attribution_references.monitor", "attribution_references.id"))


monitors = Table(
    "monitors",
    metadata,
    _key(Words, "name"),
    *_must(Words, "model", "owner", "tier", "cadence", "config_digest"),
    *_must(Real, "interval_seconds", "window_seconds", "delay_seconds"),
    *_must(Instant, "created_at", "updated_at"),
    *_must(Boolean, "retired"),
)

references = Table(
    "attribution_references",
    metadata,
    _monitor_key(),
    _key(Words, "id"),
    *_must(Instant, "created_at"),
    *_must(Words, "author", "reason", "model_digest", "model_version", "holdout_digest", "explainer_digest", "engine"),
    *_must(Json, "model_libraries", "explainer", "feature_names", "source_features", "notes", "row_ids"),
    *_may(Json, "periods", "noise"),
    *_must(Whole, "n_rows", "n_features"),
    *_may(Real, "additivity_gap"),
    *_must(LargeBinary, "arrays"),
    *_must(Words, "content_digest"),
)
"""`arrays` holds values, base values and predictions as npz. Rows are never changed and never deleted."""

reference_profiles = Table(
    "reference_profiles",
    metadata,
    _key(Words, "monitor"),
    _key(Words, "reference_id"),
    _key(Whole, "position"),
    *_profile(),
    _to_reference(),
)

activations = Table(
    "reference_activations",
    metadata,
    _key(Words, "monitor"),
    _key(Whole, "position"),
    *_must(Words, "reference_id", "author", "reason"),
    *_must(Instant, "activated_at"),
    _to_reference(),
)
"""Which reference came into force when; the highest position of a monitor is in force now."""

slots = Table(
    "slots",
    metadata,
    _monitor_key(),
    _key(Instant, "planned_at"),
    *_must(Words, "state"),
    *_may(Words, "token", "owner", "reason"),
    *_must(Whole, "attempt"),
    *_may(Instant, "lease_until", "finished_at"),
    Index(None, "state"),
    Index(None, "finished_at"),
)
"""state: running, interrupted, done (a check is saved), failed (a failed check is saved), skipped."""

attempts = Table(
    "slot_attempts",
    metadata,
    _key(Words, "monitor"),
    _key(Instant, "planned_at"),
    _key(Whole, "attempt"),
    *_must(Words, "token", "owner"),
    *_must(Instant, "started_at"),
    *_may(Instant, "finished_at", "interrupted_at"),
    ForeignKeys(("monitor", "planned_at"), ("slots.monitor", "slots.planned_at"), ondelete="CASCADE"),
)
"""What happened to a slot: one row for each time somebody held it."""

checks = Table(
    "checks",
    metadata,
    _key(Words, "id"),
    Column("monitor", Words, ForeignKey("monitors.name"), nullable=False),
    *_must(Words, "model", "outcome", "verdict", "sentence"),
    *_must(Instant, "planned_at", "window_start", "window_end", "started_at", "finished_at"),
    *_must(Whole, "level"),
    *_may(Whole, "level_holdout", "level_traffic", "level_total", "level_trend"),
    *_may(Words, "reason", "error", "reference_id", "model_version", "model_digest", "holdout_digest"),
    *_may(Words, "explainer_digest", "config_digest"),
    *_must(Whole, "seed", "n_seen", "n_drawn", "n_explained", "n_holdout"),
    *_must(Boolean, "holdout_skipped"),
    *_may(Real, "additivity_gap"),
    *_may(Json, "explainer", "canary"),
    *_must(Json, "evidence", "model_numbers", "input_drift", "stage_seconds", "versions", "notes"),
    _to_reference(),
    UniqueConstraint("monitor", "planned_at"),
    Index(None, "planned_at"),
    Index(None, "finished_at"),
)
"""A view that was not tested has a NULL level."""

findings = Table(
    "findings",
    metadata,
    *_part_of_check(),
    *_must(Words, "view", "test"),
    *_may(Words, "feature", "reason", "segment"),
    *_may(Real, "statistic", "p_value", "p_adjusted", "threshold", "threshold_severe"),
    *_must(Whole, "level"),
    *_must(Whole, "n_reference", "n_current"),
)

contributions = Table(
    "contributions",
    metadata,
    *_part_of_check(),
    *_must(Words, "feature"),
    *_may(Real, "importance_reference", "importance_holdout", "importance_current"),
    *_may(Real, "share_reference", "share_current", "model_part", "data_part"),
    *_must(Whole, "level"),
)
"""Numbers are NULL only for NaN."""

profiles = Table("profiles", metadata, *_part_of_check(), *_profile())

attributions = Table(
    "attributions",
    metadata,
    *_part_of_check(),
    *_must(Words, "row_id", "kind"),
    *_may(Instant, "time"),
    *_may(Real, "prediction", "logged_prediction", "base_value"),
    *_must(Json, "vector", "inputs", "segments"),
    Index(None, "row_id"),
)
"""Explained predictions; `vector` maps feature to attribution."""

deployments = Table(
    "model_deployments",
    metadata,
    _monitor_key(),
    _key(Instant, "activated_at"),
    *_must(Words, "digest"),
    *_may(Words, "version"),
    *_must(Instant, "first_seen"),
)
"""One row each time another model digest came into force, also back again: `activated_at` is the planned time of the
first slot that saw it, `first_seen` when the check of that slot began."""

monitor_state = Table(
    "monitor_state",
    metadata,
    _monitor_key(),
    Column("last_check_id", Words, ForeignKey("checks.id", ondelete="SET NULL"), nullable=True),
    *_may(Instant, "last_run_at", "last_success_at", "deployed_at"),
    *_must(Whole, "consecutive_failures"),
    *_may(Words, "model_version", "model_digest"),
)
"""What a scrape shows of a monitor, worked out again whenever one of its checks is finished."""

view_state = Table(
    "view_state", metadata, _monitor_key(), _key(Words, "view"), *_must(Whole, "level"), *_must(Whole, "streak")
)
"""Held level and streak per view."""

counters = Table(
    "counters",
    metadata,
    _key(Words, "name"),
    _monitor_key(),
    _key(Words, "model"),
    _key(Words, "labels"),
    *_must(Real, "value"),
)
"""Durable totals. `labels`: the labels beside monitor and model, as JSON with sorted keys."""
