"""Models that code returns: `module:function`, called without arguments."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from monitor.errors import ConfigError, ModelError
from monitor.settings import ModelSettings
from monitor.sources import artefacts, natives
from monitor.types import Family, LoadedModel


def load_factory(settings: ModelSettings) -> LoadedModel:
    """What `module:function` returns.

    The digest of a booster is the sha256 of its own file format, of a scikit-learn estimator that of its joblib hash,
    of anything else callable that of the factory's place, its source file's bytes and `model.version`: xdrift cannot
    see inside a function, so a change of weights behind it must be declared by a new `model.version`.
    """
    assert settings.factory is not None
    function, module = _find(settings.factory)
    try:
        native = function()
    except Exception as error:  # user code may raise anything
        raise ModelError(
            f"model factory {settings.factory} failed",
            seen=f"{type(error).__name__}: {error}",
            expected="a model object or a predict function",
            hint=f"call {settings.factory.partition(':')[2]}() yourself in Python and read the traceback",
        ) from error
    digest = _digest(native, settings, function, module)
    artefacts.check_digest(digest, settings, settings.factory)
    return artefacts.describe(
        native, form="factory", digest=digest, version=settings.version, location=settings.factory
    )


def _find(location: str) -> tuple[Callable[[], Any], ModuleType]:
    if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", location):
        raise ConfigError(
            "model.factory is malformed", seen=location, expected="module:function, as in mymodels.credit:load"
        )
    name, _, attribute = location.partition(":")
    try:
        module = importlib.import_module(name)
    except Exception as error:  # importing runs user code
        raise ModelError(
            f"module {name} of model.factory cannot be imported",
            seen=f"{type(error).__name__}: {error}",
            expected="an importable Python module",
            hint="install it beside xdrift, or put its folder on PYTHONPATH",
        ) from error
    function = getattr(module, attribute, None)
    if not callable(function):
        raise ModelError(
            f"model.factory {location} does not name a function",
            seen="nothing" if function is None else f"a {type(function).__name__}",
            expected=f"a function without arguments in {name}",
            hint="correct model.factory",
        )
    return function, module


def _digest(native: Any, settings: ModelSettings, function: Callable[[], Any], module: ModuleType) -> str:
    serialise = _SERIALISERS.get(natives.family(native))
    if serialise is not None:
        return hashlib.sha256(serialise(native)).hexdigest()
    source = inspect.getsourcefile(inspect.unwrap(function)) or getattr(module, "__file__", None)
    if source is None or not Path(source).is_file():
        raise ModelError(
            f"model.factory {settings.factory} has no source file to fingerprint",
            expected="a function defined in a .py file",
            hint="define the factory in a module of your own",
        )
    parts = [str(settings.factory).encode(), Path(source).read_bytes(), (settings.version or "").encode()]
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()


def _xgboost_bytes(native: Any) -> bytes:
    booster = native.get_booster() if hasattr(native, "get_booster") else native
    return bytes(booster.save_raw("ubj"))


def _lightgbm_bytes(native: Any) -> bytes:
    text: str = getattr(native, "booster_", native).model_to_string()
    return text.encode()


def _catboost_bytes(native: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:  # CatBoost writes to files only
        path = Path(folder, "model.cbm")
        native.save_model(str(path))
        return path.read_bytes()


def _sklearn_bytes(native: Any) -> bytes:
    """joblib's hash of the object's content: plain pickles of equal estimators differ between processes."""
    import joblib

    return str(joblib.hash(native, hash_name="sha1")).encode()


_SERIALISERS: dict[Family, Callable[[Any], bytes]] = {
    "xgboost": _xgboost_bytes,
    "lightgbm": _lightgbm_bytes,
    "catboost": _catboost_bytes,
    "sklearn": _sklearn_bytes,
}
