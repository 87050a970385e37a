"""A monitor's past, one point per check."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select, union_all

from monitor.store.tables import checks, contributions, findings
from monitor.types import HistoryPoint, Level, Window


def history(connection: Connection, monitor: str, *, limit: int) -> list[HistoryPoint]:
    """The latest `limit` checks, oldest first. Confirming checks are no points of their own."""
    wanted = (
        "id", "planned_at", "window_start", "window_end", "outcome", "verdict", "level", "sentence", "model_version",
    )  # fmt: skip
    query = (
        select(*(checks.c[name] for name in wanted))
        .where(checks.c.monitor == monitor, checks.c.confirms.is_(None))
        .order_by(checks.c.planned_at.desc())
        .limit(limit)
    )
    rows = connection.execute(query).all()[::-1]
    ids = [row.id for row in rows]
    levels, changes = _levels(connection, ids), _changes(connection, ids)
    return [
        HistoryPoint(
            check_id=row.id,
            planned_at=row.planned_at,
            window=Window(start=row.window_start, end=row.window_end),
            outcome=row.outcome,
            verdict=row.verdict,
            level=row.level,
            sentence=row.sentence,
            model_version=row.model_version,
            feature_levels=levels.get(row.id, {}),
            feature_change=changes.get(row.id, {}),
        )
        for row in rows
    ]


def _levels(connection: Connection, ids: list[str]) -> dict[str, dict[str, Level]]:
    """Highest level per check and feature over the views that the verdict rests on. The trend view is not one of them:
    the weeks after an incident differ from the incident, and are not severe for that."""
    of_findings = select(findings.c.check_id, findings.c.feature, findings.c.level).where(
        findings.c.check_id.in_(ids),
        findings.c.feature.is_not(None),
        findings.c.view != "trend",
        findings.c.segment.is_(None),
    )
    of_contributions = select(contributions.c.check_id, contributions.c.feature, contributions.c.level).where(
        contributions.c.check_id.in_(ids)
    )
    every = union_all(of_findings, of_contributions).subquery()
    groups = (every.c.check_id, every.c.feature)
    query = select(*groups, func.max(every.c.level).label("level")).group_by(*groups).order_by(*groups)
    found: dict[str, dict[str, Level]] = {}
    for row in connection.execute(query):
        found.setdefault(row.check_id, {})[row.feature] = row.level
    return found


def _changes(connection: Connection, ids: list[str]) -> dict[str, dict[str, float]]:
    """current / reference importance - 1 per check and feature; NaN where there is no such number."""
    columns = [contributions.c[name] for name in ("check_id", "feature", "importance_reference", "importance_current")]
    query = select(*columns).where(contributions.c.check_id.in_(ids))
    found: dict[str, dict[str, float]] = {}
    for row in connection.execute(query.order_by(contributions.c.check_id, contributions.c.position)):
        found.setdefault(row.check_id, {})[row.feature] = _change(row)
    return found


def _change(row: Any) -> float:
    if not row.importance_reference or row.importance_current is None:
        return float("nan")
    return float(row.importance_current / row.importance_reference - 1)
