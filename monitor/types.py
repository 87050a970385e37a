"""Domain records shared by every room: frozen, keyword-only, arrays read-only, datetimes aware and UTC.

Words are those of docs/concepts.md. Windows are half-open, [start, end).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

View = Literal["holdout", "traffic", "total", "trend"]
"""Which pair is compared: `holdout` reference model against current model on the same rows (paired);
`traffic` current model, recent rows against holdout rows; `total` recent rows now against the reference;
`trend` this window against the windows before it."""
VIEWS: tuple[View, ...] = ("holdout", "traffic", "total", "trend")

Level = Literal[0, 1, 2]
"""0 none, 1 warning, 2 severe."""

Verdict = Literal["none", "data", "model", "both", "pipeline", "explainer", "unknown"]
Outcome = Literal["succeeded", "unknown", "failed"]
"""`unknown`: the check ran but could not judge (thin or absent data); `failed`: it could not run."""
Condition = Literal["none", "warning", "severe", "unknown"]
"""What is confirmed of a monitor, over several checks (store/condition.py); channels are told when it changes."""
Scale = Literal["margin", "probability"]
"""`margin`: log-odds, raw score or the regression value itself; `probability`: after the link."""
Family = Literal["xgboost", "lightgbm", "catboost", "sklearn", "onnx", "callable"]


def utc(value: datetime, what: str = "datetime") -> datetime:
    """The same instant in UTC. Raises ValueError for a naive datetime: a zone is never guessed."""
    if value.tzinfo is None:
        raise ValueError(f"{what} {value.isoformat()} has no time zone; expected an aware datetime")
    return value.astimezone(UTC)


def frozen(values: Any) -> Floats:
    """A read-only float64 array, contiguous, copied only when it must be."""
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A half-open span of time, [start, end), aware UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", utc(self.start, "window start"))
        object.__setattr__(self, "end", utc(self.end, "window end"))
        if self.end <= self.start:
            raise ValueError(f"window ends {self.end.isoformat()} at or before its start {self.start.isoformat()}")


def unlabelled(digest: str) -> str:
    """Stands for the version of a model that nobody gave one: the beginning of its digest."""
    return digest[:12]


def labelled(version: str, digest: str) -> bool:
    """Whether somebody gave the model this version. Version 1 is a label although one digest in sixteen begins so."""
    return version != unlabelled(digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model as sources/ hands it to explain/: opened, fingerprinted, not yet interpreted."""

    native: Any
    """Booster, estimator, pipeline, InferenceSession or function."""
    family: Family
    format: str
    """File format or scheme it came from: xgboost-json, lightgbm-txt, skops, mlflow, factory, ..."""
    digest: str
    """sha256 of the artefact's bytes (of the code location and version for a factory)."""
    version: str
    """Label given by configuration or registry; `unlabelled(digest)` when nobody gave one."""
    feature_names: tuple[str, ...] | None
    """In the model's own order; None when the model does not know them."""
    libraries: Mapping[str, str]
    """Library name to version, of what loaded and will run it."""
    location: str
    """Where it came from, without credentials."""
    categories: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Feature to its category values in code order, for boosters that store their own coding (XGBoost, LightGBM)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainerRef:
    """What produced a set of attributions; two sets with equal `digest` and equal model are comparable."""

    engine: str
    """tree-compiled, xgboost-native, lightgbm-native, catboost-native, tree, linear, permutation, kernel, ..."""
    exact: bool
    scale: Scale
    class_index: tuple[int, ...] | None
    """Explained classes; None for one-output models."""
    config: Mapping[str, Any]
    """Every setting that can change a value: seed, background digest, perturbation, ..."""
    libraries: Mapping[str, str]
    digest: str
    """sha256 over all of the above in canonical JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributions:
    """Signed contributions, per row and feature, that sum with the base value to the model's output."""

    values: Floats
    """(n, d), in units of the explained output. Several classes: one column per feature and class, `name[class]`."""
    base_values: Floats
    """(n, k): k explained outputs, 1 for most models."""
    predictions: Floats
    """(n, k): the model's own output for the same rows, same scale."""
    feature_names: tuple[str, ...]
    explainer: ExplainerRef
    additivity_gap: float
    """max over rows of abs(base + sum(values) - prediction) / max(1, abs(prediction)); NaN when there are no rows."""
    source_features: tuple[str, ...] = ()
    """The column of the input rows behind each attribution column (differs only for multi-class)."""
    notes: tuple[str, ...] = ()
    """What a person should know: fallback taken, columns summed back, ..."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values))
        object.__setattr__(self, "base_values", frozen(self.base_values))
        object.__setattr__(self, "predictions", frozen(self.predictions))
        if self.values.ndim != 2 or self.values.shape[1] != len(self.feature_names):
            raise ValueError(f"attributions {self.values.shape} do not match {len(self.feature_names)} feature names")
        if len(set(self.feature_names)) != len(self.feature_names):
            raise ValueError("feature names are not unique")
        if not len(self.values) == len(self.base_values) == len(self.predictions):
            raise ValueError("attributions, base values and predictions differ in rows")

    @property
    def n(self) -> int:
        return int(self.values.shape[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdout:
    """The fixed rows, in file order."""

    rows: pd.DataFrame
    """(n, p) feature columns only, no nulls invented, categories kept."""
    row_ids: tuple[str, ...]
    times: NDArray[np.datetime64] | None
    """(n,) datetime64[us] UTC, or None when the holdout carries no time."""
    labels: NDArray[Any] | None
    digest: str
    """sha256 over column names, kinds and values in order."""
    segments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Segment column to its value per row; columns that the holdout lacks are absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Rows drawn uniformly from one window of traffic, and out of how many."""

    window: Window
    rows: pd.DataFrame
    """(n, p) feature columns."""
    row_ids: tuple[str, ...]
    times: NDArray[np.datetime64]
    predictions: Floats | None
    """(n,) logged prediction; None when the source has none."""
    model_versions: tuple[str, ...] | None
    labels: NDArray[Any] | None
    segments: Mapping[str, tuple[str, ...]]
    """Segment column to its value per row."""
    n_seen: int
    """Rows in the window, whatever was drawn."""
    seed: int
    newest_at: datetime | None = None
    """Time of the newest row in the window, whatever was drawn, UTC; None for an empty window."""
    versions_seen: Mapping[str, int] = field(default_factory=dict)
    """Logged model version to its number of rows among those drawn."""
    priority_rows: pd.DataFrame | None = None
    """Flagged rows: explained and kept, never tested."""
    priority_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        return len(self.row_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one test on one feature (None: the whole model) in one view."""

    view: View
    feature: str | None
    test: str
    statistic: float | None
    """None when it could not be computed; `reason` then says why."""
    p_value: float | None
    p_adjusted: float | None
    """After weighted Benjamini-Hochberg over all features, tests and views; None where this one takes no part: the
    test is only reported, or the feature is too unimportant to alarm by itself."""
    threshold: float | None
    """Warning threshold at these sample sizes; None for statistics that are only reported."""
    threshold_severe: float | None
    level: Level
    n_reference: int
    n_current: int
    reason: str | None = None
    segment: str | None = None
    """`column=value` of the rows compared; the column alone where none of its values could be; None: all rows."""

    @property
    def lent(self) -> bool:
        """The level is no result of this test: features that drifted together, a group or all that are too small by
        themselves, lent it."""
        if not self.level or self.reason:
            return False
        limit = self.threshold_severe if self.level == 2 else self.threshold
        return self.p_adjusted is None or limit is None or (self.statistic or 0.0) <= limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """Why one feature's importance changed, exactly: current - reference == model_part + data_part."""

    feature: str
    importance_reference: float
    """mean abs attribution: reference model on the holdout."""
    importance_holdout: float
    """mean abs attribution: current model on the holdout."""
    importance_current: float
    """mean abs attribution: current model on recent traffic."""
    share_reference: float
    share_current: float
    model_part: float
    """importance_holdout - importance_reference."""
    data_part: float
    """importance_current - importance_holdout."""
    level: Level
    """Highest level any view gave this feature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A distribution small enough to keep for years."""

    kind: Literal["attribution", "input", "prediction"]
    side: Literal["reference", "holdout", "traffic"]
    feature: str
    n: int
    n_missing: int
    edges: tuple[float, ...]
    """Inner bin edges (outer bins are open); empty for categories."""
    categories: tuple[str, ...]
    """Bin labels for categorical inputs; empty otherwise."""
    counts: tuple[int, ...]
    """len(edges) + 1, or len(categories); missing values are in `n_missing`."""
    quantiles: tuple[float, ...]
    """At QUANTILE_GRID; empty for categories or no rows."""
    mean: float | None
    mean_abs: float | None
    std: float | None
    minimum: float | None
    maximum: float | None


QUANTILE_GRID: tuple[float, ...] = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionRow:
    """One explained prediction kept for debugging."""

    row_id: str
    kind: Literal["sample", "priority"]
    time: datetime | None
    prediction: float | None
    logged_prediction: float | None
    base_value: float
    values: Mapping[str, float]
    """Feature to attribution."""
    inputs: Mapping[str, Any]
    """Feature to (redacted) input, JSON types."""
    segments: Mapping[str, str] = field(default_factory=dict)
    logged_values: Mapping[str, float] | None = None
    """Feature to the attribution that the serving system logged for this prediction."""
    nearest_other: Mapping[str, Any] | None = None
    """The nearest real row with another decision, not a cause: {row_id, distance, prediction, differs: [features, the
    farthest first], holdout: it is a row of the holdout}; None where there is no decision or no such row."""
    classes: Mapping[str, tuple[float, float]] | None = None
    """Class to (base value, prediction) where several outputs are explained: `base_value` and `prediction` are those of
    the first, and `values` are named `feature[class]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Frozen attributions of the holdout; immutable, content-hashed, replaced only by command."""

    id: str
    """First 16 hex digits of the content hash: attributions, row ids, model, explainer, holdout, periods."""
    monitor: str
    attributions: Attributions
    row_ids: tuple[str, ...]
    periods: tuple[str, ...] | None
    """Period label per holdout row, for calibration; None when the holdout carries no time."""
    holdout_digest: str
    model_digest: str
    model_version: str
    model_libraries: Mapping[str, str]
    input_profiles: tuple[Profile, ...]
    """Distribution of every source column on the holdout."""
    created_at: datetime
    author: str
    reason: str
    noise: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] | None = None
    """Approximate explainers: judged test to what other seeds alone do to each feature, warning and severe bound, in
    feature order; None for exact ones. It follows from the rest and is no part of the content hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceSummary:
    """A reference without its arrays, for lists."""

    id: str
    monitor: str
    created_at: datetime
    author: str
    reason: str
    model_version: str
    model_digest: str
    holdout_digest: str
    explainer_digest: str
    engine: str
    n_rows: int
    n_features: int
    active: bool
    activated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to run one slot, fenced by `token`: a result is stored only while the token still holds it."""

    monitor: str
    planned_at: datetime
    token: str
    attempt: int
    """1 for the first run, 2 for the run after an interruption."""
    confirms: str | None = None
    """The check that this slot looks at again, on a fresh sample; None for a planned one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """A declared time in which drift is expected. It is recorded for ever and changes no check."""

    monitor: str
    start: datetime
    until: datetime
    """When it ends by itself."""
    author: str
    reason: str
    ended_at: datetime | None = None
    """When somebody ended it before its time."""
    ended_by: str | None = None

    @property
    def end(self) -> datetime:
        """It covers [start, end)."""
        return self.until if self.ended_at is None else min(self.until, self.ended_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is told to one channel about one check; delivered at least once."""

    id: str
    """Follows from check and channel: whoever gets it twice can tell."""
    monitor: str
    channel: str
    body: Mapping[str, Any]
    """Sent as JSON; `text` is for people."""
    created_at: datetime
    attempts: int = 0
    """Deliveries tried before."""
    withheld: str | None = None
    """Why it is recorded and not sent, as in `maintenance`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of one message."""

    channel: str
    state: Literal["sent", "waiting", "withheld", "given up"]
    at: datetime
    """When it was sent, or else made."""
    attempts: int
    """Deliveries tried."""
    why: str | None
    """Of one that is not sent: why it is withheld, or why the latest delivery failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a check changed of what is known of its monitor."""

    check: Check
    owner: str
    before: Condition
    after: Condition
    maintenance: bool
    """A declared maintenance is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened to a monitor that a reader of its curves must know."""

    id: str
    """Follows from what happened: whoever sees it twice can tell."""
    monitor: str
    kind: Literal["deployment", "reference", "level", "maintenance"]
    """`level`: the level of a check differs from that of the judged check before it."""
    at: datetime
    until: datetime | None
    """End of a maintenance; None for what has no length."""
    text: str
    check_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One execution of a monitor for one planned slot: the unit of storage, export and report."""

    id: str
    """Deterministic: first 16 hex digits of sha256(monitor, planned_at)."""
    monitor: str
    model: str
    planned_at: datetime
    window: Window
    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    verdict: Verdict
    level: Level
    reason: str | None
    """Closed word for metrics when the outcome is not `succeeded`: empty_window, thin_sample, sampling, ..."""
    sentence: str
    """The verdict as one or two sentences a person understands."""
    evidence: tuple[str, ...]
    """The facts the verdict rests on, one line each."""
    error: str | None
    seed: int
    n_seen: int = 0
    n_drawn: int = 0
    n_explained: int = 0
    n_holdout: int = 0
    reference_id: str | None = None
    model_version: str | None = None
    model_digest: str | None = None
    holdout_digest: str | None = None
    explainer: ExplainerRef | None = None
    holdout_skipped: bool = False
    """True when holdout attributions were reused because every digest agreed."""
    additivity_gap: float | None = None
    levels: Mapping[View, Level] = field(default_factory=dict)
    """Highest level per view that was tested."""
    model_numbers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """View to {ndcg, cosine, top_k_overlap, importance_change, ...}."""
    input_drift: Mapping[str, float] = field(default_factory=dict)
    """Source column to PSI of its inputs, traffic against holdout; `__prediction__` for the prediction."""
    findings: tuple[Finding, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    profiles: tuple[Profile, ...] = ()
    rows: tuple[AttributionRow, ...] = ()
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    """sample, load, explain, test, store."""
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    config_digest: str | None = None
    canary: Mapping[str, int] = field(default_factory=dict)
    """Random halves of the holdout compared with each other: `comparisons`, and how many of them came out at level
    `warning` or higher and at level `severe`. Empty where the holdout is too small to be halved."""
    confirms: str | None = None
    """The check with a severe level that this one looks at again, on a fresh sample."""
    served: Mapping[str, Any] = field(default_factory=dict)
    """Logged attributions against recomputed ones; empty where none were logged."""
    decision: Mapping[str, Any] = field(default_factory=dict)
    """How predictions become decisions: {threshold, probability, classes, reason, left_out: [input columns kept back]};
    empty for a check that explained nothing."""
    newest_at: datetime | None = None
    """Time of the newest prediction among all rows of the window, drawn or not, UTC; None where the window was empty or
    not read, and for checks saved before it was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPrediction:
    """One explained prediction, and the check that kept it."""

    check: Check
    """Without its parts."""
    row: AttributionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A durable monotone total."""

    name: str
    """Metric name without the `_total` suffix's help; one of names.COUNTERS."""
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryStatus:
    """How far the explanation log of one monitor has been read."""

    watermark: datetime | None
    """Time of the newest record counted."""
    last_success_at: datetime | None
    consecutive_failures: int
    latency_threshold: float | None
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedLately:
    """What the explanation log of one monitor counted of some recent time."""

    predictions: int
    """Without those that sampling left out."""
    unexplained: int
    explanations: int
    """Attempts to explain."""
    errors: int
    slow: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexplainedGroup:
    """Predictions without an explanation that have a reason, a model version and the monitor's groups in common."""

    reason: str
    model_version: str
    groups: Mapping[str, str]
    """Key of `telemetry.group_by` to its value; keys that records do not have are absent."""
    n: int
    last_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SloStatus:
    """One objective of one monitor and what is left of its budget."""

    slo: str
    objective: float
    period_seconds: float
    remaining: float | None
    """Share of the period's error budget; None while nothing was counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorStatus:
    """What the store knows about one monitor now: a row of the fleet page, a block of metrics."""

    name: str
    model: str
    owner: str
    tier: str
    cadence: str
    """minutely, hourly, daily or weekly."""
    interval_seconds: float
    """Longest gap between two planned slots."""
    interval_since: datetime
    """Since when that is so; its creation where it was never another."""
    created_at: datetime
    model_version: str | None
    model_digest: str | None
    deployed_at: datetime | None
    """When this digest was first seen in force (again)."""
    reference_id: str | None
    last_check: Check | None
    """The latest finished check, with findings and contributions, without rows and profiles."""
    last_run_at: datetime | None
    last_success_at: datetime | None
    next_run_at: datetime | None
    consecutive_failures: int
    levels: Mapping[View, Level]
    """Held levels: unchanged by a check that could not judge."""
    streaks: Mapping[View, int]
    """Judged checks in a row at the current non-zero level, per view."""
    smoothed: Mapping[tuple[View, str], float] = field(default_factory=dict)
    """(view, model-level test) to the exponentially weighted mean of its score."""
    segments: Mapping[str, tuple[Level, int]] = field(default_factory=dict)
    """Segment to its held level and streak."""
    telemetry: TelemetryStatus | None = None
    """None without an explanation log."""
    slos: tuple[SloStatus, ...] = ()
    maintenance_until: datetime | None = None
    """End of the declared maintenance that is open now."""
    messages_waiting: int = 0
    newest_at: datetime | None = None
    """`Check.newest_at` of the latest slot whose check has one: an empty window changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportStatus:
    """How weekly reports fare: the reports themselves, mails and messages about them."""

    last_success_at: datetime | None
    """When one was last written."""
    waiting: int
    given_up: int
    """Of those still on record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything one scrape shows, read together."""

    taken_at: datetime
    monitors: tuple[MonitorStatus, ...]
    counters: tuple[Counter, ...]
    reports: ReportStatus | None = None
    """None where no weekly report was ever planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPoint:
    """One check of a monitor's past, for lists and heatmaps."""

    check_id: str
    planned_at: datetime
    window: Window
    outcome: Outcome
    verdict: Verdict
    level: Level
    sentence: str
    model_version: str | None
    feature_levels: Mapping[str, Level]
    """Highest level per feature over the views that the verdict rests on (not trend)."""
    feature_change: Mapping[str, float]
    """current importance / reference importance - 1 per feature; NaN where the reference is 0."""
