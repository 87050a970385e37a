"""Making references: immutable, content-hashed, with a reason and an author."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from monitor import drift, sources
from monitor.errors import ConfigError, DataError
from monitor.pipeline.noise import explainer_noise
from monitor.pipeline.subject import Subject, column_values, explain_holdout, open_subject
from monitor.privacy import Keeper
from monitor.remark import remark
from monitor.settings import MonitorSettings
from monitor.types import Attributions, Profile, Reference

if TYPE_CHECKING:
    from monitor.store import Store

PREDICTION = "__prediction__"
"""Column name under which the distribution of predictions is kept."""


def create_reference(
    monitor: MonitorSettings, store: Store, *, author: str, reason: str, now: datetime, accept: bool = False
) -> Reference:
    """Explain the holdout with the model in force and make that the monitor's reference.

    `accept` replaces the reference in force, which stays readable; without it an existing one is an error.

    Raises:
        ConfigError: author or reason is no line of text; a reference exists already, or there is none to replace.
        DataError: the holdout has too few rows.
    """
    author, reason = remark("author", author, "reference"), remark("reason", reason, "reference")
    existing = store.active_reference(monitor.name)
    if existing is not None and not accept:
        raise ConfigError(
            f"monitor {monitor.name!r} has a reference already",
            seen=f"{existing.id}, made {existing.created_at:%Y-%m-%d %H:%M} UTC by {existing.author}",
            expected="none",
            hint=f"replace it with `xdrift reference accept {monitor.name} --author ... --reason ...`",
        )
    if existing is None and accept:
        raise ConfigError(
            f"monitor {monitor.name!r} has no reference to replace",
            expected="one made before",
            hint=f"make the first with `xdrift reference create {monitor.name} --author ... --reason ...`",
        )
    subject = open_subject(monitor)
    made = build_reference(monitor, subject, author=author, reason=reason, now=now)
    store.save_reference(made, activate=True)
    return made


def build_reference(
    monitor: MonitorSettings, subject: Subject, *, author: str, reason: str, now: datetime
) -> Reference:
    """The reference that the model in force would give, not saved."""
    n = len(subject.holdout.row_ids)
    if n < monitor.drift.min_rows:
        raise DataError(
            f"holdout of monitor {monitor.name!r}",
            seen=f"{n} rows",
            expected=f"at least {monitor.drift.min_rows}, better about 1000",
            hint="draw more rows from the period the model was accepted in",
        )
    attributions, _ = explain_holdout(subject, None)
    times = subject.holdout.times
    periods = None if times is None else sources.period_labels(times, monitor.holdout.period)
    return Reference(
        id=_content_id(attributions, subject, periods),
        monitor=monitor.name,
        attributions=attributions,
        row_ids=subject.holdout.row_ids,
        periods=periods,
        holdout_digest=subject.holdout.digest,
        model_digest=subject.model.digest,
        model_version=subject.model.version,
        model_libraries=dict(subject.model.libraries),
        input_profiles=(*input_profiles(subject, Keeper.of(monitor)), prediction_profile(attributions)),
        created_at=now,
        author=author,
        reason=reason,
        noise=explainer_noise(monitor, subject, attributions),
    )


def input_profiles(subject: Subject, keeper: Keeper) -> list[Profile]:
    """Columns that are kept back have none: bin edges and category names are values too."""
    rows = subject.holdout.rows
    names = [str(name) for name in rows.columns if name not in keeper.columns]
    return [drift.input_profile(name, column_values(rows[name]), "reference") for name in names]


def prediction_profile(attributions: Attributions) -> Profile:
    """Distribution of the first explained output on the holdout."""
    return replace(drift.input_profile(PREDICTION, attributions.predictions[:, 0], "reference"), kind="prediction")


def _content_id(attributions: Attributions, subject: Subject, periods: tuple[str, ...] | None) -> str:
    digest = hashlib.sha256()
    for array in (attributions.values, attributions.base_values, attributions.predictions):
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    names = {
        "features": attributions.feature_names,
        "explainer": attributions.explainer.digest,
        "model": subject.model.digest,
        "holdout": subject.holdout.digest,
        "row_ids": subject.holdout.row_ids,
        "periods": periods,
    }
    digest.update(json.dumps(names, sort_keys=True).encode())
    return digest.hexdigest()[:16]
