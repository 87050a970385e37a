"""When which model digest came into force, right whatever the order in which checks are saved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, insert, select

from monitor.store.tables import checks, deployments
from monitor.types import Check


def observe(connection: Connection, check: Check) -> None:
    """Note that a slot, just saved, saw this model. The caller holds the monitor's lock.

    A row stands where a slot saw another digest than the slot before. A new slot between two others can need a row
    itself, and can change whether the slot after it needs one; nothing else moves.
    """
    if check.model_digest is None:
        return
    before = in_force(connection, check.monitor, check.planned_at)
    if before is not None and before["digest"] == check.model_digest:
        return
    _insert(connection, _row(check.monitor, check))
    after = connection.execute(_next_slot(check.monitor, check.planned_at)).mappings().first()
    if after is None:
        return
    if after["model_digest"] == check.model_digest:
        here = (deployments.c.monitor == check.monitor) & (deployments.c.activated_at == after["planned_at"])
        connection.execute(delete(deployments).where(here))
    elif before is not None and after["model_digest"] == before["digest"]:
        _insert(connection, _row(check.monitor, after))


def in_force(connection: Connection, monitor: str, at: datetime | None = None) -> RowMapping | None:
    """The deployment in force at a planned time; the latest one without it."""
    query = select(deployments).where(deployments.c.monitor == monitor)
    if at is not None:
        query = query.where(deployments.c.activated_at <= at)
    return connection.execute(query.order_by(deployments.c.activated_at.desc()).limit(1)).mappings().first()


def _next_slot(monitor: str, after: datetime) -> Select[Any]:
    return (
        select(checks.c.planned_at, checks.c.started_at, checks.c.model_digest, checks.c.model_version)
        .where(checks.c.monitor == monitor, checks.c.planned_at > after, checks.c.model_digest.is_not(None))
        .order_by(checks.c.planned_at)
        .limit(1)
    )


def _row(monitor: str, seen: Check | RowMapping) -> dict[str, Any]:
    value = (lambda name: getattr(seen, name)) if isinstance(seen, Check) else seen.__getitem__
    return {
        "monitor": monitor,
        "activated_at": value("planned_at"),
        "digest": value("model_digest"),
        "version": value("model_version"),
        "first_seen": value("started_at"),
    }


def _insert(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(deployments), row)
