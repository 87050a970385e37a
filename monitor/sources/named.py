"""Which names there are: columns of the prediction source, keys of the explanation log. Values are not looked at."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from monitor.settings import PredictionSettings, TelemetrySettings
from monitor.sources import files, sql
from monitor.sources.explanation_log.finding import find
from monitor.sources.explanation_log.listing import unreadable

_RECORDS = 200
"""Latest records of the log whose keys are read."""
_TAIL = 1 << 20
"""Bytes at the end of a file in which these are looked for."""


def prediction_columns(settings: PredictionSettings) -> tuple[str, ...]:
    """Columns of the prediction source in its own names. Raises SourceError as `draw_sample` does."""
    if settings.path:
        return files.open_files(settings.path).columns
    with sql.reading(str(settings.url), "predictions") as connection:
        rows = sql.relation(connection, table=settings.table, query=settings.query, what="predictions")
        return tuple(rows.columns.keys())


def log_keys(settings: TelemetrySettings) -> frozenset[str]:
    """Keys of the latest records, and one level down as `inputs.name` and `name`; empty where there is no record.

    Raises SourceError: the log is not there or cannot be read.
    """
    records = _of_file(settings.path) if settings.path else _of_table(settings)
    return frozenset(name for record in records for name in _keys(record))


def _keys(record: Mapping[str, Any]) -> Iterator[str]:
    for key, value in record.items():
        yield key
        below = _loads(value) if isinstance(value, str) and value.startswith("{") else value
        if isinstance(below, Mapping):
            for name in below:
                yield str(name)
                yield f"{key}.{name}"


def _of_file(location: str) -> Iterable[Mapping[str, Any]]:
    """Of the file that was written last; a compressed one is older than the one that is written."""
    written = [one for one in find(location) if one.size and not one.gzipped]
    if not written:
        return []
    newest = max(written, key=lambda one: one.stamp[2])
    try:
        with newest.path.open("rb") as stream:
            start = max(0, stream.seek(0, os.SEEK_END) - _TAIL)
            stream.seek(start)
            lines = stream.read(_TAIL).split(b"\n")[1 if start else 0 :]
    except OSError as error:
        raise unreadable(newest.path, error) from error
    return [record for line in lines[-_RECORDS:] if isinstance(record := _loads(line), dict)]


def _of_table(settings: TelemetrySettings) -> Iterable[Mapping[str, Any]]:
    what = "explanation log"
    with sql.reading(str(settings.url), what) as connection:
        source = sql.relation(connection, table=settings.table, query=None, what=what)
        latest = sa.select(source).order_by(source.c[str(settings.order)].desc()).limit(_RECORDS)
        rows = [dict(row) for row in connection.execute(latest).mappings()]
    return rows or [dict.fromkeys(source.c.keys())]


def _loads(text: str | bytes) -> Any:
    """None for what is no JSON: polls tell of it."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
