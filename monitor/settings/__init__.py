"""What a configuration may say: frozen pydantic records, unknown keys refused. Reading files is config's work."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from monitor.settings.base import Duration, Slug, Strict, format_duration, over_http, parse_duration
from monitor.settings.checks import ExplainSettings, SampleSettings, ScheduleSettings
from monitor.settings.drift import DriftSettings
from monitor.settings.inputs import ColumnSettings, HoldoutSettings, ModelSettings, PredictionSettings
from monitor.settings.reports import GrafanaSettings, MailSettings, ReportSettings
from monitor.settings.slo import SERVING_SLOS, ChannelSettings, SloSettings
from monitor.settings.telemetry import LogColumns, PrivacySettings, TelemetrySettings

__all__ = [
    "SERVING_SLOS",
    "ChannelSettings",
    "ColumnSettings",
    "DriftSettings",
    "ExplainSettings",
    "GrafanaSettings",
    "HoldoutSettings",
    "LogColumns",
    "MailSettings",
    "ModelSettings",
    "MonitorSettings",
    "PredictionSettings",
    "PrivacySettings",
    "ReportSettings",
    "RetentionSettings",
    "SampleSettings",
    "ScheduleSettings",
    "ServerSettings",
    "Settings",
    "SloSettings",
    "StoreSettings",
    "TelemetrySettings",
    "format_duration",
    "over_http",
    "parse_duration",
]


class MonitorSettings(Strict):
    """One watched model in one deployed slot."""

    name: Slug
    model_name: str | None = None
    """Name shown for the model; the monitor's name when absent."""
    owner: str = Field(min_length=1)
    """Who receives drift alerts."""
    tier: Literal["critical", "standard", "experimental"] = "standard"
    model: ModelSettings
    features: tuple[str, ...] | None = None
    """Feature columns in the model's order; needed only when the model does not know them."""
    holdout: HoldoutSettings
    predictions: PredictionSettings
    schedule: ScheduleSettings
    sample: SampleSettings = SampleSettings()
    explain: ExplainSettings = ExplainSettings()
    drift: DriftSettings = DriftSettings()
    telemetry: TelemetrySettings | None = None
    """The explanation log, where there is one."""
    slo: SloSettings = SloSettings()
    redact: tuple[str, ...] = ()
    """Input columns whose values are never stored or shown."""
    privacy: PrivacySettings = PrivacySettings()

    @model_validator(mode="after")
    def _segments_in_the_open(self) -> Self:
        mapped = self.predictions.columns
        both = {feature: name for name, feature in mapped.rename.items()} | mapped.rename
        named = (*self.redact, *self.privacy.hash, *self.privacy.mask)
        kept_back = {other for name in named for other in (name, both.get(name, name))}
        hidden = [name for name in mapped.segments if name in kept_back]
        if hidden:
            raise ValueError(f"segments by redacted {', '.join(hidden)} would store and show its values; drop one")
        stored = (mapped.id, mapped.time, mapped.prediction, mapped.model_version, self.holdout.id, self.holdout.time)
        shown = sorted({name for name in stored if name in kept_back})
        if shown:
            raise ValueError(f"redacted {', '.join(shown)} names an id, time, prediction or version, which are stored")
        if self.telemetry:
            columns = self.telemetry.columns
            # Dots go down: inputs.name is the column name of the inputs.
            versions = (columns.model_version, columns.served_model_version, columns.error)
            told = (*self.telemetry.group_by, columns.record_id, columns.timestamp, *versions)
            grouped = sorted(name for name in told if not kept_back.isdisjoint((name, *name.split("."))))
            if grouped:
                raise ValueError(f"telemetry keeps {', '.join(grouped)}: redacted values would be stored; drop one")
        return self

    @property
    def model_label(self) -> str:
        return self.model_name or self.name

    @property
    def objectives(self) -> dict[str, float]:
        """SLO to objective, of those in force: SLOs of serving have a meaning only with an explanation log."""
        every = self.slo.objectives()
        return every if self.telemetry else {name: every[name] for name in every if name not in SERVING_SLOS}


class RetentionSettings(Strict):
    rows: Duration = timedelta(weeks=5)
    """Attribution rows of single predictions."""
    checks: Duration = timedelta(days=3 * 365)
    """Checks, findings, profiles, daily totals, incidents."""
    telemetry: Duration = timedelta(days=45)
    """Five-minute totals of the explanation log (a period needs 30 days), quarantine, what lacked explanations."""


class StoreSettings(Strict):
    url: str = "sqlite:///xdrift.db"
    """SQLAlchemy URL: sqlite:///file or postgresql+psycopg://user:password@host/name."""
    retention: RetentionSettings = RetentionSettings()


class ServerSettings(Strict):
    host: str = "127.0.0.1"
    port: int = Field(default=9464, ge=0, le=65535)
    external_url: str | None = None
    """How people reach the pages, for links in alerts and annotations."""
    snapshot_every: Duration = timedelta(seconds=15)
    """How often metrics are read from the store."""
    grafana_url: str | None = None
    """How people reach Grafana, for links in messages."""
    runbook_url: str | None = None
    """Folder of the runbooks, for links in messages; no such link when absent."""
    predictions: bool = True
    """Serve single predictions: their page, their address in the API, and the examples on the page of a check."""
    features_per_monitor: int = Field(default=20, ge=0)
    """Feature series exported per monitor, by reference importance; the rest is in SQL only."""


class Settings(Strict):
    """The whole configuration file."""

    store: StoreSettings = StoreSettings()
    server: ServerSettings = ServerSettings()
    max_checks: int = Field(default=2, ge=1, le=256)
    """Checks that run at the same time, each in a process of its own."""
    channels: tuple[ChannelSettings, ...] = ()
    """Where level changes are told, beside Alertmanager."""
    reports: ReportSettings | None = None
    """Weekly reports made by the daemon; `xdrift report weekly` needs no setting."""
    grafana: GrafanaSettings | None = None
    """Where dashboards and annotations are pushed to."""
    monitors: tuple[MonitorSettings, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique_names(self) -> Self:
        names = [monitor.name for monitor in self.monitors]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two monitors are named {', '.join(twice)}; every name must be unique")
        return self

    @model_validator(mode="after")
    def _known_channels(self) -> Self:
        named = {channel.name for channel in self.channels}
        unknown = sorted(set(self.reports.channels) - named) if self.reports else []
        if unknown:
            known = ", ".join(sorted(named)) or "none"
            raise ValueError(f"reports.channels names {', '.join(unknown)}; channels configured: {known}")
        return self

    def monitor(self, name: str) -> MonitorSettings:
        """Raises KeyError for a name that is not configured."""
        for monitor in self.monitors:
            if monitor.name == name:
                return monitor
        raise KeyError(name)
