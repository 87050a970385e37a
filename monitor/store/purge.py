"""Delete what is older than its retention, in small transactions so that checks are not kept waiting.

Age counts from when a check finished, not from its slot: a year made up for today is a year of new records.
References, activations, deployments and totals are kept for ever; so is every monitor's present state.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection, delete, exists, func, select, tuple_

from monitor.settings import RetentionSettings
from monitor.store.slots import FINISHED
from monitor.store.tables import attributions, checks, slots

BATCH = 100
"""Checks per transaction."""

Write = Callable[[], AbstractContextManager[Connection]]


def purge(write: Write, now: datetime, retention: RetentionSettings) -> dict[str, int]:
    """Deleted rows by kind: `rows` (attribution rows), `checks` (with all their parts), `slots`."""
    rows_end, checks_end = now - retention.rows, now - retention.checks
    return {
        "rows": _repeat(write, lambda connection: _rows(connection, rows_end)),
        "checks": _repeat(write, lambda connection: _checks(connection, checks_end)),
        "slots": _repeat(write, lambda connection: _slots(connection, checks_end)),
    }


def _repeat(write: Write, step: Callable[[Connection], int]) -> int:
    total = 0
    while True:
        with write() as connection:
            done = step(connection)
        if not done:
            return total
        total += done


def _rows(connection: Connection, end: datetime) -> int:
    kept = exists().where(attributions.c.check_id == checks.c.id)
    old = connection.execute(select(checks.c.id).where(checks.c.finished_at < end, kept).limit(BATCH)).scalars().all()
    return connection.execute(delete(attributions).where(attributions.c.check_id.in_(old))).rowcount if old else 0


def _checks(connection: Connection, end: datetime) -> int:
    old = connection.execute(select(checks.c.id).where(checks.c.finished_at < end).limit(BATCH)).scalars().all()
    return connection.execute(delete(checks).where(checks.c.id.in_(old))).rowcount if old else 0


def _slots(connection: Connection, end: datetime) -> int:
    """The latest slot of each monitor stays: catching up starts from it."""
    later = slots.alias()
    newest = select(func.max(later.c.planned_at)).where(later.c.monitor == slots.c.monitor).scalar_subquery()
    key = (slots.c.monitor, slots.c.planned_at)
    query = select(*key).where(slots.c.finished_at < end, slots.c.state.in_(FINISHED), slots.c.planned_at < newest)
    old = [tuple(row) for row in connection.execute(query.limit(BATCH * 10))]
    return connection.execute(delete(slots).where(tuple_(*key).in_(old))).rowcount if old else 0
