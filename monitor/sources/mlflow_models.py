"""MLflow model URIs: models:/, runs:/ and folders with an MLmodel file, unwrapped to the model that is inside."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import yaml

from monitor.errors import ModelError
from monitor.settings import ModelSettings
from monitor.sources import artefacts
from monitor.sources.formats import PICKLES, resolve
from monitor.sources.natives import library
from monitor.types import Floats, LoadedModel

_FLAVOURS: Mapping[str, str] = {
    "xgboost": "data",
    "lightgbm": "data",
    "catboost": "data",
    "onnx": "data",
    "sklearn": "pickled_model",
}
"""Flavour to the key of MLmodel that names its file, in order of preference."""

_PYFUNC = "mlflow-pyfunc"
_WRITTEN_ON_DOWNLOAD = "registered_model_meta"
"""MLflow adds this file to every copy; it says which registered version was resolved."""


def load_uri(settings: ModelSettings) -> LoadedModel:
    """The model behind an MLflow URI.

    A native flavour is opened by our own loader for its file, so only pickles and pure pyfunc models need
    `trust: true`; their sha256 is that of the directory (`directory_digest`). Raises ModelError.
    """
    assert settings.uri is not None
    location = without_credentials(settings.uri)
    folder = _local_folder(settings.uri)
    if folder is not None:
        return _load_folder(folder, settings, location)
    copy = tempfile.mkdtemp(prefix="xdrift-model-")
    try:
        loaded = _load_folder(_download(settings.uri, location, copy), settings, location)
    except BaseException:
        shutil.rmtree(copy, ignore_errors=True)
        raise
    if loaded.format == _PYFUNC:  # it may read its files late: the copy lives as long as the model
        weakref.finalize(loaded.native, shutil.rmtree, copy, ignore_errors=True)
    else:
        shutil.rmtree(copy, ignore_errors=True)
    return loaded


def directory_digest(folder: Path) -> str:
    """sha256 over relative path and content of every file, in path order; what MLflow adds on download is left out."""
    total = hashlib.sha256()
    added = folder / _WRITTEN_ON_DOWNLOAD
    files = (path for path in folder.rglob("*") if path.is_file() and path != added)
    for path in sorted(files, key=lambda path: path.relative_to(folder).as_posix()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def without_credentials(uri: str) -> str:
    """The URI without user, password, query and fragment."""
    parts = urlsplit(uri)
    if not parts.netloc and not parts.query:
        return uri
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _load_folder(folder: Path, settings: ModelSettings, location: str) -> LoadedModel:
    record = _read_yaml(folder / "MLmodel", location)
    names, version = _signature_names(record), _registered_version(folder, location)
    flavours = _mapping(record.get("flavors"))
    for flavour, key in _FLAVOURS.items():
        inside = _mapping(flavours.get(flavour)).get(key)
        path = folder / str(inside)
        if inside and path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            data = artefacts.read_bytes(path, "model file")
            pickled = resolve(data, declared="auto", location=str(inside)) in PICKLES
            return artefacts.from_bytes(
                data,
                settings.model_copy(update={"format": "auto"}),
                location=location,
                known_names=names,
                version=version,
                digest=directory_digest(folder) if pickled else None,
                scheme="mlflow-",
            )
    return _pyfunc(folder, settings, location, names=names, version=version)


def _pyfunc(
    folder: Path,
    settings: ModelSettings,
    location: str,
    *,
    names: tuple[str, ...] | None,
    version: str | None,
) -> LoadedModel:
    """Any MLflow model as a function of rows. It may bring code of its own, hence trust."""
    digest = directory_digest(folder)
    artefacts.check_digest(digest, settings, location)
    artefacts.require_trust(digest, settings, location=location, kind="an MLflow pyfunc model")
    mlflow = library("mlflow.pyfunc")
    try:
        loaded = mlflow.load_model(str(folder))
    except Exception as error:  # loading runs the model's own code
        raise ModelError(
            f"model {location} cannot be loaded by MLflow",
            seen=f"{type(error).__name__}: {error}",
            hint="install what the model's requirements.txt names",
        ) from error

    def predict(rows: Any) -> Floats:
        return np.asarray(loaded.predict(rows), dtype=np.float64)

    return artefacts.describe(
        predict,
        form=_PYFUNC,
        digest=digest,
        version=settings.version or version,
        location=location,
        known_names=names,
    )


def _local_folder(uri: str) -> Path | None:
    """The folder a plain path or file: URI names; None for everything that MLflow has to resolve."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(uri) if not parts.scheme else None


def _download(uri: str, location: str, target: str) -> Path:
    artifacts = library("mlflow.artifacts")
    try:
        return Path(artifacts.download_artifacts(artifact_uri=uri, dst_path=target))
    except Exception as error:  # MLflow, its stores and cloud clients each raise their own
        raise ModelError(
            f"model {location} cannot be fetched from MLflow",
            seen=re.sub(r"//[^/@\s]+@", "//***@", f"{type(error).__name__}: {error}"),
            expected="models:/name@alias, models:/name/version, runs:/id/path or a folder with an MLmodel file",
            hint="check model.uri and MLFLOW_TRACKING_URI",
        ) from error


def _read_yaml(path: Path, location: str) -> Mapping[str, Any]:
    try:
        record = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelError(
            f"model {location} has no readable {path.name} file",
            seen=f"{type(error).__name__}: {error}",
            expected="a folder written by mlflow.<flavour>.save_model or log_model",
            hint="check model.uri; for a plain model file use model.path",
        ) from error
    if not isinstance(record, dict):
        raise ModelError(f"model {location}: {path.name} is not a mapping", seen=type(record).__name__)
    return record


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _signature_names(record: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Input columns of the MLflow signature, when it has named ones."""
    inputs = _mapping(record.get("signature")).get("inputs")
    columns = json.loads(inputs) if isinstance(inputs, str) else []
    names = tuple(str(column["name"]) for column in columns if "name" in column)
    return names if names and len(names) == len(columns) else None


def _registered_version(folder: Path, location: str) -> str | None:
    """Version number in the registry, when the URI led through the registry."""
    path = folder / _WRITTEN_ON_DOWNLOAD
    version = _read_yaml(path, location).get("model_version") if path.is_file() else None
    return None if version is None else str(version)
