"""Views for dashboards on PostgreSQL: made by the upgrade, made again without losing readers, and all a reader sees."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from monitor.errors import StoreError
from monitor.store import Store, migrate, views
from monitor.store.engine import Database

pytestmark = pytest.mark.postgres
WAIT = timedelta(seconds=20)


@pytest.fixture
def fresh(postgres_url: str) -> Any:
    database = Database(postgres_url, WAIT)
    migrate.upgrade(database)
    yield database
    database.close()


def ask(database: Database, query: str) -> list[Any]:
    with database.session() as connection:
        return list(connection.execute(text(query)))


def found(database: Database) -> set[str]:
    return {name for (name,) in ask(database, "SELECT viewname FROM pg_views WHERE viewname LIKE 'grafana%'")}


def as_role(database: Database, role: str, query: str) -> list[Any]:
    with database.session() as connection:
        connection.exec_driver_sql(f"SET LOCAL ROLE {role}")
        return list(connection.execute(text(query)))


@pytest.fixture
def role(fresh: Database) -> Any:
    """Roles belong to the server, which outlives the database of a test."""
    name = f"reader_{fresh.url.database}"
    yield name
    with fresh.session(writes=True) as connection:
        if connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name}).first():
            connection.exec_driver_sql(f"DROP OWNED BY {name}")
            connection.exec_driver_sql(f"DROP ROLE {name}")


def test_an_upgrade_makes_every_view(fresh: Database) -> None:
    assert found(fresh) == views.VIEWS.keys()


def test_a_second_upgrade_leaves_them_as_they_are(fresh: Database) -> None:
    before = ask(fresh, "SELECT relname, oid FROM pg_class WHERE relname LIKE 'grafana%' ORDER BY 1")
    migrate.upgrade(fresh)

    assert ask(fresh, "SELECT relname, oid FROM pg_class WHERE relname LIKE 'grafana%' ORDER BY 1") == before


def test_views_of_another_version_are_replaced_and_readers_stay(
    fresh: Database, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(fresh)
    store.create_reader(role)
    other = {**views.VIEWS, "grafana_monitors": "SELECT m.name AS monitor FROM monitors m"}
    monkeypatch.setattr(views, "VIEWS", {**other, "grafana_retired": "SELECT 1 AS one"})
    migrate.upgrade(fresh)
    assert "grafana_retired" in found(fresh)

    monkeypatch.undo()
    migrate.upgrade(fresh)

    assert found(fresh) == views.VIEWS.keys()
    assert as_role(fresh, role, "SELECT monitor, owner FROM grafana_monitors") == []
    assert as_role(fresh, role, "SELECT count(*) FROM grafana_check_runs") == [(0,)]


def test_tables_can_change_under_them(fresh: Database) -> None:
    """A view holds on to the columns it reads: a migration runs without views."""
    with fresh.session(writes=True) as connection, views.replaced(connection):
        connection.exec_driver_sql("ALTER TABLE findings ALTER COLUMN statistic TYPE numeric")
        connection.exec_driver_sql("ALTER TABLE findings ALTER COLUMN statistic TYPE double precision")

    assert found(fresh) == views.VIEWS.keys()


def test_a_view_that_somebody_built_on_ours_is_never_dropped(fresh: Database) -> None:
    with fresh.session(writes=True) as connection:
        connection.exec_driver_sql("CREATE VIEW mine AS SELECT monitor FROM grafana_monitors")
        connection.exec_driver_sql("COMMENT ON VIEW grafana_events IS 'of an earlier version'")

    with pytest.raises(StoreError, match="mine"):
        migrate.upgrade(fresh)
    assert found(fresh) == views.VIEWS.keys()


def test_a_reader_reads_every_view_and_no_table(fresh: Database, role: str) -> None:
    made = Store(fresh).create_reader(role, "s3cret % 'quoted'")

    assert made.created
    for view in made.views:
        as_role(fresh, role, f"SELECT * FROM {view}")
    with pytest.raises(StoreError, match="permission denied"):
        as_role(fresh, role, "SELECT * FROM attributions")


def test_making_a_reader_twice_changes_nothing_and_takes_back_what_was_too_much(fresh: Database, role: str) -> None:
    store = Store(fresh)
    store.create_reader(role)
    with fresh.session(writes=True) as connection:
        connection.exec_driver_sql(f"GRANT SELECT ON attributions TO {role}")

    assert not store.create_reader(role).created
    with pytest.raises(StoreError, match="permission denied"):
        as_role(fresh, role, "SELECT * FROM attributions")


def test_a_password_is_kept_as_a_hash_and_stays_when_none_is_given(fresh: Database, role: str) -> None:
    store = Store(fresh)
    kept = f"SELECT rolpassword FROM pg_authid WHERE rolname = '{role}'"
    store.create_reader(role, "first")
    before = ask(fresh, kept)
    store.create_reader(role)

    assert before[0][0].startswith("SCRAM-SHA-256$")
    assert ask(fresh, kept) == before


def test_a_role_that_can_read_more_is_refused(fresh: Database, role: str) -> None:
    with fresh.session(writes=True) as connection:
        connection.exec_driver_sql("GRANT SELECT ON attributions TO PUBLIC")

    with pytest.raises(StoreError, match="attributions all the same") as raised:
        Store(fresh).create_reader(role)
    assert "PUBLIC" in str(raised.value.hint)
    assert not ask(fresh, f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'"), "nothing is left behind"


def test_the_user_of_the_store_is_no_reader(fresh: Database) -> None:
    with pytest.raises(StoreError, match="the user of the store itself"):
        Store(fresh).create_reader("xdrift")


def test_a_user_without_the_right_is_told_who_can_help(fresh: Database, role: str) -> None:
    owner = f"owner_{fresh.url.database}"
    with fresh.session(writes=True) as connection:
        connection.exec_driver_sql(f"CREATE ROLE {owner} LOGIN")
        connection.exec_driver_sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {owner}")
    try:
        other = Database(fresh.url.set(username=owner).render_as_string(hide_password=False), WAIT)
        with pytest.raises(StoreError, match="may not create roles") as raised:
            Store(other).create_reader(role)
        other.close()
        assert f"CREATE ROLE {role} LOGIN" in str(raised.value.hint)
    finally:
        with fresh.session(writes=True) as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {owner}")
            connection.exec_driver_sql(f"DROP ROLE {owner}")


def test_sqlite_has_no_views_and_no_readers(tmp_path: Any) -> None:
    with Store.open(f"sqlite:///{tmp_path}/xdrift.db") as store:
        store.upgrade()
        with pytest.raises(StoreError, match="SQLite, which has no roles"):
            store.create_reader("reader")


def test_the_view_of_events_says_what_the_store_says(fresh: Database, make: Any) -> None:
    store = Store(fresh)
    make.register(store)
    for number, level in enumerate([0, 2, None, 2, 1, 0]):
        digest = ("a" if number < 3 else "b") * 64
        made = make.failed(number) if level is None else make.bare(number, level=level, model_digest=digest)
        make.save(store, made)
    severe = make.save(store, make.bare(6, level=2, model_digest="c" * 64, model_version=None))
    store.finish(make.claim(store, 6.5, confirms=severe.id), make.bare(6.5, confirms=severe.id, level=0))
    make.register(store, "fraud")
    make.save(store, make.bare(0, "fraud", level=2))
    store.save_reference(make.reference(seed=1), activate=True)
    store.start_maintenance("credit", until=make.slot(6), author="ada", reason="CHG-42", now=make.slot(1.25))
    store.end_maintenance("credit", author="bob", now=make.slot(2))
    told = store.events(since=datetime(2020, 1, 1, tzinfo=UTC))
    rows = ask(fresh, 'SELECT id, monitor, kind, "at", until, text, check_id FROM grafana_events ORDER BY "at", id')

    assert {event.kind for event in told} == {"deployment", "reference", "level", "maintenance"}
    assert any("Looked at again" in event.text for event in told)
    assert any("cccccccccccc" in event.text for event in told)
    assert [tuple(row) for row in rows] == [
        (one.id, one.monitor, one.kind, one.at, one.until, one.text, one.check_id) for one in told
    ]


def test_the_nearest_row_is_told_apart_from_one_of_the_holdout_which_has_no_page(fresh: Database, make: Any) -> None:
    store = Store(fresh)
    make.register(store)
    told = {"row_id": "h-1", "distance": 0.5, "prediction": 1.0, "differs": ["age"]}
    rows = (
        make.attribution(0, nearest_other={**told, "holdout": True}),
        make.attribution(1, nearest_other={**told, "row_id": "p-0", "holdout": False}),
        make.attribution(2, nearest_other={**told, "row_id": "p-1"}),
    )
    make.save(store, replace(make.bare(0), rows=rows))
    found = ask(fresh, "SELECT row_id, nearest_row_id, nearest_is_holdout FROM grafana_counterfactuals ORDER BY 1")

    assert [tuple(row) for row in found] == [("p-0", "h-1", True), ("p-1", "p-0", False), ("p-2", "p-1", False)]
