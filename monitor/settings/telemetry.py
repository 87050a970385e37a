"""Where a monitor's explanation log is and how it is counted; what must never be stored or shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from monitor.settings.base import Duration, Strict, Zone

_Name = Annotated[str, Field(min_length=1)]
LONGEST_PAUSE = timedelta(minutes=5)
"""Between two reads: the shortest window of the alerts."""


class LogColumns(Strict):
    """Which key (or column) of the explanation log holds what; dots go one level down, as in meta.latency."""

    record_id: _Name = "record_id"
    """Unique id of the prediction; the same as predictions.columns.id, so that the two can be joined."""
    timestamp: _Name = "timestamp"
    """ISO 8601, or seconds since 1970."""
    model_version: _Name = "model_version"
    explainer_version: _Name = "explainer_version"
    prediction: _Name = "prediction"
    predicted_class: _Name = "predicted_class"
    attributions: _Name = "shap_values"
    """{feature: value}; absent or null: the prediction was not explained."""
    top_features: _Name = "top_features"
    base_value: _Name = "base_value"
    latency_ms: _Name = "explanation_latency_ms"
    is_cached: _Name = "is_cached"
    source: _Name = "source"
    """cache, live_treeshap, live_approximate, fallback."""
    unexplained_reason: _Name = "unexplained_reason"
    """timeout, error, missing, disabled, sampling: why there is no explanation."""
    error: _Name = "error"
    """Class of the error, as in TimeoutError; texts after a colon are ignored."""
    inputs: _Name = "inputs"
    """{feature: value}; scanned for personal data, never stored."""
    fingerprint: _Name = "fingerprint"
    """What makes two failed requests the same one; the inputs when absent, else the record id."""
    served_model_version: _Name = "served_model_version"
    """Version that predicted, where a cached explanation may be of another."""
    compute_seconds: _Name = "compute_seconds"
    """What the explanation cost; the latency when absent."""


class TelemetrySettings(Strict):
    """The explanation log: which predictions were explained, how fast, by what, at what price."""

    path: str | None = None
    """JSONL file, directory or glob, rotated and gzipped files included. Exactly one of path, table."""
    url: str | None = None
    """SQLAlchemy URL for table."""
    table: str | None = None
    """Table name, or schema.table, with one row per prediction."""
    order: str | None = None
    """Column of the table that only grows as rows are added (a serial number); needed with table."""
    columns: LogColumns = LogColumns()
    timezone: Zone | None = None
    """Zone of naive timestamps; records with naive timestamps are malformed without it."""
    every: Duration = timedelta(seconds=30)
    """Time between two reads; at most five minutes."""
    latency_threshold: Duration = timedelta(seconds=0.2)
    """An explanation that takes longer is slow."""
    payload_limit: int = Field(default=10_000, ge=1)
    """Bytes; an explanation with a longer record is oversize."""
    price_per_hour: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Dollars for an hour of compute that explains."""
    remember: Duration = timedelta(days=2)
    """How long record ids are remembered, by the time of records: one that comes again within it is a duplicate."""
    ahead: Duration = timedelta(minutes=5)
    """How far a record's time may be ahead of this machine's clock; beyond it the record is quarantined as bad_time."""
    late_after: Duration = timedelta(hours=1)
    """A record older than the newest one seen by more than this is counted as late; it still counts."""
    adverse_classes: tuple[str, ...] = ()
    """Predicted classes that are adverse decisions, for the compliance report."""
    group_by: tuple[str, ...] = ("route", "flow", "segment")
    """Keys of a record by which predictions without explanation are grouped, beside the model version."""
    gap_tolerance: float = Field(default=0.05, gt=0)
    """Offline against runtime: largest accepted gap of a row, as a share of its sum of absolute attributions."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.path) == bool(self.table):
            raise ValueError("needs exactly one of path, table")
        if self.table and not (self.url and self.order):
            raise ValueError("table needs url and order")
        if self.every < timedelta(seconds=1):
            raise ValueError("every is shorter than one second")
        if self.every > LONGEST_PAUSE:
            raise ValueError(
                "every is longer than five minutes; alerts look at the last five minutes and would see nothing"
            )
        if self.remember < timedelta(minutes=1):
            raise ValueError("remember is shorter than one minute; records that come again would count twice")
        if self.ahead > timedelta(days=1):
            raise ValueError("ahead is longer than a day; one wrong clock would make every other record late")
        for name in ("every", "late_after"):
            if self.remember < getattr(self, name):
                raise ValueError(f"remember is shorter than {name}; records that are written again would count twice")
        return self


PrivacyKind = Literal["email", "phone", "card", "iban", "national_id", "ip_address"]
"""Kinds of personal data looked for in text."""


class PrivacySettings(Strict):
    """What is done to columns before anything is stored, shown or sent, beside those under `redact`."""

    hash: tuple[str, ...] = ()
    """Columns kept as a keyed hash: equal values stay equal, nothing else can be told."""
    hash_key: str | None = Field(default=None, min_length=16)
    """Key of these hashes; ${NAME} stands for a variable or a secret file."""
    mask: tuple[str, ...] = ()
    """Text columns of which only the length and the last two characters are kept."""
    scan: bool = True
    """Look for personal data in the text of the explanation log."""
    kinds: tuple[PrivacyKind, ...] = ("email", "phone", "card", "iban", "national_id", "ip_address")
    allow: tuple[str, ...] = ()
    """Columns in which such text is expected and not counted."""

    @model_validator(mode="after")
    def _key(self) -> Self:
        if self.hash and not self.hash_key:
            raise ValueError("hash needs hash_key: without a key, common values can be guessed from their hash")
        twice = sorted(set(self.hash) & set(self.mask))
        if twice:
            raise ValueError(f"{', '.join(twice)} cannot be both hashed and masked")
        return self
