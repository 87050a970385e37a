"""What a database says when it refuses, turned into StoreError: which store, what was seen, expected, next step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from monitor.errors import StoreError


class Symptom(NamedTuple):
    pattern: str
    """Regular expression over the database's own message, or a SQLSTATE."""
    expected: str
    hint: str


SQLITE = (
    Symptom(
        "database( table)? is locked|database schema is locked",
        "the write lock within the time to wait",
        "find the process that holds it (lsof on the file); long writes belong to one daemon, or use PostgreSQL",
    ),
    Symptom("is full", "free space", "free space on the disk (xdrift keeps what was saved), then run again"),
    Symptom("disk i/o error", "a readable and writable file", "check the disk and its free space, then run again"),
    Symptom(
        "unable to open database file",
        "a directory that exists and may be written",
        "create the directory or correct store.url",
    ),
    Symptom("readonly|read-only", "a file and a directory that may be written", "correct owner and permissions"),
    Symptom(
        "not a database|malformed", "an SQLite file of xdrift", "correct store.url, or restore a backup of the file"
    ),
    Symptom("no such (table|column)", "the schema of this version", "run `xdrift db upgrade`"),
)

POSTGRES = (
    Symptom(
        "55P03|40P01", "the lock within the time to wait", "run again; look for long transactions in pg_stat_activity"
    ),
    Symptom("57014", "an answer within the time to wait", "run again; look at the server's load in pg_stat_activity"),
    Symptom("53100", "free space", "free space on the server's disk, then run again"),
    Symptom("53300", "a free connection", "raise max_connections, or close other clients"),
    Symptom("42P01|42703", "the schema of this version", "run `xdrift db upgrade`"),
    Symptom("42501", "the right to read and write xdrift's tables", "grant it to the user in store.url"),
    Symptom("25006", "a server that takes writes", "point store.url at the primary, not at a standby"),
    Symptom("3D000", "a database of that name", "create it, or correct store.url"),
    Symptom("28P01|28000", "a user and password that the server accepts", "correct store.url"),
)

_UNREACHABLE = Symptom(
    "", "an answer from the server", "check that it runs, and host, port, user and database in store.url"
)
_OTHER = Symptom("", "the statement to succeed", "run `xdrift db upgrade`; if that does not help, report this message")


def label(url: URL) -> str:
    """The store as people may see it: no user, no password, no options."""
    if url.get_backend_name() == "sqlite":
        return f"store sqlite:///{url.database}"
    port = f":{url.port}" if url.port else ""
    return f"store {url.get_backend_name()}://{url.host or 'localhost'}{port}/{url.database or ''}"


@contextmanager
def reported(url: URL) -> Iterator[None]:
    """Raises StoreError in place of whatever SQLAlchemy raises inside."""
    try:
        yield
    except SQLAlchemyError as error:
        raise translated(error, url) from error


def translated(error: SQLAlchemyError, url: URL) -> StoreError:
    """The StoreError for what SQLAlchemy raised, without the password."""
    original = (isinstance(error, DBAPIError) and error.orig) or error
    seen = " ".join(str(original).split())
    if url.password:
        seen = seen.replace(str(url.password), "***")
    found = _symptom(error, seen, sqlite=url.get_backend_name() == "sqlite")
    return StoreError(label(url), seen=seen[:500], expected=found.expected, hint=found.hint)


def _symptom(error: SQLAlchemyError, seen: str, *, sqlite: bool) -> Symptom:
    if sqlite:
        return next((row for row in SQLITE if re.search(row.pattern, seen, re.IGNORECASE)), _OTHER)
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state:
        return next((row for row in POSTGRES if re.search(row.pattern, state)), _OTHER)
    by_text = (  # psycopg gives no SQLSTATE when the connection was never made
        ("does not exist", "3D000"),
        ("authentication failed", "28P01"),
        ("too many clients|remaining connection slots", "53300"),
    )
    for pattern, code in by_text:
        if re.search(pattern, seen):
            return next(row for row in POSTGRES if code in row.pattern)
    return _UNREACHABLE
