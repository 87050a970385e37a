"""Finished checks: written once with all their parts, read whole or as a list. Only a failed one is ever replaced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, RowMapping, Select, Table, delete, exists, insert, select

from monitor.errors import StoreError
from monitor.store import deployments, references
from monitor.store.records import (
    attribution_from,
    attribution_rows,
    check_from,
    check_row,
    contribution_from,
    finding_from,
    part_rows,
    profile_from,
    profile_rows,
)
from monitor.store.tables import attributions, checks, contributions, findings, profiles
from monitor.types import Check, Floats, Profile, Verdict, frozen


def save(connection: Connection, check: Check) -> None:
    """Insert a check and its parts, and note the model it saw. The caller holds the monitor's lock."""
    connection.execute(insert(checks), check_row(check))
    parts: tuple[tuple[Table, list[dict[str, Any]]], ...] = (
        (findings, part_rows(check.findings, check_id=check.id)),
        (contributions, part_rows(check.contributions, check_id=check.id)),
        (profiles, profile_rows(check.profiles, check_id=check.id)),
        (attributions, attribution_rows(check.rows, check_id=check.id)),
    )
    for table, rows in parts:
        if rows:
            connection.execute(insert(table), rows)
    deployments.observe(connection, check)


def remove(connection: Connection, check_id: str) -> None:
    """Delete a check with its parts. The caller holds the monitor's lock."""
    connection.execute(delete(checks).where(checks.c.id == check_id))


def load(connection: Connection, check_id: str, *, rows: bool = True) -> Check | None:
    """A check with everything; without profiles and attribution rows when `rows` is False."""
    row = connection.execute(select(checks).where(checks.c.id == check_id)).mappings().first()
    if row is None:
        return None
    return check_from(
        row,
        findings=tuple(finding_from(part) for part in _parts(connection, findings, check_id)),
        contributions=tuple(contribution_from(part) for part in _parts(connection, contributions, check_id)),
        profiles=tuple(profile_from(part) for part in _parts(connection, profiles, check_id)) if rows else (),
        rows=tuple(attribution_from(part) for part in _parts(connection, attributions, check_id)) if rows else (),
    )


def listing(
    connection: Connection,
    monitor: str | None = None,
    *,
    limit: int,
    before: datetime | None,
    since: datetime | None,
    verdict: Verdict | None,
) -> list[Check]:
    """Checks without their parts, latest slot first, planned in [since, before)."""
    query: Select[Any] = select(checks).order_by(checks.c.planned_at.desc(), checks.c.monitor).limit(limit)
    if monitor is not None:
        query = query.where(checks.c.monitor == monitor)
    if before is not None:
        query = query.where(checks.c.planned_at < before)
    if since is not None:
        query = query.where(checks.c.planned_at >= since)
    if verdict is not None:
        query = query.where(checks.c.verdict == verdict)
    return [check_from(row) for row in connection.execute(query).mappings()]


def confirmation(connection: Connection, check: Check) -> Check | None:
    """The check that looked at `check` again: it is that of the next slot, if any."""
    later = (checks.c.monitor == check.monitor) & (checks.c.planned_at > check.planned_at)
    row = connection.execute(select(checks).where(later).order_by(checks.c.planned_at).limit(1)).mappings().first()
    return None if row is None or row["confirms"] != check.id else check_from(row)


def previous_attributions(
    connection: Connection,
    monitor: str,
    *,
    before: datetime,
    reference_id: str,
    model_digest: str,
    explainer_digest: str,
    limit: int,
    without: str | None = None,
) -> Floats | None:
    """(n, d) sampled attributions of the latest `limit` checks planned before `before`, oldest check first.

    Only of checks with this reference, model and explainer whose rows are still kept; columns in the reference's
    order. Confirming checks hold the rows of another check's window once more: they are left out, and so is `without`.
    None when there are none.
    """
    names = references.feature_names(connection, monitor, reference_id)
    sampled = (attributions.c.check_id == checks.c.id) & (attributions.c.kind == "sample")
    query = (
        select(checks.c.id)
        .where(
            checks.c.monitor == monitor,
            checks.c.planned_at < before,
            checks.c.reference_id == reference_id,
            checks.c.model_digest == model_digest,
            checks.c.explainer_digest == explainer_digest,
            checks.c.confirms.is_(None),
            checks.c.id != (without or ""),
            exists().where(sampled),
        )
        .order_by(checks.c.planned_at.desc())
        .limit(limit)
    )
    found = connection.execute(query).scalars().all()
    if names is None or not found:
        return None
    return frozen(np.vstack([_matrix(connection, check_id, names) for check_id in reversed(found)]))


def _matrix(connection: Connection, check_id: str, names: Sequence[str]) -> Floats:
    query = (
        select(attributions.c.vector)
        .where(attributions.c.check_id == check_id, attributions.c.kind == "sample")
        .order_by(attributions.c.position)
    )
    try:
        rows = [[float(vector[name]) for name in names] for vector in connection.execute(query).scalars()]
    except KeyError as error:
        raise StoreError(
            f"attribution rows of check {check_id}",
            seen=f"no value for feature {error}",
            expected="every feature of its reference",
            hint="the rows were changed outside xdrift; restore the database from a backup",
        ) from error
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(names))


def prediction_profiles(connection: Connection, check_id: str) -> tuple[Profile, ...]:
    """How the predictions of a check's sample were distributed; empty where it explained nothing."""
    table = profiles.c
    query = select(profiles).where(table.check_id == check_id, table.kind == "prediction").order_by(table.position)
    return tuple(profile_from(row) for row in connection.execute(query).mappings())


def _parts(connection: Connection, table: Table, check_id: str) -> Sequence[RowMapping]:
    query = select(table).where(table.c.check_id == check_id).order_by(table.c.position)
    return connection.execute(query).mappings().all()
