"""What is known of each monitor now, worked out from its checks in the order of their slots.

It is worked out again, from the rows, whenever a check is finished; so a slot made up for late changes exactly what it
should, and a scrape reads a handful of small rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from monitor.store import checks as check_room
from monitor.store import counters, deployments, maintenance, outbox, references, telemetry
from monitor.store.budgets import Budgets
from monitor.store.counters import insert_into
from monitor.store.served_tables import segment_state, smoothed_scores
from monitor.store.tables import checks, monitor_state, monitors, view_state
from monitor.types import VIEWS, Check, Level, MonitorStatus, Snapshot, View, utc


def refresh(connection: Connection, monitor: str) -> None:
    """Work out the state rows of a monitor. The caller holds its lock."""
    latest = _latest(connection, monitor)
    success = _latest(connection, monitor, checks.c.outcome == "succeeded")
    ran = _latest(connection, monitor, checks.c.outcome != "failed")
    model = _latest(connection, monitor, checks.c.model_digest.is_not(None))
    dated = _latest(connection, monitor, checks.c.newest_at.is_not(None))
    deployed = deployments.in_force(connection, monitor)
    state = {
        "last_check_id": latest.get("id"),
        "last_run_at": latest.get("finished_at"),
        "last_success_at": success.get("finished_at"),
        "consecutive_failures": _count(connection, monitor, after=ran.get("planned_at")),
        "model_version": model.get("model_version"),
        "model_digest": model.get("model_digest"),
        "deployed_at": None if deployed is None else deployed["activated_at"],
        "newest_at": dated.get("newest_at"),
    }
    insert = insert_into(connection, monitor_state).values(monitor=monitor, **state)
    connection.execute(insert.on_conflict_do_update(index_elements=["monitor"], set_=state))
    for view in VIEWS:
        _refresh_view(connection, monitor, view)


def _refresh_view(connection: Connection, monitor: str, view: View) -> None:
    column = checks.c[f"level_{view}"]
    latest = _latest(connection, monitor, column.is_not(None))
    if not latest:
        return
    level, streak = latest[column.name], 0
    if level:
        # What goes to and fro between warning and severe lasts as well.
        lower = _latest(connection, monitor, column < level)
        streak = _count(connection, monitor, column >= level, after=lower.get("planned_at"))
    held = {"level": level, "streak": streak}
    insert = insert_into(connection, view_state).values(monitor=monitor, view=view, **held)
    connection.execute(insert.on_conflict_do_update(index_elements=["monitor", "view"], set_=held))


def _latest(connection: Connection, monitor: str, *conditions: Any) -> Mapping[str, Any]:
    """The check of the latest slot that meets the conditions, empty when there is none. A NULL level meets nothing."""
    wanted = (
        "id", "planned_at", "finished_at", "model_version", "model_digest", "newest_at",
        "level_holdout", "level_traffic", "level_total", "level_trend",
    )  # fmt: skip
    query = select(*(checks.c[name] for name in wanted)).where(checks.c.monitor == monitor, *conditions)
    row = connection.execute(query.order_by(checks.c.planned_at.desc()).limit(1)).mappings().first()
    return {} if row is None else dict(row)


def _count(connection: Connection, monitor: str, *conditions: Any, after: datetime | None) -> int:
    query = select(func.count()).select_from(checks).where(checks.c.monitor == monitor, *conditions)
    if after is not None:
        query = query.where(checks.c.planned_at > after)
    return connection.execute(query).scalar_one()


def snapshot(
    connection: Connection,
    now: datetime,
    next_runs: Mapping[str, datetime],
    *,
    known: Mapping[str, Check],
    budgets: Budgets,
) -> Snapshot:
    """Every monitor in service, and all totals. `known` maps ids to checks read before: one that
    finished at the same time is the same."""
    query = (
        select(monitors, *(column for column in monitor_state.c if column.name != "monitor"))
        .join(monitor_state, monitor_state.c.monitor == monitors.c.name, isouter=True)
        .where(~monitors.c.retired)
        .order_by(monitors.c.name)
    )
    rows = connection.execute(query).mappings().all()
    levels, streaks = _held(connection)
    active = references.active_ids(connection)
    smoothed, segments = _smoothed(connection), _segments(connection)
    slos = budgets.read(connection, rows, utc(now))
    in_maintenance = maintenance.ends(maintenance.listing(connection, since=now), now)
    waiting = outbox.waiting(connection)
    logs = telemetry.statuses(connection)
    return Snapshot(
        taken_at=utc(now),
        monitors=tuple(
            _status(
                row,
                reference_id=active.get(row["name"]),
                last_check=_check(connection, row["last_check_id"], row["last_run_at"], known),
                next_run_at=next_runs.get(row["name"]),
                levels=levels.get(row["name"], {}),
                streaks=streaks.get(row["name"], {}),
                smoothed=smoothed.get(row["name"], {}),
                segments=segments.get(row["name"], {}),
                slos=slos.get(row["name"], ()),
                maintenance_until=in_maintenance.get(row["name"]),
                messages_waiting=waiting.get(row["name"], 0),
                telemetry=logs.get(row["name"]),
            )
            for row in rows
        ),
        counters=counters.all_counters(connection),
        reports=outbox.reports(connection),
    )


def _check(
    connection: Connection, check_id: str | None, finished_at: datetime, known: Mapping[str, Check]
) -> Check | None:
    if check_id is None:
        return None
    found = known.get(check_id)
    if found is not None and found.finished_at == finished_at:
        return found
    return check_room.load(connection, check_id, rows=False)


def _held(connection: Connection) -> tuple[dict[str, dict[View, Level]], dict[str, dict[View, int]]]:
    levels: dict[str, dict[View, Level]] = {}
    streaks: dict[str, dict[View, int]] = {}
    for row in connection.execute(select(view_state)):
        levels.setdefault(row.monitor, {})[row.view] = row.level
        streaks.setdefault(row.monitor, {})[row.view] = row.streak
    return levels, streaks


def _smoothed(connection: Connection) -> dict[str, dict[tuple[View, str], float]]:
    found: dict[str, dict[tuple[View, str], float]] = {}
    for row in connection.execute(select(smoothed_scores)):
        found.setdefault(row.monitor, {})[row.view, row.test] = row.value
    return found


def _segments(connection: Connection) -> dict[str, dict[str, tuple[Level, int]]]:
    found: dict[str, dict[str, tuple[Level, int]]] = {}
    for row in connection.execute(select(segment_state)):
        found.setdefault(row.monitor, {})[row.segment] = row.level, row.streak
    return found


def _status(row: RowMapping, **found: Any) -> MonitorStatus:
    given = ("name", "model", "owner", "tier", "cadence", "interval_seconds", "created_at")
    state = ("model_version", "model_digest", "deployed_at", "last_run_at", "last_success_at", "newest_at")
    earlier = row["earlier_intervals"]
    return MonitorStatus(
        **{name: row[name] for name in (*given, *state)},
        interval_since=datetime.fromtimestamp(earlier[-1][0], UTC) if earlier else row["created_at"],
        consecutive_failures=row["consecutive_failures"] or 0,
        **found,
    )
