"""A model fitted again on a bootstrap of the holdout: what a retrain on other rows of the same kind would give."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError, ModelError
from monitor.pipeline import Subject
from monitor.types import LoadedModel

if TYPE_CHECKING:
    import pandas as pd

LEAST_ROWS = 50
"""Fewer labelled rows make a model that has nothing to do with the first."""
Fit = Callable[[LoadedModel, "pd.DataFrame", NDArray[Any], Path], "Refitted"]
"""(model in force, rows, labels, directory for the new file)."""
THREADS = 1
"""A holdout has a thousand rows or so: more threads cost more than they bring."""
INSTEAD = "inject another model file instead: model:PATH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refitted:
    """A model file beside the deployed one."""

    settings: Mapping[str, Any]
    """What `model:` of the configuration says about it."""
    rows: int
    """Labelled rows that the bootstrap draws from, and as many that it draws."""
    notes: tuple[str, ...] = ()


def refit(subject: Subject, *, directory: Path, seed: int, title: str) -> Refitted:
    """Fit a model of the same kind on n rows drawn with replacement from the n labelled rows of the holdout.

    Raises:
        ConfigError: the holdout has no labels (or too few), or the model is of a kind that cannot be fitted here.
        ModelError: the library refused.
    """
    fit = _fit_of(subject.model)
    rows, labels = _labelled(subject, title)
    chosen = np.random.default_rng(seed).integers(len(rows), size=len(rows))
    try:
        made = fit(subject.model, rows.iloc[chosen].reset_index(drop=True), labels[chosen], directory)
    except Exception as error:  # every library has its own exceptions; all mean the same here
        raise ModelError(
            f"model {subject.model.location} cannot be fitted on the holdout",
            seen=f"{type(error).__name__}: {str(error).partition(chr(10))[0][:300]}",
            hint=INSTEAD,
        ) from error
    return replace(made, rows=len(rows))


def _labelled(subject: Subject, title: str) -> tuple[pd.DataFrame, NDArray[Any]]:
    labels = subject.holdout.labels
    if labels is None:
        raise ConfigError(
            f"a retrain of {title} needs labels",
            seen="no holdout.label",
            expected="the column of the holdout with the label",
            hint=f"set holdout.label, or {INSTEAD}",
        )
    known = np.array([one is not None and one == one for one in labels.tolist()], dtype=bool)
    if known.sum() < LEAST_ROWS:
        raise ConfigError(
            f"a retrain of {title} needs more labels",
            seen=f"{known.sum()} of {len(known)} rows of the holdout have one",
            expected=f"at least {LEAST_ROWS}",
            hint=INSTEAD,
        )
    rows = subject.holdout.rows[list(subject.explainer.input_features)]
    return rows[known], labels[known]


def _fit_of(model: LoadedModel) -> Fit:
    """How models of this class are fitted. Raises ConfigError for a class that cannot be."""
    if hasattr(model.native, "fit") and hasattr(model.native, "get_params") and model.family in _ESTIMATORS:
        return _estimator
    if model.family in _BOOSTERS and not hasattr(model.native, "get_params"):
        return _BOOSTERS[model.family]
    raise ConfigError(
        f"model {model.location} cannot be retrained here",
        seen=f"{model.format}: {type(model.native).__name__}",
        expected="a scikit-learn estimator, or an XGBoost or LightGBM model",
        hint=INSTEAD,
    )


def _estimator(model: LoadedModel, rows: pd.DataFrame, labels: NDArray[Any], directory: Path) -> Refitted:
    """scikit-learn, and the wrappers of XGBoost and LightGBM: a clone with the same parameters."""
    from sklearn.base import clone

    classes = getattr(model.native, "classes_", None)
    answers = labels if classes is None else labels.astype(np.asarray(classes).dtype)
    fitted = clone(model.native).fit(rows, answers)
    data = pickle.dumps(fitted)
    path = directory / "retrained.pkl"
    path.write_bytes(data)
    # Our own bytes of a moment ago, pinned by their digest: this is what trust is for.
    settings = {"path": str(path), "format": "pickle", "trust": True, "sha256": hashlib.sha256(data).hexdigest()}
    return Refitted(settings=settings, rows=len(rows))


def _xgboost(model: LoadedModel, rows: pd.DataFrame, labels: NDArray[Any], directory: Path) -> Refitted:
    """A booster file keeps the objective, the rounds and the trees, but not the parameters they were grown by."""
    import xgboost

    learner = json.loads(model.native.save_config())["learner"]
    classes = int(learner["learner_model_param"]["num_class"])
    parameters = {
        "objective": learner["objective"]["name"],
        "booster": learner["gradient_booster"]["name"],
        "max_depth": _depth(model.native),
        "nthread": THREADS,
        **({"num_class": classes} if classes else {}),
    }
    matrix = xgboost.DMatrix(rows, label=labels.astype(np.float64), enable_categorical=True)
    path = directory / "retrained.ubj"
    xgboost.train(parameters, matrix, model.native.num_boosted_rounds()).save_model(path)
    lost = "an XGBoost file keeps no learning rate or regularisation: the retrain uses the library's own"
    return Refitted(settings={"path": str(path)}, rows=len(rows), notes=(lost,))


def _depth(booster: Any) -> int:
    """Depth of the deepest tree: tabs before the deepest line of its text form."""
    return max((line.count("\t") for tree in booster.get_dump() for line in tree.splitlines()), default=6)


def _lightgbm(model: LoadedModel, rows: pd.DataFrame, labels: NDArray[Any], directory: Path) -> Refitted:
    import lightgbm

    parameters = {**model.native.params, "verbosity": -1, "early_stopping_round": 0, "num_threads": THREADS}
    data = lightgbm.Dataset(rows, label=labels.astype(np.float64))
    path = directory / "retrained.txt"
    lightgbm.train(parameters, data, num_boost_round=model.native.current_iteration()).save_model(path)
    return Refitted(settings={"path": str(path)}, rows=len(rows))


_ESTIMATORS = frozenset({"sklearn", "xgboost", "lightgbm"})
_BOOSTERS = {"xgboost": _xgboost, "lightgbm": _lightgbm}
"""Models without an estimator around them, by family."""
