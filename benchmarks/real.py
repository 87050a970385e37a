"""Six real sets with a known story: levels of a frozen model's attributions, period by period.

The model is trained on two thirds of the reference period and then frozen; the reference attributions are those of
the other third, because a model answers differently on rows it was trained on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.progress import track
from monitor.drift import Measurement, Part, Prepared, ViewResult, assess, in_season, measure, prepare, same_season
from monitor.pipeline.views import SEASON_ROWS
from monitor.settings import DriftSettings

DATA = Path(__file__).parents[2] / "shared" / "data"
SEED = 20
HOLDOUT_ROWS, SAMPLE_ROWS, LEAST_ROWS = 5000, 1000, 100
TREES = {"max_depth": 4, "eta": 0.15, "subsample": 0.8, "max_cat_to_onehot": 4, "tree_method": "hist", "nthread": 1}
ROUNDS = 150
RULE_OF_THUMB = 0.2
"""PSI over this on any feature is what most monitors call significant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One set: what the model learns from, and when it should be heard."""

    name: str
    label: str
    binary: bool = False
    drop: tuple[str, ...] = ()
    """Known only after the event."""
    until: str
    """First instant after the reference period."""
    since: str = "1900-01-01"
    period: str = "M"
    """Windows after the reference: pandas period alias."""
    holdout_period: str = "M"
    loud: tuple[str, str] | None = None
    """First and last window that must alarm; None where no story is known."""
    quiet: tuple[tuple[str, str], ...] = ()
    """Spans of windows that should not alarm."""
    text: str


SHORT = ("elec2",)
"""The short form's set."""
ALWAYS = (("1900-01", "2100-01"),)
STORIES: tuple[Story, ...] = (
    Story(
        name="green_taxi_2020",
        label="duration_min",
        until="2020-03-15",
        period="W",
        holdout_period="W",
        drop=("fare_amount", "tip_amount", "total_amount"),
        loud=("2020-03-23", "2020-12-21"),
        text="New York closes on 22 March 2020; only two weeks of reference, so thresholds know chance alone",
    ),
    Story(
        name="elec2",
        label="price_up",
        binary=True,
        until="1997-02-01",
        loud=("1997-07", "1998-03"),
        quiet=(("1998-07", "1998-12"),),
        text="the market is widened in May 1997, prices stay damped from July 1997 to March 1998",
    ),
    Story(
        name="hotel_bookings",
        label="is_canceled",
        binary=True,
        until="2016-07-01",
        drop=("label_time", "assigned_room_type", "country"),
        text="no dated event, a steady change of guests and channels over both years",
    ),
    Story(
        name="beijing_pm25",
        label="pm25",
        until="2012-01-01",
        quiet=ALWAYS,
        text="a strong yearly cycle, the same each year: no break is known",
    ),
    Story(
        name="metro_traffic",
        label="traffic_volume",
        until="2014-06-01",
        quiet=ALWAYS,
        text="control: the weather inputs drift, the model hardly uses them",
    ),
    Story(
        name="hdb_resale",
        label="resale_price",
        until="2019-01-01",
        text="prices rise by half from 2020 on, which attributions cannot see; that the flats grow older, they can",
    ),
)


def measure_stories(*, data: Path, seed: int = SEED, only: Sequence[str] = ()) -> dict[str, Any]:
    """All sets found in `data`; `missing` names those that are not there."""
    wanted = [story for story in STORIES if not only or story.name in only]
    found = [story for story in wanted if _file(data, story).exists()]
    missing = [story.name for story in wanted if story not in found]
    return {"sets": [one(story, data, seed) for story in track(found, "real data")], "missing": missing}


def one(story: Story, data: Path, seed: int) -> dict[str, Any]:
    """Levels of every window after the reference period."""
    rows = pd.read_parquet(_file(data, story))
    inside = (rows["timestamp"] >= story.since) & (rows["timestamp"] < story.until)
    reference, later = rows[inside], rows[rows["timestamp"] >= story.until]
    rng = np.random.default_rng(seed)
    explain, holdout = _frozen(story, reference, rng)
    labels = holdout["timestamp"].dt.to_period(story.holdout_period).astype(str).tolist()
    values, names = explain(holdout)
    settings = DriftSettings()
    prepared = prepare(values, names, settings=settings, periods=labels)
    windows = []
    for label, window in _windows(later, story.period):
        if len(window) < LEAST_ROWS:
            continue
        drawn = window.iloc[np.sort(rng.choice(len(window), min(SAMPLE_ROWS, len(window)), replace=False))]
        measured = measure(prepared, explain(drawn)[0])
        result = _judged(prepared, measured, labels, middle=drawn["timestamp"].median())
        worst = int(np.argmax(result.feature_levels * 10 + measured.statistics["ks"]))
        psi = measured.statistics["psi"][result.material]
        windows.append(
            {
                "window": label,
                "rows": len(drawn),
                "level": int(result.level),
                "feature": names[worst] if result.level else None,
                "rule_of_thumb": bool((psi > RULE_OF_THUMB).any()),
            }
        )
    return {
        "name": story.name,
        "text": story.text,
        "holdout_rows": len(holdout),
        "periods": len(set(labels)),
        "note": prepared.natural.note,
        "windows": windows,
        **summary(story, windows),
    }


def _judged(prepared: Prepared, measured: Measurement, labels: Sequence[str], middle: pd.Timestamp) -> ViewResult:
    """The traffic view as a check judges it, the same season of the reference included."""
    part, settings = Part("traffic"), prepared.settings
    result = assess({part: (prepared, measured)}, settings)[part]
    rows = same_season(labels, middle.tz_localize("UTC").to_pydatetime(), least=SEASON_ROWS)
    if rows is None:
        return result
    season = prepare(prepared.values[rows], prepared.feature_names, settings=settings, natural=prepared.natural)
    return in_season(result, assess({part: (season, measure(season, measured.current))}, settings)[part])


def summary(story: Story, windows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the story asks of the levels; None where it asks nothing."""
    levels = [window["level"] for window in windows]
    loud = [w["level"] for w in windows if story.loud and _within(w["window"], story.loud)]
    quiet = [w["level"] for w in windows if any(_within(w["window"], span) for span in story.quiet)]
    return {
        "levels": "".join(str(level) for level in levels),
        "share_warning": _share(levels, 1),
        "share_severe": _share(levels, 2),
        "share_rule_of_thumb": float(np.mean([window["rule_of_thumb"] for window in windows])) if windows else None,
        "loud_heard": _share(loud, 1),
        "quiet_disturbed": _share(quiet, 1),
        "quiet_severe": _share(quiet, 2),
    }


def _share(levels: Sequence[int], at_least: int) -> float | None:
    return float(np.mean([level >= at_least for level in levels])) if levels else None


def _within(label: str, span: tuple[str, str]) -> bool:
    """Labels begin with the ISO date of their first day or month, so text order is time order."""
    return span[0] <= label[: len(span[0])] and label[: len(span[1])] <= span[1]


def _file(data: Path, story: Story) -> Path:
    return data / f"{story.name}.parquet"


def _windows(rows: pd.DataFrame, period: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Windows that begin after the reference period, with the ISO date or month they begin at."""
    first = rows["timestamp"].min()
    for label, window in rows.groupby(rows["timestamp"].dt.to_period(period), sort=True):
        if label.start_time >= first.normalize():
            yield str(label)[:10], window


def _frozen(story: Story, reference: pd.DataFrame, rng: np.random.Generator) -> tuple[Any, pd.DataFrame]:
    """A model of the reference period as a function from rows to attributions, and reference rows it never saw."""
    import xgboost as xgb

    features = [name for name in reference.columns if name not in ("timestamp", story.label, *story.drop)]
    known = {
        name: pd.CategoricalDtype(sorted(reference[name].dropna().unique()))
        for name in features
        if not pd.api.types.is_numeric_dtype(reference[name])
    }
    order = rng.permutation(len(reference))
    third = np.sort(order[: min(len(reference) // 3, HOLDOUT_ROWS)])
    trained = np.sort(order[len(reference) // 3 :])
    as_matrix = partial(_matrix, features=features, known=known)
    labelled = reference.iloc[trained]
    objective = "binary:logistic" if story.binary else "reg:squarederror"
    matrix = as_matrix(labelled, label=labelled[story.label].to_numpy())
    booster = xgb.train({**TREES, "objective": objective, "seed": 0}, matrix, ROUNDS)

    def explain(rows: pd.DataFrame) -> tuple[NDArray[np.float64], list[str]]:
        return booster.predict(as_matrix(rows), pred_contribs=True)[:, :-1].astype(np.float64), features

    return explain, reference.iloc[third]


def _matrix(rows: pd.DataFrame, features: list[str], known: dict[str, pd.CategoricalDtype], label: Any = None) -> Any:
    """Values that the reference did not hold count as missing."""
    import xgboost as xgb

    columns = {
        name: rows[name].where(rows[name].isin(known[name].categories)).astype(known[name])
        if name in known
        else rows[name]
        for name in features
    }
    return xgb.DMatrix(pd.DataFrame(columns), label=label, enable_categorical=True)
