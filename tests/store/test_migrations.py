from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from monitor.errors import StoreError
from monitor.store import Store, migrate
from monitor.store.engine import Database
from monitor.store.tables import SCHEMA_VERSION, metadata


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    return config


def downgrade(store: Store, version: str) -> None:
    config = alembic_config()
    with store._database.session(writes=True) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, version)


def set_version(store: Store, version: str) -> None:
    with store._database.session(writes=True) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})


def test_the_migrations_make_the_tables_that_the_code_expects(store):
    with store._database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_constraints_have_the_names_that_the_code_expects(store):
    with store._database.read() as connection:
        inspector = inspect(connection)
        for table in metadata.tables.values():
            expected = {str(constraint.name) for constraint in table.constraints}
            found = {inspector.get_pk_constraint(table.name)["name"]}
            found |= {constraint["name"] for constraint in inspector.get_foreign_keys(table.name)}
            found |= {constraint["name"] for constraint in inspector.get_unique_constraints(table.name)}
            assert found == expected


def test_the_newest_migration_is_the_schema_of_the_code():
    script = ScriptDirectory.from_config(alembic_config())

    assert script.get_heads() == [SCHEMA_VERSION]
    assert all(len(revision.revision) == 4 for revision in script.walk_revisions())


def test_an_upgrade_takes_an_empty_database_to_the_newest_schema(empty_url):
    with Store.open(empty_url) as store:
        assert store.schema_version() is None
        store.upgrade()
        assert store.schema_version() == SCHEMA_VERSION


def test_an_upgrade_of_a_current_database_changes_nothing(store, make):
    make.save(store, make.bare(0))
    store.upgrade()

    assert store.check(make.bare(0).id) == make.bare(0)


def test_a_downgrade_leaves_no_table_behind(empty_url):
    with Store.open(empty_url) as store:
        store.upgrade()
        downgrade(store, "base")
        with store._database.session() as connection:
            assert inspect(connection).get_table_names() == ["alembic_version"]


def test_checks_of_a_database_without_the_time_of_the_newest_prediction_keep_all_else(empty_url, make):
    with Store.open(empty_url) as store:
        store.upgrade()
        make.register(store)
        make.save(store, make.bare(0))
        downgrade(store, "0005")
        with store._database.session() as connection:
            for table in ("checks", "monitor_state"):
                assert "newest_at" not in {column["name"] for column in inspect(connection).get_columns(table)}
    with Store.open(empty_url) as store:
        store.upgrade()

        assert store.check(make.bare(0).id) == make.bare(0, newest_at=None)
        assert store.snapshot(make.start).monitors[0].newest_at is None
        make.save(store, make.bare(1))
        assert store.snapshot(make.start).monitors[0].newest_at == make.bare(1).newest_at


def test_many_processes_can_upgrade_at_once(empty_url, make):
    def upgrade(number: int) -> str | None:
        with Store.open(empty_url) as store:
            store.upgrade()
            return store.schema_version()

    assert make.together(4, upgrade) == [SCHEMA_VERSION] * 4


def test_a_database_without_schema_is_refused_with_the_command_that_makes_it(empty_url, make):
    with Store.open(empty_url) as store:
        for use in (store.checks, lambda: make.register(store), lambda: store.snapshot(make.start)):
            with pytest.raises(StoreError, match="expected: schema 0006; next: run `xdrift db upgrade`"):
                use()
        assert store.schema_version() is None


def test_reading_does_not_create_a_file(tmp_path):
    with Store.open(f"sqlite:///{tmp_path}/none.db") as store:
        assert store.schema_version() is None
        with pytest.raises(StoreError, match="seen: no such file"):
            store.ping()

    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def other_version(store: Store) -> Iterator[Callable[[str], Store]]:
    """Make the database say that it is at another version; undone after the test."""

    def pretend(version: str) -> Store:
        set_version(store, version)
        # What a store found out about its schema it does not ask again: look with a new one.
        return Store(Database(store._database.url.render_as_string(hide_password=False), timedelta(seconds=20)))

    yield pretend
    set_version(store, SCHEMA_VERSION)


def test_an_older_schema_is_refused_with_the_command_that_migrates_it(other_version):
    with (
        other_version("0000") as store,
        pytest.raises(StoreError, match="seen: schema 0000; expected: schema 0006; next: run `xdrift db upgrade`"),
    ):
        store.checks()


@pytest.mark.parametrize("use", [Store.checks, Store.upgrade])
def test_a_newer_schema_is_refused_and_left_alone(other_version, use):
    with other_version("0999") as store:
        with pytest.raises(StoreError, match=r"seen: schema 0999; .* upgrade xdrift here as well"):
            use(store)
        assert store.schema_version() == "0999"


def test_migrations_are_found_under_a_path_with_percent_signs(tmp_path, monkeypatch):
    shutil.copytree(migrate.MIGRATIONS, tmp_path / "100%d%(here)s")
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path / "100%d%(here)s")
    with Store.open(f"sqlite:///{tmp_path}/xdrift.db") as store:
        store.upgrade()

        assert store.schema_version() == SCHEMA_VERSION
