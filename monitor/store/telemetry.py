"""How far the explanation log of each monitor has been read, and what has been counted: one transaction per batch.

`telemetry_state.revision` tells who was overtaken: a batch is saved only on top of the revision that it was counted
on, together with the positions it was read from. So a batch is saved once or not at all, whoever is killed and however
many daemons read the same log.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, func, insert, select, update

from monitor.errors import StoreError
from monitor.settings import MonitorSettings
from monitor.store import reporting_rows, telemetry_rows
from monitor.store.counters import insert_into
from monitor.store.reported import IncidentLine
from monitor.store.served_tables import explanation_errors, quarantine, telemetry_days, telemetry_seen, telemetry_state
from monitor.store.tables import monitors
from monitor.telemetry.records import Batch, Known
from monitor.types import TelemetryStatus

_ASKED_AT_ONCE = 500
"""Fingerprints in one question: SQLite takes 32,766 parameters at most, and plans long lists slowly."""
_DIGEST = np.dtype("<u8")


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryState:
    """From where reading goes on."""

    revision: int
    positions: Mapping[str, Any]
    """Of the reader; empty at the beginning."""
    watermark: datetime | None
    """Time of the newest record counted."""
    last_success_at: datetime | None
    """When the log was last read to its end."""
    consecutive_failures: int
    error: str | None
    """Why the latest poll failed; None when it did not."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """Lines of the explanation log that could not be used for one reason."""

    reason: str
    """One of names.QUARANTINE_REASONS."""
    n: int
    source: str
    position: int
    """Byte at which the first of them begins; of a table its row."""


def prepare(connection: Connection, monitor: MonitorSettings) -> None:
    """A row for a monitor that has an explanation log; without one, what is known stays but is not shown."""
    if monitor.telemetry is None:
        forget = update(telemetry_state).where(telemetry_state.c.monitor == monitor.name)
        connection.execute(forget.values(latency_threshold=None))
        return
    threshold = monitor.telemetry.latency_threshold.total_seconds()
    row = {"monitor": monitor.name, "revision": 0, "positions": {}, "consecutive_failures": 0}
    made = insert_into(connection, telemetry_state).values(**row, latency_threshold=threshold)
    connection.execute(made.on_conflict_do_update(index_elements=["monitor"], set_={"latency_threshold": threshold}))


def state(connection: Connection, monitor: str) -> TelemetryState:
    """Raises StoreError for a monitor that was not registered with an explanation log."""
    columns = (telemetry_state.c[name] for name in TelemetryState.__dataclass_fields__)
    row = connection.execute(select(*columns).where(telemetry_state.c.monitor == monitor)).mappings().first()
    if row is None:
        raise StoreError(
            f"explanation log of monitor {monitor!r}",
            seen="unknown to the store",
            expected="a monitor registered with `telemetry`",
            hint="add telemetry to the monitor in the configuration, and start the daemon or run `xdrift poll`",
        )
    return TelemetryState(**row)


def log_time(now: datetime, watermark: datetime | None) -> datetime:
    """The time by which ids are remembered: that of the newest record, never later than the clock.

    A clock that jumps ahead must not make a daemon forget ids: they would count again once it is corrected.
    """
    return now if watermark is None else min(now, watermark)


def seen(
    connection: Connection, monitor: str, since: datetime, after_revision: int
) -> list[tuple[datetime, NDArray[np.uint64]]]:
    """(log time when counted, sorted digests of record ids) of each batch counted since a time, oldest first."""
    query = select(telemetry_seen.c.counted_at, telemetry_seen.c.digests).where(
        telemetry_seen.c.monitor == monitor,
        telemetry_seen.c.counted_at >= since,
        telemetry_seen.c.revision > after_revision,
    )
    rows = connection.execute(query.order_by(telemetry_seen.c.revision))
    return [(row.counted_at, np.frombuffer(row.digests, _DIGEST).astype(np.uint64)) for row in rows]


def known(connection: Connection, monitor: str, requests: Collection[tuple[str, datetime]]) -> Known:
    """How often each of these failed requests, by fingerprint and day, was counted; those never counted are absent."""
    table = explanation_errors
    found: dict[tuple[str, datetime], int] = {}
    fingerprints = sorted({fingerprint for fingerprint, _ in requests})
    for first in range(0, len(fingerprints), _ASKED_AT_ONCE):
        query = select(table.c.fingerprint, table.c.day, table.c.n).where(
            table.c.monitor == monitor, table.c.fingerprint.in_(fingerprints[first : first + _ASKED_AT_ONCE])
        )
        found |= {(row.fingerprint, row.day): row.n for row in connection.execute(query)}
    days = telemetry_days
    failures = select(days.c.day, func.sum(days.c.errors)).where(
        days.c.monitor == monitor, days.c.day.in_({day for _, day in requests})
    )
    return Known(
        requests={request: found[request] for request in requests if request in found},
        failures={day: int(n) for day, n in connection.execute(failures.group_by(days.c.day))},
    )


def commit(
    connection: Connection,
    monitor: str,
    expected_revision: int,
    batch: Batch,
    positions: Mapping[str, Any],
    *,
    now: datetime,
    remember: timedelta,
    finished: bool,
) -> bool:
    """Add a batch and move on; False, and nothing is written, when another poll was faster.

    `finished`: with this batch the log has been read to its end, and the poll has succeeded.
    """
    moved: dict[str, Any] = {"revision": expected_revision + 1, "positions": positions, "watermark": batch.watermark}
    if finished:
        moved |= {"last_success_at": now, "consecutive_failures": 0, "error": None}
    table = telemetry_state
    # The first statement, so that whoever comes second waits here and then finds another revision.
    step = update(table).where(table.c.monitor == monitor, table.c.revision == expected_revision).values(**moved)
    if connection.execute(step).rowcount != 1:
        return False
    model = connection.execute(select(monitors.c.model).where(monitors.c.name == monitor)).scalar_one()
    telemetry_rows.add(connection, monitor, model, batch, now)
    counted_at = log_time(now, batch.watermark)
    if len(batch.digests):
        digests = np.asarray(batch.digests, _DIGEST).tobytes()
        row = {"monitor": monitor, "revision": expected_revision + 1, "counted_at": counted_at, "digests": digests}
        connection.execute(insert(telemetry_seen).values(**row))
    old = (telemetry_seen.c.monitor == monitor) & (telemetry_seen.c.counted_at < counted_at - remember)
    connection.execute(delete(telemetry_seen).where(old))
    return True


def failed(connection: Connection, monitor: str, error: str, now: datetime) -> None:
    """Note a poll that could not read the log to its end."""
    table = telemetry_state
    noted = {"consecutive_failures": table.c.consecutive_failures + 1, "last_failure_at": now, "error": error}
    connection.execute(update(table).where(table.c.monitor == monitor).values(**noted))


def set_aside(connection: Connection, monitor: str) -> tuple[SetAside, ...]:
    """Lines of the explanation log that could not be used and whose places are kept, by reason, most frequent first."""
    table = quarantine.c
    query = select(table.reason, table.source, table.position).where(table.monitor == monitor)
    found: dict[str, SetAside] = {}
    for reason, source, position in connection.execute(query.order_by(table.seen_at, table.source, table.position)):
        before = found.get(reason)
        n = 1 if before is None else before.n + 1
        found[reason] = SetAside(reason, n, source, position) if before is None else replace(before, n=n)
    return tuple(sorted(found.values(), key=lambda one: (-one.n, one.reason)))


def incidents(connection: Connection, monitor: str, within: timedelta, now: datetime) -> tuple[IncidentLine, ...]:
    """Personal data found in records of the last time `within`, by the time of the newest one; by day, kind, field."""
    query = select(telemetry_state.c.watermark).where(telemetry_state.c.monitor == monitor)
    newest = log_time(now, connection.execute(query).scalar())
    return reporting_rows.incidents(connection, newest - within, newest + timedelta(days=1), (monitor,))


def statuses(connection: Connection) -> dict[str, TelemetryStatus]:
    """Monitor to how far its explanation log was read; monitors without one are absent."""
    columns = [telemetry_state.c[name] for name in TelemetryStatus.__dataclass_fields__]
    query = select(telemetry_state.c.monitor, *columns).where(telemetry_state.c.latency_threshold.is_not(None))
    return {
        row["monitor"]: TelemetryStatus(**{name: row[name] for name in TelemetryStatus.__dataclass_fields__})
        for row in connection.execute(query).mappings()
    }
