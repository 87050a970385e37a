"""What a configuration may say: frozen pydantic records, unknown keys refused. Reading files is config.py's work."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from monitor.types import Scale

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_duration(value: Any) -> timedelta:
    """`90s`, `15m`, `6h`, `1d`, `2w`, or a timedelta. Raises ValueError for anything else."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", str(value))
    if not match:
        raise ValueError(f"{value!r} is not a duration; expected a number and one of s m h d w, as in 15m or 1w")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


def format_duration(value: timedelta) -> str:
    """The shortest text that `parse_duration` reads back."""
    seconds = value.total_seconds()
    for unit in ("w", "d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{seconds:g}s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?[smhdw]$", "examples": ["15m", "1d", "1w"]}),
]


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"timezone {value!r} is not an IANA zone name") from error
    return value


Zone = Annotated[str, AfterValidator(_known_zone)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


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

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in ("path", "table", "query") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of path, table, query; got {', '.join(given) or 'none'}")
        if not self.path and not self.url:
            raise ValueError(f"{given[0]} needs url")
        return self


class ScheduleSettings(Strict):
    """When a monitor is checked, and over which window. All times are UTC."""

    every: Duration | None = None
    """Interval between slots, aligned to the Unix epoch's Monday (1970-01-05). Exactly one of every, cron."""
    cron: str | None = None
    """Five crontab fields; weekdays may be names or 0-7 with 0 and 7 = Sunday."""
    window: Duration | None = None
    """Span of traffic that a check looks at, ending at the slot minus delay; `every` when absent."""
    delay: Duration = timedelta(0)
    """How late predictions may still arrive."""
    deadline: Duration = timedelta(minutes=15)
    """A check that takes longer is ended and counts as failed."""
    catch_up: int = Field(default=12, ge=1, le=10_000)
    """Missed slots that are made up for after a stop; older ones are recorded as skipped."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.every) == bool(self.cron):
            raise ValueError("needs exactly one of every, cron")
        if self.cron and not self.window:
            raise ValueError("cron needs window")
        if self.every is not None and self.every < timedelta(seconds=1):
            raise ValueError("every is shorter than one second")
        if self.deadline <= timedelta(0):
            raise ValueError("deadline must be longer than nothing")
        return self

    @property
    def span(self) -> timedelta:
        """Length of the window."""
        found = self.window or self.every
        assert found is not None  # the validator above
        return found


class SampleSettings(Strict):
    rows: int = Field(default=1000, ge=10, le=1_000_000)
    """Rows drawn uniformly from the window."""
    min_rows: int = Field(default=100, ge=10)
    """Fewer rows than this: the verdict is unknown."""
    priority_rows: int = Field(default=50, ge=0, le=10_000)
    """At most so many priority rows are explained as well."""
    batch_rows: int = Field(default=20_000, ge=100)
    """Rows held in memory at once while sampling."""


class ExplainSettings(Strict):
    engine: Literal[
        "auto",
        "tree-compiled",
        "xgboost-native",
        "lightgbm-native",
        "catboost-native",
        "tree",
        "tree-interventional",
        "linear",
        "permutation",
        "kernel",
        "sampling",
        "gradient",
        "deep",
    ] = "auto"
    """auto: the fastest exact engine for the model, else permutation."""
    background_rows: int = Field(default=100, ge=1, le=100_000)
    """Rows of the holdout that approximate and interventional engines integrate over."""
    max_evals: int | Literal["auto"] = "auto"
    """Model evaluations per row for approximate engines."""
    chunk_rows: int = Field(default=10_000, ge=1)
    """Rows explained at once; bounds memory."""
    tolerance: float = Field(default=1e-3, gt=0)
    """Largest accepted additivity gap, relative to max(1, abs(prediction))."""
    seed: int = 0
    noise_runs: int = Field(default=3, ge=0, le=20)
    """Approximate engines: how often a new reference explains the holdout again with another seed, to learn what the
    seed alone changes. 0: not at all."""


class DriftSettings(Strict):
    """Effect floors and error rates; a threshold is the larger of its floor and its calibrated null quantile."""

    bins: int = Field(default=10, ge=2, le=100)
    psi_warning: float = Field(default=0.1, gt=0)
    psi_severe: float = Field(default=0.2, gt=0)
    ks_warning: float = Field(default=0.1, gt=0, lt=1)
    ks_severe: float = Field(default=0.2, gt=0, lt=1)
    stability_warning: float = Field(default=0.2, gt=0)
    stability_severe: float = Field(default=0.4, gt=0)
    alpha_warning: float = Field(default=0.025, gt=0, lt=1)
    """Bound on the adjusted p-value for level 1; half of the promised 5 % of checks: room for approximations."""
    alpha_severe: float = Field(default=0.005, gt=0, lt=1)
    """Bound on the adjusted p-value for level 2; half of the promised 1 % of checks."""
    false_warnings_per_month: float = Field(default=1.0, ge=1e-6, allow_inf_nan=False)
    """False alarms of level 1 or higher that chance may raise in a month; frequent checks get smaller alphas."""
    false_severe_per_month: float = Field(default=0.1, ge=1e-6, allow_inf_nan=False)
    """The same for level 2: 0.1 is one in ten months."""
    materiality: float = Field(default=0.02, ge=0, lt=1)
    """Features under this share of all importance, before and now, never alarm."""
    min_rows: int = Field(default=50, ge=10)
    """Fewer rows on either side: unknown."""
    segments_per_column: int = Field(default=20, ge=1, le=1000)
    """Values of a segment column that are tested, those with most recent rows; the rest is counted in a note."""
    top_k: int = Field(default=5, ge=1)
    groups: dict[Annotated[str, Field(min_length=1)], tuple[str, ...]] = Field(default_factory=dict)
    """Features that share credit, by a name for the group: their sum is tested as well, and members that only swap
    credit are no more than a warning."""
    find_groups: float | None = Field(default=None, gt=0, lt=1)
    """Group features by themselves whose inputs have this absolute rank correlation on the holdout (0.7 is usual)."""
    season_matched: bool = True
    """Where the holdout spans a year, a level must hold against its rows of the same season as well."""
    canary_comparisons: int = Field(default=4, ge=0, le=1000)
    """Random halves of the holdout that every check compares with each other to count its own false alarms."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in ("psi", "ks", "stability"):
            low, high = getattr(self, f"{name}_warning"), getattr(self, f"{name}_severe")
            if low > high:
                raise ValueError(f"{name}_warning {low} is above {name}_severe {high}")
        if self.alpha_severe > self.alpha_warning:
            raise ValueError(f"alpha_severe {self.alpha_severe} is above alpha_warning {self.alpha_warning}")
        return self

    @model_validator(mode="after")
    def _budget_and_groups(self) -> Self:
        if self.false_severe_per_month > self.false_warnings_per_month:
            raise ValueError(
                f"false_severe_per_month {self.false_severe_per_month:g} is above false_warnings_per_month "
                f"{self.false_warnings_per_month:g}; a severe alarm is a warning too"
            )
        grouped: dict[str, str] = {}
        for group, members in self.groups.items():
            if len(set(members)) < 2:
                raise ValueError(f"group {group!r} has the members {', '.join(members) or 'none'}; two are needed")
            for member in dict.fromkeys(members):
                if member in grouped:
                    raise ValueError(f"feature {member!r} is in the groups {grouped[member]!r} and {group!r}")
                grouped[member] = group
        return self

    def at_rate(self, checks_per_month: float) -> DriftSettings:
        """The same with alphas that keep the monthly budget of false alarms at so many checks a month.

        Without drift a check raises a level with a probability of at most alpha: a month holds alpha * checks.
        """
        severe = min(self.alpha_severe, self.false_severe_per_month / checks_per_month)
        warning = min(self.alpha_warning, self.false_warnings_per_month / checks_per_month)
        return self.model_copy(update={"alpha_warning": warning, "alpha_severe": severe})


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
    redact: tuple[str, ...] = ()
    """Input columns whose values are never stored or shown."""

    @model_validator(mode="after")
    def _segments_in_the_open(self) -> Self:
        mapped = self.predictions.columns
        hidden = [name for name in mapped.segments if {name, mapped.rename.get(name, name)} & set(self.redact)]
        if hidden:
            raise ValueError(f"segments by redacted {', '.join(hidden)} would store and show its values; drop one")
        return self

    @property
    def model_label(self) -> str:
        return self.model_name or self.name


class RetentionSettings(Strict):
    rows: Duration = timedelta(weeks=5)
    """Attribution rows of single predictions."""
    checks: Duration = timedelta(days=3 * 365)
    """Checks, findings, profiles."""


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
    features_per_monitor: int = Field(default=20, ge=0)
    """Feature series exported per monitor, by reference importance; the rest is in SQL only."""


class Settings(Strict):
    """The whole configuration file."""

    store: StoreSettings = StoreSettings()
    server: ServerSettings = ServerSettings()
    max_checks: int = Field(default=2, ge=1, le=256)
    """Checks that run at the same time, each in a process of its own."""
    monitors: tuple[MonitorSettings, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique_names(self) -> Self:
        names = [monitor.name for monitor in self.monitors]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two monitors are named {', '.join(twice)}; every name must be unique")
        return self

    def monitor(self, name: str) -> MonitorSettings:
        """Raises KeyError for a name that is not configured."""
        for monitor in self.monitors:
            if monitor.name == name:
                return monitor
        raise KeyError(name)
