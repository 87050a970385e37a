"""What happened to a monitor that a reader of its curves must know: worked out from the records, not kept beside them.

    deployment    another model digest came into force, also back again; at the first slot that saw it
    reference     a reference came into force
    level         a check was judged at another level than the judged check before it; the first one counts from none
    maintenance   a declared maintenance, from its start to its end

Judged checks are taken in the order of their slots, and confirming ones are among them: a severe level that was looked
at again and not found ends there, as it does in xdrift_drift_level. Checks that could not judge hold the level.
The view grafana_events says the same in SQL; a test compares the two.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, Select, func, or_, select

from monitor.names import LEVEL_NAMES
from monitor.store.counters import insert_into
from monitor.store.served_tables import maintenances, switched_on
from monitor.store.tables import activations, checks, deployments
from monitor.types import Event, Maintenance, utc

_DIGEST_SHOWN = 12


def events(
    connection: Connection,
    *,
    since: datetime,
    until: datetime | None = None,
    monitor: str | None = None,
    recorded_since: datetime | None = None,
) -> list[Event]:
    """What happened in [since, until), oldest first.

    Args:
        recorded_since: only what was written down since then, whenever it happened: slots are made up for later, and
            a maintenance may be ended days after it began.
    """
    found: list[Event] = []
    for query, when, recorded, told in (
        (_deployments(), deployments.c.activated_at, [deployments.c.first_seen], _deployment),
        (select(activations), activations.c.activated_at, [activations.c.activated_at], _reference),
        (_levels(), checks.c.planned_at, [checks.c.finished_at], _level),
        (select(maintenances), maintenances.c.start, [maintenances.c.start, maintenances.c.ended_at], _maintenance),
    ):
        query = query.where(when >= since)
        if until is not None:
            query = query.where(when < until)
        if monitor is not None:
            query = query.where(_monitor(when) == monitor)
        if recorded_since is not None:
            query = query.where(or_(*(column >= recorded_since for column in recorded)))
        found += [told(row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda event: (event.at, event.id))


def first_switched_on(connection: Connection, what: str, now: datetime) -> datetime:
    """When something was first switched on: `now`, when it never was."""
    connection.execute(insert_into(connection, switched_on).on_conflict_do_nothing(), [{"what": what, "at": now}])
    found: datetime = connection.execute(select(switched_on.c.at).where(switched_on.c.what == what)).scalar_one()
    return found


def _monitor(column: Column[Any]) -> Column[Any]:
    return column.table.c["monitor"]


def _deployments() -> Select[Any]:
    seen = (checks.c.monitor == deployments.c.monitor) & (checks.c.planned_at == deployments.c.activated_at)
    return select(deployments, checks.c.id.label("check_id")).outerjoin(checks, seen)


def _levels() -> Select[Any]:
    """Judged checks at another level than the one before, with that level."""
    earlier = checks.alias()
    before = (
        select(earlier.c.level)
        .where(
            earlier.c.monitor == checks.c.monitor,
            earlier.c.planned_at < checks.c.planned_at,
            earlier.c.outcome == "succeeded",
        )
        .order_by(earlier.c.planned_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    told = (checks.c.id, checks.c.monitor, checks.c.planned_at, checks.c.level, checks.c.sentence, checks.c.confirms)
    known = func.coalesce(before, 0)
    return select(*told, known.label("before")).where(checks.c.outcome == "succeeded", known != checks.c.level)


def _deployment(row: RowMapping) -> Event:
    version = row["version"] or row["digest"][:_DIGEST_SHOWN]
    return Event(
        id=f"deployment-{row['monitor']}-{_stamp(row['activated_at'])}",
        monitor=row["monitor"],
        kind="deployment",
        at=row["activated_at"],
        until=None,
        text=f"Model version {version} in force",
        check_id=row["check_id"],
    )


def _reference(row: RowMapping) -> Event:
    return Event(
        id=f"reference-{row['monitor']}-{row['position']}",
        monitor=row["monitor"],
        kind="reference",
        at=row["activated_at"],
        until=None,
        text=f"Reference {row['reference_id']} in force, {row['author']}: {row['reason']}",
    )


def _level(row: RowMapping) -> Event:
    again = "Looked at again: level" if row["confirms"] is not None else "Level"
    return Event(
        id=f"level-{row['id']}",
        monitor=row["monitor"],
        kind="level",
        at=row["planned_at"],
        until=None,
        text=f"{again} {LEVEL_NAMES[row['before']]} to {LEVEL_NAMES[row['level']]}. {row['sentence']}",
        check_id=row["id"],
    )


def _maintenance(row: RowMapping) -> Event:
    declared = Maintenance(**row)
    return Event(
        id=f"maintenance-{declared.monitor}-{_stamp(declared.start)}",
        monitor=declared.monitor,
        kind="maintenance",
        at=declared.start,
        until=declared.end,
        text=f"Maintenance, {declared.author}: {declared.reason}",
    )


def _stamp(moment: datetime) -> str:
    """To the microsecond, in letters and digits, as in 20240102T030405000000Z."""
    return f"{utc(moment):%Y%m%dT%H%M%S%fZ}"
