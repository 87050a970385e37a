"""What is left of every error budget, without reading a month of rows for every scrape.

Kept in memory between snapshots: the checks of the period, to which a refresh adds those finished meanwhile, and the
buckets of the explanation log, of which a refresh reads the latest day. A budget is at most REFRESH old, and a snapshot
spends at most about ALLOWANCE on them: what did not fit is older by one snapshot.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Double,
    RowMapping,
    Text,
    cast,
    func,
    literal,
    select,
    type_coerce,
)

from monitor.slo import BUCKET_SECONDS, COUNTED, INCIDENT_SECONDS, VERDICT_VIEWS, Buckets, CheckFact, Facts, budgets
from monitor.store import maintenance
from monitor.store.served_tables import telemetry_buckets
from monitor.store.tables import checks
from monitor.types import Maintenance, SloStatus

REFRESH = timedelta(minutes=1)
ALLOWANCE = timedelta(seconds=0.8)
REREAD = timedelta(days=1)
"""Buckets of so long are read again at every refresh: records come late."""
REREAD_ALL = timedelta(hours=6)
"""All buckets of the period are read again so often: some records come very late."""
_OVERLAP = timedelta(hours=1)
"""A check is saved a moment after it finished; clocks of two machines differ."""

Slos = tuple[SloStatus, ...]


@dataclass(slots=True, kw_only=True)
class _Known:
    """What is kept of one monitor."""

    key: object
    read: bool = False
    """The checks of the period are here."""
    complete: bool = False
    """So is what the period began with."""
    checks: dict[float, CheckFact] = field(default_factory=dict)
    """By planned time."""
    buckets: Buckets | None = None
    buckets_read_at: datetime | None = None
    """When all of them were read."""
    worked_out_at: datetime | None = None
    slos: Slos = ()


class Budgets:
    """The budgets of all monitors of one store, for snapshots of any thread."""

    def __init__(self, *, allowance: timedelta | None = ALLOWANCE) -> None:
        """`allowance`: time that one look may take; None for all that it needs, where nobody waits for a scrape."""
        self._allowance = allowance
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._upto: datetime | None = None

    def read(self, connection: Connection, monitors: Sequence[RowMapping], now: datetime) -> dict[str, Slos]:
        """Monitor to its objectives and what is left; `remaining` is None where there was no time yet to find out."""
        with self._lock:
            if self._upto is not None and now < self._upto:
                self._known, self._upto = {}, None
            rows = {row["name"]: row for row in monitors if row["slo"]}
            self._known = {name: self._of(row) for name, row in rows.items()}
            due = sorted((name for name in rows if self._due(name, now)), key=self._age)
            if due:
                self._refresh(connection, [rows[name] for name in due], now)
            return {name: known.slos for name, known in self._known.items()}

    def _of(self, row: RowMapping) -> _Known:
        key = (row["created_at"], row["interval_seconds"], row["earlier_intervals"], row["slo"])
        known = self._known.get(row["name"])
        if known is None:
            return _Known(key=key, slos=_unknown(row["slo"]))
        if known.key != key:
            known.key, known.worked_out_at, known.slos = key, None, _unknown(row["slo"])
        return known

    def _due(self, name: str, now: datetime) -> bool:
        at = self._known[name].worked_out_at
        return at is None or now - at >= REFRESH

    def _age(self, name: str) -> float:
        at = self._known[name].worked_out_at
        return 0.0 if at is None else at.timestamp()

    def _refresh(self, connection: Connection, rows: Sequence[RowMapping], now: datetime) -> None:
        until = math.inf if self._allowance is None else time.monotonic() + self._allowance.total_seconds()
        since = min(now - _period(row) for row in rows)
        self._read_checks(connection, since, now)
        declared = maintenance.listing(connection, since=since)
        for row in rows:
            known = self._known[row["name"]]
            start = now - _period(row)
            if not known.complete:
                self._add_before(connection, row["name"], start)
                known.complete = True
            if "coverage" in row["slo"]["objectives"]:
                _read_buckets(connection, known, row["name"], start, now)
            else:
                known.buckets = None
            known.checks = _trimmed(known.checks, start.timestamp())
            known.slos = _worked_out(row, known, declared, now)
            known.worked_out_at = now
            if time.monotonic() > until:
                return

    def _read_checks(self, connection: Connection, since: datetime, now: datetime) -> None:
        """Checks finished since the latest look; of a monitor that is new here, those of the period."""
        new = [name for name, known in self._known.items() if not known.read]
        if self._upto is None:
            self._add(connection, checks.c.finished_at >= since)
        else:
            if new:
                self._add(connection, checks.c.finished_at >= since, checks.c.monitor.in_(new))
            self._add(connection, checks.c.finished_at >= max(since, self._upto - _OVERLAP))
        for known in self._known.values():
            known.read = True
        self._upto = now

    def _add(self, connection: Connection, *conditions: Any, limit: int | None = None) -> None:
        moments = (_seconds(connection, checks.c.planned_at), _seconds(connection, checks.c.finished_at))
        levels = (checks.c[f"level_{view}"] for view in VERDICT_VIEWS)
        query = select(checks.c.monitor, *moments, checks.c.outcome, *levels).where(*conditions)
        if limit is not None:
            query = query.order_by(checks.c.planned_at.desc()).limit(limit)
        for monitor, planned_at, finished_at, outcome, *found in connection.execute(query).all():
            known = self._known.get(monitor)
            if known is not None:
                known.checks[planned_at] = CheckFact(planned_at, finished_at, outcome, tuple(found))

    def _add_before(self, connection: Connection, name: str, start: datetime) -> None:
        """What the period began with."""
        before = (checks.c.monitor == name, checks.c.planned_at < start, checks.c.finished_at < start)
        self._add(connection, *before, checks.c.outcome == "succeeded", limit=1)
        for view in VERDICT_VIEWS:
            self._add(connection, *before, checks.c[f"level_{view}"].is_not(None), limit=2)


def _seconds(connection: Connection, moment: Column[datetime]) -> ColumnElement[Any]:
    """A time as seconds since 1970, made by the database: making datetimes of 70,000 of them would take longest."""
    if connection.dialect.name != "sqlite":
        return cast(func.extract("epoch", moment), Double)
    text = type_coerce(moment, Text)  # 2024-01-01 00:00:03.123456, UTC
    return _whole_seconds(connection, moment) + cast(literal("0").concat(func.substr(text, 20)), Double)


def _whole_seconds(connection: Connection, moment: Column[datetime]) -> ColumnElement[int]:
    """The same of times on whole seconds."""
    if connection.dialect.name != "sqlite":
        return cast(func.extract("epoch", moment), BigInteger)
    return cast(func.strftime("%s", type_coerce(moment, Text)), BigInteger)


def _trimmed(found: Mapping[float, CheckFact], start: float) -> dict[float, CheckFact]:
    """Without what is older than the period, but for what it began with."""
    kept = {planned: check for planned, check in found.items() if check.finished_at >= start}
    before = sorted(check for check in found.values() if check.finished_at < start)
    needed = [check for check in before if check.outcome == "succeeded"][-1:]
    for view in range(len(VERDICT_VIEWS)):
        needed += [check for check in before if check.levels[view] is not None][-2:]
    return {**{check.planned_at: check for check in needed}, **kept}


def _read_buckets(connection: Connection, known: _Known, name: str, start: datetime, now: datetime) -> None:
    """Bring the buckets up to date. Half an hour before the period is kept too, for the burn rate at its begin."""
    first = _number(start - timedelta(seconds=INCIDENT_SECONDS))
    again, read_at, old = _number(now - REREAD), known.buckets_read_at, known.buckets
    kept = None if old is None else (old.numbers >= first) & (old.numbers < again)
    late = read_at is None or now - read_at >= REREAD_ALL
    # A log that was there before its monitor, or that was out of reach for days, adds old buckets all at once.
    if old is None or kept is None or late or kept.sum() != _count(connection, name, first, again):
        known.buckets, known.buckets_read_at = _buckets(connection, name, first), now
        return
    new = _buckets(connection, name, again)
    known.buckets = Buckets(
        numbers=np.concatenate([old.numbers[kept], new.numbers]), counts=np.concatenate([old.counts[kept], new.counts])
    )


def _count(connection: Connection, name: str, first: int, end: int) -> int:
    """How many buckets there are from one on, before another one; answered by the index alone."""
    start = telemetry_buckets.c.start
    query = select(func.count()).where(
        telemetry_buckets.c.monitor == name, start >= _moment(first), start < _moment(end)
    )
    return int(connection.execute(query).scalar_one())


def _buckets(connection: Connection, name: str, first: int) -> Buckets:
    """The buckets from one on."""
    start = telemetry_buckets.c.start
    query = (
        select(_whole_seconds(connection, start), *(telemetry_buckets.c[column] for column in COUNTED))
        .where(telemetry_buckets.c.monitor == name, start >= _moment(first))
        .order_by(start)
    )
    flat = chain.from_iterable(connection.execute(query).all())
    table = np.fromiter(flat, np.int64).reshape(-1, 1 + len(COUNTED))
    return Buckets(numbers=table[:, 0] // BUCKET_SECONDS, counts=table[:, 1:])


def _number(moment: datetime) -> int:
    return int(moment.timestamp() // BUCKET_SECONDS)


def _moment(number: int) -> datetime:
    return datetime.fromtimestamp(number * BUCKET_SECONDS, UTC)


def _worked_out(row: RowMapping, known: _Known, declared: Iterable[Maintenance], now: datetime) -> Slos:
    mine = [(one.start.timestamp(), one.end.timestamp()) for one in declared if one.monitor == row["name"]]
    facts = Facts(
        created_at=row["created_at"].timestamp(),
        interval_seconds=row["interval_seconds"],
        earlier_intervals=row["earlier_intervals"] or (),
        checks=list(known.checks.values()),
        maintenance=mine,
        buckets=known.buckets,
    )
    objectives, period = row["slo"]["objectives"], _period(row).total_seconds()
    return budgets(facts, objectives, period_seconds=period, now=now.timestamp())


def _period(row: RowMapping) -> timedelta:
    return timedelta(seconds=row["slo"]["period_seconds"])


def _unknown(slo: Mapping[str, Any]) -> Slos:
    """Objectives of which nothing more is known yet."""
    return tuple(
        SloStatus(slo=name, objective=objective, period_seconds=slo["period_seconds"], remaining=None)
        for name, objective in slo["objectives"].items()
    )
