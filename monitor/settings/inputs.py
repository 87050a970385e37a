"""Where a monitor finds its model, its holdout and its predictions."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from monitor.settings.base import Duration, Strict, Zone
from monitor.types import Scale


class ModelSettings(Strict):
    """Where the deployed model is and which of its outputs is explained."""

    path: str | None = None
    """Model file. Exactly one of path, uri, factory."""
    uri: str | None = None
    """MLflow URI, as in models:/credit@champion or runs:/<id>/model."""
    factory: str | None = None
    """module:function that returns a model object or a predict function; called without arguments."""
    format: Literal[
        "auto", "xgboost-json", "xgboost-ubj", "lightgbm-txt", "catboost-cbm", "skops", "onnx", "joblib", "pickle"
    ] = "auto"
    """File format; auto goes by the file's first bytes and name."""
    version: str | None = None
    """Version label; the first 12 digits of the content digest when absent."""
    trust: bool = False
    """Allow formats that can run code when loaded (joblib, pickle, cloudpickle inside MLflow); needs sha256."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")
    """Expected digest of the model file; always checked when given."""
    skops_trusted: tuple[str, ...] = ()
    """Type names that a skops file may contain beyond scikit-learn's own."""
    scale: Scale | Literal["auto"] = "auto"
    """Which output is explained; auto takes the scale in which the model's exact explanation lives."""
    class_index: int | Literal["all"] | None = None
    """Multi-class models: the explained class, or all. Binary models explain class 1."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in ("path", "uri", "factory") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of path, uri, factory; got {', '.join(given) or 'none'}")
        return self


class HoldoutSettings(Strict):
    """The fixed rows on which every model version is explained."""

    path: str | None = None
    """Parquet or CSV file. Exactly one of path, query."""
    url: str | None = None
    """SQLAlchemy URL for query."""
    query: str | None = None
    """SELECT that returns the holdout in a fixed order."""
    id: str | None = None
    """Column with a unique row id; the row number when absent."""
    time: str | None = None
    """Column with the row's time; lets thresholds be calibrated on whole periods."""
    timezone: Zone | None = None
    """Zone of naive times; naive times are refused without it."""
    label: str | None = None
    """Column with the label, never given to the model."""
    period: Duration = timedelta(weeks=1)
    """Length of the periods left out one by one when thresholds are calibrated."""
    max_rows: int = Field(default=5000, ge=50, le=1_000_000)
    """More rows than this are refused: a holdout is about a thousand rows."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.path) == bool(self.query):
            raise ValueError("needs exactly one of path, query")
        if self.query and not self.url:
            raise ValueError("query needs url")
        return self


class ColumnSettings(Strict):
    """Which column of the prediction source holds what."""

    time: str = "timestamp"
    id: str | None = None
    """Unique prediction id; the row's position in time order when absent."""
    model_version: str | None = None
    prediction: str | None = None
    label: str | None = None
    segments: tuple[str, ...] = ()
    """Columns whose values split the traffic into segments, each tested by itself; the holdout needs them as well."""
    priority: str | None = None
    """Boolean column: true rows are explained as well, never tested."""
    rename: dict[str, str] = Field(default_factory=dict)
    """Column in the source to feature name of the model."""


class PredictionSettings(Strict):
    """Where recent predictions, with their inputs, are found."""

    path: str | None = None
    """Parquet or CSV file, directory or glob. Exactly one of path, table, query."""
    url: str | None = None
    """SQLAlchemy URL for table or query."""
    table: str | None = None
    """Table name, or schema.table."""
    query: str | None = None
    """SELECT without the time condition; it is wrapped, and the window is pushed down."""
    columns: ColumnSettings = ColumnSettings()
    timezone: Zone | None = None
    """Zone of naive timestamps; naive timestamps are refused without it."""
    threshold: float | None = Field(default=None, allow_inf_nan=False)
    """At or above it a prediction is one decision, below it the other: for classifiers of two classes a probability,
    also where log-odds are explained (0.5 when absent), for other models a value of the explained output (no decision
    when absent). It decides which rows are shown as nearest with the other decision, and no verdict."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in ("path", "table", "query") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of path, table, query; got {', '.join(given) or 'none'}")
        if not self.path and not self.url:
            raise ValueError(f"{given[0]} needs url")
        return self
