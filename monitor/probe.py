"""Does what the configuration names really open? One answer per part, and nothing is changed anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from monitor import probe_names, slots, sources
from monitor.errors import ConfigError, XdriftError
from monitor.settings import GrafanaSettings, MonitorSettings, SampleSettings, Settings, TelemetrySettings
from monitor.types import LoadedModel, labelled

if TYPE_CHECKING:
    import pandas as pd

    from monitor.pipeline import Subject

PROBED_ROWS = 10
"""Predictions drawn: enough to see that columns and kinds fit."""


EXPLAINED_ROWS = 1
"""Rows of the holdout explained."""
NO_ROWS = "see that predictions arrive where `predictions` points, and that columns.time is their time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One part, tried."""

    monitor: str | None
    """None for the database and Grafana, which all share."""
    part: str
    """database, Grafana, model, holdout, predictions, explanation log, kept back, group_by or explanation."""
    found: str
    """What was seen there; empty when it failed."""
    error: XdriftError | None
    empty: bool = False
    """Nothing was there, so that nothing could be concluded."""
    untried: bool = False
    """What it needs did not open, which another part has told; `found` says what."""
    next: str | None = None
    """What to do, where nothing failed and somebody should look all the same."""


def probe(settings: Settings, *, now: datetime) -> Iterator[Probe]:
    """Try the database and Grafana, then the parts of each monitor, one by one as they are asked for."""
    yield _try(None, "database", lambda: _database(settings.store.url))
    if settings.grafana is not None:
        yield probe_grafana(settings.grafana)
    for monitor in settings.monitors:
        closed = False
        for tried in probe_monitor(monitor, now=now):
            closed |= tried.part in ("model", "holdout") and (tried.error is not None or tried.untried)
            yield tried
        if not closed:
            yield _try(monitor.name, "explanation", partial(_explanation, monitor))


def probe_grafana(grafana: GrafanaSettings) -> Probe:
    """Try whether it answers and accepts the token."""
    return _try(None, "Grafana", lambda: _grafana(grafana))


def probe_explanation(monitor: MonitorSettings) -> tuple[Subject, int, float]:
    """The opened subject, and of one explained row of its holdout the attributions and the seconds it took. The model
    takes the holdout's columns then, and base value and attributions add up to its own output.

    Raises SourceError, ModelError, DataError, ExplainError, ConfigError.
    """
    from monitor import pipeline

    subject = pipeline.open_subject(monitor)
    start = time.perf_counter()
    made = subject.explainer.explain(subject.holdout.rows.head(EXPLAINED_ROWS))
    return subject, len(made.feature_names), time.perf_counter() - start


def _explanation(monitor: MonitorSettings) -> str:
    subject, n_features, _ = probe_explanation(monitor)
    return f"one row of the holdout by {subject.explainer.ref.engine}, {n_features} attributions, adds up"


def probe_monitor(monitor: MonitorSettings, *, now: datetime) -> Iterator[Probe]:
    """Try the parts of one monitor, then whether the names it gives to columns stand for any."""
    loaded: list[LoadedModel] = []
    closed = []
    for tried in _parts(monitor, now, loaded):
        if tried.error is not None or tried.untried:
            closed.append(tried.part)
        yield tried
    features = monitor.features or (loaded[0].feature_names if loaded else None) or ()
    yield from _names(monitor, features, closed)


def _parts(monitor: MonitorSettings, now: datetime, loaded: list[LoadedModel]) -> Iterator[Probe]:
    """The model comes into `loaded`."""

    def model() -> str:
        loaded.append(sources.load_model(monitor.model))
        names = loaded[0].feature_names
        known = f"{len(names)} features" if names else "feature names come from the configuration"
        one = loaded[0]
        label = f"version {one.version}, " if labelled(one.version, one.digest) else "no version label, "
        return f"{one.format}, {label}sha256 {one.digest[:12]}, {known}"

    yield _try(monitor.name, "model", model)
    features = monitor.features or (loaded[0].feature_names if loaded else None)
    if features is None and not loaded:
        for part in ("holdout", "predictions"):
            needed = "its columns are the features of the model, which did not open"
            yield Probe(monitor=monitor.name, part=part, found=needed, error=None, untried=True)
        yield from _log_of(monitor)
        return

    opened: list[pd.DataFrame] = []
    codes = loaded[0].categories if loaded else None

    def holdout() -> str:
        # Fitted to its own columns, as a check does: columns of other kinds than features can have are refused here.
        rows = sources.read_holdout(monitor.holdout, _named(features)).rows
        opened.append(sources.align(rows, rows, what=f"holdout of monitor {monitor.name!r}", categories=codes))
        return f"{len(rows):,} rows, {len(rows.columns)} features"

    yield _try(monitor.name, "holdout", holdout)
    window = slots.window_of(monitor.schedule, slots.previous_slot(monitor.schedule, now))
    seen: list[int] = []

    def predictions() -> str:
        few = SampleSettings(rows=PROBED_ROWS, min_rows=PROBED_ROWS, priority_rows=0)
        seed = sources.slot_seed(monitor.name, window.end)
        drawn = sources.draw_sample(monitor.predictions, window, features=_named(features), sample=few, seed=seed)
        span = f"from {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC"
        if not drawn.n_seen:
            newest = sources.newest_time(monitor.predictions)
            seen.append(0)
            told = "there is none at all" if newest is None else f"the newest is of {newest:%Y-%m-%d %H:%M} UTC"
            return f"no rows, so nothing could be looked at, {span}; {told}"
        if opened:
            what = f"predictions of monitor {monitor.name!r}"
            sources.align(drawn.rows, opened[0], what=what, categories=codes)
        return f"{drawn.n_seen:,} rows {span}"

    tried = _try(monitor.name, "predictions", predictions)
    yield replace(tried, empty=True, next=NO_ROWS) if seen else tried
    yield from _log_of(monitor)


def _log_of(monitor: MonitorSettings) -> Iterator[Probe]:
    log = monitor.telemetry
    if log is not None:
        yield _try(monitor.name, "explanation log", lambda: _explanation_log(log))


def _names(monitor: MonitorSettings, features: Collection[str], closed: Collection[str]) -> Iterator[Probe]:
    """Whether names that are kept back or grouped by stand for anything. `closed`: parts that did not open."""
    log = monitor.telemetry

    def keys() -> frozenset[str]:
        return frozenset() if log is None else sources.log_keys(log)

    def columns() -> frozenset[str]:
        return probe_names.own_names(monitor, features).union(sources.prediction_columns(monitor.predictions), keys())

    by_log = [part for part in closed if part == "explanation log"]
    by_any = [part for part in closed if part != "holdout"]
    harm = "values are stored and shown"
    yield from _verified(monitor, "kept back", probe_names.kept_back(monitor), columns, closed=by_any, harm=harm)
    harm = "nothing is grouped by it"
    yield from _verified(monitor, "group_by", probe_names.grouped_by(monitor), keys, closed=by_log, harm=harm)


def _verified(
    monitor: MonitorSettings,
    part: str,
    named: Mapping[str, Collection[str]],
    known: Callable[[], Collection[str]],
    *,
    closed: Sequence[str],
    harm: str,
) -> Iterator[Probe]:
    """Nothing where the configuration names none."""
    if not named:
        return
    if closed:
        found = f"the names there are come from the {' and the '.join(closed)}, which did not open"
        yield Probe(monitor=monitor.name, part=part, found=found, error=None, untried=True)
        return
    try:
        found, step = probe_names.verify(named, known(), harm=harm)
    except XdriftError as error:
        yield Probe(monitor=monitor.name, part=part, found="", error=error)
        return
    yield Probe(monitor=monitor.name, part=part, found=found, error=None, next=step)


def _explanation_log(log: TelemetrySettings) -> str:
    found = sources.look_at_log(log)
    if "table" in found:
        return f"table {found['table']}, rows up to {log.order} {found['largest']}"
    files, ignored = found["files"], found["left_out"]
    size, series = sum(one["bytes"] for one in files), len({(one["folder"], one["series"]) for one in files})
    more = f"; not read: {', '.join(ignored[:5])}{', ...' if len(ignored) > 5 else ''}" if ignored else ""
    told = f"{len(files):,} file{'s' * (len(files) != 1)}" + (f" in {series:,} series" if len(files) > series else "")
    return f"{told}, {size / 1e6:,.1f} MB on disk{more}"


def _named(features: tuple[str, ...] | None) -> tuple[str, ...]:
    if features is None:
        raise ConfigError(
            "features are not known",
            seen="a model that does not tell them",
            expected="the feature columns in the model's order",
            hint="add `features: [...]` to the monitor",
        )
    return features


def _database(url: str) -> str:
    from monitor.store import Store

    with Store.open(url) as store:
        version = store.schema_version()
    return f"schema {version}" if version else "no tables yet: run `xdrift db upgrade`"


def _grafana(settings: GrafanaSettings) -> str:
    from monitor.grafana.client import Grafana

    grafana = Grafana(settings)
    version = grafana.version()
    return f"version {version}, which accepts the token; {len(grafana.folders())} folders to be seen"


def _try(monitor: str | None, part: str, attempt: Callable[[], str]) -> Probe:
    try:
        return Probe(monitor=monitor, part=part, found=attempt(), error=None)
    except XdriftError as error:
        return Probe(monitor=monitor, part=part, found="", error=error)
