"""Rows of another period among those that arrive."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np
import pandas as pd

from monitor import sources
from monitor.drill.grammar import share, wrong
from monitor.drill.incident import Incident, Mask, Scene
from monitor.drill.traffic import loose
from monitor.errors import DataError
from monitor.publish.phrases import percent
from monitor.types import Holdout, Sample, Window, utc


def mix(rest: str, scene: Scene) -> Incident:
    """mix:FROM..UNTIL[:SHARE]."""
    tail = re.search(r":(\d*\.\d+|\d+%|1)$", rest)
    part = share("mix", tail[1]) if tail else 1.0
    start, dots, end = (rest[: tail.start()] if tail else rest).partition("..")
    if not dots:
        raise wrong("mix", rest, "two times with .. between them, as in mix:2024-01-01T00:00Z..2024-01-08T00:00Z:50%")
    since, until = _time(start), _time(end)
    if until <= since:
        raise wrong("mix", rest, "a FROM before its UNTIL")
    donors = _Donors(scene, Window(start=since, end=until), part)
    rows = "all rows" if part == 1 else f"{percent(part)} of rows"
    return Incident(
        words=f"{rows} come from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC, {donors.place}",
        monitor=scene.monitor,
        change=donors.mixed,
        notes=donors.notes,
    )


class _Donors:
    """Rows of another period: of the traffic, or of the holdout where the traffic has none from then.

    Raises DataError when neither has enough of them.
    """

    def __init__(self, scene: Scene, window: Window, part: float) -> None:
        self._monitor, self._window, self._part = scene.monitor, window, part
        drawn, kept = self._drawn(seed=0, like=scene.subject.holdout.rows), _between(scene.subject.holdout, window)
        least = scene.monitor.sample.min_rows
        if max(drawn.n, len(kept)) < least:
            raise DataError(
                f"there are too few rows to mix in from {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M}",
                seen=f"{drawn.n} predictions and {len(kept)} rows of the holdout",
                expected=f"{least} (sample.min_rows)",
                hint="name a longer period, or another one",
            )
        self._holdout = None if drawn.n >= least else kept
        self.place = "of the traffic" if self._holdout is None else "of the holdout"
        n = drawn.n if self._holdout is None else len(kept)
        short = n < part * scene.monitor.sample.rows
        self.notes = (f"the period mixed in has {n} rows; where more are needed they are repeated",) if short else ()

    def mixed(self, sample: Sample, after: Mask) -> pd.DataFrame:
        rng = np.random.default_rng(sample.seed)
        places = np.flatnonzero(after)
        places = rng.permutation(places)[: round(self._part * len(places))]
        given = self._holdout if self._holdout is not None else self._drawn(seed=sample.seed, like=sample.rows).rows
        chosen = given.iloc[np.resize(rng.permutation(len(given)), len(places))]
        rows = {}
        for name in sample.rows.columns:
            column = loose(sample.rows[name]).to_numpy().copy()
            fresh = loose(chosen[name]).to_numpy()
            column = column if column.dtype == fresh.dtype else column.astype(object)
            column[places] = fresh
            rows[name] = column
        return pd.DataFrame(rows, index=sample.rows.index).infer_objects()

    def _drawn(self, *, seed: int, like: pd.DataFrame) -> Sample:
        names = [str(name) for name in like.columns]
        return sources.draw_sample(
            self._monitor.predictions, self._window, features=names, sample=self._monitor.sample, seed=seed
        )


def _between(holdout: Holdout, window: Window) -> pd.DataFrame:
    """Rows of the holdout from a window; none when it carries no time."""
    if holdout.times is None:
        return holdout.rows.iloc[:0]
    start, end = (np.datetime64(one.replace(tzinfo=None), "us") for one in (window.start, window.end))
    return holdout.rows[(holdout.times >= start) & (holdout.times < end)]


def _time(text: str) -> datetime:
    try:
        found = utc(datetime.fromisoformat(text))
    except ValueError:
        raise wrong("mix", text, "an ISO 8601 time with a zone, as in 2024-01-01T00:00Z") from None
    return found
