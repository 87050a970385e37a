"""What a loaded model object says about itself: family, feature names, category values, libraries."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from monitor.errors import ModelError
from monitor.types import Family

_FAMILIES: Mapping[str, Family] = {
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "_catboost": "catboost",
    "onnxruntime": "onnx",
    "sklearn": "sklearn",
}
"""Package a class comes from, to family. A booster's scikit-learn wrapper belongs to the booster."""

_LIBRARIES: Mapping[Family, tuple[str, str]] = {
    "xgboost": ("xgboost", "xgboost"),
    "lightgbm": ("lightgbm", "lightgbm"),
    "catboost": ("catboost", "catboost"),
    "sklearn": ("sklearn", "scikit-learn"),
    "onnx": ("onnxruntime", "onnxruntime"),
}
"""Family to module and the name people know it by."""

_EXTRAS: Mapping[str, str] = {
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "skops": "sklearn",
    "onnxruntime": "onnx",
    "mlflow": "mlflow",
}
"""Module to the extra of xdrift that installs it."""


def library(module: str) -> Any:
    """The imported module. Raises ModelError that names the extra when it is not installed."""
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:  # OSError: a shared library the package needs is missing
        package = module.split(".")[0]
        raise ModelError(
            f"library {package} cannot be imported",
            seen=error,
            expected=f"{package} installed beside xdrift",
            hint=f"pip install 'xdrift[{_EXTRAS[package]}]'",
        ) from error


def family(native: Any) -> Family:
    """The family whose engines can explain this object. Raises ModelError when none can."""
    packages = {cls.__module__.split(".")[0] for cls in type(native).__mro__}
    for package, name in _FAMILIES.items():
        if package in packages:
            return name
    if callable(native):
        return "callable"
    raise ModelError(
        f"model object of type {type(native).__module__}.{type(native).__qualname__} is not known",
        expected="an XGBoost, LightGBM, CatBoost or scikit-learn model, an ONNX session, or a function of rows",
        hint="return the model's predict function from a factory (model.factory: module:function)",
    )


def feature_names(native: Any) -> tuple[str, ...] | None:
    """Names in the model's own order; None when it was trained on bare arrays."""
    kind = family(native)
    names: Any = None
    placeholder = r"(?!)"  # matches nothing
    if kind == "xgboost":
        names = _booster(native).feature_names if _is_fitted(native) else None
    elif kind == "lightgbm":
        names, placeholder = _booster(native).feature_name(), r"Column_\d+"
    elif kind == "catboost":
        names, placeholder = native.feature_names_, r"\d+"
    elif kind == "sklearn":
        names = getattr(native, "feature_names_in_", None)
    elif kind == "onnx" and len(native.get_inputs()) > 1:
        names = [one.name for one in native.get_inputs()]
    if names is None or len(names) == 0 or all(re.fullmatch(placeholder, str(name)) for name in names):
        return None
    return tuple(str(name) for name in names)


def categories(native: Any) -> dict[str, tuple[Any, ...]]:
    """Feature to category values in the order of the model's codes, as far as the model file tells.

    XGBoost keeps them since 3.1, LightGBM in its `pandas_categorical` line; CatBoost and scikit-learn go by value
    and need no codes. Empty when the model has none or cannot say which feature a list belongs to.
    """
    kind = family(native)
    if kind == "xgboost" and _is_fitted(native):
        return _xgboost_categories(_booster(native))
    if kind == "lightgbm":
        return _lightgbm_categories(_booster(native))
    return {}


def libraries(native: Any) -> dict[str, str]:
    """Name to version of the libraries that will run this object, the last step of a pipeline included."""
    steps = getattr(native, "steps", None)
    parts = [native, steps[-1][1]] if isinstance(steps, list) and steps else [native]
    found: dict[str, str] = {}
    for part in parts:
        if (kind := family(part) if not isinstance(part, str) else "callable") in _LIBRARIES:
            module, name = _LIBRARIES[kind]
            loaded: ModuleType = importlib.import_module(module)
            found[name] = str(loaded.__version__)
    return dict(sorted(found.items()))


def _booster(native: Any) -> Any:
    """The booster under a scikit-learn wrapper, or the booster itself."""
    if hasattr(native, "get_booster"):
        return native.get_booster()
    return getattr(native, "booster_", native)


def _is_fitted(native: Any) -> bool:
    """An unfitted XGBoost wrapper has no booster to ask."""
    check = getattr(native, "__sklearn_is_fitted__", None)
    return bool(check()) if check is not None else True


def _xgboost_categories(booster: Any) -> dict[str, tuple[Any, ...]]:
    if not hasattr(booster, "get_categories") or booster.feature_names is None:
        return {}
    stored = booster.get_categories(export_to_arrow=True).to_arrow()
    return {str(name): tuple(values.to_pylist()) for name, values in stored if values is not None}


def _lightgbm_categories(booster: Any) -> dict[str, tuple[Any, ...]]:
    """The lists are stored without names: they belong to the categorical features in order, if the counts agree."""
    lists = booster.pandas_categorical or []
    head = booster.model_to_string(num_iteration=1)
    infos = re.search(r"^feature_infos=(.*)$", head, re.MULTILINE)
    if not lists or infos is None:
        return {}
    # A numeric range is written [low:high], category codes 0:1:2, a feature without any information `none`.
    coded = [
        name
        for name, info in zip(booster.feature_name(), infos[1].split(), strict=True)
        if info != "none" and not info.startswith("[")
    ]
    if len(coded) != len(lists):
        return {}
    return {name: tuple(values) for name, values in zip(coded, lists, strict=True)}
