"""The newest time of a prediction source: what a person needs to know of a window in which there is nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from monitor.settings import PredictionSettings
from monitor.sources import times

_BATCH_ROWS = 100_000


def newest_time(settings: PredictionSettings) -> datetime | None:
    """The largest time of the time column, in UTC; None when it has none. Reads that column alone.

    Of a time column of text in a database it is the largest text, which is the latest where all have one offset.

    Raises SourceError (unreachable, table, column or file missing), DataError (no times).
    """
    name = settings.columns.time
    zone = ZoneInfo(settings.timezone) if settings.timezone else None
    what = f"time column {name}"
    if settings.path:
        from monitor.sources import files

        table = files.open_files(settings.path, text={name})
        parts = table.batches([name], condition=None, batch_rows=_BATCH_ROWS)
        found = max((int(times.to_micros(part[name], zone, what).max()) for part in parts), default=times.MISSING)
        return None if found == times.MISSING else times.moment(found)
    import sqlalchemy as sa

    from monitor.sources import sql

    assert settings.url is not None  # PredictionSettings requires it beside table and query
    with sql.reading(settings.url, "predictions") as connection:
        rows = sql.relation(connection, table=settings.table, query=settings.query, what="predictions")
        largest = connection.execute(sa.select(sa.func.max(rows.c[name]))).scalar()
    return None if largest is None else times.instant(largest, zone, what).astimezone(UTC)
