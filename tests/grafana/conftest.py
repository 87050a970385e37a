"""A Grafana of our own, and small dashboards to bring into it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from monitor.grafana.client import Grafana
from monitor.grafana.push import Pushed, push
from monitor.settings import GrafanaSettings

from .fake import EDITOR, FakeGrafana, running

BOARD: dict[str, Any] = {
    "id": None,
    "uid": "xdrift-debug",
    "title": "Debug",
    "description": "Why?",
    "tags": ["xdrift", "generated"],
    "schemaVersion": 41,
    "templating": {
        "list": [
            {"name": "datasource", "type": "datasource", "query": "prometheus"},
            {"name": "postgres", "type": "datasource", "query": "grafana-postgresql-datasource"},
            {"name": "daemon", "type": "constant", "query": "http://127.0.0.1:9464"},
        ]
    },
    "panels": [
        {"id": 1, "type": "stat", "title": "Level", "targets": [{"expr": "xdrift_drift_level"}]},
        {"id": 2, "type": "row", "title": "Rows", "panels": [{"id": 3, "type": "table", "title": "Checks"}]},
    ],
}


@pytest.fixture
def grafana(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGrafana]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with running() as server:
        yield server


@pytest.fixture
def board() -> dict[str, Any]:
    return copy.deepcopy(BOARD)


@pytest.fixture
def connect(grafana: FakeGrafana) -> Callable[..., Grafana]:
    """connect(token=..., url=..., timeout=...) -> client."""

    def made(**more: Any) -> Grafana:
        return Grafana(GrafanaSettings(**{"url": grafana.url, "token": EDITOR, "timeout": "1s", **more}))

    return made


@pytest.fixture
def pushed(connect: Callable[..., Grafana], board: dict[str, Any]) -> Callable[..., Pushed]:
    """pushed(*boards, token=..., dry_run=..., force=..., folder=...) -> what was done; `board` without any."""

    def run(*boards: dict[str, Any], folder: str = "xdrift", **more: Any) -> Pushed:
        flags = {name: more.pop(name) for name in ("dry_run", "force") if name in more}
        return push(connect(**more), boards or [board], folder=folder, **flags)

    return run
