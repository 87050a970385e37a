"""Recent predictions: a uniform sample of one window, from a database or from files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.errors import ConfigError, DataError
from monitor.settings import ColumnSettings, PredictionSettings, SampleSettings
from monitor.sources import columns, sampling, times
from monitor.sources.sampling import Drawn, Request, Seen
from monitor.types import Sample, Window

_MOST_SHARED = 0.05
"""Share of drawn rows with an id of another row above which the id column cannot be an id."""


def draw_sample(
    settings: PredictionSettings, window: Window, *, features: Sequence[str], sample: SampleSettings, seed: int
) -> Sample:
    """`sample.rows` rows of the window, uniformly without replacement, and as many flagged ones as configured.

    The same seed draws the same rows whatever the batch size, the order of the rows and the kind of source (see
    `ranks`). Rows come ordered by (time, id); a second row of one id is called `id#2`. Without an id column a row
    is known by its position in the window in time order, ties in the order of the files, or of all fetched columns
    in a database. An empty window is a sample of no rows.

    Raises SourceError (unreachable, table, column or file missing), DataError (naive times without `timezone`,
    numbers as times, missing or repeated ids, text predictions), ConfigError (query that is not one SELECT).
    """
    mapped = settings.columns
    request = Request(
        window=window,
        zone=ZoneInfo(settings.timezone) if settings.timezone else None,
        time=mapped.time,
        id=mapped.id,
        priority=mapped.priority,
        wanted=wanted(mapped, features),
        rows=sample.rows,
        priority_rows=sample.priority_rows,
        batch_rows=sample.batch_rows,
        seed=seed,
    )
    found, notes = _from_files(settings, request, features) if settings.path else _from_sql(settings, request)
    drawn, priority, seen = found
    made = sample_of(settings, request, drawn, features=features, seen=seen, notes=notes)
    if not mapped.priority:
        return made
    priority_ids, _ = _row_ids(priority, mapped)
    return replace(made, priority_rows=_features(priority, mapped, features), priority_ids=priority_ids)


def sample_of(
    settings: PredictionSettings,
    request: Request,
    drawn: Drawn,
    *,
    features: Sequence[str],
    seen: Seen,
    notes: tuple[str, ...] = (),
) -> Sample:
    """Rows drawn, in the words of the model, without priority rows."""
    mapped = settings.columns
    row_ids, more = _row_ids(drawn, mapped)
    versions = columns.texts(drawn.frame[mapped.model_version]) if mapped.model_version else None
    return Sample(
        window=request.window,
        rows=_features(drawn, mapped, features),
        row_ids=row_ids,
        times=drawn.times.astype("datetime64[us]"),
        predictions=_predictions(drawn, mapped),
        model_versions=versions,
        labels=labels(drawn.frame[mapped.label]) if mapped.label else None,
        segments={name: columns.texts(drawn.frame[name]) for name in mapped.segments},
        n_seen=seen.n,
        newest_at=None if seen.newest is None else times.moment(seen.newest),
        seed=request.seed,
        versions_seen=dict(sorted(Counter(version for version in versions or () if version).items())),
        notes=(*notes, *more, *_repeated_hour(drawn, request)),
    )


def labels(values: pd.Series[Any]) -> NDArray[Any]:
    """(n,) float64 for numbers and booleans, else text with None where missing."""
    if columns.kind_of(values) in ("number", "bool", "missing"):
        return columns.numbers(values, str(values.name))
    return np.array([None if gone else str(one) for one, gone in zip(values, values.isna(), strict=True)], dtype=object)


def source_names(mapped: ColumnSettings, features: Sequence[str]) -> dict[str, str]:
    """Feature to the source's column. Raises ConfigError when two columns are renamed to one feature."""
    found: dict[str, str] = {}
    for source, feature in mapped.rename.items():
        if feature in found:
            raise ConfigError(
                f"predictions.columns.rename maps two columns to feature {feature}",
                seen=f"{found[feature]}, {source}",
                expected="one column per feature",
            )
        found[feature] = source
    return {feature: found.get(feature, feature) for feature in features}


def wanted(mapped: ColumnSettings, features: Sequence[str]) -> tuple[str, ...]:
    optional = (mapped.model_version, mapped.prediction, mapped.label, *mapped.segments)
    return tuple(dict.fromkeys([*source_names(mapped, features).values(), *(name for name in optional if name)]))


def _needed(request: Request) -> list[str]:
    return [*(name for name in (request.time, request.id, request.priority) if name), *request.wanted]


def _from_sql(settings: PredictionSettings, request: Request) -> tuple[tuple[Drawn, Drawn, Seen], tuple[str, ...]]:
    from monitor.sources import sql, sql_sampling

    assert settings.url is not None  # PredictionSettings requires it beside table and query
    with sql.reading(settings.url, "predictions") as connection:
        rows = sql.relation(connection, table=settings.table, query=settings.query, what="predictions")
        columns.require_columns(_needed(request), rows.columns.keys(), "predictions", settings.table or "the query")
        return sql_sampling.draw(connection, rows, request), ()


def _from_files(
    settings: PredictionSettings, request: Request, features: Sequence[str]
) -> tuple[tuple[Drawn, Drawn, Seen], tuple[str, ...]]:
    from monitor.sources import files

    mapped = settings.columns
    segments = set(mapped.segments).difference(source_names(mapped, features).values())  # features keep their type
    labels_as_text = (mapped.id, mapped.time, mapped.model_version, *segments)
    table = files.open_files(str(settings.path), text={name for name in labels_as_text if name})
    needed = _needed(request)
    columns.require_columns(needed, table.columns, "predictions", str(settings.path))
    condition = files.time_condition(table.type_of(request.time), request)

    def scan(names: Sequence[str]) -> Iterator[pd.DataFrame]:
        return table.batches(names, condition=condition, batch_rows=request.batch_rows)

    lacking = tuple(
        f"column {name} is missing in {table.lacking[name]} of {table.n_files} files and read as missing values there"
        for name in needed
        if name in table.lacking
    )
    return sampling.draw(scan, request), lacking


def _features(drawn: Drawn, mapped: ColumnSettings, features: Sequence[str]) -> pd.DataFrame:
    names = source_names(mapped, features)
    return columns.settle(pd.DataFrame({feature: drawn.frame[source] for feature, source in names.items()}))


def _predictions(drawn: Drawn, mapped: ColumnSettings) -> NDArray[np.float64] | None:
    if mapped.prediction is None:
        return None
    return columns.numbers(drawn.frame[mapped.prediction], f"prediction column {mapped.prediction}")


def _row_ids(drawn: Drawn, mapped: ColumnSettings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Unique ids, and a note about ids that were not."""
    if mapped.id is None:
        return tuple(map(sampling.position_id, drawn.times.tolist(), drawn.keys)), ()
    met: Counter[str] = Counter()
    ids = []
    for key in drawn.keys:
        met[key] += 1
        ids.append(key if met[key] == 1 else f"{key}#{met[key]}")
    shared = len(ids) - len(met)
    if not shared:
        return tuple(ids), ()
    if shared > max(1, _MOST_SHARED * len(ids)):
        example = met.most_common(1)[0][0]
        raise sampling.not_unique(mapped.id, f"{len(ids)} rows drawn have {len(met)} ids, as in {example}")
    return tuple(ids), (f"id column {mapped.id} is not unique: {shared} of {len(ids)} rows drawn repeat an id",)


def _repeated_hour(drawn: Drawn, request: Request) -> tuple[str, ...]:
    naive = request.zone is not None and _is_naive(drawn.frame.get(request.time))
    count = times.ambiguous(drawn.times, request.zone) if naive and request.zone else 0
    if not count:
        return ()
    return (f"{count} rows drawn lie in the hour that {request.zone} repeats in autumn; they are taken as the first",)


def _is_naive(values: pd.Series[Any] | None) -> bool:
    """Whether the first time of a column carries no zone."""
    if values is None or values.isna().all() or isinstance(values.dtype, pd.DatetimeTZDtype):
        return False
    first = values[values.notna()].iloc[0]
    try:
        times.instant(first.to_pydatetime() if isinstance(first, pd.Timestamp) else first, None, "time")
    except DataError:
        return True
    return False
