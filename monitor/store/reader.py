"""The role of PostgreSQL that dashboards read with: the views of views.py and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from monitor.errors import StoreError
from monitor.store import migrate, views
from monitor.store.engine import Database

STATEMENT_TIMEOUT = "30s"
"""Longest query of a reader: a dashboard that is refreshed must not pile up work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What became of a role."""

    role: str
    created: bool
    """False when it was there before."""
    views: tuple[str, ...]
    """What it may read."""


def create_reader(database: Database, role: str, password: str | None) -> Reader:
    """Create a role, or bring it to where it should be; safe to repeat. Without a password an old one stays.

    Raises StoreError on SQLite, for a role that is more than a reader, and where the user of the store may not.
    """
    if database.sqlite:
        raise StoreError(
            database.label,
            seen="SQLite, which has no roles",
            expected="PostgreSQL",
            hint="dashboards show the rows of a store on PostgreSQL only; those from Prometheus need no role",
        )
    with database.write() as connection:
        migrate.alone(connection)
        views.refresh(connection)
        created = _create(connection, role, database.label)
        _limit(connection, role, password)
        too_much = _readable_tables(connection, role)
        if too_much:
            raise StoreError(
                f"role {role}",
                seen=f"it may read {', '.join(too_much[:3])}{' ...' if len(too_much) > 3 else ''} all the same",
                expected="a role that can read the views grafana_* only",
                hint="take away what PUBLIC or roles that it is a member of may read, or choose another name",
            )
    return Reader(role=role, created=created, views=tuple(views.VIEWS))


def _create(connection: Connection, role: str, store: str) -> bool:
    found = connection.execute(
        text("SELECT rolsuper, rolname = current_user AS own FROM pg_roles WHERE rolname = :role"), {"role": role}
    ).one_or_none()
    if found is not None and (found.rolsuper or found.own):
        raise StoreError(
            f"role {role}",
            seen="the user of the store itself" if found.own else "a superuser",
            expected="a role of its own for reading",
            hint="choose another name, as in xdrift_reader",
        )
    may = connection.execute(text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"))
    if found is None and not may.scalar_one():
        raise StoreError(
            store,
            seen="a user that may not create roles",
            expected=f"the right CREATEROLE, or a role {role} that is there already",
            hint=f"let an administrator run CREATE ROLE {role} LOGIN, then run this again",
        )
    if found is None:
        connection.exec_driver_sql(f"CREATE ROLE {views.quoted(connection, role)} LOGIN")
    return found is None


def _limit(connection: Connection, role: str, password: str | None) -> None:
    name = views.quoted(connection, role)
    if password is not None:
        _run(connection, f"ALTER ROLE {name} LOGIN PASSWORD '{_scrambled(connection, role, password)}'")
    schema, catalogue = connection.execute(text("SELECT current_schema(), current_database()")).one()
    in_schema, in_database = views.quoted(connection, schema), views.quoted(connection, catalogue)
    _run(connection, f"ALTER ROLE {name} IN DATABASE {in_database} SET default_transaction_read_only = on")
    _run(connection, f"ALTER ROLE {name} IN DATABASE {in_database} SET statement_timeout = '{STATEMENT_TIMEOUT}'")
    _run(connection, f"ALTER ROLE {name} IN DATABASE {in_database} SET search_path = {in_schema}")
    _run(connection, f"REVOKE ALL ON ALL TABLES IN SCHEMA {in_schema} FROM {name}")
    _run(connection, f"GRANT USAGE ON SCHEMA {in_schema} TO {name}")
    views.grant(connection, role)


def _run(connection: Connection, statement: str) -> None:
    """As it is: a percent sign is no place for a parameter."""
    connection.exec_driver_sql(statement.replace("%", "%%"))


def _scrambled(connection: Connection, role: str, password: str) -> str:
    """The password as PostgreSQL keeps it: in clear it would stand in the server's log."""
    driver: Any = connection.connection.driver_connection
    scrambled = driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return str(scrambled.decode("ascii"))


def _readable_tables(connection: Connection, role: str) -> list[str]:
    """Tables of the store that the role may read in spite of all."""
    query = text(
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
        "AND relkind IN ('r', 'p') AND has_table_privilege(:role, oid, 'SELECT') ORDER BY 1"
    )
    return list(connection.execute(query, {"role": role}).scalars())
