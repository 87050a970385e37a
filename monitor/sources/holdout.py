"""The holdout: the fixed rows on which every model version is explained, read whole and fingerprinted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.errors import DataError
from monitor.settings import HoldoutSettings
from monitor.sources import columns, digests
from monitor.sources.predictions import labels
from monitor.sources.times import MISSING, to_micros
from monitor.types import Holdout


def read_holdout(
    settings: HoldoutSettings, features: Sequence[str] | None, segments: Mapping[str, str] | None = None
) -> Holdout:
    """All rows in stored order, with the feature columns (all but id, time and label when `features` is None).

    The digest covers ids, times, feature names, kinds and values (`digests.content_digest`), not labels, which may
    arrive later and change no explanation. Nor does it cover segments: a new one leaves references valid.

    `segments` maps a segment's name to its column here, which may be a feature too; one that is not there is left out.

    Raises SourceError (file, database or column missing), DataError (no rows, more than `max_rows`, repeated or
    missing ids, missing or naive times, infinite values, columns that are no features), ConfigError (query).
    """
    named = segments or {}
    rows, place = _read(settings, text=set(named.values()).difference(features) if features is not None else ())
    _check_size(len(rows), settings, place)
    special = [name for name in (settings.id, settings.time, settings.label) if name]
    wanted = list(features) if features is not None else [str(name) for name in rows if name not in special]
    _require(rows, settings, wanted, place)
    row_ids, times = _ids(rows, settings), _times(rows, settings)
    chosen = columns.settle(rows[wanted])
    columns.refuse_infinite(chosen, "holdout rows")
    keys: list[tuple[str, pd.Series[Any]]] = [("row id", pd.Series(row_ids, dtype=object))]
    if times is not None:
        keys.append(("row time", pd.Series(times)))
    return Holdout(
        rows=chosen,
        row_ids=row_ids,
        times=times,
        labels=labels(rows[settings.label]) if settings.label else None,
        digest=digests.content_digest([*keys, *((name, chosen[name]) for name in wanted)]),
        segments={name: columns.texts(rows[column]) for name, column in named.items() if column in rows.columns},
    )


def _read(settings: HoldoutSettings, *, text: Collection[str]) -> tuple[pd.DataFrame, str]:
    """All columns; of a CSV file, ids, times and the columns in `text` as text."""
    if settings.path:
        from monitor.sources import files

        text = {*text, *(name for name in (settings.id, settings.time) if name)}
        return files.read_table(settings.path, max_rows=settings.max_rows, text=text), settings.path
    from monitor.sources import sql

    assert settings.url is not None  # HoldoutSettings requires both
    assert settings.query is not None
    with sql.reading(settings.url, "holdout") as connection:
        return sql.fetch(connection, settings.query, "holdout", limit=settings.max_rows + 1), "the holdout query"


def _check_size(count: int, settings: HoldoutSettings, place: str) -> None:
    if count == 0:
        raise DataError(
            f"holdout {place} has no rows",
            seen="0 rows",
            expected="about a thousand rows",
            hint="check the file or query",
        )
    if count > settings.max_rows:
        raise DataError(
            f"holdout {place} is too large",
            seen=f"more than {settings.max_rows} rows",
            expected=f"at most {settings.max_rows} rows (holdout.max_rows)",
            hint="take about a thousand representative rows, or raise holdout.max_rows",
        )


def _require(rows: pd.DataFrame, settings: HoldoutSettings, features: Sequence[str], place: str) -> None:
    roles = {f"holdout.{key}": getattr(settings, key) for key in ("id", "time", "label")}
    wrong = [key for key, name in roles.items() if name and name not in rows.columns]
    names = [name for name in roles.values() if name]
    absent = [name for name in dict.fromkeys([*names, *features]) if name not in rows.columns]
    if absent:
        steps = [f"correct {' and '.join(wrong)}"] if wrong else []
        if set(absent) - set(names):
            steps.append("the model's features must be columns of the same name: correct holdout or features")
        raise DataError(
            f"holdout {place} lacks {len(absent)} column{'s' if len(absent) > 1 else ''}",
            seen=columns.absence(absent, rows.columns),
            expected=f"its columns are {', '.join(map(str, rows.columns))}",
            hint="; ".join(steps),
        )


def _ids(rows: pd.DataFrame, settings: HoldoutSettings) -> tuple[str, ...]:
    if settings.id is None:
        return tuple(str(number) for number in range(len(rows)))
    ids = columns.texts(rows[settings.id])
    twice = rows[settings.id][pd.Series(ids, index=rows.index).duplicated() | rows[settings.id].isna()]
    if len(twice):
        raise DataError(
            f"holdout id column {settings.id} is not unique",
            seen=f"{len(twice)} rows with a repeated or missing id, as in {twice.iloc[0]!r}",
            expected="a unique id in every row",
            hint="remove repeated rows, or remove holdout.id to number the rows",
        )
    return ids


def _times(rows: pd.DataFrame, settings: HoldoutSettings) -> NDArray[np.datetime64] | None:
    if settings.time is None:
        return None
    zone = ZoneInfo(settings.timezone) if settings.timezone else None
    found = to_micros(rows[settings.time], zone, f"holdout time column {settings.time}")
    absent = int((found == MISSING).sum())
    if absent:
        raise DataError(
            f"holdout time column {settings.time} has missing values",
            seen=f"{absent} of {len(rows)} rows",
            expected="a time in every row",
            hint="drop such rows, or remove holdout.time to do without whole periods",
        )
    return found.astype("datetime64[us]")
