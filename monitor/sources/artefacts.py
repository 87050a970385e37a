"""From the bytes of a model to its record: read, check the digest, check trust, open, describe."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.errors import ModelError
from monitor.settings import ModelSettings
from monitor.sources import natives
from monitor.sources.formats import PICKLES, open_model, resolve
from monitor.types import LoadedModel, unlabelled


def from_bytes(
    data: bytes,
    settings: ModelSettings,
    *,
    location: str,
    known_names: Sequence[str] | None = None,
    version: str | None = None,
    digest: str | None = None,
    scheme: str = "",
) -> LoadedModel:
    """The model in these bytes. Trust and sha256 are checked before anything in them is opened.

    `known_names` are used when the model itself has none. `digest` replaces the digest of `data` where the model is
    more than one file.
    """
    digest = digest or hashlib.sha256(data).hexdigest()
    check_digest(digest, settings, location)
    kind = resolve(data, declared=settings.format, location=location)
    if kind in PICKLES:
        require_trust(digest, settings, location=location, kind=kind)
    native, kind = open_model(data, declared=kind, location=location, skops_trusted=settings.skops_trusted)
    return describe(
        native,
        form=f"{scheme}{kind}",
        digest=digest,
        version=settings.version or version,
        location=location,
        known_names=known_names,
    )


def describe(
    native: Any,
    *,
    form: str,
    digest: str,
    version: str | None,
    location: str,
    known_names: Sequence[str] | None = None,
) -> LoadedModel:
    """The record of an opened model. Raises ModelError for an object that no engine can explain."""
    family = natives.family(native)
    names = natives.feature_names(native) if family != "callable" else None
    return LoadedModel(
        native=native,
        family=family,
        format=form,
        digest=digest,
        version=version or unlabelled(digest),
        feature_names=names or (tuple(known_names) if known_names else None),
        libraries=natives.libraries(native),
        location=location,
        categories=natives.categories(native),
    )


def read_bytes(path: Path, what: str) -> bytes:
    """All bytes of a file. Raises ModelError for a missing, empty or unreadable file and for a directory."""
    if path.is_dir():
        hint = "set model.uri to this directory" if (path / "MLmodel").is_file() else "name the file inside it"
        raise ModelError(f"{what} {path} is a directory", expected="a model file", hint=hint)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{what} {path} cannot be read",
            seen=os.strerror(error.errno) if error.errno else error,
            expected="a readable file",
            hint=f"check model.path; it is relative to {Path.cwd()}" if not path.is_absolute() else "check model.path",
        ) from error
    if not data:
        raise ModelError(f"{what} {path} is empty", seen="0 bytes", expected="a model", hint="save the model again")
    return data


def check_digest(digest: str, settings: ModelSettings, location: str) -> None:
    """Raises ModelError when the configuration expects another sha256."""
    if settings.sha256 and settings.sha256.lower() != digest:
        raise ModelError(
            f"model {location} is not the file that model.sha256 names",
            seen=f"sha256 {digest}",
            expected=f"sha256 {settings.sha256.lower()}",
            hint="find out who changed the model; if the change is meant, update model.sha256",
        )


def require_trust(digest: str, settings: ModelSettings, *, location: str, kind: str) -> None:
    """Raises ModelError unless the configuration trusts this artefact and pins its digest."""
    refused = settings.trust is False and "trust" in settings.model_fields_set
    steps, missing = [], []
    if not settings.trust:
        # A key that stands there is to be changed: the same key twice is a mistake in the file.
        steps.append("change model.trust to true" if refused else "set model.trust: true")
        missing.append("model.trust: true")
    if not settings.sha256:
        steps.append(f"set model.sha256: {digest}")
        missing.append("model.sha256")
    if missing:
        raise ModelError(
            f"model {location} is {kind}, which runs code when it is opened",
            seen="model.trust: false" if refused and settings.sha256 else f"{' and '.join(missing)} missing",
            expected="a format that holds no code (XGBoost, LightGBM, CatBoost, skops, ONNX), or explicit trust",
            hint=f"save it in such a format; or, if you made this file, {' and '.join(steps)}"
            + (" (model.sha256 is there)" if settings.sha256 else ""),
        )
