"""Which monitors are in service."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, update

from monitor.errors import StoreError
from monitor.settings import MonitorSettings
from monitor.store import counters, telemetry
from monitor.store.counters import insert_into
from monitor.store.tables import metadata, monitors

INTERVALS = 100
"""Earlier intervals that are remembered of a monitor."""


def register(
    connection: Connection,
    monitor: MonitorSettings,
    *,
    cadence: str,
    interval_seconds: float,
    config_digest: str,
    now: datetime,
) -> None:
    """Take a monitor into service, or update it; `created_at` stays that of the first time.

    An interval that is another than before is remembered with the time at which it ended: what was is judged by it.
    """
    changing: dict[str, Any] = {
        "model": monitor.model_label,
        "owner": monitor.owner,
        "tier": monitor.tier,
        "cadence": cadence,
        "interval_seconds": interval_seconds,
        "window_seconds": monitor.schedule.span.total_seconds(),
        "delay_seconds": monitor.schedule.delay.total_seconds(),
        "config_digest": config_digest,
        "updated_at": now,
        "retired": False,
        "slo": {"period_seconds": monitor.slo.span.total_seconds(), "objectives": monitor.objectives},
    }
    before = _row(connection, monitor.name)
    if before is not None and before["interval_seconds"] != interval_seconds:
        ended = [now.timestamp(), before["interval_seconds"]]
        changing["earlier_intervals"] = [*(before["earlier_intervals"] or ()), ended][-INTERVALS:]
    insert = insert_into(connection, monitors).values(name=monitor.name, created_at=now, **changing)
    connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=changing))
    # First what a poll takes first: each waiting for the other would be a deadlock.
    telemetry.prepare(connection, monitor)
    counters.prepare(connection, monitor.name, monitor.model_label)


def retire(connection: Connection, names_not_in: Collection[str]) -> None:
    """Take every monitor out of service whose name is not among these; what it left stays readable."""
    connection.execute(update(monitors).where(monitors.c.name.not_in(names_not_in)).values(retired=True))


def known(connection: Connection) -> dict[str, str]:
    """Name to model of every monitor, retired ones included."""
    return {row.name: row.model for row in connection.execute(select(monitors.c.name, monitors.c.model))}


def erase(connection: Connection, monitor: str) -> None:
    """Delete a monitor with everything kept of it, which nothing but the demo may do: references are for ever."""
    for table in reversed(metadata.sorted_tables):  # parts of checks go with their checks
        if "monitor" in table.c:
            connection.execute(delete(table).where(table.c.monitor == monitor))
    connection.execute(delete(monitors).where(monitors.c.name == monitor))


def locked(connection: Connection, monitor: str) -> RowMapping:
    """The monitor's row, and the right to change what depends on it until the transaction ends.

    Raises StoreError for a monitor that was never registered.
    """
    row = _row(connection, monitor)
    if row is None:
        raise unregistered(monitor)
    return row


def _row(connection: Connection, monitor: str) -> RowMapping | None:
    """The monitor's row, locked; None for one that was never registered."""
    # On SQLite the whole transaction is exclusive and FOR UPDATE is left out. key_share: others may still insert rows
    # that refer to this monitor, as a claim does.
    query = select(monitors).where(monitors.c.name == monitor).with_for_update(key_share=True)
    return connection.execute(query).mappings().first()


def unregistered(monitor: str) -> StoreError:
    return StoreError(
        f"monitor {monitor!r}",
        seen="unknown to the store",
        expected="a registered monitor",
        hint="add it to the configuration and run `xdrift check-config`, or correct the name",
    )
