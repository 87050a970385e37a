"""Delete what is older than its retention, in small transactions so that checks are not kept waiting.

Age counts from when a check finished, not from its slot: a year made up for today is a year of new records. What was
counted from the explanation log has the age of the records themselves.
References, activations, deployments and totals are kept for ever; so is every monitor's present state.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Column, Connection, delete, exists, func, select, tuple_

from monitor.settings import RetentionSettings
from monitor.store import outbox
from monitor.store.served_tables import (
    explanation_errors,
    privacy_incidents,
    quarantine,
    telemetry_buckets,
    telemetry_days,
    unexplained,
)
from monitor.store.slots import FINISHED
from monitor.store.tables import attributions, checks, slots

BATCH = 100
"""Checks per transaction."""
_COUNTED = (telemetry_buckets.c.start, unexplained.c.day, explanation_errors.c.last_seen, quarantine.c.seen_at)
_REPORTED = (telemetry_days.c.day, privacy_incidents.c.day)
"""Columns that tell the age of rows of the explanation log: kept for retention.telemetry, for retention.checks."""

Write = Callable[[], AbstractContextManager[Connection]]


def purge(write: Write, now: datetime, retention: RetentionSettings) -> dict[str, int]:
    """Deleted rows by kind: `rows` (attribution rows), `checks` (with all their parts), `slots`, `telemetry` (what was
    counted from the explanation log), `days` (daily totals of it, incidents), `messages` (those settled)."""
    rows_end, checks_end = now - retention.rows, now - retention.checks
    counted_end = now - retention.telemetry
    return {
        "rows": _repeat(write, lambda connection: _rows(connection, rows_end)),
        "checks": _repeat(write, lambda connection: _checks(connection, checks_end)),
        "slots": _repeat(write, lambda connection: _slots(connection, checks_end)),
        "telemetry": sum(_repeat(write, _older(age, counted_end)) for age in _COUNTED),
        "days": sum(_repeat(write, _older(age, checks_end)) for age in _REPORTED),
        "messages": _repeat(write, lambda connection: outbox.purge(connection, checks_end, BATCH)),
    }


def _repeat(write: Write, step: Callable[[Connection], int]) -> int:
    total = 0
    while True:
        with write() as connection:
            done = step(connection)
        if not done:
            return total
        total += done


def _older(age: Column[datetime], end: datetime) -> Callable[[Connection], int]:
    """A step that deletes some rows of the column's table that are older than `end`."""
    table = age.table
    key = list(table.primary_key)

    def step(connection: Connection) -> int:
        old = [tuple(row) for row in connection.execute(select(*key).where(age < end).limit(BATCH * 10))]
        return connection.execute(delete(table).where(tuple_(*key).in_(old))).rowcount if old else 0

    return step


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
