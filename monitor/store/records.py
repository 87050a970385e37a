"""Domain records as rows, and back. A field of a record has a column of its own name unless it says otherwise here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import RowMapping

from monitor.store.columns import floats, number, numbers
from monitor.types import (
    VIEWS,
    AttributionRow,
    Check,
    Contribution,
    ExplainerRef,
    Finding,
    Level,
    Profile,
    View,
    Window,
)

Row = dict[str, Any]
Part = TypeVar("Part", Finding, Contribution)


def _names(record: type, *without: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields(record) if field.name not in without)


_PART_FIELDS = {Finding: _names(Finding), Contribution: _names(Contribution)}
_PROFILE_FIELDS = _names(Profile)
_PROFILE_LISTS = ("edges", "categories", "counts", "quantiles")
_CONTRIBUTION_NUMBERS = _names(Contribution, "feature", "level")
_CHECK_FIELDS = _names(
    Check, "window", "explainer", "levels", "model_numbers", "input_drift", "stage_seconds",
    "findings", "contributions", "profiles", "rows", "evidence", "notes", "versions",
    "canary", "served", "decision",
)  # fmt: skip


def check_row(check: Check) -> Row:
    return {
        **{name: getattr(check, name) for name in _CHECK_FIELDS},
        "window_start": check.window.start,
        "window_end": check.window.end,
        "explainer": None if check.explainer is None else explainer_json(check.explainer),
        "explainer_digest": None if check.explainer is None else check.explainer.digest,
        **{f"level_{view}": check.levels.get(view) for view in VIEWS},
        "model_numbers": {view: numbers(values) for view, values in check.model_numbers.items()},
        "input_drift": numbers(check.input_drift),
        "stage_seconds": numbers(check.stage_seconds),
        "evidence": list(check.evidence),
        "notes": list(check.notes),
        "versions": dict(check.versions),
        "canary": {name: int(count) for name, count in check.canary.items()},
        "served": dict(check.served) or None,
        "decision": dict(check.decision) or None,
    }


def check_from(
    row: RowMapping,
    *,
    findings: tuple[Finding, ...] = (),
    contributions: tuple[Contribution, ...] = (),
    profiles: tuple[Profile, ...] = (),
    rows: tuple[AttributionRow, ...] = (),
) -> Check:
    return Check(
        **{name: row[name] for name in _CHECK_FIELDS},
        window=Window(start=row["window_start"], end=row["window_end"]),
        explainer=None if row["explainer"] is None else explainer_from(row["explainer"]),
        levels=levels_from(row),
        model_numbers={view: floats(values) for view, values in row["model_numbers"].items()},
        input_drift=floats(row["input_drift"]),
        stage_seconds=floats(row["stage_seconds"]),
        evidence=tuple(row["evidence"]),
        notes=tuple(row["notes"]),
        versions=row["versions"],
        canary=row["canary"] or {},  # checks of schema 0001 have none
        served=row["served"] or {},
        decision=row["decision"] or {},
        findings=findings,
        contributions=contributions,
        profiles=profiles,
        rows=rows,
    )


def levels_from(row: RowMapping) -> dict[View, Level]:
    """View to level, of the views that were tested."""
    return {view: row[f"level_{view}"] for view in VIEWS if row[f"level_{view}"] is not None}


def explainer_json(explainer: ExplainerRef) -> Row:
    return {
        "engine": explainer.engine,
        "exact": bool(explainer.exact),
        "scale": explainer.scale,
        "class_index": None if explainer.class_index is None else [int(index) for index in explainer.class_index],
        "config": dict(explainer.config),
        "libraries": dict(explainer.libraries),
        "digest": explainer.digest,
    }


def explainer_from(value: Mapping[str, Any]) -> ExplainerRef:
    classes = value["class_index"]
    return ExplainerRef(**{**value, "class_index": None if classes is None else tuple(classes)})


def part_rows(parts: Iterable[Finding | Contribution], **key: Any) -> list[Row]:
    """One row per finding or contribution, numbered in their order."""
    return [
        {**key, "position": position, **{name: getattr(part, name) for name in _PART_FIELDS[type(part)]}}
        for position, part in enumerate(parts)
    ]


def finding_from(row: RowMapping) -> Finding:
    return Finding(**{name: row[name] for name in _PART_FIELDS[Finding]})


def contribution_from(row: RowMapping) -> Contribution:
    given = {name: float("nan") if row[name] is None else row[name] for name in _CONTRIBUTION_NUMBERS}
    return Contribution(feature=row["feature"], level=row["level"], **given)


def profile_rows(profiles: Sequence[Profile], **key: Any) -> list[Row]:
    return [
        {
            **key,
            "position": position,
            **{name: getattr(profile, name) for name in _PROFILE_FIELDS},
            "edges": [number(edge) for edge in profile.edges],
            "categories": list(profile.categories),
            "counts": [int(count) for count in profile.counts],
            "quantiles": [number(value) for value in profile.quantiles],
        }
        for position, profile in enumerate(profiles)
    ]


def profile_from(row: RowMapping) -> Profile:
    given = {name: row[name] for name in _PROFILE_FIELDS}
    given["edges"] = tuple(float(edge) for edge in row["edges"])
    given["quantiles"] = tuple(float(value) for value in row["quantiles"])
    given["categories"] = tuple(row["categories"])
    given["counts"] = tuple(row["counts"])
    return Profile(**given)


def attribution_rows(rows: Iterable[AttributionRow], **key: Any) -> list[Row]:
    return [
        {
            **key,
            "position": position,
            "row_id": row.row_id,
            "kind": row.kind,
            "time": row.time,
            "prediction": row.prediction,
            "logged_prediction": row.logged_prediction,
            "base_value": row.base_value,
            "vector": numbers(row.values),
            "inputs": dict(row.inputs),
            "segments": dict(row.segments),
            "logged_vector": None if row.logged_values is None else numbers(row.logged_values),
            "nearest_other": None if row.nearest_other is None else dict(row.nearest_other),
            "classes": None
            if row.classes is None
            else {name: list(map(number, two)) for name, two in row.classes.items()},
        }
        for position, row in enumerate(rows)
    ]


def attribution_from(row: RowMapping) -> AttributionRow:
    return AttributionRow(
        row_id=row["row_id"],
        kind=row["kind"],
        time=row["time"],
        prediction=row["prediction"],
        logged_prediction=row["logged_prediction"],
        base_value=float("nan") if row["base_value"] is None else row["base_value"],
        values=floats(row["vector"]),
        inputs=row["inputs"],
        segments=row["segments"],
        logged_values=None if row["logged_vector"] is None else floats(row["logged_vector"]),
        nearest_other=row["nearest_other"],
        classes=None if row["classes"] is None else {name: _two(*two) for name, two in row["classes"].items()},
    )


def _two(base: float | str, prediction: float | str) -> tuple[float, float]:
    return float(base), float(prediction)
