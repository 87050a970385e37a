"""From a loaded model to a subject: which library made it, which columns it takes, what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from monitor.errors import ConfigError, ExplainError, XdriftError
from monitor.explain import (
    catboost_models,
    columns,
    functions,
    lightgbm_models,
    onnx_models,
    pipelines,
    sklearn_models,
    torch_models,
    xgboost_models,
)
from monitor.explain.pipelines import Opened
from monitor.explain.subject import Subject, as_given, lineage
from monitor.types import Floats, LoadedModel, Scale

_Open = Callable[[Any, tuple[str, ...]], Subject]
_Names = Callable[[Any], Sequence[str] | None]


def _xgboost_names(native: Any) -> Sequence[str] | None:
    booster = native.get_booster() if hasattr(native, "get_booster") else native
    return booster.feature_names  # type: ignore[no-any-return]


def _sklearn_names(native: Any) -> Sequence[str] | None:
    names = getattr(native, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


_KINDS: tuple[tuple[str, _Open, _Names], ...] = (
    ("xgboost.Booster", xgboost_models.open_model, _xgboost_names),
    ("xgboost.XGBModel", xgboost_models.open_model, _xgboost_names),
    ("lightgbm.Booster", lightgbm_models.open_model, lambda native: native.feature_name()),
    ("lightgbm.LGBMModel", lightgbm_models.open_model, lambda native: native.booster_.feature_name()),
    ("catboost.CatBoost", catboost_models.open_model, lambda native: native.feature_names_),
    ("onnxruntime.InferenceSession", onnx_models.open_model, onnx_models.input_names),
    ("torch.Module", torch_models.open_model, lambda _: None),
    ("sklearn.BaseEstimator", sklearn_models.open_model, _sklearn_names),
    ("builtins.object", functions.open_model, _sklearn_names),
)
"""Class or base class, how it is opened, and how it tells its column names. The first that matches wins."""


def open_model(model: LoadedModel, feature_names: Sequence[str] | None, background: pd.DataFrame | None) -> Opened:
    """Raises ConfigError when column names are unknown, DataError when the background lacks columns, ExplainError when
    the object is not a fitted model."""
    native = model.native
    with library_errors(f"model {model.location} cannot be read for explaining"):
        while hasattr(native, "best_estimator_"):  # a finished search predicts with its best
            native = native.best_estimator_
        if "sklearn.Pipeline" in lineage(native):
            return _open_pipeline(native, model, feature_names, background)
        opener, names = _kind(native)
        known = model.feature_names or names(native)
        by_name = None if background is None or opener is not functions.open_model else list(background.columns)
        features = columns.resolve(known, feature_names, model=f"model {model.location}", by_name=by_name)
        subject = opener(native, features)
        if subject.kind == "lightgbm":
            subject = replace(subject, categories=model.categories)
        return Opened(whole=subject, last=subject)


def settle(
    opened: Opened, wanted: Scale | Literal["auto"], background: pd.DataFrame | None
) -> tuple[Opened, Scale, Floats | None]:
    """The model asked once: (with its number of outputs known, scale, prediction for the background).

    Raises ConfigError for a scale that the model does not answer in, ExplainError when it refuses the background.
    """
    whole = opened.whole
    scale = whole.scales[0] if wanted == "auto" else wanted
    if scale not in whole.scales:
        raise ConfigError(
            f"{whole.title} does not answer in scale {scale}", seen=f"model.scale: {scale}",
            expected=" or ".join(whole.scales), hint="set model.scale to auto, or wrap the model in a factory",
        )  # fmt: skip
    answer = None
    if background is not None:
        with library_errors(f"{whole.title} refuses the background rows"):
            answer = whole.predict(background, scale)
    n_outputs = whole.n_outputs or (1 if answer is None else answer.shape[1])
    whole = replace(whole, n_outputs=n_outputs)
    if whole.kind in ("callable", "torch", "onnx") and whole.classes is None and scale == "probability":
        if n_outputs == 2 and answer is not None:  # both classes of a binary model
            whole = replace(whole, n_outputs=1, output=partial(_second, whole.output))
            answer = answer[:, 1:]
        labels = 2 if whole.n_outputs == 1 else n_outputs
        whole = replace(whole, classes=tuple(str(i) for i in range(labels)))
    last = replace(opened.last, n_outputs=whole.n_outputs) if opened.transform is not None else whole
    return replace(opened, whole=whole, last=last), scale, answer


@contextmanager
def library_errors(thing: str) -> Iterator[None]:
    """Whatever a model library raises becomes an ExplainError that shows its first line; ours pass."""
    try:
        yield
    except XdriftError:
        raise
    except Exception as error:
        raise ExplainError(
            thing, seen=first_line(error), hint="check the model and the types of its columns, or set explain.engine"
        ) from error


def first_line(error: BaseException) -> str:
    """Short, for notes: libraries put stack traces of their own into messages, and ours carry advice."""
    if isinstance(error, XdriftError):
        return error.thing if error.seen is None else f"{error.thing} ({error.seen})"
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0][:300]}" if text else type(error).__name__


def _kind(native: Any) -> tuple[_Open, _Names]:
    bases = lineage(native)
    return next((opener, names) for name, opener, names in _KINDS if name in bases)


def _open_pipeline(
    native: Any, model: LoadedModel, feature_names: Sequence[str] | None, background: pd.DataFrame | None
) -> Opened:
    known = model.feature_names or _sklearn_names(native)
    features = columns.resolve(known, feature_names, model=f"pipeline {model.location}")
    final = native.steps[-1][1]
    opener, _ = _kind(final)
    if len(native.steps) == 1:
        subject = opener(final, features)
        return Opened(whole=subject, last=subject)
    last = replace(opener(final, ()), encode=as_given)
    rows = None if background is None else columns.select(background, features, what="background")
    return pipelines.take_apart(native, last, features, rows)


def _second(output: Callable[[Any, Scale], Floats], encoded: Any, scale: Scale) -> Floats:
    return np.ascontiguousarray(output(encoded, scale)[:, 1:])
