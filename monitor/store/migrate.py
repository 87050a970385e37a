"""Bring a database to the schema of this code."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from sqlalchemy import Connection

from monitor.store import (
    served_tables,  # noqa: F401  the schema is made of all tables
    views,
)
from monitor.store.engine import Database
from monitor.store.tables import SCHEMA_VERSION

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = int.from_bytes(b"xdrift", "big")
"""Key of the advisory lock that two upgrades of one PostgreSQL database meet at."""


def upgrade(database: Database) -> None:
    """Run the missing migrations, all in one transaction. Safe in any number of processes at once: the others wait.

    A newer schema than this code knows is refused. Raises StoreError.
    """
    if database.sqlite:
        database.enable_wal()
    with database.session(create=True, writes=True) as connection:
        if not database.sqlite:
            alone(connection)
        found = database.version(connection)
        if found is None or found < SCHEMA_VERSION:
            with nullcontext() if database.sqlite else views.replaced(connection):
                _migrate(connection)
        else:
            database.require_schema(connection)
            if not database.sqlite:
                views.refresh(connection)


def alone(connection: Connection) -> None:
    """On PostgreSQL: from here to the end of the transaction nobody else changes tables or views."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # ConfigParser reads percent signs as interpolation.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
