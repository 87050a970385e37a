"""What a model file tells about itself: format, features, classes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor import sources
from monitor.errors import ModelError
from monitor.init.given import existing_file
from monitor.settings import ModelSettings
from monitor.types import Family

PICKLE_SUFFIXES = frozenset({".joblib", ".pkl", ".pickle"})
"""Opening one runs the code inside; that is for a person to decide, not for a command that guesses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """A model file, inspected."""

    path: Path
    format: str
    """`joblib` or `pickle` files are named by suffix and not opened."""
    opened: bool
    sha256: str
    feature_names: tuple[str, ...] | None
    n_classes: int | None
    """2 for binary models, 1 for regression; None when the model does not tell."""


def inspect_model(path: Path) -> ModelFacts:
    """Open the model as the daemon would, except for formats that run code: they stay closed.

    Raises ConfigError where `path` is no file, ModelError where it cannot be opened.
    """
    existing_file(path, option="--model", expected="a model file")
    if path.suffix.lower() in PICKLE_SUFFIXES:
        return ModelFacts(
            path=path,
            format="joblib" if path.suffix.lower() == ".joblib" else "pickle",
            opened=False,
            sha256=_sha256(path),
            feature_names=None,
            n_classes=None,
        )
    model = sources.load_model(ModelSettings(path=str(path)))
    count = _CLASSES.get(model.family)
    return ModelFacts(
        path=path,
        format=model.format,
        opened=True,
        sha256=model.digest,
        feature_names=model.feature_names,
        n_classes=count(model.native) if count else None,
    )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(
            f"model {path} cannot be read",
            seen=error.strerror,
            expected="a model file",
            hint="check the path and who may read it",
        ) from error


def _xgboost(native: Any) -> int | None:
    booster = native.get_booster() if hasattr(native, "get_booster") else native
    learner = json.loads(booster.save_config())["learner"]
    objective = learner["objective"]["name"]
    if objective.startswith("multi:"):
        return int(learner["learner_model_param"]["num_class"])
    return 2 if objective.startswith("binary:") else 1


def _lightgbm(native: Any) -> int | None:
    booster = getattr(native, "booster_", native)
    if booster.num_model_per_iteration() > 1:
        return int(booster.num_model_per_iteration())
    found = re.search(r"^objective=(\w+)", booster.model_to_string(num_iteration=1), re.MULTILINE)
    return None if found is None else 2 if found[1] in ("binary", "cross_entropy") else 1


def _labelled(native: Any) -> int | None:
    """CatBoost and scikit-learn keep the class labels of a classifier, and none of a regressor."""
    labels = getattr(native, "classes_", None)
    return 1 if labels is None or len(labels) == 0 else len(labels)


_CLASSES: Mapping[Family, Callable[[Any], int | None]] = {
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "catboost": _labelled,
    "sklearn": _labelled,
}
"""ONNX files and functions do not say what their outputs mean."""
