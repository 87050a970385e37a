"""Views for dashboards, on PostgreSQL only: the contract with Grafana, behind which tables may change.

A reader sees these views and no table. They hold no value of an input, no text of an error and nothing of their own,
so that they can be made again at any time; who may read them is kept across that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256

from sqlalchemy import Connection, text

from monitor.store.view_checks import VIEWS as OF_CHECKS
from monitor.store.view_events import VIEWS as OF_EVENTS
from monitor.store.view_serving import VIEWS as OF_SERVING

VIEWS = {**OF_CHECKS, **OF_SERVING, **OF_EVENTS}
"""Name to the SELECT that it is."""


def refresh(connection: Connection) -> bool:
    """Make the views as this code has them; whether anything had to be done. The caller holds the upgrade's lock."""
    if _found(connection) == _wanted():
        return False
    with replaced(connection):
        return True


@contextmanager
def replaced(connection: Connection) -> Iterator[None]:
    """Without views inside, so that tables can change; with those of this code after, and with the same readers."""
    readers = _readers(connection)
    for name in _found(connection):
        # Not CASCADE: a view that somebody built on ours stops the upgrade, and is named.
        connection.exec_driver_sql(f"DROP VIEW {quoted(connection, name)}")
    yield
    for name, digest in _wanted().items():
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {VIEWS[name]}".replace("%", "%%"))
        connection.exec_driver_sql(f"COMMENT ON VIEW {name} IS '{digest}'")
    for reader in readers:
        grant(connection, reader)


def grant(connection: Connection, role: str) -> None:
    """Let a role read every view."""
    connection.exec_driver_sql(f"GRANT SELECT ON {', '.join(VIEWS)} TO {quoted(connection, role)}")


def _wanted() -> dict[str, str | None]:
    """Every view with the comment that says what it was made of."""
    return {name: f"xdrift {sha256(select.encode()).hexdigest()[:16]}" for name, select in VIEWS.items()}


def _found(connection: Connection) -> dict[str, str | None]:
    """Our views in the schema that is written to, with what their comments say."""
    query = text(
        "SELECT c.relname, obj_description(c.oid, 'pg_class') AS comment FROM pg_class c "
        "WHERE c.relkind = 'v' AND c.relnamespace = current_schema()::regnamespace AND c.relname LIKE 'grafana\\_%' "
        "ORDER BY c.relname"
    )
    return {row.relname: row.comment for row in connection.execute(query)}


def _readers(connection: Connection) -> Sequence[str]:
    """Roles that were given the right to read one of the views."""
    query = text(
        "SELECT DISTINCT grantee FROM information_schema.table_privileges WHERE table_schema = current_schema() "
        "AND table_name LIKE 'grafana\\_%' AND privilege_type = 'SELECT' AND grantee <> current_user ORDER BY 1"
    )
    return connection.execute(query).scalars().all()


def quoted(connection: Connection, name: str) -> str:
    """The name of a role, schema or view as SQL has it."""
    return "PUBLIC" if name == "PUBLIC" else connection.dialect.identifier_preparer.quote_identifier(name)
