"""Reading a table: rows in the order of a serial number, and those that were committed late.

A serial number is given out when a row is inserted, and seen when its transaction commits: a number may be missing
first and come later. Numbers that were passed over are remembered and asked for again, for a while.

Where numbers begin again, other records stand under numbers that were read: some rows are remembered, from the first
one read to the latest, and looked at again by every poll.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from monitor.errors import SourceError
from monitor.settings import TelemetrySettings
from monitor.sources.explanation_log.fetching import Row, fetch
from monitor.sources.explanation_log.gathering import Gathering, Lines, Positions
from monitor.sources.explanation_log.marking import Mark, judged
from monitor.sources.explanation_log.splitting import LINE_LIMIT
from monitor.sources.sql import reading, relation

LATE = timedelta(minutes=15)
"""How long a number that was passed over is asked for again: the longest transaction that inserts records."""
FIRST_GAP = 10_000
"""Numbers before the very first row found that may still come."""
MOST_GAPS = 1_000
"""Runs of missing numbers that are remembered; of more, the oldest are given up."""
MOST_MARKS = 16
"""Rows remembered, to tell a table that was begun again from one that is behind, as a replica is."""
_PAGE = 5_000
_ASKED_AT_ONCE = 50
_WHAT = "explanation log"


@dataclass(slots=True)
class Reached:
    """How far a table was read."""

    name: str
    last: int | None = None
    gaps: list[tuple[int, int, float]] = field(default_factory=list)
    """(first, last, when noted in seconds since 1970) of runs of numbers that were passed over, ascending."""
    marks: list[Mark] = field(default_factory=list)
    """Some rows that were read, ascending by number."""

    @classmethod
    def of(cls, saved: Mapping[str, Any] | None, name: str) -> Reached:
        """From the positions; from the start when they are of another table."""
        if not saved or saved["name"] != name:
            return cls(name)
        gaps = [tuple(one) for one in saved.get("gaps", ())]
        return cls(name, saved["last"], gaps, [Mark(*one) for one in saved.get("marks", ())])

    def saved(self) -> Positions:
        gaps, marks = ([list(one) for one in many] for many in (self.gaps, self.marks))
        return {"table": {"name": self.name, "last": self.last, "gaps": gaps, "marks": marks}}

    def mark(self, row: Mark) -> None:
        """Remember a row; of too many every second one is let go, so that they go on reaching back to the first."""
        if self.marks and self.marks[-1].number == row.number:
            return
        self.marks = [*(self.marks[::2] if len(self.marks) >= MOST_MARKS else self.marks), row]

    def forget(self, now: datetime) -> int:
        """Give up what did not come in time; the number of runs given up early, because there are too many."""
        oldest = (now - LATE).timestamp()
        young = [gap for gap in self.gaps if gap[2] >= oldest]
        self.gaps = young[-MOST_GAPS:]
        return len(young) - len(self.gaps)

    def passed(self, number: int, now: datetime) -> None:
        """A row beyond the last one."""
        expected = number - FIRST_GAP if self.last is None else self.last + 1
        if number > expected:
            self.gaps.append((expected, number - 1, now.timestamp()))
        self.last = number

    def filled(self, number: int) -> None:
        """A row that came late."""
        for index, (low, high, noted) in enumerate(self.gaps):
            if low <= number <= high:
                rest = [(low, number - 1, noted), (number + 1, high, noted)]
                self.gaps[index : index + 1] = [gap for gap in rest if gap[0] <= gap[1]]
                return


def read_table(settings: TelemetrySettings, positions: Positions, *, now: datetime) -> Generator[Lines]:
    """Batches of the rows added since `positions`, up to the largest number as it was when reading began.

    Raises:
        SourceError: no answer, no such table or column, a number that is none, repeats or goes back; and, when all
            else was given out, rows without a number.
    """
    assert settings.table is not None  # the validator of TelemetrySettings
    gathering = Gathering()
    source = _Table(settings)
    largest, unnumbered = source.bounds()
    reached = _known_again(source, Reached.of(positions.get("table"), settings.table), largest, gathering)
    given_up = reached.forget(now)
    if given_up:
        gathering.notes.append(f"{given_up} runs of numbers missing in {settings.table} are not asked for any more")
    latest: tuple[int, Row] | None = None
    for rows, late in source.rows(reached, largest):
        for number, row in rows:
            if late:
                reached.filled(number)
            else:
                reached.passed(number, now)
                latest = (number, row)
                if not reached.marks:
                    reached.mark(source.mark(*latest))
            size = _size(row)
            if size > LINE_LIMIT:
                gathering.refuse(settings.table, number, size, "too_long")
            else:
                gathering.add(settings.table, number, row, size)
            if gathering.full:
                if latest:
                    reached.mark(source.mark(*latest))
                    latest = None
                yield gathering.take(reached.saved())
    if latest:
        reached.mark(source.mark(*latest))
    reached.forget(now)
    yield gathering.take(reached.saved(), last=not unnumbered)
    if unnumbered:
        raise source.wrong("rows in which it is NULL, which are not counted", "a number of its own for every row")


def _known_again(source: _Table, reached: Reached, largest: int | None, gathering: Gathering) -> Reached:
    """How far the table was read; nothing of it when other records stand under the numbers that were read, or, where
    numbers went back, none at all.

    Raises SourceError: numbers went back, and what was read earlier is still there, as in a replica that is behind.
    """
    if largest is None or reached.last is None:
        return reached
    there = source.there(reached.marks)
    same, others = judged(reached.marks, there)
    back = largest < reached.last
    if others > same or (back and reached.marks and not there):
        gathering.notes.append(
            f"numbers of {reached.name} begin again: {reached.last} had been read, now other records stand there; "
            "read from the beginning"
        )
        return Reached(reached.name)
    if back:
        raise source.wrong(f"{largest}, after {reached.last} had been read", "a number that only grows")
    if others:
        gathering.notes.append(
            f"{others} of {same + others} rows of {reached.name} that are looked at again are other records than those "
            "that were read under their numbers; reading goes on behind the last one"
        )
    reached.marks = [there.get(mark.number, mark) for mark in reached.marks]
    return reached


class _Table:
    """The questions asked; each in a transaction of its own, so that none is held open for long."""

    def __init__(self, settings: TelemetrySettings) -> None:
        self._url, self._table, self._order = str(settings.url), str(settings.table), str(settings.order)
        self._columns = settings.columns

    def bounds(self) -> tuple[int | None, bool]:
        """(the largest number there is, whether there are rows without a number)."""
        with reading(self._url, _WHAT) as connection:
            source, order = self._source(connection)
            found = connection.execute(sa.select(sa.func.max(order)).select_from(source)).scalar()
            without = connection.execute(sa.select(sa.literal(1)).select_from(source).where(order.is_(None)).limit(1))
            return None if found is None else self._number(found), without.first() is not None

    def there(self, marks: Sequence[Mark]) -> dict[int, Mark]:
        """What stands now under the numbers of these rows. Raises SourceError: two rows under one."""
        names = (self._columns.record_id, self._columns.timestamp)
        with reading(self._url, _WHAT) as connection:
            source, order = self._source(connection)
            wanted = {self._order, *names, *(name.partition(".")[0] for name in names)}
            query = sa.select(*(one for one in source.c if one.name in wanted))
            query = query.where(order.in_([mark.number for mark in marks])).order_by(order)
            found = self._numbered(fetch(connection, query, order))
        return {number: self.mark(number, row) for number, row in found}

    def mark(self, number: int, row: Row) -> Mark:
        """By which the row is known again."""
        return Mark.of(number, row, self._columns)

    def rows(self, reached: Reached, largest: int | None) -> Iterator[tuple[list[tuple[int, Row]], bool]]:
        """(page of rows by their number, whether they came late)."""
        gaps = [gap[:2] for gap in reached.gaps]
        for first in range(0, len(gaps), _ASKED_AT_ONCE):
            asked = gaps[first : first + _ASKED_AT_ONCE]
            start = asked[0][0] - 1
            while page := self._page(start, asked[-1][1], within=asked):
                yield page, True
                start = page[-1][0]
        while largest is not None and (page := self._page(reached.last, largest)):
            yield page, False

    def _page(
        self, after: int | None, until: int, within: list[tuple[int, int]] | None = None
    ) -> list[tuple[int, Row]]:
        """The next rows by number, `after` excluded and `until` included."""
        with reading(self._url, _WHAT) as connection:
            source, order = self._source(connection)
            # One row more, to see whether it has the number of the last one: the next page begins behind that.
            query = sa.select(source).where(order <= until).order_by(order).limit(_PAGE + 1)
            if after is not None:
                query = query.where(order > after)
            if within is not None:
                query = query.where(sa.or_(*(order.between(low, high) for low, high in within)))
            return self._numbered(fetch(connection, query, order))[:_PAGE]

    def _numbered(self, found: list[Row]) -> list[tuple[int, Row]]:
        """Rows with their numbers, ascending. Raises SourceError: one that is none, or of two rows."""
        page = [(self._number(row[self._order]), row) for row in found]
        for (number, _), (following, _) in pairwise(page):
            if number == following:
                raise self.wrong(f"{number} more than once", "a number of its own for every row")
        return page

    def _source(self, connection: sa.Connection) -> tuple[sa.FromClause, Any]:
        source = relation(connection, table=self._table, query=None, what=_WHAT)
        if self._order not in source.c:
            raise SourceError(
                f"column {self._order} of {self._table}", seen=f"columns {', '.join(source.c.keys())}",
                expected="the serial number named by telemetry.order", hint="correct telemetry.order",
            )  # fmt: skip
        return source, source.c[self._order]

    def _number(self, value: Any) -> int:
        try:
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            raise self.wrong(f"a value of type {type(value).__name__}", "whole numbers") from None
        if isinstance(value, str) or number != value:
            raise self.wrong(f"a value of type {type(value).__name__}", "whole numbers")
        return number

    def wrong(self, seen: str, expected: str) -> SourceError:
        """What is no serial number."""
        return SourceError(
            f"telemetry.order {self._order} of {self._table}", seen=seen, expected=expected,
            hint="name a serial number (identity column) that the database gives to each new row",
        )  # fmt: skip


def _size(row: Row) -> int:
    """Bytes of a row, roughly: the text in it; JSON columns that the driver has parsed count by their keys."""
    return sum(len(value) * (1 if isinstance(value, str | bytes) else 40) for value in row.values()
               if isinstance(value, str | bytes | dict | list)) + 8 * len(row)  # fmt: skip


def rows_of(settings: TelemetrySettings) -> dict[str, Any]:
    """The table and its largest number, for people. Raises SourceError as `read_table` does."""
    return {"table": settings.table, "largest": _Table(settings).bounds()[0]}
