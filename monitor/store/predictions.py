"""Single predictions: who kept one, the rows beside it, the distributions of their inputs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Double, Select, Text, cast, func, select

from monitor.store.columns import clean_text
from monitor.store.records import attribution_from, check_from, profile_from
from monitor.store.tables import attributions, checks, profiles, reference_profiles
from monitor.types import AttributionRow, Check, KeptPrediction, Profile

MOST_CHECKS = 100
"""Checks of one prediction that are told."""


def kept(
    connection: Connection, row_id: str, *, monitor: str | None = None, check_id: str | None = None
) -> list[KeptPrediction]:
    """The prediction as each check kept it, the latest slot first. A row that is both sampled and flagged is told once,
    as sampled: there it has its time and segments."""
    row_id = clean_text(row_id)
    query: Select[Any] = (
        select(checks.c.id)
        .where(checks.c.id.in_(select(attributions.c.check_id).where(attributions.c.row_id == row_id)))
        .order_by(checks.c.planned_at.desc(), checks.c.monitor)
        .limit(MOST_CHECKS)
    )
    if monitor is not None:
        query = query.where(checks.c.monitor == monitor)
    if check_id is not None:
        query = query.where(checks.c.id == check_id)
    found = []
    for name in connection.execute(query).scalars().all():
        check = connection.execute(select(checks).where(checks.c.id == name)).mappings().one()
        rows = (
            select(attributions)
            .where(attributions.c.check_id == name, attributions.c.row_id == row_id)
            .order_by(attributions.c.position)
            .limit(1)
        )
        row = connection.execute(rows).mappings().one()
        found.append(KeptPrediction(check=check_from(check), row=attribution_from(row)))
    return found


def rows(
    connection: Connection,
    check_id: str,
    *,
    below: float | None = None,
    at_least: float | None = None,
    limit: int,
) -> list[AttributionRow]:
    """Rows that a check kept, in their order, of predictions below a value or at least as large."""
    query = (
        select(attributions).where(attributions.c.check_id == check_id).order_by(attributions.c.position).limit(limit)
    )
    if below is not None:
        query = query.where(attributions.c.prediction < below)
    if at_least is not None:
        query = query.where(attributions.c.prediction >= at_least)
    return [attribution_from(row) for row in connection.execute(query).mappings()]


def examples(connection: Connection, check_id: str, feature: str, *, limit: int) -> list[AttributionRow]:
    """Rows of a check in which one feature has the largest attributions, the largest first."""
    size = _size(connection, feature)
    query = (
        select(attributions)
        .where(attributions.c.check_id == check_id, size.is_not(None))
        .order_by(size.desc(), attributions.c.position)
        .limit(2 * limit)
    )
    found: dict[str, AttributionRow] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["row_id"], attribution_from(row))  # sampled and flagged: told once
    return list(found.values())[:limit]


def input_profiles(connection: Connection, check: Check) -> tuple[Profile, ...]:
    """Of every input column: the reference that the check compared with, then the check's own window."""
    found: list[Profile] = []
    if check.reference_id is not None:
        theirs = (
            select(reference_profiles)
            .where(
                reference_profiles.c.monitor == check.monitor,
                reference_profiles.c.reference_id == check.reference_id,
                reference_profiles.c.kind == "input",
            )
            .order_by(reference_profiles.c.position)
        )
        found += [profile_from(row) for row in connection.execute(theirs).mappings()]
    own = (
        select(profiles)
        .where(profiles.c.check_id == check.id, profiles.c.kind == "input")
        .order_by(profiles.c.position)
    )
    return (*found, *(profile_from(row) for row in connection.execute(own).mappings()))


def _size(connection: Connection, feature: str) -> ColumnElement[Any]:
    """abs(attribution) in SQL; NULL where the row has none of that name."""
    vector = attributions.c.vector
    if connection.dialect.name == "sqlite":
        # Its JSON paths know no escape for a quote in a key, so the keys are taken as rows.
        each = func.json_each(vector).table_valued("key", "value")
        value: Any = select(each.c.value).where(each.c.key == feature).scalar_subquery()
    else:
        value = func.jsonb_extract_path_text(vector, cast(feature, Text))
    return func.abs(cast(value, Double))
