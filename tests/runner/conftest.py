"""The stand-ins can be imported here and, through the environment, in the fork server and its children."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.runner import now, register
from monitor.settings import Settings
from monitor.store import Store

HERE = str(Path(__file__).parent)
sys.path.insert(0, HERE)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [HERE, os.environ.get("PYTHONPATH", "")]))

from standin import settings  # noqa: E402 - it is found only now


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children that do not listen are killed after half a second, not five."""
    monkeypatch.setattr("monitor.runner.slot.PATIENCE", timedelta(seconds=0.5))


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def make(tmp_path: Path, journal_path: Path) -> Callable[..., Settings]:
    """make(*names, **more) -> settings with a SQLite store of this test."""
    return lambda *names, **more: settings(f"sqlite:///{tmp_path}/store.db", journal_path, *names, **more)


@pytest.fixture
def opened() -> Iterator[Callable[[Settings], Store]]:
    """opened(settings) -> migrated store that knows the monitors."""
    stores: list[Store] = []

    def open_store(config: Settings) -> Store:
        store = Store.open(config.store.url)
        stores.append(store)
        store.upgrade()
        register(config, store, now())
        return store

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database of either kind."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/store.db"
