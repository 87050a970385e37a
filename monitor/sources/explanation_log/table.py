"""Reading a table: rows in the order of a serial number, and those that were committed late.

A serial number is given out when a row is inserted, and seen when its transaction commits: a number may be missing
first and come later. Numbers that were passed over are remembered and asked for again, for a while.

Where numbers begin again, other records stand under numbers that were read: some rows are remembered by a digest of
their id, from the first one read to the latest, and looked at again by every poll.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from monitor.errors import SourceError
from monitor.settings import TelemetrySettings
from monitor.sources.explanation_log.gathering import Gathering, Lines, Positions
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
    marks: list[tuple[int, str]] = field(default_factory=list)
    """(number, digest of its record id) of some rows that were read, ascending."""

    @classmethod
    def of(cls, saved: Mapping[str, Any] | None, name: str) -> Reached:
        """From the positions; from the start when they are of another table."""
        if not saved or saved["name"] != name:
            return cls(name)
        gaps, marks = ([tuple(one) for one in saved.get(key, ())] for key in ("gaps", "marks"))
        return cls(name, saved["last"], gaps, marks)

    def saved(self) -> Positions:
        gaps, marks = ([list(one) for one in many] for many in (self.gaps, self.marks))
        return {"table": {"name": self.name, "last": self.last, "gaps": gaps, "marks": marks}}

    def mark(self, number: int, digest: str) -> None:
        """Remember a row; of too many every second one is let go, so that they go on reaching back to the first."""
        self.marks = [*(self.marks[::2] if len(self.marks) >= MOST_MARKS else self.marks), (number, digest)]

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
        SourceError: no answer, no such table or column, a number that is none, repeats or begins again.
    """
    assert settings.table is not None  # the validator of TelemetrySettings
    assert settings.url is not None
    reached = Reached.of(positions.get("table"), settings.table)
    gathering = Gathering()
    source = _Table(settings.url, settings.table, str(settings.order), settings.columns.record_id)
    largest = source.largest()
    if source.begun_again(reached, largest):
        gathering.notes.append(
            f"numbers of {settings.table} begin again: {reached.last} had been read, now other records stand there; "
            "read from the beginning"
        )
        reached = Reached(settings.table)
    given_up = reached.forget(now)
    if given_up:
        gathering.notes.append(f"{given_up} runs of numbers missing in {settings.table} are not asked for any more")
    latest: tuple[int, Mapping[str, Any]] | None = None
    for rows, late in source.rows(reached, largest):
        for number, row in rows:
            if late:
                reached.filled(number)
            else:
                reached.passed(number, now)
                latest = (number, row)
            size = _size(row)
            if size > LINE_LIMIT:
                gathering.refuse(settings.table, number, size, "too_long")
            else:
                gathering.add(settings.table, number, row, size)
            if gathering.full:
                if latest:
                    reached.mark(latest[0], source.digest(latest[1]))
                    latest = None
                yield gathering.take(reached.saved())
    if latest:
        reached.mark(latest[0], source.digest(latest[1]))
    reached.forget(now)
    yield gathering.take(reached.saved(), last=True)


class _Table:
    """The questions asked; each in a transaction of its own, so that none is held open for long."""

    def __init__(self, url: str, table: str, order: str, record_id: str) -> None:
        self._url, self._table, self._order, self._record_id = url, table, order, record_id

    def largest(self) -> int | None:
        """The largest number there is."""
        with reading(self._url, _WHAT) as connection:
            source, order = self._source(connection)
            found = connection.execute(sa.select(sa.func.max(order)).select_from(source)).scalar()
        return None if found is None else self._number(found)

    def begun_again(self, reached: Reached, largest: int | None) -> bool:
        """Whether other records stand under the numbers that were read, or, where numbers went back, none at all.

        Raises SourceError: numbers went back, and what was read earlier is still there, as in a replica that is behind.
        """
        if largest is None or reached.last is None:
            return False
        with reading(self._url, _WHAT) as connection:
            source, order = self._source(connection)
            query = sa.select(source).where(order.in_([number for number, _ in reached.marks]))
            found = [dict(row) for row in connection.execute(query).mappings()]
        there = {self._number(row[self._order]): self.digest(row) for row in found}
        if any(there.get(number, digest) != digest for number, digest in reached.marks):
            return True
        if largest >= reached.last:
            return False
        if there or not reached.marks:
            raise self._wrong(f"{largest}, after {reached.last} had been read", "a number that only grows")
        return True

    def digest(self, row: Mapping[str, Any]) -> str:
        """By which a row is known again: of its record id, or of the column that holds it."""
        name = self._record_id if self._record_id in row else self._record_id.partition(".")[0]
        return blake2b(str(row.get(name)).encode(errors="replace"), digest_size=8).hexdigest()

    def rows(self, reached: Reached, largest: int | None) -> Iterator[tuple[list[tuple[int, dict[str, Any]]], bool]]:
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
    ) -> list[tuple[int, dict[str, Any]]]:
        """The next rows by number, `after` excluded and `until` included."""
        with reading(self._url, _WHAT) as connection:
            source, order = self._source(connection)
            query = sa.select(source).where(order <= until).order_by(order).limit(_PAGE)
            if after is not None:
                query = query.where(order > after)
            if within is not None:
                query = query.where(sa.or_(*(order.between(low, high) for low, high in within)))
            found = [dict(row) for row in connection.execute(query).mappings()]
        page = [(self._number(row[self._order]), row) for row in found]
        for (number, _), (following, _) in pairwise(page):
            if number == following:
                raise self._wrong(f"{number} more than once", "a number of its own for every row")
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
            raise self._wrong(f"a value of type {type(value).__name__}", "whole numbers") from None
        if isinstance(value, str) or number != value:
            raise self._wrong(f"a value of type {type(value).__name__}", "whole numbers")
        return number

    def _wrong(self, seen: str, expected: str) -> SourceError:
        return SourceError(
            f"telemetry.order {self._order} of {self._table}", seen=seen, expected=expected,
            hint="name a serial number (identity column) that the database gives to each new row",
        )  # fmt: skip


def _size(row: Mapping[str, Any]) -> int:
    """Bytes of a row, roughly: the text in it; JSON columns that the driver has parsed count by their keys."""
    return sum(len(value) * (1 if isinstance(value, str | bytes) else 40) for value in row.values()
               if isinstance(value, str | bytes | dict | list)) + 8 * len(row)  # fmt: skip


def rows_of(settings: TelemetrySettings) -> dict[str, Any]:
    """The table and its largest number, for people. Raises SourceError as `read_table` does."""
    source = _Table(str(settings.url), str(settings.table), str(settings.order), settings.columns.record_id)
    return {"table": settings.table, "largest": source.largest()}
