"""Reading the explanation log: every line once, from files that grow, rotate and are compressed, or from a table.

    for lines in read_log(settings, positions, now=now):
        ...                                   # count lines.items and lines.refused
        save(lines.positions)                 # in the same transaction

Positions are plain JSON: offsets, sizes, file names and hashes of first bytes; never what a line says.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import Any

from monitor.settings import TelemetrySettings
from monitor.sources.explanation_log.files import read_files
from monitor.sources.explanation_log.finding import described, find
from monitor.sources.explanation_log.gathering import Lines, Positions, Raw
from monitor.sources.explanation_log.listing import left_out

__all__ = ["Lines", "Positions", "Raw", "look_at_log", "read_log"]


def read_log(settings: TelemetrySettings, positions: Positions, *, now: datetime) -> Generator[Lines]:
    """Batches of what was added since `positions` ({} at first); the last one has `last` set, and may be empty.

    Raises SourceError: the log is not there or may not be read. What was given out before that stands.
    """
    if settings.path is not None:
        return read_files(settings.path, positions, record_id=settings.columns.record_id)
    from monitor.sources.explanation_log.table import read_table  # brings SQLAlchemy, and pandas with it

    return read_table(settings, positions, now=now)


def look_at_log(settings: TelemetrySettings) -> dict[str, Any]:
    """What would be read, as JSON types: {"files": [...], "left_out": [names]} or {"table", "largest"}.

    Raises SourceError as `read_log` does.
    """
    if settings.path is None:
        from monitor.sources.explanation_log.table import rows_of

        return rows_of(settings)
    found = find(settings.path)
    for file in found:
        if file.problem is not None:
            raise file.problem
    return {"files": [described(file) for file in found], "left_out": left_out(settings.path)}
