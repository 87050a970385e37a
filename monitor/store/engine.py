"""One database: how it is opened, which transactions it knows, and the check that its schema fits this code."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from monitor.errors import StoreError
from monitor.store.columns import dumps
from monitor.store.faults import label, reported
from monitor.store.tables import SCHEMA_VERSION

_EXPECTED = "sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    # What a bare name means differs between SQLAlchemy 2.0 and 2.1.
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """What is done when a connection or a lock keeps somebody waiting."""

    after: timedelta
    tell: Callable[[str], None]
    """Called once per wait, from another thread, with the store as people may see it."""


class Database:
    """Connections and transactions. Belongs to the process that made it; threads may share it."""

    def __init__(self, url: str, wait: timedelta, patience: Patience | None = None) -> None:
        self.url = parse_url(url)
        self.patience = patience
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.wait = wait
        self.engine = _engine(self.url, wait)
        self._fits = False

    @property
    def label(self) -> str:
        return label(self.url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout and writes nothing."""
        options: dict[str, Any] = {}
        if not self.sqlite:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self.session(**options) as connection:
            self._limit(connection, "statement_timeout")
            self.require_schema(connection)
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is saved as a whole when the block ends well, and not at all otherwise."""
        with self.session(writes=True) as connection:
            self._limit(connection, "lock_timeout")
            self.require_schema(connection)
            yield connection

    @contextmanager
    def session(self, *, create: bool = False, **options: Any) -> Iterator[Connection]:
        """A transaction whatever the schema. `create` makes a missing SQLite file; otherwise it is an error."""
        if self.sqlite and not create and not self._fits and not self.exists():
            raise self._not_migrated("no such file")
        with reported(self.url), ExitStack() as stack:
            with self._told_of_waiting():
                connection = stack.enter_context(self.engine.connect().execution_options(**options))
                stack.enter_context(connection.begin())
                if self.sqlite and self.patience is not None:
                    # A reader takes its lock with its first statement: here, so that waiting for it is told as well.
                    connection.exec_driver_sql("SELECT 1 FROM sqlite_master")
            yield connection

    @contextmanager
    def _told_of_waiting(self) -> Iterator[None]:
        """Somebody at a terminal hears what is waited for when it takes more than a moment."""
        if self.patience is None:
            yield
            return
        told = threading.Timer(self.patience.after.total_seconds(), self.patience.tell, [self.label])
        told.daemon = True
        told.start()
        try:
            yield
        finally:
            told.cancel()

    def exists(self) -> bool:
        """False for an SQLite file that is not there yet. Raises StoreError where it could not even be made."""
        if not self.sqlite:
            return True
        file = Path(str(self.url.database))
        if not file.parent.is_dir():
            raise StoreError(
                self.label, seen=f"no directory {file.parent}", expected="a directory that exists and may be written",
                hint="create the directory or correct store.url",
            )  # fmt: skip
        return file.exists()

    def version(self, connection: Connection) -> str | None:
        """The migration that the database is at; None when it was never migrated."""
        if not connection.dialect.has_table(connection, "alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    def enable_wal(self) -> None:
        """Make an SQLite file, if need be, and let readers and one writer work at the same time; kept in the file."""
        deadline = time.monotonic() + self.wait.total_seconds()
        while True:
            try:
                with reported(self.url), self.engine.connect().execution_options(transaction=False) as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                return
            except StoreError as error:
                # Two processes that switch at once: SQLite refuses the second without waiting.
                if "locked" not in str(error.seen) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def close(self) -> None:
        self.engine.dispose()

    def _limit(self, connection: Connection, setting: str) -> None:
        # SQLite has its own limit since the connection was opened. SET LOCAL passes through connection poolers.
        if not self.sqlite:
            connection.exec_driver_sql(f"SET LOCAL {setting} = {int(self.wait.total_seconds() * 1000)}")

    def require_schema(self, connection: Connection) -> None:
        """Raises StoreError for a schema that is missing, older or newer than this code."""
        if self._fits:
            return
        found = self.version(connection)
        if found is None:
            raise self._not_migrated("no schema")
        if found < SCHEMA_VERSION:
            raise self._not_migrated(f"schema {found}")
        if found > SCHEMA_VERSION:
            raise StoreError(
                self.label,
                seen=f"schema {found}",
                expected=f"schema {SCHEMA_VERSION}, the newest this version of xdrift knows",
                hint="a newer xdrift migrated this database: upgrade xdrift here as well",
            )
        self._fits = True

    def _not_migrated(self, seen: str) -> StoreError:
        return StoreError(self.label, seen=seen, expected=f"schema {SCHEMA_VERSION}", hint="run `xdrift db upgrade`")


def parse_url(url: str) -> URL:
    """Raises StoreError for anything but a file of SQLite or a database of PostgreSQL; never shows the password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError("store.url", seen="not an SQLAlchemy URL", expected=_EXPECTED) from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise StoreError("store.url", seen=parsed.drivername, expected=_EXPECTED)
    parsed = parsed.set(drivername=driver)
    if driver == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError(
            "store.url",
            seen="an SQLite database in memory",
            expected="sqlite:///FILE",
            hint="checks run in processes of their own and need a file to share",
        )
    return parsed


def _engine(url: URL, wait: timedelta) -> Engine:
    seconds = wait.total_seconds()
    if url.get_backend_name() == "sqlite":
        # hide_parameters: a message in a log must not carry inputs of predictions.
        engine = create_engine(url, json_serializer=dumps, hide_parameters=True, connect_args={"timeout": seconds})
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options = {} if "connect_timeout" in url.query else {"connect_timeout": max(2, min(10, round(seconds)))}
    try:
        return create_engine(url, json_serializer=dumps, hide_parameters=True, pool_pre_ping=True, connect_args=options)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(
            label(url), seen=str(error), expected="the PostgreSQL driver", hint="pip install 'xdrift[postgres]'"
        ) from error


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own idea of transactions would begin them late and as readers: _begin_sqlite does it instead.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    # FULL syncs the log at every commit, so that a saved check also survives a power cut; NORMAL would lose the last
    # ones. A check commits a handful of times: the price is milliseconds.
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("transaction", True):
        # A writer takes the lock at once: one that read first could find the file changed and fail without waiting.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")
