"""A reference as a row, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sqlalchemy import RowMapping

from monitor.store.columns import dumps, pack
from monitor.store.records import Row, explainer_from, explainer_json
from monitor.types import Attributions, Floats, Profile, Reference


def reference_row(reference: Reference) -> Row:
    """Everything but the input profiles, which have rows of their own."""
    found = reference.attributions
    return {
        "id": reference.id,
        "monitor": reference.monitor,
        "created_at": reference.created_at,
        "author": reference.author,
        "reason": reference.reason,
        "model_digest": reference.model_digest,
        "model_version": reference.model_version,
        "model_libraries": dict(reference.model_libraries),
        "holdout_digest": reference.holdout_digest,
        "explainer": explainer_json(found.explainer),
        "explainer_digest": found.explainer.digest,
        "engine": found.explainer.engine,
        "feature_names": list(found.feature_names),
        "source_features": list(found.source_features),
        "notes": list(found.notes),
        "row_ids": list(reference.row_ids),
        "periods": None if reference.periods is None else list(reference.periods),
        "noise": None
        if reference.noise is None
        else {name: [list(b) for b in two] for name, two in reference.noise.items()},
        "n_rows": found.n,
        "n_features": len(found.feature_names),
        "additivity_gap": found.additivity_gap,
        "arrays": pack(values=found.values, base_values=found.base_values, predictions=found.predictions),
        "content_digest": content_digest(reference),
    }


def reference_from(row: RowMapping, arrays: Mapping[str, Floats], profiles: tuple[Profile, ...]) -> Reference:
    return Reference(
        id=row["id"],
        monitor=row["monitor"],
        attributions=Attributions(
            values=arrays["values"],
            base_values=arrays["base_values"],
            predictions=arrays["predictions"],
            feature_names=tuple(row["feature_names"]),
            explainer=explainer_from(row["explainer"]),
            additivity_gap=float("nan") if row["additivity_gap"] is None else row["additivity_gap"],
            source_features=tuple(row["source_features"]),
            notes=tuple(row["notes"]),
        ),
        row_ids=tuple(row["row_ids"]),
        periods=None if row["periods"] is None else tuple(row["periods"]),
        holdout_digest=row["holdout_digest"],
        model_digest=row["model_digest"],
        model_version=row["model_version"],
        model_libraries=row["model_libraries"],
        input_profiles=profiles,
        created_at=row["created_at"],
        author=row["author"],
        reason=row["reason"],
        noise=noise_from(row["noise"]),
    )


def noise_from(
    stored: Mapping[str, list[list[float]]] | None,
) -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]] | None:
    if stored is None:
        return None
    return {name: (tuple(warning), tuple(severe)) for name, (warning, severe) in stored.items()}


def content_digest(reference: Reference) -> str:
    """sha256 over what the reference's id stands for; labels, author and reason are left out."""
    found = reference.attributions
    names = (
        reference.model_digest,
        reference.holdout_digest,
        found.explainer.digest,
        found.feature_names,
        reference.row_ids,
        reference.periods,
    )
    digest = hashlib.sha256(dumps(names).encode())
    for array in (found.values, found.base_values, found.predictions):
        digest.update(f"{array.shape}".encode() + array.tobytes())
    return digest.hexdigest()
