"""A world that runs: a store on PostgreSQL filled by real checks, the daemon on it, and Prometheus that scrapes it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from dashboards.preview.grafana import Around, Value
from dashboards.preview.run import Servers
from monitor.log import Log
from monitor.store import Store
from tests.dashboards import history
from tests.e2e.oncall import scaled
from tests.e2e.oncall.serving import Serving, serving
from tests.e2e.world import FEATURES, make_rows
from tests.servers import binary, free_port, get, prometheus

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("XDRIFT_")}
LIVE, BROKEN = "quotes", "pricing"
"""A monitor that is checked every twenty seconds while it is served, and one whose predictions cannot be read."""
PATIENCE = 240.0


class Troubled(Serving):
    """Of ten predictions one is not explained and one fails; one explanation comes from a cache, one is slow."""

    def _logged(self, log: Log, name: str, row: list[float]) -> None:
        kind = int(name[0], 16)
        if kind == 0:
            log.unexplained(name, "disabled", model_version="1", route="/quote")
        elif kind == 1:
            log.failed(name, "MemoryError", model_version="1", fingerprint=name, route="/quote")
        else:
            log.explained(
                name, dict(zip(FEATURES, row[:-1], strict=True)), base_value=row[-1], model_version="1",
                latency=0.5 if kind == 2 else 0.02, source="cache" if kind == 3 else "live_treeshap",
            )  # fmt: skip


@dataclass(frozen=True)
class Living:
    """Addresses of what runs, and how to ask it what the dashboards ask."""

    address: str
    """Of PostgreSQL, as psycopg takes it, for the role that reads the views."""
    prometheus: str
    today: datetime
    """Of the history: the day after its last check."""

    def servers(self, **chosen: Value) -> Servers:
        now = datetime.now(UTC)
        around = Around(start=now - timedelta(days=30), end=now, step=3600)
        return Servers(prometheus=self.prometheus, rows=self.rows, chosen=chosen, around=around)

    def just_now(self) -> Servers:
        """The last two minutes, point by point: as long as Prometheus has been there."""
        now = datetime.now(UTC)
        around = Around(start=now - timedelta(minutes=2), end=now, step=5)
        return Servers(prometheus=self.prometheus, rows=self.rows, chosen={}, around=around)

    def rows(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        with psycopg.connect(self.address, autocommit=True) as connection:
            found = connection.execute(query.encode())
            assert found.description is not None
            return [column.name for column in found.description], found.fetchall()

    def ask(self, expr: str) -> list[float]:
        found = json.loads(get(f"{self.prometheus}/api/v1/query?query={urllib.parse.quote(expr)}"))
        return [float(one["value"][1]) for one in found["data"]["result"]]


@pytest.fixture(scope="module")
def living(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """One world for all workers: who comes first builds it, others join, and it ends when nobody is in it any more.

    It lives no longer than the tests that need it: daemon, traffic and Prometheus would slow down all others.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "living"
    shared.mkdir(exist_ok=True)
    door, inside, told = (shared / name for name in ("door.lock", "inside.lock", "living.json"))
    with ExitStack() as stack:
        with _locked(door):
            if not told.exists():
                one = stack.enter_context(_world(request.getfixturevalue("postgres_server"), tmp_path_factory))
                stack.callback(_wait_until_empty, door, inside, told)
                record = asdict(one) | {"today": one.today.isoformat()}
                told.write_text(json.dumps(record))
            else:
                stack.enter_context(_locked(inside, fcntl.LOCK_SH))
                record = json.loads(told.read_text())
        yield Living(**record | {"today": datetime.fromisoformat(record["today"])})


@contextmanager
def _locked(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    with path.open("a") as held:
        fcntl.flock(held, how)
        yield


def _wait_until_empty(door: Path, inside: Path, told: Path) -> None:
    """Nobody comes in any more, and the others have gone. A process that was killed holds no lock."""
    with _locked(door):
        told.unlink()
        with _locked(inside):
            pass


@contextmanager
def _world(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Everything at work for some tens of seconds, so that every counter has moved."""
    import xgboost

    binary("prometheus")
    folder = tmp_path_factory.mktemp("living")
    past = history.prepare(folder, datetime.now(UTC))
    name = f"t_{uuid.uuid4().hex}"
    with psycopg.connect(f"postgresql://{postgres_server}/postgres", autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
    store = f"postgresql+psycopg://{postgres_server}/{name}"
    with Store.open(store) as opened:
        opened.upgrade()
        history.run(past, opened)
    with ExitStack() as stack:
        booster = xgboost.Booster(model_file=past.accepted["path"])
        served = stack.enter_context(serving(folder, booster, Troubled))
        port = free_port()
        (folder / "xdrift.yaml").write_text(yaml.safe_dump(_settings(past, served, store, port)))
        for words in (("reference", "create", LIVE, "--author", "test", "--reason", "test"), *_AFTER):
            _xdrift(folder, *words)
        address = f"postgresql://{READER}@{postgres_server.split('@')[1]}/{name}"
        daemon = stack.enter_context(_serve(folder))
        (folder / "rules.yaml").write_text(yaml.safe_dump(scaled.rules()))
        (folder / "prometheus.yml").write_text(yaml.safe_dump(_scraping(folder, port)))
        url = stack.enter_context(prometheus(folder, folder / "prometheus.yml"))
        one = Living(address, url, past.today)
        for what, expr in _AT_WORK.items():
            _until(one, what, expr, daemon=daemon, log=folder / "daemon.log")
        yield one


_AT_WORK = {
    "checks of the live monitor": f'xdrift_checks_total{{monitor="{LIVE}"}} >= 2',
    "checks that fail": f'xdrift_check_consecutive_failures{{monitor="{BROKEN}"}} >= 2',
    "the history's log": f'xdrift_predictions_total{{monitor="{history.NAME}"}} > 0',
    "an alert": 'ALERTS{alertstate="firing",alertname="ExplanationChecksFailing"}',
    "an hour, sixty times as fast": f'slo:burn_rate:ratio_rate1d{{monitor="{LIVE}",slo="coverage"}}',
}


def _until(one: Living, what: str, expr: str, *, daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not one.ask(expr):
        assert daemon.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < deadline, f"{what}: {expr}\n{log.read_text()[-3000:]}"
        time.sleep(1.0)


READER = "dashboards_reader"
_AFTER = (
    ("db", "reader", READER),
    ("maintenance", "start", LIVE, "--reason", "migration", "--author", "test", "--until", "TOMORROW"),
)


def _xdrift(folder: Path, *words: str) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    given = [tomorrow if word == "TOMORROW" else word for word in words]
    ran = subprocess.run(
        [sys.executable, "-m", "monitor", *given],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr


@contextmanager
def _serve(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "daemon.log").open("ab") as log:
        command = [sys.executable, "-m", "monitor", "serve"]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=ENVIRONMENT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def _settings(past: history.History, served: Serving, store: str, port: int) -> dict[str, Any]:
    folder = past.folder
    make_rows(500, seed=2)[[*FEATURES, "row_id"]].to_parquet(folder / "quotes-holdout.parquet")
    common = {
        "model": {"path": past.accepted["path"], "version": "1"},
        "features": list(FEATURES),
        "holdout": {"path": str(folder / "quotes-holdout.parquet"), "id": "row_id"},
        "drift": {"canary_comparisons": 0},
    }
    live = {
        "name": LIVE,
        "owner": "risk",
        "predictions": {
            "url": served.predictions,
            "table": "predictions",
            "timezone": "UTC",
            "columns": {"time": "timestamp", "id": "id"},
        },
        "schedule": {"every": "20s", "window": "20s", "catch_up": 1},
        "sample": {"rows": 200},
        "telemetry": {"path": str(served.log_path), "every": "3s", "group_by": ["route"], "price_per_hour": 2.0},
    }
    broken = {
        "name": BROKEN,
        "owner": "pricing-team",
        "predictions": {"path": str(folder / "nowhere.parquet"), "columns": {"time": "timestamp"}},
        "schedule": {"every": "20s", "catch_up": 1},
    }
    return {
        "store": {"url": store},
        "server": {"port": port, "snapshot_every": "2s"},
        "monitors": [
            past.settings | {"model": {**past.settings["model"], "version": "2"}},
            common | live,
            common | broken,
        ],
    }


def _scraping(folder: Path, port: int) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / "rules.yaml")],
        "scrape_configs": [{"job_name": "xdrift", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
    }
