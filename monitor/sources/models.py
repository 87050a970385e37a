"""The one way in for models: a file, an MLflow URI or a factory."""

from __future__ import annotations

from pathlib import Path

from monitor.settings import ModelSettings
from monitor.sources.artefacts import from_bytes, read_bytes
from monitor.sources.factories import load_factory
from monitor.sources.mlflow_models import load_uri
from monitor.types import LoadedModel


def load_model(settings: ModelSettings) -> LoadedModel:
    """The model of a configuration.

    `digest` is the sha256 of the model file's bytes; for an MLflow model that can only be opened by pickle or as a
    pyfunc, of its whole directory; for a factory see `factories.load_factory`. Feature names come in the model's order.

    Raises ConfigError for a malformed `factory`, ModelError for everything else: missing, empty, truncated, of
    another format, not trusted, another sha256, library not installed.
    """
    if settings.uri:
        return load_uri(settings)
    if settings.factory:
        return load_factory(settings)
    assert settings.path is not None  # ModelSettings has exactly one of the three
    data = read_bytes(Path(settings.path), "model")
    return from_bytes(data, settings, location=settings.path)
