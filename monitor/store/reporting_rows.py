"""Rows that weekly and compliance reports both need, each kind with one query."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, func, select

from monitor.names import ANNOTATIONS, REPORTS
from monitor.store.reported import (
    ActivationLine,
    Counted,
    DeploymentLine,
    IncidentLine,
    MessageLine,
    TelemetryDay,
)
from monitor.store.served_tables import (
    explanation_errors,
    outbox,
    privacy_incidents,
    telemetry_days,
)
from monitor.store.served_tables import (
    maintenances as maintenance_table,
)
from monitor.store.served_tables import (
    unexplained as unexplained_table,
)
from monitor.store.tables import activations as activation_table
from monitor.store.tables import deployments as deployment_table
from monitor.store.tables import references, slots
from monitor.types import Maintenance

Names = Collection[str] | None
"""Monitors to read; all when None."""


def of(column: Column[Any], names: Names) -> list[ColumnElement[bool]]:
    return [] if names is None else [column.in_(sorted(names))]


def skipped(connection: Connection, start: datetime, end: datetime, names: Names) -> tuple[Counted, ...]:
    table = slots.c
    groups = (table.monitor, table.reason)
    query = select(*groups, func.count().label("n")).where(
        table.state == "skipped", table.planned_at >= start, table.planned_at < end, *of(table.monitor, names)
    )
    rows = connection.execute(query.group_by(*groups).order_by(*groups))
    return tuple(Counted(monitor=row.monitor, word=row.reason or "", detail="", n=row.n) for row in rows)


def deployments(connection: Connection, end: datetime, names: Names) -> tuple[DeploymentLine, ...]:
    table = deployment_table.c
    query = select(deployment_table).where(table.activated_at < end, *of(table.monitor, names))
    rows = connection.execute(query.order_by(table.monitor, table.activated_at)).mappings()
    return tuple(DeploymentLine(**row) for row in rows)


def activations(connection: Connection, end: datetime, names: Names) -> tuple[ActivationLine, ...]:
    table, made = activation_table.c, references.c
    same = (made.monitor == table.monitor) & (made.id == table.reference_id)
    query = (
        select(
            table.monitor, table.reference_id, table.activated_at, table.author, table.reason,
            made.created_at, made.author.label("created_by"), made.reason.label("created_because"),
            made.model_version, made.engine, made.n_rows,
        )
        .join(references, same)
        .where(table.activated_at < end, *of(table.monitor, names))
        .order_by(table.monitor, table.position)
    )  # fmt: skip
    return tuple(ActivationLine(**row) for row in connection.execute(query).mappings())


def maintenances(connection: Connection, start: datetime, end: datetime, names: Names) -> tuple[Maintenance, ...]:
    """Open at some time in [start, end), oldest first."""
    table = maintenance_table.c
    query = select(maintenance_table).where(table.start < end, table.until > start, *of(table.monitor, names))
    rows = connection.execute(query.order_by(table.monitor, table.start)).mappings()
    return tuple(one for row in rows if (one := Maintenance(**row)).end > start)


def messages(connection: Connection, start: datetime, end: datetime, names: Names) -> tuple[MessageLine, ...]:
    """News of checks; not the reports' own messages and not marks in Grafana."""
    table = outbox.c
    query = select(outbox).where(
        table.created_at >= start, table.created_at < end, table.channel.not_in((REPORTS, ANNOTATIONS)),
        table.monitor != "", *of(table.monitor, names),
    )  # fmt: skip
    return tuple(_message(row) for row in connection.execute(query.order_by(table.monitor, table.created_at)))


def _message(row: Any) -> MessageLine:
    body = row.message
    return MessageLine(
        id=row.id,
        monitor=row.monitor,
        channel=row.channel,
        created_at=row.created_at,
        sent_at=row.sent_at,
        given_up=row.given_up,
        withheld=row.given_up and row.attempts == 0 and row.error == "maintenance",
        before=body.get("condition_before"),
        after=body.get("condition"),
        check_id=body.get("check"),
    )


def days(connection: Connection, start: datetime, end: datetime, names: Names) -> tuple[TelemetryDay, ...]:
    table = telemetry_days.c
    query = select(telemetry_days).where(table.day >= start, table.day < end, *of(table.monitor, names))
    rows = connection.execute(query.order_by(table.monitor, table.day, table.model_version)).mappings()
    return tuple(TelemetryDay(**{**row, "latency": tuple(row["latency"])}) for row in rows)


def unexplained(connection: Connection, start: datetime, end: datetime, names: Names) -> tuple[Counted, ...]:
    table = unexplained_table.c
    groups = (table.monitor, table.reason, table.group_key)
    query = select(*groups, func.sum(table.n).label("n")).where(
        table.day >= start, table.day < end, *of(table.monitor, names)
    )
    rows = connection.execute(query.group_by(*groups).order_by(table.monitor, func.sum(table.n).desc(), *groups[1:]))
    return tuple(Counted(monitor=row.monitor, word=row.reason, detail=row.group_key, n=int(row.n)) for row in rows)


def errors(connection: Connection, start: datetime, end: datetime, names: Names) -> tuple[Counted, ...]:
    table = explanation_errors.c
    groups = (table.monitor, table.reason, table.error)
    query = select(*groups, func.sum(table.n).label("n")).where(
        table.day >= start, table.day < end, *of(table.monitor, names)
    )
    rows = connection.execute(query.group_by(*groups).order_by(table.monitor, func.sum(table.n).desc(), *groups[1:]))
    return tuple(Counted(monitor=row.monitor, word=row.reason, detail=row.error, n=int(row.n)) for row in rows)


def incidents(connection: Connection, start: datetime, end: datetime, names: Names) -> tuple[IncidentLine, ...]:
    table = privacy_incidents.c
    query = select(privacy_incidents).where(table.day >= start, table.day < end, *of(table.monitor, names))
    rows = connection.execute(query.order_by(table.monitor, table.day, table.kind, table.field)).mappings()
    return tuple(IncidentLine(**row) for row in rows)
