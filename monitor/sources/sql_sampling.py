"""Samples from a database: drawn inside it where it knows md5, else streamed through `sampling.draw`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from monitor.errors import DataError
from monitor.sources import sampling
from monitor.sources.ranks import rank_text
from monitor.sources.sampling import Drawn, Request, Seen, whole_number
from monitor.sources.sql import frame
from monitor.sources.times import MISSING, instant, local_bound, micros, to_micros, wrong_kind

PUSHED = frozenset({"postgresql", "sqlite"})
"""Dialects that rank and cut the rows themselves, with the very ranks of `ranks.rank`."""

MOST_OF_ONE = 1000
"""Rows of one id that are looked at: there should be one."""

_OFFSET = timedelta(hours=14)
"""The largest offset from UTC in use: the day written in a text is at most so far from the day in UTC."""


def draw(connection: sa.Connection, rows: sa.FromClause, request: Request) -> tuple[Drawn, Drawn, Seen]:
    """Sample, priority rows and what is known of all rows in the window."""
    probe = _probe(connection, rows, request)
    if probe is None:
        return *(2 * (_nothing(request),)), Seen(0, None)
    if connection.dialect.name in PUSHED:
        return draw_pushed(connection, rows, request, probe)
    return draw_streamed(connection, rows, request, probe)


def find(connection: sa.Connection, rows: sa.FromClause, request: Request, row_id: str) -> pd.DataFrame:
    """Every row of the window with this id, at most `MOST_OF_ONE`: time, id and the wanted columns."""
    names = list(dict.fromkeys((request.time, str(request.id), *request.wanted)))
    probe = _probe(connection, rows, request)
    if probe is None:
        return pd.DataFrame(columns=names)
    helper = _SQLite(connection, request) if connection.dialect.name == "sqlite" else None
    inside = _condition(rows, request, probe)
    if helper:
        inside = sa.and_(inside, helper.exact(rows.c[request.time]))
    statement = sa.select(*(rows.c[name] for name in names)).where(_is(connection, rows, request, row_id), inside)
    found = connection.execute(statement.order_by(rows.c[request.time]).limit(MOST_OF_ONE)).fetchall()
    if helper:
        helper.raise_first_error()
    return frame(found, names)


def _is(connection: sa.Connection, rows: sa.FromClause, request: Request, row_id: str) -> Any:
    """The condition on the id in the column's own type, which an index can serve; else on its text."""
    column = rows.c[str(request.id)]
    one = connection.execute(sa.select(column).where(column.is_not(None)).limit(1)).scalar()
    if isinstance(one, str):
        return column == sa.literal(row_id, sa.Text)
    if isinstance(one, int) and not isinstance(one, bool) and (whole := whole_number(row_id)) is not None:
        return column == sa.literal(whole, sa.BigInteger)
    return sa.cast(column, sa.Text) == row_id


def draw_pushed(
    connection: sa.Connection, rows: sa.FromClause, request: Request, probe: Any
) -> tuple[Drawn, Drawn, Seen]:
    """Statements on one snapshot: count and newest time, sample, priority rows."""
    helper = _SQLite(connection, request) if connection.dialect.name == "sqlite" else None
    inside = _condition(rows, request, probe)
    if helper:
        inside = sa.and_(inside, helper.exact(rows.c[request.time]))
    key = rows.c[request.id] if request.id else rows.c[request.time]
    counted = sa.select(sa.func.count(), sa.func.count(key), sa.func.max(rows.c[request.time])).where(inside)
    n_seen, n_keys, last = connection.execute(counted).one()
    if helper:
        helper.raise_first_error()
    if n_keys < n_seen:
        raise sampling.null_ids(str(request.id), n_seen - n_keys)
    if n_seen == 0:
        return *(2 * (_nothing(request),)), Seen(0, None)
    newest = _newest(connection, rows, request, inside, last=last, helper=helper)
    ranked = _ranked(rows, request, inside, helper)
    sample = _take(connection, ranked, request, n=request.rows)
    priority = _nothing(request)
    if request.priority and request.priority_rows:
        sampling.flags(sample.frame[request.priority], request.priority)  # a cast would read any text as some flag
        every = ranked.subquery("ranked")
        flagged = sa.select(every).where(sa.cast(every.c[request.priority], sa.Boolean).is_(True))
        priority = _take(connection, flagged, request, n=request.priority_rows)
    if helper:
        helper.raise_first_error()
    return sample, priority, Seen(int(n_seen), newest)


def draw_streamed(
    connection: sa.Connection, rows: sa.FromClause, request: Request, probe: Any
) -> tuple[Drawn, Drawn, Seen]:
    """Any database that can stream: two passes, ranked here."""
    inside = _condition(rows, request, probe)
    order = [] if request.id else [rows.c[name] for name in dict.fromkeys((request.time, *request.wanted))]

    def scan(columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        statement = sa.select(*(rows.c[name] for name in columns)).where(inside).order_by(*order)
        for part in _stream(connection, statement, request.batch_rows):
            yield frame(part, columns)

    return sampling.draw(scan, request)


def _nothing(request: Request) -> Drawn:
    columns = [*request.wanted, *([request.priority] if request.priority else [])]
    return Drawn(frame=pd.DataFrame(columns=list(dict.fromkeys(columns))), keys=(), times=np.empty(0, np.int64))


def _probe(connection: sa.Connection, rows: sa.FromClause, request: Request) -> Any:
    """One time of the table, None when it holds none. Raises DataError when windows cannot be cut in that column."""
    column, what = rows.c[request.time], f"time column {request.time}"
    # SQLite may mix types in one column and sorts numbers before text: the smallest value shows them.
    pick = sa.func.min(column) if connection.dialect.name == "sqlite" else column
    found = connection.execute(sa.select(pick).where(column.is_not(None)).limit(1)).scalar()
    if found is None:
        return None
    if isinstance(found, str) and connection.dialect.name != "sqlite":
        raise DataError(
            f"{what} is text",
            seen=repr(found),
            expected="a timestamp column",
            hint="cast it in predictions.query, as in CAST(ts AS timestamptz)",
        )
    if isinstance(found, str) and not (found[:4].isdigit() and found[4:5] == "-" and found[7:8] == "-"):
        raise wrong_kind(found, what)
    instant(found, request.zone, what)
    return found


def _condition(rows: sa.FromClause, request: Request, probe: Any) -> Any:
    """The window in the column's own type. For text (SQLite) a superset by whole days, which an index can serve."""
    column, window = rows.c[request.time], request.window
    if isinstance(probe, str):
        low, high = (window.start - _OFFSET).date(), (window.end + _OFFSET).date() + timedelta(days=1)
        return sa.and_(column >= low.isoformat(), column < high.isoformat())
    if isinstance(probe, datetime) and probe.tzinfo is not None:
        kind: Any = sa.DateTime(timezone=True)
        bounds = window.start, window.end
    else:
        assert request.zone is not None  # _probe refuses naive times without a zone
        kind, bounds = sa.DateTime(), (local_bound(window.start, request.zone), local_bound(window.end, request.zone))
    return sa.and_(column >= sa.literal(bounds[0], kind), column < sa.literal(bounds[1], kind))


def _newest(
    connection: sa.Connection, rows: sa.FromClause, request: Request, inside: Any, *, last: Any, helper: _SQLite | None
) -> int:
    """Microseconds of the newest row, where `last` is the largest time as it is stored.

    A text that sorts last need not be the newest time, since offsets differ. A newer one is written as of the day that
    the last one is in UTC less the largest offset, or a later day: few rows need a call of the function.
    """
    found = instant(last, request.zone, f"time column {request.time}")
    if helper is None:
        return micros(found)
    column, first = rows.c[request.time], (found.astimezone(UTC) - _OFFSET).date()
    late = sa.select(sa.func.max(helper.time(column))).where(inside, column >= first.isoformat())
    newest = connection.execute(late).scalar_one()
    helper.raise_first_error()
    return int(newest)


def _ranked(rows: sa.FromClause, request: Request, inside: Any, helper: _SQLite | None) -> Any:
    """Every row of the window with its key and rank."""
    names = list(dict.fromkeys((*request.wanted, request.time, *([request.priority] if request.priority else []))))
    if request.id:
        key = sa.cast(rows.c[request.id], sa.Text)
    else:
        time = helper.time(rows.c[request.time]) if helper else rows.c[request.time]
        position = sa.func.row_number().over(order_by=[time, *(rows.c[name] for name in names)]) - 1
        rows = (
            sa.select(*(rows.c[name] for name in names), position.label("xdrift_key")).where(inside).subquery("inside")
        )
        key, inside = sa.cast(rows.c.xdrift_key, sa.Text), sa.true()
    if helper:
        rank = helper.rank(key)
    else:
        prefixed = sa.literal(f"{request.seed}:", sa.Text).concat(key)
        rank = sa.collate(sa.func.left(sa.func.md5(prefixed), 16), "C")
    columns = [rows.c[name] for name in names]
    return sa.select(*columns, key.label("xdrift_key"), rank.label("xdrift_rank")).where(inside)


def _take(connection: sa.Connection, ranked: Any, request: Request, *, n: int) -> Drawn:
    """The n rows of smallest rank."""
    columns = ranked.selected_columns
    statement = ranked.order_by(columns.xdrift_rank, columns[request.time], columns.xdrift_key).limit(n)
    names = [column.name for column in columns]
    parts = [frame(part, names) for part in _stream(connection, statement, request.batch_rows)]
    if not parts:
        return _nothing(request)
    found = pd.concat(parts, ignore_index=True)
    times = to_micros(found[request.time], request.zone, f"time column {request.time}")
    keys = [str(key) for key in found["xdrift_key"]]
    return Drawn.choose(found.drop(columns=["xdrift_key", "xdrift_rank"]), keys, times, seed=request.seed, n=n)


def _stream(connection: sa.Connection, statement: Any, batch_rows: int) -> Iterator[Sequence[Any]]:
    """Rows through a server-side cursor, batch by batch."""
    result = connection.execution_options(yield_per=batch_rows).execute(statement)
    with result:
        yield from result.partitions()


class _SQLite:
    """What SQLite lacks, as functions of this connection: md5 ranks, and exact times from ISO text.

    An exception inside such a function would reach the caller as a bare OperationalError, so the first is kept.
    """

    def __init__(self, connection: sa.Connection, request: Request) -> None:
        self.request, self.what = request, f"time column {request.time}"
        self.error: DataError | None = None
        driver: Any = connection.connection.driver_connection
        driver.create_function("xdrift_rank", 1, self._rank, deterministic=True)
        driver.create_function("xdrift_time", 1, self._time, deterministic=True)

    def rank(self, key: Any) -> Any:
        return sa.func.xdrift_rank(key)

    def time(self, column: Any) -> Any:
        return sa.func.xdrift_time(column)

    def exact(self, column: Any) -> Any:
        """The condition that a row of `_condition` lies in the window, to the microsecond.

        Whatever its offset, a text of a day between these two is inside: most rows need no call of the function.
        """
        window = self.request.window
        first = (window.start + _OFFSET).date() + timedelta(days=1)
        end = (window.end - timedelta(days=1) - _OFFSET).date() + timedelta(days=1)
        within = self.time(column).between(micros(window.start), micros(window.end) - 1)
        if first >= end:
            return within
        return sa.or_(sa.and_(column >= first.isoformat(), column < end.isoformat()), within)

    def raise_first_error(self) -> None:
        if self.error is not None:
            raise self.error

    def _rank(self, key: str) -> str:
        return rank_text(self.request.seed, key)

    def _time(self, value: Any) -> int:
        try:
            return micros(instant(value, self.request.zone, self.what))
        except DataError as error:
            self.error = self.error or error
            return MISSING
