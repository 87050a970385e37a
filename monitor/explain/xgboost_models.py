"""XGBoost: a Booster or one of the scikit-learn wrappers. Exact contributions come from the library itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from monitor.errors import DataError
from monitor.explain.columns import is_text, numeric
from monitor.explain.subject import Subject, binary_or_many, lineage
from monitor.explain.tasks import Run
from monitor.types import Floats, Scale

LIBRARY = "xgboost"
_SIGMOID = ("binary:logistic", "reg:logistic")
_BINARY = (*_SIGMOID, "binary:logitraw", "binary:hinge")
_LOG_LINK = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")


def open_model(native: Any, features: tuple[str, ...]) -> Subject:
    """Raises what the library raises on an object that was not trained."""
    booster, missing, rounds = parts(native)
    learner = json.loads(booster.save_config())["learner"]
    linear = learner["gradient_booster"]["name"] == "gblinear"
    categories = {} if linear else _categories(booster)
    objective = str(learner["objective"]["name"])
    classes = _classes(native, objective, int(learner["learner_model_param"]["num_class"]))
    targets = int(learner["learner_model_param"].get("num_target", 1))
    probability: tuple[Scale, ...] = ("probability",) if objective in _SIGMOID or objective.startswith("multi:") else ()
    return Subject(
        native=native,
        kind="xgboost",
        title=f"XGBoost {'linear ' if linear else ''}model ({objective})",
        # Its own contributions of a linear booster are measured from rows of zeros, not from the background.
        structure="other" if linear else "tree",
        features=features,
        classes=classes,
        n_outputs=binary_or_many(classes) or targets,
        scales=("margin", *probability),
        encode=partial(_encode, booster.feature_names, booster.feature_types, categories),
        output=partial(_output, booster, objective, missing, rounds),
        threads=True,
        categories=categories,
        notes=_notes(native, booster, objective),
    )


def build_native(subject: Subject) -> Run:
    """Exact contributions in margin, by `pred_contribs`."""
    booster, missing, rounds = parts(subject.native)
    return partial(_contributions, subject.encode, booster, missing, rounds)


def matrix(encoded: Any, missing: float = np.nan) -> Any:
    """The library's own matrix."""
    import xgboost

    return xgboost.DMatrix(encoded, missing=missing, enable_categorical=True)


def parts(native: Any) -> tuple[Any, float, tuple[int, int]]:
    """(booster, the value that means missing, rounds that predict uses); (0, 0) are all rounds."""
    if "xgboost.XGBModel" not in lineage(native):
        return native, np.nan, (0, 0)
    best = getattr(native, "best_iteration", None)  # raises AttributeError where training did not stop early
    return native.get_booster(), native.missing, (0, best + 1) if best is not None else (0, 0)


def _classes(native: Any, objective: str, num_class: int) -> tuple[str, ...] | None:
    if not objective.startswith("multi:") and objective not in _BINARY:
        return None
    if (known := getattr(native, "classes_", None)) is not None:
        return tuple(str(label) for label in known)
    return tuple(str(i) for i in range(max(num_class, 2)))


def _notes(native: Any, booster: Any, objective: str) -> tuple[str, ...]:
    notes = []
    if objective in _LOG_LINK:
        notes.append(
            f"objective {objective}: the raw score is explained, which is the logarithm of the predicted value"
        )
    best = booster.attr("best_iteration")
    if native is booster and best is not None and int(best) + 1 < booster.num_boosted_rounds():
        notes.append(
            f"all {booster.num_boosted_rounds()} rounds are explained, as Booster.predict uses them; the scikit-learn "
            f"wrapper would stop at the best, {int(best) + 1}"
        )
    return tuple(notes)


def _categories(booster: Any) -> dict[str, tuple[Any, ...]]:
    """Column to its categories in the order of their codes, which models keep since xgboost 3.1."""
    if not hasattr(booster, "get_categories") or booster.feature_names is None:
        return {}
    stored = booster.get_categories(export_to_arrow=True).to_arrow()
    return {str(name): tuple(values.to_pylist()) for name, values in stored if values is not None}


def _encode(
    names: list[str] | None, kinds: list[str] | None, categories: Mapping[str, tuple[Any, ...]], rows: pd.DataFrame
) -> Any:
    if names is None:
        return numeric(rows)
    rows = rows.set_axis(pd.Index(names), axis=1)
    for name, kind in zip(names, kinds or (), strict=False):
        if kind == "c":
            rows[name] = _as_category(rows[name], categories.get(name))
    text = [name for name in names if is_text(rows[name].dtype)]
    if text:
        raise DataError(
            "the model's columns are not numeric", seen=", ".join(text), expected="numbers, as in training",
            hint="map text to the numbers that the model was trained on",
        )  # fmt: skip
    return rows


def _as_category(column: pd.Series[Any], known: tuple[Any, ...] | None) -> pd.Series[Any]:
    """The column in the model's own codes; categories it was not trained on become missing.

    xgboost 3.2 itself refuses an unknown category when it sorts after all known ones, and otherwise takes it for
    another one without a word. Models from before 3.1 know categories only as codes of the training frame: text would
    get other codes, so only a column that is categorical already is taken.
    """
    if known is not None:
        kept = column.astype(object).where(column.isin(list(known)))
        return pd.Series(pd.Categorical(kept, categories=list(known)), index=column.index, name=column.name)
    if not isinstance(column.dtype, pd.CategoricalDtype):
        raise DataError(
            f"column {column.name} is categorical in the model", seen=str(column.dtype),
            expected="a pandas category column with the categories of training",
            hint="save the model with xgboost 3.1 or later: it then keeps the category names",
        )  # fmt: skip
    return column


def _output(
    booster: Any, objective: str, missing: float, rounds: tuple[int, int], encoded: Any, scale: Scale
) -> Floats:
    rows = matrix(encoded, missing)
    if scale == "margin":
        raw = booster.predict(rows, output_margin=True, iteration_range=rounds)
    elif objective == "multi:softmax":  # predict answers with the class itself
        raw = _softmax(booster.predict(rows, output_margin=True, iteration_range=rounds))
    else:
        raw = booster.predict(rows, iteration_range=rounds)
    return np.asarray(raw, dtype=np.float64).reshape(rows.num_row(), -1)


def _softmax(margins: Any) -> Floats:
    powers = np.exp(margins - margins.max(axis=1, keepdims=True), dtype=np.float64)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _contributions(
    encode: Any, booster: Any, missing: float, rounds: tuple[int, int], rows: Any
) -> tuple[Floats, Floats]:
    phi = booster.predict(matrix(encode(rows), missing), pred_contribs=True, iteration_range=rounds, strict_shape=True)
    phi = np.moveaxis(np.asarray(phi, dtype=np.float64), 1, 2)  # (n, outputs, d + 1) to (n, d + 1, outputs)
    return phi[:, :-1, :], phi[:, -1, :]
