"""Rows of a table as the driver gives them, also where there is one among them that it cannot give.

A driver decodes all values of what it fetches, and raises for one that Python has none for: a time that is infinite or
behind the year 9999, JSON with a thousand levels or a number of thousands of digits, text in another encoding. Such a
value is asked for again as the text that the database has for it: its row is judged by that, and no other row by it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_UNDECODABLE = (sa.exc.DBAPIError, ArithmeticError, NotImplementedError, RecursionError, ValueError)
"""Raised while rows are fetched: by drivers, and by the parsers that they call."""

Row = dict[str, Any]


def fetch(connection: sa.Connection, query: sa.Select[Any], order: sa.ColumnElement[Any]) -> list[Row]:
    """The rows of a query, in its order; what cannot be decoded as text, with a lone surrogate for a byte that is none.

    `order`: a column of the query, equal in few rows, by which it is sorted.
    """
    try:
        return _rows(connection, query)
    except _UndecodableError:
        return _Apart(connection, query, order).rows()


class _UndecodableError(Exception):
    """The database answered, and the driver could not say what."""


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[Row]:
    answer = connection.execute(query)  # what the database refuses is raised here
    try:
        return [dict(row) for row in answer.mappings()]
    except _UNDECODABLE as error:
        raise _UndecodableError from error


class _Apart:
    """Fetches rows with values that cannot be decoded apart from the others."""

    def __init__(self, connection: sa.Connection, query: sa.Select[Any], order: sa.ColumnElement[Any]) -> None:
        self._connection, self._order = connection, order
        self._columns = [one for one in query.selected_columns if not self._decodable(query.with_only_columns(one))]
        """Those in which such values are."""
        self._numbers = connection.execute(query.with_only_columns(order)).scalars().all()
        # Without some of its rows, a query for so many of them would go on behind the last.
        self._query = query.where(order.between(self._numbers[0], self._numbers[-1]))

    def rows(self) -> list[Row]:
        blamed = self._blamed(list(dict.fromkeys(self._numbers)))
        found = _rows(self._connection, self._query.where(self._order.not_in(blamed)))
        return sorted([*found, *self._as_text(blamed)], key=lambda row: row[str(self._order.key)])

    def _decodable(self, query: sa.Select[Any]) -> bool:
        try:
            _rows(self._connection, query)
        except _UndecodableError:
            return False
        return True

    def _blamed(self, numbers: list[Any]) -> list[Any]:
        """The numbers of rows that cannot be decoded, found by halving."""
        within = self._order.between(numbers[0], numbers[-1])
        if self._decodable(self._query.with_only_columns(*self._columns).where(within)):
            return []
        middle = len(numbers) // 2
        return [*self._blamed(numbers[:middle]), *self._blamed(numbers[middle:])] if middle else numbers

    def _as_text(self, numbers: list[Any]) -> list[Row]:
        # SQLite takes any bytes for text, and gives them out as they are only as a BLOB.
        text = sa.LargeBinary() if self._connection.dialect.name == "sqlite" else sa.Text()
        columns = [
            sa.cast(one, text).label(str(one.key)) if one in self._columns else one
            for one in self._query.selected_columns
        ]
        query = self._query.with_only_columns(*columns).where(self._order.in_(numbers))
        found = [dict(row) for row in self._connection.execute(query).mappings()]
        for name in (str(one.key) for one in self._columns):
            for row in found:
                if isinstance(row[name], bytes):
                    row[name] = row[name].decode("utf-8", "surrogateescape")
        return found
