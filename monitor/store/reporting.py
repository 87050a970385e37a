"""What reports are made from, in few queries whatever the number of monitors and weeks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    Text,
    case,
    cast,
    func,
    literal,
    select,
    type_coerce,
)

from monitor.store import checks as check_room
from monitor.store import reporting_rows as rows
from monitor.store.budgets import Budgets
from monitor.store.columns import floats
from monitor.store.reported import (
    Carried,
    CheckLine,
    ExplainerUse,
    FeatureWeek,
    MonitorLine,
    PeriodFacts,
    SwarmRow,
    WeeklyFacts,
)
from monitor.store.reporting_rows import Names, of
from monitor.store.served_tables import (
    explanation_errors,
    privacy_incidents,
    telemetry_buckets,
    telemetry_days,
    telemetry_state,
    unexplained,
)
from monitor.store.tables import attributions, checks, contributions, monitors
from monitor.types import Check, SloStatus, Window

_WEEK = timedelta(weeks=1)
_CONFIRMED_WITHIN = timedelta(days=1)
"""A confirming check looks at a window that ends a little after the one it confirms."""
_FIRST_MONDAY, _WEEK_SECONDS = 345_600, 604_800
_NUMBERS = ("importance_reference", "importance_holdout", "importance_current", "model_part", "data_part")
_SHARES = ("share_reference", "share_current")


def weekly(connection: Connection, start: datetime, *, weeks: int, names: Names) -> WeeklyFacts:
    """The week that begins on a Monday, 00:00 UTC, and the `weeks` up to its end for trends."""
    end, since = start + _WEEK, start + _WEEK - weeks * _WEEK
    known = _monitors(connection, names)
    budgets = _budgets(connection, known, (start, end))
    return WeeklyFacts(
        since=since,
        start=start,
        end=end,
        monitors=tuple(_monitor(row) for row in known),
        checks=_week_checks(connection, since, end, told_since=start - _WEEK, names=names),
        features=_features(connection, since, end, names),
        skipped=rows.skipped(connection, start, end, names),
        # A deployment has the time of the slot that saw it first, which may be late for the week it looked at.
        deployments=rows.deployments(connection, end + _WEEK, names),
        activations=rows.activations(connection, end, names),
        maintenances=rows.maintenances(connection, since, end, names),
        messages=rows.messages(connection, start, end, names),
        days=rows.days(connection, since, end, names),
        unexplained=rows.unexplained(connection, start, end, names),
        errors=rows.errors(connection, start, end, names),
        incidents=rows.incidents(connection, start, end, names),
        budgets=budgets[end],
        budgets_before=budgets[start],
    )


def period(connection: Connection, start: datetime, end: datetime, *, names: Names) -> PeriodFacts:
    """Everything of [start, end), which are whole UTC days."""
    table = checks.c
    planned = (table.planned_at >= start) & (table.planned_at < end)
    found = _checks(connection, names, planned | ((table.window_start < end) & (table.window_end > start)))
    days = rows.days(connection, start, end, names)
    present = {*(one.monitor for one in found), *(one.monitor for one in days)}
    known = [row for row in _monitors(connection, names, retired=True) if not row["retired"] or row["name"] in present]
    return PeriodFacts(
        start=start,
        end=end,
        monitors=tuple(_monitor(row) for row in known),
        checks=found,
        carried=tuple(
            one for row in known for least in (1, 2) if (one := _carried(connection, row["name"], start, least))
        ),
        skipped=rows.skipped(connection, start, end, names),
        deployments=rows.deployments(connection, end, names),
        activations=rows.activations(connection, end, names),
        maintenances=rows.maintenances(connection, start, end, names),
        messages=rows.messages(connection, start, end, names),
        days=days,
        unexplained=rows.unexplained(connection, start, end, names),
        errors=rows.errors(connection, start, end, names),
        incidents=rows.incidents(connection, start, end, names),
        explainers=_explainers(connection, start, end, names),
        rows_kept=_rows_kept(connection, start, end, names),
        oldest=_oldest(connection),
    )


def parts(connection: Connection, ids: Collection[str]) -> dict[str, Check]:
    """Checks with findings and contributions, of profiles those of predictions alone, without rows."""
    found = (check_room.load(connection, check_id, rows=False) for check_id in sorted(ids))
    return {
        check.id: replace(check, profiles=check_room.prediction_profiles(connection, check.id))
        for check in found
        if check is not None
    }


def swarm(connection: Connection, check_id: str, limit: int) -> list[SwarmRow]:
    """At most `limit` of the sampled rows of a check, evenly out of all of them; none once they are purged."""
    table = attributions
    sampled = (table.c.check_id == check_id) & (table.c.kind == "sample")
    total = connection.execute(select(func.count()).select_from(table).where(sampled)).scalar_one()
    step = max(1, -(-total // limit))
    query = select(table.c.vector, table.c.inputs, table.c.prediction).where(sampled, table.c.position % step == 0)
    return [
        SwarmRow(values=floats(row.vector), inputs=row.inputs, prediction=row.prediction)
        for row in connection.execute(query.order_by(table.c.position))
    ]


def _monitors(connection: Connection, names: Names, *, retired: bool = False) -> Sequence[RowMapping]:
    state = telemetry_state.c
    has_log = state.latency_threshold.is_not(None)
    query = (
        select(monitors, case((has_log, 1), else_=0).label("has_log"))
        .join(telemetry_state, state.monitor == monitors.c.name, isouter=True)
        .where(*of(monitors.c.name, names), *([] if retired else [~monitors.c.retired]))
        .order_by(monitors.c.name)
    )
    return connection.execute(query).mappings().all()


def _monitor(row: RowMapping) -> MonitorLine:
    names = ("name", "model", "owner", "tier", "cadence", "interval_seconds", "created_at", "retired")
    return MonitorLine(**{name: row[name] for name in names}, has_log=bool(row["has_log"]))


def _budgets(
    connection: Connection, known: Sequence[RowMapping], moments: Sequence[datetime]
) -> dict[datetime, dict[str, tuple[SloStatus, ...]]]:
    """Moment to budgets. Not within a scrape's allowance of time: a report that leaves budgets out says nothing."""
    return {at: Budgets(allowance=None).read(connection, known, at) for at in moments}


def _week_checks(
    connection: Connection, since: datetime, end: datetime, *, told_since: datetime, names: Names
) -> tuple[CheckLine, ...]:
    ended = checks.c.window_end
    found = _checks(connection, names, ended > since, ended <= end + _CONFIRMED_WITHIN, told_since=told_since)
    inside = {one.id for one in found if one.confirms is None and one.window.end <= end}
    return tuple(one for one in found if one.id in inside or one.confirms in inside)


def _checks(
    connection: Connection, names: Names, *conditions: ColumnElement[bool], told_since: datetime | None = None
) -> tuple[CheckLine, ...]:
    plain = (
        "id", "monitor", "planned_at", "started_at", "finished_at", "outcome", "verdict", "level", "reason",
        "model_version", "model_digest", "reference_id", "explainer_digest", "confirms", "n_seen", "n_drawn",
        "n_explained",
    )  # fmt: skip
    sentence: ColumnElement[str] = checks.c.sentence
    if told_since is not None:
        sentence = case(((checks.c.window_end > told_since) | (checks.c.level > 0), checks.c.sentence), else_="")
    query = select(
        *(checks.c[name] for name in plain), checks.c.window_start, checks.c.window_end, sentence.label("sentence")
    ).where(*conditions, *of(checks.c.monitor, names))
    return tuple(
        CheckLine(
            **{name: row[name] for name in plain},
            window=Window(start=row["window_start"], end=row["window_end"]),
            sentence=row["sentence"],
        )
        for row in connection.execute(query.order_by(checks.c.monitor, checks.c.planned_at)).mappings()
    )


def _week_number(connection: Connection) -> ColumnElement[int]:
    """Weeks since Monday 1970-01-05 of the second before a window's end, as `reports.weeks.Week.of_window` has it."""
    if connection.dialect.name == "sqlite":
        seconds: ColumnElement[Any] = cast(func.strftime("%s", type_coerce(checks.c.window_end, Text)), BigInteger)
    else:
        seconds = cast(func.floor(func.extract("epoch", checks.c.window_end)), BigInteger)
    # SQLAlchemy's own division of whole numbers is a true one; these are positive, so that both databases cut.
    return (seconds - (1 + _FIRST_MONDAY)).op("/", precedence=10)(literal(_WEEK_SECONDS, BigInteger))


def _features(connection: Connection, since: datetime, end: datetime, names: Names) -> tuple[FeatureWeek, ...]:
    """Means and highest levels per monitor, week and feature, added up by the database."""
    ended = checks.c.window_end
    judged = (
        select(checks.c.id, checks.c.monitor, _week_number(connection).label("week"))
        .where(ended > since, ended <= end, checks.c.outcome == "succeeded", checks.c.confirms.is_(None))
        .where(*of(checks.c.monitor, names))
        .subquery()
    )
    part = contributions.c
    groups = (judged.c.monitor, judged.c.week, part.feature)
    numbers = (func.avg(part[name]).label(name) for name in (*_NUMBERS, *_SHARES))
    query = (
        select(*groups, func.count().label("checks"), func.max(part.level).label("level"), *numbers)
        .join(contributions, part.check_id == judged.c.id)
        .group_by(*groups)
        .order_by(*groups)
    )
    first = datetime.fromtimestamp(_FIRST_MONDAY, UTC)
    return tuple(
        FeatureWeek(**{**row, "week": first + row["week"] * _WEEK}) for row in connection.execute(query).mappings()
    )


def _carried(connection: Connection, monitor: str, start: datetime, least: int) -> Carried | None:
    """The checks at `least` or higher that the traffic before a period ended with; None where the last was lower."""
    table = checks.c
    judged = (table.monitor == monitor, table.outcome == "succeeded", table.window_end <= start)
    after = connection.execute(select(func.max(table.planned_at)).where(*judged, table.level < least)).scalar()
    raised = [*judged, table.level >= least, *([] if after is None else [table.planned_at > after])]
    since, first, last = connection.execute(
        select(func.min(table.planned_at), func.min(table.window_start), func.max(table.window_end)).where(*raised)
    ).one()
    if since is None:
        return None
    traffic = Window(start=first, end=last)
    return Carried(monitor=monitor, least=2 if least == 2 else 1, since=since, traffic=traffic)


def _explainers(connection: Connection, start: datetime, end: datetime, names: Names) -> tuple[ExplainerUse, ...]:
    table = checks.c
    groups = (table.monitor, table.explainer_digest)
    used = (
        select(
            *groups, func.count().label("checks"), func.min(table.planned_at).label("first"),
            func.max(table.planned_at).label("last"),
        )
        .where(table.planned_at >= start, table.planned_at < end, table.explainer_digest.is_not(None))
        .where(*of(table.monitor, names))
        .group_by(*groups)
    ).subquery()  # fmt: skip
    same = (table.monitor == used.c.monitor) & (table.planned_at == used.c.first)
    query = select(used, table.explainer).join(checks, same).order_by(used.c.monitor, used.c.first)
    return tuple(
        ExplainerUse(
            monitor=row["monitor"],
            digest=row["explainer_digest"],
            engine=row["explainer"]["engine"],
            exact=row["explainer"]["exact"],
            scale=row["explainer"]["scale"],
            libraries=row["explainer"]["libraries"],
            checks=row["checks"],
            first=row["first"],
            last=row["last"],
        )
        for row in connection.execute(query).mappings()
    )


def _rows_kept(connection: Connection, start: datetime, end: datetime, names: Names) -> dict[str, int]:
    table = checks.c
    query = (
        select(table.monitor, func.count().label("n"))
        .join(attributions, attributions.c.check_id == table.id)
        .where(table.planned_at >= start, table.planned_at < end, *of(table.monitor, names))
        .group_by(table.monitor)
    )
    return {row.monitor: row.n for row in connection.execute(query)}


_AGES: tuple[tuple[Table, str], ...] = (
    (checks, "planned_at"),
    (telemetry_days, "day"),
    (telemetry_buckets, "start"),
    (unexplained, "day"),
    (explanation_errors, "day"),
    (privacy_incidents, "day"),
)


def _oldest(connection: Connection) -> dict[str, datetime]:
    found = {table.name: connection.execute(select(func.min(table.c[name]))).scalar() for table, name in _AGES}
    return {name: moment for name, moment in found.items() if moment is not None}
