"""What people read when the database refuses."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
import traceback
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from monitor.errors import StoreError
from monitor.store import Store

SECOND = timedelta(seconds=1)
on_postgres = pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True, scope="session"
)


def complete(error: StoreError) -> bool:
    """Names thing, seen, expected and next step."""
    return None not in (error.thing, error.seen, error.expected, error.hint)


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("xdrift.db", "not an SQLAlchemy URL"),
        ("postgresql://ann:hush@host:port/x", "not an SQLAlchemy URL"),
        ("mysql://ann:hush@host/x", "mysql"),
        ("postgresql+psycopg2://ann:hush@host/x", r"postgresql\+psycopg2"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_a_url_that_cannot_work_is_refused_without_its_password(url, seen):
    with pytest.raises(StoreError, match=seen) as caught:
        Store.open(url)

    assert "hush" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("driver", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_name_postgresql_means_the_same_driver(driver):
    with Store.open(f"{driver}://host/x") as store:
        assert store._database.engine.dialect.driver == "psycopg"


def test_an_unreachable_server_is_named_without_its_password(make):
    with (
        Store.open("postgresql://ann:hush@127.0.0.1:1/x", wait=SECOND) as store,
        pytest.raises(StoreError, match=r"store postgresql://127\.0\.0\.1:1/x; seen: .*refused") as caught,
    ):
        store.checks()

    assert complete(caught.value)
    assert "hush" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.postgres
def test_a_missing_database_is_named(postgres_server):
    with (
        Store.open(f"postgresql://{postgres_server}/nowhere") as store,
        pytest.raises(StoreError, match="expected: a database of that name") as caught,
    ):
        store.ping()

    assert complete(caught.value)


@on_postgres
def test_a_user_without_rights_is_told_which(store, url, make):
    with store._database.session() as connection:
        connection.exec_driver_sql("CREATE ROLE guest LOGIN")
        connection.exec_driver_sql("GRANT SELECT ON alembic_version TO guest")
    with (
        Store.open(url.replace("xdrift@", "guest@")) as guest,
        pytest.raises(StoreError, match="expected: the right to read and write") as caught,
    ):
        guest.checks()

    assert complete(caught.value)


def test_a_lock_that_is_held_too_long_is_reported(store, url, make):
    with store._database.write() as connection:
        connection.exec_driver_sql("UPDATE monitors SET owner = 'someone'")
        with (
            Store.open(url, wait=timedelta(seconds=0.2)) as other,
            pytest.raises(StoreError, match="within the time to wait") as caught,
        ):
            make.register(other)

    assert complete(caught.value)
    make.register(store)


def test_a_lock_that_is_given_back_in_time_is_waited_for(store, url, make):
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with store._database.write() as connection:
            connection.exec_driver_sql("UPDATE monitors SET owner = 'someone'")
            held.set()
            release.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    threading.Timer(0.2, release.set).start()
    with Store.open(url, wait=timedelta(seconds=20)) as other:
        make.register(other)
    thread.join()

    assert store.snapshot(make.start).monitors[0].owner == "team-risk"


@on_postgres
def test_a_broken_connection_is_replaced(store, url, make):
    with Store.open(url) as other:
        other.ping()
        with store._database.session() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        assert other.checks() == []


@pytest.fixture
def file(tmp_path: Path, make) -> Path:
    path = tmp_path / "xdrift.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.upgrade()
        make.register(store)
    return path


def test_a_full_disk_is_reported_and_nothing_is_half_written(file, make):
    with Store.open(f"sqlite:///{file}") as store:
        held = make.claim(store)
        pages = store._database.engine
        pages.dispose()
        event.listen(pages, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count = 80"))
        big = make.check(0, rows=tuple(make.attribution(number, inputs={"x": "y" * 900}) for number in range(500)))
        with pytest.raises(StoreError, match="disk is full; expected: free space") as caught:
            store.finish(held, big)
        assert complete(caught.value)
        assert store.checks() == []

        store.finish(held, make.bare(0))
        assert store.checks()[0].id == make.bare(0).id


def test_a_directory_that_does_not_exist_is_reported(tmp_path):
    with (
        Store.open(f"sqlite:///{tmp_path}/none/xdrift.db") as store,
        pytest.raises(StoreError, match="expected: a directory that exists and may be written") as caught,
    ):
        store.upgrade()

    assert complete(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("closed", ["directory", "file"])
def test_a_place_that_may_not_be_written_is_reported(make, closed):
    def attempt(number: int) -> str:
        if os.geteuid() == 0:
            os.setuid(65534)  # no permission stops root
        with Store.open(f"sqlite:///{place}/xdrift.db") as store:
            try:
                store.upgrade()
            except StoreError as error:
                return str(error)
        return "upgraded"

    with tempfile.TemporaryDirectory() as name:  # pytest's own directories are closed to others than their owner
        place = Path(name)
        if closed == "file":
            (place / "xdrift.db").touch(0o444)
        place.chmod(0o777 if closed == "file" and os.geteuid() == 0 else 0o555)
        (message,) = make.together(1, attempt)
        place.chmod(0o700)

    assert "may be written; next: " in message


def test_a_file_that_is_no_database_is_reported(tmp_path):
    (tmp_path / "xdrift.db").write_text("once upon a time, there was no database\n" * 50)
    with (
        Store.open(f"sqlite:///{tmp_path}/xdrift.db") as store,
        pytest.raises(StoreError, match="expected: an SQLite file of xdrift") as caught,
    ):
        store.checks()

    assert complete(caught.value)


def test_messages_and_their_causes_carry_no_inputs(file, make):
    with Store.open(f"sqlite:///{file}") as store:
        held = make.claim(store)
        rows = (make.attribution(0, inputs={"iban": "DE44"}), make.attribution(1, row_id=None))
        with pytest.raises(StoreError) as caught:
            store.finish(held, make.check(0, rows=rows))

    assert "DE44" not in "".join(traceback.format_exception(caught.value))


def test_sqlite_is_used_as_documented(file):
    with Store.open(f"sqlite:///{file}") as store, store._database.write() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }

    assert found == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 30000}
    assert sqlite3.connect(file).execute("PRAGMA integrity_check").fetchone() == ("ok",)
