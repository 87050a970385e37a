"""LightGBM: a Booster or one of the scikit-learn wrappers. Exact contributions come from the library itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from monitor.explain.columns import is_text
from monitor.explain.subject import Subject, binary_or_many, lineage
from monitor.explain.tasks import Run
from monitor.types import Floats, Scale

LIBRARY = "lightgbm"
_LINKS: dict[str, tuple[Scale, ...]] = {
    "binary": ("margin", "probability"),
    "cross_entropy": ("margin", "probability"),
    "multiclass": ("margin", "probability"),
    "multiclassova": ("margin", "probability"),
}
_LOG_LINK = ("poisson", "gamma", "tweedie")


def open_model(native: Any, features: tuple[str, ...]) -> Subject:
    """Raises what the library raises on an object that was not trained."""
    booster = booster_of(native)
    text = booster.model_to_string(num_iteration=1)
    head = header(text)
    objective = head.get("objective", "custom").partition(" ")[0]
    classes = _classes(native, objective, int(booster.num_model_per_iteration()))
    notes: tuple[str, ...] = ()
    if objective in _LOG_LINK:
        notes = (f"objective {objective}: the raw score is explained, which is the logarithm of the predicted value",)
    return Subject(
        native=native,
        kind="lightgbm",
        title=f"LightGBM model ({objective})",
        structure="other" if "\nis_linear=1" in text else "tree",  # no library explains linear leaves
        features=features,
        classes=classes,
        n_outputs=binary_or_many(classes) or int(booster.num_model_per_iteration()),
        scales=_LINKS.get(objective, ("margin",)),
        encode=partial(_encode, len(booster.pandas_categorical or ()), _categorical(head)),
        output=partial(_output, booster),
        threads=True,
        notes=notes,
    )


def build_native(subject: Subject) -> Run:
    """Exact contributions in margin, by `pred_contrib`."""
    return partial(_contributions, subject.encode, booster_of(subject.native), subject.n_outputs)


def booster_of(native: Any) -> Any:
    return native.booster_ if "lightgbm.LGBMModel" in lineage(native) else native


def header(text: str) -> dict[str, str]:
    """`key=value` lines of the model text up to the first tree."""
    lines = text.partition("\nTree=")[0].splitlines()
    return {key: value for key, found, value in (line.partition("=") for line in lines) if found}


def _classes(native: Any, objective: str, n_models: int) -> tuple[str, ...] | None:
    if "probability" not in _LINKS.get(objective, ()):
        return None
    if (known := getattr(native, "classes_", None)) is not None:
        return tuple(str(label) for label in known)
    return tuple(str(i) for i in range(max(n_models, 2)))


def _categorical(head: dict[str, str]) -> tuple[bool, ...]:
    """Which features split on categories: the text shows their codes where others show a range."""
    return tuple(not (info.startswith("[") or info == "none") for info in head.get("feature_infos", "").split())


def _encode(n_categorical: int, categorical: tuple[bool, ...], rows: pd.DataFrame) -> Any:
    """Text becomes a category, and so do numbers that were categories in training (CSV files lose that).

    The library matches categories to those of training by name, and takes new ones for missing.
    """
    rows = rows.copy()
    for name in rows.columns:
        if is_text(rows[name].dtype):
            rows[name] = rows[name].astype("category")
    found = sum(isinstance(dtype, pd.CategoricalDtype) for dtype in rows.dtypes)
    if found < n_categorical:
        for name, split in zip(rows.columns, categorical, strict=False):
            if split and not isinstance(rows[name].dtype, pd.CategoricalDtype):
                rows[name] = rows[name].astype("category")
    return rows


def _output(booster: Any, encoded: Any, scale: Scale) -> Floats:
    raw = booster.predict(encoded, raw_score=scale == "margin")
    return np.asarray(raw, dtype=np.float64).reshape(encoded.shape[0], -1)


def _contributions(encode: Any, booster: Any, n_outputs: int | None, rows: Any) -> tuple[Floats, Floats]:
    encoded = encode(rows)
    phi = booster.predict(encoded, pred_contrib=True)
    if hasattr(phi, "toarray"):  # sparse rows give sparse contributions
        phi = phi.toarray()
    elif isinstance(phi, list):
        phi = np.hstack([part.toarray() for part in phi])
    phi = np.asarray(phi, dtype=np.float64).reshape(encoded.shape[0], n_outputs or 1, -1)
    phi = np.moveaxis(phi, 1, 2)
    return phi[:, :-1, :], phi[:, -1, :]
