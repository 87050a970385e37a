"""References: written once, never changed, never deleted; which one is in force is a list of activations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select

from monitor.errors import StoreError
from monitor.store.columns import unpack
from monitor.store.records import profile_from, profile_rows
from monitor.store.reference_records import reference_from, reference_row
from monitor.store.registry import locked
from monitor.store.tables import activations, reference_profiles, references
from monitor.types import Reference, ReferenceSummary


def save(connection: Connection, reference: Reference, *, activate: bool) -> None:
    """Keep a reference; the same one twice is kept once, with the first author and reason.

    Raises StoreError when the id stands for other content already.
    """
    locked(connection, reference.monitor)
    row = reference_row(reference)
    known = select(references.c.content_digest).where(_is(reference.monitor, reference.id))
    digest = connection.execute(known).scalar()
    if digest is None:
        connection.execute(insert(references), row)
        profiles = profile_rows(reference.input_profiles, monitor=reference.monitor, reference_id=reference.id)
        if profiles:
            connection.execute(insert(reference_profiles), profiles)
    elif digest != row["content_digest"]:
        raise StoreError(
            f"reference {reference.id} of monitor {reference.monitor!r}",
            seen="other content under the same id",
            expected="the content that was saved first: references never change",
            hint="check what wrote it; an id is the hash of its content",
        )
    if activate and active_id(connection, reference.monitor) != reference.id:
        _activate(
            connection,
            reference.monitor,
            reference.id,
            author=reference.author,
            reason=reference.reason,
            at=reference.created_at,
        )


def activate(
    connection: Connection, monitor: str, reference_id: str, *, author: str, reason: str, at: datetime
) -> None:
    """Put a saved reference in force (again). Raises StoreError when the monitor has no such reference."""
    locked(connection, monitor)
    if connection.execute(select(references.c.id).where(_is(monitor, reference_id))).first() is None:
        raise _missing(reference_id, monitor)
    _activate(connection, monitor, reference_id, author=author, reason=reason, at=at)


def active_id(connection: Connection, monitor: str) -> str | None:
    """The reference in force."""
    query = (
        select(activations.c.reference_id)
        .where(activations.c.monitor == monitor)
        .order_by(activations.c.position.desc())
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar()
    return found


def active_ids(connection: Connection) -> dict[str, str]:
    """Monitor to the reference in force."""
    latest = select(activations.c.monitor, func.max(activations.c.position).label("position"))
    newest = latest.group_by(activations.c.monitor).subquery()
    same = (activations.c.monitor == newest.c.monitor) & (activations.c.position == newest.c.position)
    query = select(activations.c.monitor, activations.c.reference_id).join(newest, same)
    return {row.monitor: row.reference_id for row in connection.execute(query)}


def load(connection: Connection, reference_id: str, monitor: str | None = None) -> Reference:
    """A reference with its arrays. Two monitors may share an id; without `monitor` the one saved first is meant.

    Raises StoreError when there is none.
    """
    query = select(references).where(references.c.id == reference_id).order_by(references.c.created_at).limit(1)
    if monitor is not None:
        query = query.where(references.c.monitor == monitor)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise _missing(reference_id, monitor)
    parts = (
        select(reference_profiles)
        .where(reference_profiles.c.monitor == row["monitor"], reference_profiles.c.reference_id == row["id"])
        .order_by(reference_profiles.c.position)
    )
    profiles = tuple(profile_from(part) for part in connection.execute(parts).mappings())
    try:
        arrays = unpack(row["arrays"])
    except ValueError as error:
        raise StoreError(
            f"reference {reference_id} of monitor {row['monitor']!r}",
            seen=str(error),
            expected="the arrays that were saved",
            hint="restore the database from a backup, or make a new reference",
        ) from error
    return reference_from(row, arrays, profiles)


def feature_names(connection: Connection, monitor: str, reference_id: str) -> tuple[str, ...] | None:
    found = connection.execute(select(references.c.feature_names).where(_is(monitor, reference_id))).scalar()
    return None if found is None else tuple(found)


def summaries(connection: Connection, monitor: str | None) -> list[ReferenceSummary]:
    """Newest first; of one monitor or of all."""
    active = active_ids(connection)
    since = {(row.monitor, row.reference_id): row.at for row in connection.execute(_last_activations())}
    columns = [references.c[name] for name in ReferenceSummary.__slots__ if name in references.c]
    query = select(*columns).order_by(references.c.created_at.desc(), references.c.monitor, references.c.id)
    if monitor is not None:
        query = query.where(references.c.monitor == monitor)
    return [_summary(row, active, since) for row in connection.execute(query).mappings()]


def _last_activations() -> Select[Any]:
    groups = (activations.c.monitor, activations.c.reference_id)
    latest = select(*groups, func.max(activations.c.position).label("position")).group_by(*groups).subquery()
    same = (activations.c.monitor == latest.c.monitor) & (activations.c.position == latest.c.position)
    return select(*groups, activations.c.activated_at.label("at")).join(latest, same)


def _summary(row: RowMapping, active: Mapping[str, str], since: Mapping[tuple[str, str], datetime]) -> ReferenceSummary:
    return ReferenceSummary(
        **row,
        active=active.get(row["monitor"]) == row["id"],
        activated_at=since.get((row["monitor"], row["id"])),
    )


def _activate(
    connection: Connection, monitor: str, reference_id: str, *, author: str, reason: str, at: datetime
) -> None:
    last = select(func.max(activations.c.position)).where(activations.c.monitor == monitor)
    connection.execute(
        insert(activations),
        {
            "monitor": monitor,
            "position": (connection.execute(last).scalar() or 0) + 1,
            "reference_id": reference_id,
            "author": author,
            "reason": reason,
            "activated_at": at,
        },
    )


def _is(monitor: str, reference_id: str) -> Any:
    return (references.c.monitor == monitor) & (references.c.id == reference_id)


def _missing(reference_id: str, monitor: str | None) -> StoreError:
    whose = "" if monitor is None else f" of monitor {monitor!r}"
    return StoreError(
        f"reference {reference_id}{whose}",
        seen="not in the store",
        expected="the id of a saved reference",
        hint="`xdrift reference list` shows them",
    )
