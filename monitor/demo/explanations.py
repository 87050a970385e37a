"""The explanation log of the demo: what the gates' screen showed, and what it could not show.

One prediction in three is shown at a gate with its reasons. Those are logged with monitor.log as a serving application
would, a file a week. Attributions are the model's own; whether there are any, how long they took and where they came
from is drawn, with one seed, from the tables below.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import numpy as np
import pandas as pd

from monitor import explain, sources
from monitor.demo.data import FEATURES, World
from monitor.demo.incidents import INCIDENTS, LEAK, OUTAGE, WEEK
from monitor.log import Log
from monitor.settings import ExplainSettings, ModelSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor.log.writer import Reason

SHOWN = 1 / 3
"""Share of the predictions that a gate's screen shows."""
SEED = 12
ORDINARY = {
    "live_treeshap": 0.664, "cache": 0.28, "live_approximate": 0.04, "fallback": 0.01,
    "TimeoutError": 0.002, "MemoryError": 0.0007, "KeyError": 0.0006, "RuntimeError": 0.0002,
    "missing": 0.0015, "disabled": 0.001,
}  # fmt: skip
"""How a request ends: the source of its explanation, the class of an error, or the reason why nobody tried."""
OTHER_EXPLAINER = {
    "live_approximate": 0.98, "fallback": 0.011,
    "TimeoutError": 0.005, "MemoryError": 0.001, "KeyError": 0.0005, "missing": 0.0015, "disabled": 0.001,
}  # fmt: skip
"""While the explainer is another one: its answers are approximate and slow, and the cache was emptied."""
AWAY = {"TimeoutError": 0.6, "ConnectionError": 0.3, "fallback": 0.1}
"""While the explanation service is away."""
SECONDS = {
    "live_treeshap": (0.02, 0.9), "cache": (0.0015, 0.4), "live_approximate": (0.06, 0.8), "fallback": (0.004, 0.3),
}  # fmt: skip
"""Median and sigma of the lognormal latency by source; everything else is a timeout."""
TIMEOUT_SECONDS = 1.5
OLD_SCREENS = ("LGA", 0.004)
"""An airport where some screens are too old to ask for an explanation, and the share of requests that is lost there."""
NOTED = 0.02
NOTES = ("aircraft swapped", "waits for crew", "de-icing", "connection held", "gate changed", "late inbound aircraft")
LEAKED = "asks for written reasons, jane.roe@example.com"
LATE_FROM = 0.5
STALE_VERSION = "1-retrained"
"""What the serving system calls the model of the silent retrain, of which its cache of explanations knew nothing."""
UNASKED = ("missing", "disabled")


class Shown(NamedTuple):
    """One prediction that a screen shows."""

    flight_id: str
    time: float
    """Seconds since 1970."""
    origin: str
    prediction: float
    how: str
    """How the request for its explanation ended: a word of ORDINARY."""
    seconds: float
    note: str
    stale: bool
    vector: list[float]
    """Attributions in the order of FEATURES, and the base value."""


COLUMNS = Shown._fields[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationLog:
    """What is to be logged, by time; written week by week as the year goes by."""

    world: World
    rows: pd.DataFrame
    """Predictions shown, in the order of time: the fields of Shown but the last."""
    attributions: NDArray[np.float64]
    """(n, d + 1); the last column is the base value."""

    def write_week(self, start: datetime) -> None:
        """Append the week that begins then, and leave the file with the time of its last record."""
        seconds = self.rows["time"]
        first, end = (int(seconds.searchsorted(moment.timestamp())) for moment in (start, start + WEEK))
        path = self.world.explanations / f"explanations-{start:%Y-%m-%d}.jsonl"
        path.parent.mkdir(exist_ok=True)
        # Plain lists: a frame's own iteration costs as much as the writing.
        columns = [self.rows[name].iloc[first:end].tolist() for name in COLUMNS]
        vectors = self.attributions[first:end].tolist()
        with Log(path, max_bytes=None, strict=True) as log:
            for row in map(Shown, *columns, vectors):
                _write(log, row)
        # A check does not open what was last written before its window begins.
        last = seconds.iloc[end - 1]
        os.utime(path, (last, last))


def explanation_log(world: World) -> ExplanationLog:
    """What the world's prediction log leads to. Logs of an earlier run are removed."""
    if world.explanations.exists():
        shutil.rmtree(world.explanations)
    rng = np.random.default_rng(SEED)
    rows = pd.read_parquet(world.predictions)
    rows = rows[rng.random(len(rows)) < SHOWN].reset_index(drop=True)
    story = rows["time"] - world.shift
    explainer, away = _during(story, "explainer"), ((story >= OUTAGE[0]) & (story < OUTAGE[1])).to_numpy()
    how = _drawn(rng, ORDINARY, len(rows))
    how[explainer] = _drawn(rng, OTHER_EXPLAINER, len(rows))[explainer]
    how[away] = _drawn(rng, AWAY, len(rows))[away]
    lost = (rows["origin"] == OLD_SCREENS[0]).to_numpy() & (rng.random(len(rows)) < OLD_SCREENS[1])
    how[lost & ~away] = "missing"
    note = np.where(rng.random(len(rows)) < NOTED, rng.choice(NOTES, len(rows)), "").astype(object)
    note[int(story.searchsorted(pd.Timestamp(LEAK)))] = LEAKED
    stale = _during(story, "retrain") & (how == "cache")
    drawn = rows.assign(how=how, seconds=_seconds(rng, how, away), note=note, stale=stale)
    attributions = _attributions(rng, world, drawn, story)
    drawn["time"] = (drawn["time"] - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return ExplanationLog(world=world, rows=drawn[[*COLUMNS]], attributions=attributions)


def _drawn(rng: np.random.Generator, shares: dict[str, float], n: int) -> NDArray[np.object_]:
    return rng.choice(np.array(list(shares), dtype=object), n, p=list(shares.values()))


def _during(story: pd.Series[Any], kind: str) -> NDArray[np.bool_]:
    incident = next(one for one in INCIDENTS if one.kind == kind)
    return ((story >= incident.start) & (story < incident.end)).to_numpy()


def _seconds(rng: np.random.Generator, how: NDArray[np.object_], away: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What the request took; the fallback has waited first while the service is away."""
    median, sigma = np.transpose([SECONDS.get(one, (TIMEOUT_SECONDS, 0.01)) for one in how])
    waited = np.where(away & (how == "fallback"), TIMEOUT_SECONDS, 0.0)
    seconds: NDArray[np.float64] = median * np.exp(sigma * rng.standard_normal(len(how))) + waited
    return seconds


def _attributions(
    rng: np.random.Generator, world: World, rows: pd.DataFrame, story: pd.Series[Any]
) -> NDArray[np.float64]:
    """(n, d + 1) as each source gives them: of the model that predicted, of the one before from a stale cache, noisy
    where approximate, and the same for everybody from the fallback."""
    values = _explained(world.accepted, rows)
    swapped = _during(story, "retrain") & ~rows["stale"].to_numpy()
    values[swapped] = _explained(world.retrained, rows[swapped])
    how = rows["how"].to_numpy()
    rough = how == "live_approximate"
    values[rough, :-1] *= rng.normal(1.0, 0.1, (int(rough.sum()), len(FEATURES)))
    values[how == "fallback"] = values.mean(axis=0)
    return values


def _explained(model: Path, rows: pd.DataFrame) -> NDArray[np.float64]:
    """(n, d + 1) attributions on the model's margin, the base value last."""
    inputs = rows[list(FEATURES)]
    found = explain.explain(
        sources.load_model(ModelSettings(path=str(model), version="1")), inputs, feature_names=FEATURES,
        background=inputs.iloc[:100], settings=ExplainSettings(), scale="auto", class_index=None,
    )  # fmt: skip
    joined: NDArray[np.float64] = np.hstack([found.values, found.base_values])
    return joined


def _write(log: Log, row: Shown) -> None:
    common: dict[str, Any] = {
        "prediction": round(row.prediction, 6),
        "predicted_class": "late" if row.prediction >= LATE_FROM else "on time",
        "model_version": "1",
        "time": row.time,
        "origin": row.origin,
    }
    if row.note:
        common["note"] = row.note
    if row.how in UNASKED:
        log.unexplained(row.flight_id, cast("Reason", row.how), **common)
    elif row.how not in SECONDS:
        log.failed(row.flight_id, row.how, latency=row.seconds, **common)
    else:
        *values, base = row.vector
        log.explained(
            row.flight_id,
            dict(zip(FEATURES, values, strict=True)),
            base_value=base,
            latency=row.seconds,
            source=cast("Literal['cache']", row.how),
            served_model_version=STALE_VERSION if row.stale else None,
            **common,
        )
