"""Is the database as this code needs it, and may this user write to it? Looks, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, inspect, text

from monitor.store import served_tables  # noqa: F401  the schema is made of all tables
from monitor.store.engine import Database
from monitor.store.tables import SCHEMA_VERSION, metadata

_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found there."""

    label: str
    """The store as people may see it."""
    version: str | None
    """The migration the database is at; None when it has none."""
    expected: str
    missing: tuple[str, ...]
    """Tables, and columns as table.column, that this schema has and the database has not."""
    refused: tuple[str, ...]
    """Why this user cannot write, in words; empty when it can."""
    clock: datetime | None
    """The server's clock, aware; None for a file, which has none."""


def examine(database: Database) -> Examination:
    """Raises StoreError when the database does not answer, or is an SQLite file that cannot be written."""
    with database.session(writes=True) as connection:  # an SQLite writer takes its lock at once, and writes nothing
        version = database.version(connection)
        migrated = version is not None
        server = migrated and not database.sqlite
        return Examination(
            label=database.label,
            version=version,
            expected=SCHEMA_VERSION,
            missing=_missing(connection) if version == SCHEMA_VERSION else (),
            refused=_refused(connection) if server else (),
            clock=None if database.sqlite else connection.execute(text("SELECT clock_timestamp()")).scalar(),
        )


def _missing(connection: Connection) -> tuple[str, ...]:
    inspector = inspect(connection)
    tables = set(inspector.get_table_names())
    found: list[str] = []
    for name, table in metadata.tables.items():
        if name not in tables:
            found.append(name)
            continue
        there = {column["name"] for column in inspector.get_columns(name)}
        found += [f"{name}.{column.name}" for column in table.columns if column.name not in there]
    return tuple(found)


def _refused(connection: Connection) -> tuple[str, ...]:
    found = []
    if connection.execute(text("SELECT pg_is_in_recovery()")).scalar():
        found.append("the server is a standby and takes no writes")
    elif connection.execute(text("SELECT current_setting('transaction_read_only')")).scalar() == "on":
        found.append("transactions of this user or database are read only")
    tables = set(inspect(connection).get_table_names()) & set(metadata.tables)
    may = text("SELECT has_table_privilege(quote_ident(:name), :right)")
    for right in _RIGHTS:
        without = [
            name for name in sorted(tables) if not connection.execute(may, {"name": name, "right": right}).scalar()
        ]
        if without:
            more = f" and {len(without) - 3} more" if len(without) > 3 else ""
            found.append(f"no right to {right} on {', '.join(without[:3])}{more}")
    return tuple(found)
