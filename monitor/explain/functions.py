"""Anything callable: f(DataFrame) -> array, or an object with predict_proba or predict (MLflow's pyfunc is one)."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from monitor.errors import ExplainError
from monitor.explain.sklearn_models import classes_of
from monitor.explain.subject import Subject, binary_or_many
from monitor.types import Floats, Scale

_PROBABILITY: tuple[Scale, ...] = ("probability",)
_ANY: tuple[Scale, ...] = ("margin", "probability")
"""An opaque answer is what the configuration calls it; by default the value."""


def open_model(native: Any, features: tuple[str, ...]) -> Subject:
    """Raises ExplainError when there is nothing to call."""
    if hasattr(native, "predict_proba"):
        call, scales = "predict_proba", _PROBABILITY
    elif hasattr(native, "predict"):
        call, scales = "predict", _ANY
    elif callable(native):
        call, scales = "__call__", _ANY
    else:
        raise ExplainError(
            f"{type(native).__name__} cannot predict", seen="neither callable nor with predict or predict_proba",
            expected="f(DataFrame) -> array", hint="return a function from model.factory",
        )  # fmt: skip
    classes = classes_of(native) if call == "predict_proba" else None
    name = getattr(native, "__name__", type(native).__name__)
    return Subject(
        native=native,
        kind="callable",
        title=f"function {name}" if call == "__call__" else name,
        structure="other",
        features=features,
        classes=classes,
        n_outputs=binary_or_many(classes),
        scales=scales,
        encode=_same,
        output=partial(_output, native, call),
    )


def _same(rows: pd.DataFrame) -> pd.DataFrame:
    return rows


def _output(native: Any, call: str, rows: pd.DataFrame, _scale: Scale) -> Floats:
    """(n, outputs). Two columns of predict_proba give class 1."""
    raw = getattr(native, call)(rows)
    try:
        outputs = np.asarray(raw, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ExplainError(
            "the model's prediction is not a number", seen=repr(np.asarray(raw).ravel()[:3].tolist()),
            expected="a score or probability per row", hint="wrap the model to return the score, not the label",
        ) from error  # fmt: skip
    if outputs.ndim == 0 or len(outputs) != len(rows):
        raise ExplainError(
            "the model's prediction has the wrong shape", seen=outputs.shape, expected=f"one entry per row, {len(rows)}"
        )
    outputs = outputs.reshape(len(rows), -1)
    return outputs[:, 1:] if call == "predict_proba" and outputs.shape[1] == 2 else outputs
