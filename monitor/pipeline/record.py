"""Rows and versions as they are kept."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from monitor import __version__
from monitor.pipeline.subject import Subject
from monitor.privacy import Keeper
from monitor.types import AttributionRow, Attributions, Sample

if TYPE_CHECKING:
    import pandas as pd

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def versions(subject: Subject) -> dict[str, str]:
    """Everything that can change a number."""
    return {
        "xdrift": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": version("scipy"),
        "pandas": version("pandas"),
        **subject.model.libraries,
        **subject.explainer.ref.libraries,
    }


def attribution_rows(
    sample: Sample,
    traffic: Attributions | None,
    priority: Attributions | None,
    *,
    keeper: Keeper,
    served: Callable[[int], Mapping[str, float] | None],
) -> tuple[AttributionRow, ...]:
    """Explained predictions for debugging; values of columns that are kept back never leave this function.

    `served`: logged attributions of the sampled row at a place.
    """
    rows: list[AttributionRow] = []
    if traffic is not None:
        segments = [{name: values[i] for name, values in sample.segments.items()} for i in range(sample.n)]
        rows += _rows(
            "sample", sample.row_ids, sample.rows, traffic, keeper,
            times=sample.times, logged=sample.predictions, segments=segments, served=served,
        )  # fmt: skip
    if priority is not None and sample.priority_rows is not None:
        rows += _rows("priority", sample.priority_ids, sample.priority_rows, priority, keeper)
    return tuple(rows)


def holdout_rows(subject: Subject, holdout: Attributions, keeper: Keeper) -> tuple[AttributionRow, ...]:
    """Rows of the holdout in the form of kept ones. They are looked at and not stored."""
    return tuple(_rows("sample", subject.holdout.row_ids, subject.holdout.rows, holdout, keeper))


def _rows(
    kind: Literal["sample", "priority"],
    ids: tuple[str, ...],
    frame: pd.DataFrame,
    attributions: Attributions,
    keeper: Keeper,
    *,
    times: np.ndarray[Any, np.dtype[np.datetime64]] | None = None,
    logged: np.ndarray[Any, np.dtype[np.float64]] | None = None,
    segments: list[dict[str, str]] | None = None,
    served: Callable[[int], Mapping[str, float] | None] = lambda _: None,
) -> list[AttributionRow]:
    inputs = _inputs(frame, keeper)
    names = attributions.feature_names
    base, predictions = attributions.base_values[:, 0].tolist(), attributions.predictions[:, 0].tolist()
    values = attributions.values.tolist()
    classes = _classes(attributions)
    return [
        AttributionRow(
            row_id=ids[i],
            kind=kind,
            time=None if times is None else _moment(times[i]),
            prediction=predictions[i],
            logged_prediction=None if logged is None or math.isnan(logged[i]) else float(logged[i]),
            base_value=base[i],
            values=dict(zip(names, values[i], strict=True)),
            inputs=inputs[i],
            segments={} if segments is None else segments[i],
            logged_values=served(i),
            classes=None if classes is None else classes[i],
        )
        for i in range(len(ids))
    ]


def _classes(attributions: Attributions) -> list[dict[str, tuple[float, float]]] | None:
    """Per row, class to (base value, prediction); None for a single output."""
    k = attributions.base_values.shape[1]
    if k == 1:
        return None
    # Attribution columns alternate, `feature[class]`: the first k are those of the first feature.
    start = len(attributions.source_features[0]) + 1
    names = [name[start:-1] for name in attributions.feature_names[:k]]
    both = zip(attributions.base_values.tolist(), attributions.predictions.tolist(), strict=True)
    return [dict(zip(names, zip(base, output, strict=True), strict=True)) for base, output in both]


def _moment(value: np.datetime64) -> datetime:
    return EPOCH + timedelta(microseconds=int(value.astype("datetime64[us]").astype(np.int64)))


def _inputs(frame: pd.DataFrame, keeper: Keeper) -> list[dict[str, Any]]:
    """Inputs as JSON types, column by column: numbers stay numbers, missing is None, the rest is text."""
    columns: Mapping[str, list[Any]] = {
        str(name): keeper.column(str(name), _plain(frame[name])) for name in frame.columns
    }
    return [{name: values[i] for name, values in columns.items()} for i in range(len(frame))]


def _plain(column: pd.Series) -> list[Any]:
    missing = column.isna().tolist()
    keep = column.dtype.kind in "fiub"
    plain = column.astype(object).tolist()
    return [None if gone else (value if keep else str(value)) for value, gone in zip(plain, missing, strict=True)]
