"""A drill reads the reference of the real store and leaves no trace there."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.pipeline import create_reference, perform
from monitor.store import Store
from tests.e2e.world import World, slot

from .conftest import NOW, drill


def in_service(world: World, url: str) -> str:
    """A store with a reference and the checks of the windows that a drill replays; the reference's id."""
    with Store.open(url) as store:
        store.upgrade()
        store.register(world.monitor, cadence="weekly", interval_seconds=604800.0, config_digest="x", now=NOW)
        made = create_reference(world.monitor, store, author="ada", reason="first", now=NOW)
        for week in (3, 4):
            claim = store.claim(world.monitor.name, slot(week), owner="t", lease=timedelta(minutes=5), now=NOW)
            assert claim is not None
            perform(world.monitor, claim, store, clock=lambda: NOW)
    return made.id


def sqlite_state(path: Path) -> Callable[[], object]:
    return lambda: {
        found.name: hashlib.sha256(found.read_bytes()).hexdigest() for found in path.parent.iterdir() if found.is_file()
    }


def postgres_state(url: str) -> Callable[[], object]:
    """How many rows every table has, and what is in them."""
    import psycopg

    def state() -> object:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            names = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
            ).fetchall()
            return {
                name: connection.execute(
                    f'SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{name}" t'
                ).fetchone()
                for (name,) in names
            }

    return state


def refuses_to_be_written(world: World, url: str, state: Callable[[], object]) -> None:
    reference = in_service(world, url)
    before = state()

    found = drill(world, "scale:income:2", url=url)

    assert state() == before
    assert (found.reference_id, found.reference_made) == (reference, False)
    assert found.conclusion.passed


def test_a_store_on_sqlite_is_the_same_bytes_after_a_drill(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    real = tmp_path / "real" / "store.db"
    real.parent.mkdir()

    refuses_to_be_written(world, f"sqlite:///{real}", sqlite_state(real))

    assert not list(temporary.iterdir())


@pytest.mark.postgres
def test_a_store_on_postgresql_has_the_same_rows_after_a_drill(world: World, postgres_url: str) -> None:
    refuses_to_be_written(world, postgres_url, postgres_state(postgres_url))


def test_without_a_reference_one_is_made_for_the_drill_and_not_kept(world: World, tmp_path: Path) -> None:
    absent, empty = tmp_path / "absent.db", f"sqlite:///{tmp_path / 'empty.db'}"
    with Store.open(empty) as store:
        store.upgrade()

    for url in (f"sqlite:///{absent}", empty):
        found = drill(world, "scale:income:2", url=url)
        assert found.reference_made
        assert found.conclusion.passed
        assert any("no reference in the store" in note for note in found.notes)
    assert not absent.exists()
    with Store.open(empty) as store:
        assert store.references() == []
