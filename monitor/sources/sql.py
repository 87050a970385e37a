"""Reading from any SQLAlchemy database: one read-only snapshot, errors without passwords, user queries kept single."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from monitor.errors import ConfigError, SourceError
from monitor.sources.columns import nearest

_CONNECT_ARGS: dict[str, dict[str, Any]] = {
    "postgresql": {"connect_timeout": 10},
    "mysql": {"connect_timeout": 10},
    "mariadb": {"connect_timeout": 10},
    "sqlite": {"timeout": 10},
}
"""Dialect to arguments that end a wait for a database that does not answer, in seconds."""


def safe_url(url: str) -> str:
    """The URL without password and options, for people."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        return "(malformed URL)"
    return parsed.set(query={}).render_as_string(hide_password=True)


@contextmanager
def reading(url: str, what: str) -> Iterator[sa.Connection]:
    """A connection that sees one state of the database and cannot write. Every database error is a SourceError."""
    engine, shown = _engine(url, what), safe_url(url)
    try:
        try:
            connection = engine.connect()
        except sa.exc.SQLAlchemyError as error:
            raise SourceError(
                f"database of {what} cannot be reached",
                seen=f"{shown}: {_cause(error, url)}",
                expected="a database that answers",
                hint="check url, network and credentials",
            ) from error
        with connection:
            _snapshot(connection)
            yield connection
    except sa.exc.SQLAlchemyError as error:
        raise SourceError(
            f"database of {what} refused a query",
            seen=f"{shown}: {_cause(error, url)}",
            hint="check table, query and rights",
        ) from error
    finally:
        engine.dispose()


def single_select(query: str, what: str) -> str:
    """The query without its final semicolon. Raises ConfigError for several statements or anything but a SELECT."""
    bare = _without_literals(query)
    statements = [part for part in bare.split(";") if part.strip()]
    if len(statements) != 1:
        raise ConfigError(
            f"query of {what} is not one statement", seen=f"{len(statements)} statements", expected="one SELECT"
        )
    if not re.match(r"\s*[(\s]*(select|with|values|table)\b", bare, re.IGNORECASE):
        raise ConfigError(
            f"query of {what} is not a SELECT",
            seen=query.strip().splitlines()[0][:80],
            expected="SELECT or WITH ... SELECT",
        )
    return query[: bare.index(";")] if ";" in bare else query


def relation(connection: sa.Connection, *, table: str | None, query: str | None, what: str) -> sa.FromClause:
    """The table or wrapped query with its columns. Raises SourceError for a table that is not there."""
    if query is not None:
        # A newline first, so that a comment at its end cannot swallow the closing bracket.
        text = single_select(query, what).replace(":", r"\:") + "\n"
        probe: Any = sa.text(text).columns().subquery("source")
    else:
        schema, _, name = str(table).rpartition(".")
        if not sa.inspect(connection).has_table(name, schema=schema or None):
            raise _no_table(connection, name, schema or None, what)
        probe = sa.table(name, schema=schema or None)
    found = connection.execute(sa.select(sa.text("*")).select_from(probe).where(sa.false())).keys()
    columns: list[sa.ColumnClause[Any]] = [sa.column(one) for one in found]
    if query is not None:
        return sa.text(text).columns(*columns).subquery("source")
    return sa.table(name, *columns, schema=schema or None)


def fetch(connection: sa.Connection, query: str, what: str, *, limit: int) -> pd.DataFrame:
    """The first `limit` rows of a query as it stands, in its own order."""
    text = sa.text(single_select(query, what).replace(":", r"\:"))
    with connection.execution_options(yield_per=min(limit, 10_000)).execute(text) as result:
        return frame(result.fetchmany(limit), list(result.keys()))


def frame(rows: Sequence[Any], columns: Sequence[str]) -> pd.DataFrame:
    """Fetched rows as a frame; no value is converted."""
    return pd.DataFrame.from_records([tuple(row) for row in rows], columns=list(columns))


def _engine(url: str, what: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        _require_file(parsed, what)
        arguments = _CONNECT_ARGS.get(parsed.get_backend_name(), {})
        arguments = {key: value for key, value in arguments.items() if key not in parsed.query}
        return sa.create_engine(parsed, poolclass=NullPool, connect_args=arguments, hide_parameters=True)
    except (sa.exc.ArgumentError, ValueError):  # the message would repeat the URL with its password
        raise SourceError(
            f"url of {what} is malformed",
            expected="dialect+driver://user:password@host:port/database, or sqlite:///file",
            hint="special characters in a password must be percent-encoded",
        ) from None
    except ModuleNotFoundError as error:
        extra = "pip install 'xdrift[postgres]'" if error.name == "psycopg" else f"install the package {error.name}"
        raise SourceError(f"driver for {safe_url(url)} is not installed", seen=error, hint=extra) from error


def _require_file(url: sa.URL, what: str) -> None:
    """SQLite would create the file that is missing."""
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return
    if not Path(name).is_file():
        raise SourceError(
            f"database of {what} does not exist",
            seen=name,
            expected="an SQLite file",
            hint=None if Path(name).is_absolute() else f"a relative path is looked up in {Path.cwd()}",
        )


def _snapshot(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN")


def _cause(error: Exception, url: str) -> str:
    """The driver's own words in one line, the password struck out should it appear."""
    text = " ".join(str(getattr(error, "orig", None) or error).split())
    password = sa.make_url(url).password
    return text.replace(str(password), "***") if password else text


def _no_table(connection: sa.Connection, name: str, schema: str | None, what: str) -> SourceError:
    inspector = sa.inspect(connection)
    known = sorted([*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)])
    place = f" in schema {schema}" if schema else ""
    return SourceError(
        f"table of {what} does not exist",
        seen=nearest(f"{schema}.{name}" if schema else name, known),
        expected=f"a table or view{place}: {', '.join(known[:20]) or 'there is none'}",
        hint="correct table; another schema is written schema.table",
    )


def _without_literals(query: str) -> str:
    """The query, same length, with strings, quoted names and comments blanked, so that `;` means a separator."""
    quoted = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/"
    return re.sub(quoted, lambda found: " " * len(found[0]), query, flags=re.DOTALL)
