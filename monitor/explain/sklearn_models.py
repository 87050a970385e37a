"""scikit-learn estimators, and anything that follows their conventions (predict, predict_proba, classes_)."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from monitor.errors import ExplainError
from monitor.explain.columns import is_text, numeric
from monitor.explain.subject import Structure, Subject, binary_or_many, lineage
from monitor.types import Floats, Scale

LIBRARY = "sklearn"

_TREES: dict[str, Scale] = {
    "sklearn.RandomForestClassifier": "probability",
    "sklearn.ExtraTreesClassifier": "probability",
    "sklearn.DecisionTreeClassifier": "probability",
    "sklearn.GradientBoostingClassifier": "margin",
    "sklearn.HistGradientBoostingClassifier": "margin",
    "sklearn.RandomForestRegressor": "margin",
    "sklearn.ExtraTreesRegressor": "margin",
    "sklearn.DecisionTreeRegressor": "margin",
    "sklearn.GradientBoostingRegressor": "margin",
    "sklearn.HistGradientBoostingRegressor": "margin",
}
"""Tree models that shap reads, and the scale in which their trees add up. Subclasses count."""
_LINEAR = frozenset({"sklearn.LinearModel", "sklearn.LinearClassifierMixin", "sklearn.BaseSGDRegressor"})
"""Bases of the models whose margin is intercept + coefficients * columns; generalised linear ones are not here."""


def open_model(native: Any, features: tuple[str, ...]) -> Subject:
    """Raises what the library raises on an object that was not trained."""
    labels = classes_of(native)
    structure = structure_of(native)
    return Subject(
        native=native,
        kind="sklearn",
        title=type(native).__name__,
        structure=structure,
        features=features,
        classes=labels,
        n_outputs=binary_or_many(labels),
        scales=scales_of(native, structure),
        encode=partial(encode, getattr(native, "feature_names_in_", None)),
        output=partial(output, native),
    )


def classes_of(native: Any) -> tuple[str, ...] | None:
    """Labels as text; None for a regressor. Raises ExplainError for a classifier of several targets."""
    labels = getattr(native, "classes_", None)
    if labels is None or not (hasattr(native, "predict_proba") or hasattr(native, "decision_function")):
        return None
    if isinstance(labels, list):
        raise ExplainError(
            f"{type(native).__name__} predicts {len(labels)} targets at once", expected="a classifier of one target",
            hint="watch each target as a model of its own",
        )  # fmt: skip
    return tuple(str(label) for label in labels)


def structure_of(native: Any) -> Structure:
    bases = lineage(native)
    if bases & set(_TREES):
        return "tree"
    return "linear" if bases & _LINEAR and hasattr(native, "coef_") else "other"


def scales_of(native: Any, structure: Structure) -> tuple[Scale, ...]:
    """What the estimator answers in; first the scale of its exact explanation, else probability."""
    if classes_of(native) is None:
        return ("margin",)
    offered: list[Scale] = []
    if hasattr(native, "predict_proba"):
        offered.append("probability")
    if hasattr(native, "decision_function"):
        offered.append("margin")
    native_scale: Scale = "margin" if structure == "linear" else "probability"
    for name in lineage(native) & set(_TREES):
        native_scale = _TREES[name]
    return tuple(sorted(offered, key=lambda scale: scale != native_scale))


def is_hist(native: Any) -> bool:
    """Histogram gradient boosting, which shap handles only in part."""
    return bool(lineage(native) & {"sklearn.HistGradientBoostingClassifier", "sklearn.HistGradientBoostingRegressor"})


def encode(names: Any, rows: pd.DataFrame) -> Any:
    """A frame where the estimator was trained on one, else a bare matrix (it would warn about names)."""
    if names is not None:
        return rows.set_axis(pd.Index([str(name) for name in names]), axis=1)
    return rows.to_numpy(dtype=object) if any(is_text(dtype) for dtype in rows.dtypes) else numeric(rows)


def output(native: Any, encoded: Any, scale: Scale) -> Floats:
    """(n, outputs); a binary classifier gives class 1."""
    n = encoded.shape[0]
    if classes_of(native) is None:
        return np.asarray(native.predict(encoded), dtype=np.float64).reshape(n, -1)
    if scale == "margin":
        return np.asarray(native.decision_function(encoded), dtype=np.float64).reshape(n, -1)
    shares = np.asarray(native.predict_proba(encoded), dtype=np.float64).reshape(n, -1)
    return shares[:, 1:] if shares.shape[1] == 2 else shares
