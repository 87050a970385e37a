"""One prediction by its id, from wherever predictions are logged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.settings import PredictionSettings
from monitor.sources import columns, sampling
from monitor.sources.predictions import sample_of, source_names, wanted
from monitor.sources.sampling import Drawn, Request, Seen
from monitor.sources.times import to_micros
from monitor.types import Sample, Window

BATCH_ROWS = 50_000


def find_prediction(settings: PredictionSettings, window: Window, *, features: Sequence[str], row_id: str) -> Sample:
    """The first row of this id in a window, or no row. `n_seen` and `newest_at` are of the rows with that id.

    A database looks for it itself, by the id as it is stored where that is text or whole numbers, so that an index
    serves. Files are read batch by batch.

    Raises ConfigError where no column holds ids; else like `draw_sample`.
    """
    mapped = settings.columns
    if mapped.id is None:
        raise ConfigError(
            "predictions have no ids to look for", seen="no predictions.columns.id",
            expected="a column with a unique id per prediction",
            hint="name it in predictions.columns.id; rows without one are called by their place in a window",
        )  # fmt: skip
    request = Request(
        window=window,
        zone=ZoneInfo(settings.timezone) if settings.timezone else None,
        time=mapped.time,
        id=mapped.id,
        priority=None,
        wanted=wanted(mapped, features),
        rows=1,
        priority_rows=0,
        batch_rows=BATCH_ROWS,
        seed=0,
    )
    found = _in_files(settings, request, features, row_id) if settings.path else _in_sql(settings, request, row_id)
    times = to_micros(found[request.time], request.zone, f"time column {request.time}")
    drawn = Drawn.choose(found, [row_id] * len(found), times, seed=request.seed, n=1)
    return sample_of(settings, request, drawn, features=features, seen=Seen.of(times))


def _in_sql(settings: PredictionSettings, request: Request, row_id: str) -> pd.DataFrame:
    from monitor.sources import sql, sql_sampling

    assert settings.url is not None  # PredictionSettings requires it beside table and query
    with sql.reading(settings.url, "predictions") as connection:
        rows = sql.relation(connection, table=settings.table, query=settings.query, what="predictions")
        needed = [request.time, str(request.id), *request.wanted]
        columns.require_columns(needed, list(rows.columns.keys()), "predictions", settings.table or "the query")
        return sql_sampling.find(connection, rows, request, row_id)


def _in_files(settings: PredictionSettings, request: Request, features: Sequence[str], row_id: str) -> pd.DataFrame:
    from monitor.sources import files

    mapped = settings.columns
    segments = set(mapped.segments).difference(source_names(mapped, features).values())
    as_text = (mapped.id, mapped.time, mapped.model_version, *segments)
    table = files.open_files(str(settings.path), text={name for name in as_text if name})
    needed = list(dict.fromkeys([request.time, str(request.id), *request.wanted]))
    columns.require_columns(needed, table.columns, "predictions", str(settings.path))
    inside = files.time_condition(table.type_of(request.time), request)
    condition = files.both(inside, files.id_condition(table.type_of(str(request.id)), str(request.id), row_id))

    def scan(names: Sequence[str]) -> Iterator[pd.DataFrame]:
        return table.batches(names, condition=condition, batch_rows=request.batch_rows)

    parts = (batch[texts(batch[str(request.id)]) == row_id] for batch, _ in sampling.inside(scan, request, needed))
    found = [part for part in parts if len(part)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=needed)


def texts(ids: pd.Series[Any]) -> NDArray[np.object_]:
    """Ids as the rows of checks are called."""
    return np.array([str(one) for one in ids.tolist()], dtype=object)
