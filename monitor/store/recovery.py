"""Slots whose owner is gone: given back for one more run, or closed with a failed check so that nothing is silent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, select, update

from monitor.store import outbox
from monitor.store import slots as room
from monitor.store.registry import locked
from monitor.store.tables import attempts, checks, monitors, slots
from monitor.types import Check, Claim, Window, utc


def check_id(monitor: str, planned_at: datetime) -> str:
    """The id of the one check of a slot: 16 hex digits of sha256 over monitor and planned time."""
    return hashlib.sha256(f"{monitor}\n{utc(planned_at).isoformat()}".encode()).hexdigest()[:16]


def suspects(connection: Connection, now: datetime, alive: Callable[[str], bool]) -> list[RowMapping]:
    """Running slots whose lease is over or whose owner is not alive."""
    running = select(slots).where(slots.c.state == "running").order_by(slots.c.planned_at, slots.c.monitor)
    return [
        row
        for row in connection.execute(running).mappings().all()
        if row["lease_until"] <= now or not alive(row["owner"])
    ]


def release(connection: Connection, suspect: RowMapping, now: datetime, say: outbox.Announce | None = None) -> None:
    """Take one slot from its owner, unless it was renewed, finished or taken since `suspects` saw it."""
    monitor = locked(connection, suspect["monitor"])
    held = Claim(
        monitor=suspect["monitor"],
        planned_at=suspect["planned_at"],
        token=suspect["token"],
        attempt=suspect["attempt"],
        confirms=suspect["confirms"],
    )
    unchanged = slots.c.lease_until == suspect["lease_until"]
    still = select(slots.c.token).where(room.holds(held), unchanged).with_for_update()
    if connection.execute(still).first() is None:
        return
    ended = update(attempts).where(room.attempt_of(held)).values(interrupted_at=now)
    connection.execute(ended)
    if connection.execute(select(checks.c.id).where(checks.c.id == check_id(held.monitor, held.planned_at))).first():
        # A run again of a failed slot: what is on record stands.
        back = update(slots).where(room.holds(held)).values(state="failed", lease_until=None)
        connection.execute(back)
    elif held.attempt >= room.MAX_ATTEMPTS:
        check = interrupted_check(connection, monitor, held, now)
        room.close(connection, held, check, owner=monitor["owner"], say=say)
    else:
        freed = update(slots).where(room.holds(held)).values(state="interrupted", lease_until=None)
        connection.execute(freed)


def waiting(connection: Connection) -> list[tuple[str, datetime]]:
    """Interrupted slots of monitors in service, oldest first."""
    query = (
        select(slots.c.monitor, slots.c.planned_at)
        .join(monitors, monitors.c.name == slots.c.monitor)
        .where(slots.c.state == "interrupted", ~monitors.c.retired)
        .order_by(slots.c.planned_at, slots.c.monitor)
    )
    return [(row.monitor, row.planned_at) for row in connection.execute(query)]


def interrupted_check(connection: Connection, monitor: RowMapping, held: Claim, now: datetime) -> Check:
    """What is known of a slot whose every run was interrupted: that, and nothing else."""
    runs = connection.execute(
        select(attempts)
        .where(
            attempts.c.monitor == held.monitor,
            attempts.c.planned_at == held.planned_at,
            attempts.c.interrupted_at.is_not(None),  # a run long ago may have failed, its check gone with retention
        )
        .order_by(attempts.c.attempt)
    ).all()
    evidence = tuple(
        f"attempt {run.attempt} by {run.owner}: started {run.started_at.isoformat()}, "
        f"interrupted {run.interrupted_at.isoformat()}"
        for run in runs
    )
    end = held.planned_at - timedelta(seconds=monitor["delay_seconds"])
    return Check(
        id=check_id(held.monitor, held.planned_at),
        monitor=held.monitor,
        model=monitor["model"],
        planned_at=held.planned_at,
        window=Window(start=end - timedelta(seconds=monitor["window_seconds"]), end=end),
        started_at=runs[-1].started_at,
        finished_at=now,
        outcome="failed",
        verdict="unknown",
        level=0,
        reason="interrupted",
        sentence=f"The check was interrupted {len(runs)} times before it could finish, so this window was not judged.",
        evidence=evidence,
        error="every run ended before its result was saved: killed, out of memory, or the machine went down",
        seed=0,
        config_digest=monitor["config_digest"],
        confirms=held.confirms,
    )
