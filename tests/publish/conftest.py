"""A served fleet: the real application on a real port of loopback, records in memory, the clock standing still."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import pytest
import uvicorn

from monitor.publish.app import create_app
from monitor.publish.health import Health
from monitor.publish.metrics import Metrics
from monitor.publish.snapshot import SnapshotHolder
from monitor.settings import ServerSettings

from .fleet import NOW, MemoryReader, fleet


@dataclass
class Served:
    """One running application and the handles that tests turn."""

    reader: MemoryReader
    holder: SnapshotHolder
    url: str = ""
    now: datetime = NOW
    health: Health = field(default_factory=lambda: Health(heartbeat_at=NOW))

    def get(self, path: str, **options: object) -> httpx.Response:
        return httpx.get(self.url + path, trust_env=False, **options)  # type: ignore[arg-type]


Serve = Callable[..., AbstractContextManager[Served]]


@contextmanager
def serving(reader: MemoryReader, *, server: ServerSettings | None = None, refresh: bool = True) -> Iterator[Served]:
    """Serve `reader` on a free port until the block ends."""
    holder = SnapshotHolder(reader)
    served = Served(reader=reader, holder=holder)
    if refresh:
        holder.refresh(NOW)
    metrics = Metrics(holder, health=lambda: served.health, version="0.0.0", clock=lambda: served.now, process=False)
    app = create_app(
        reader,
        holder=holder,
        metrics=metrics,
        health=lambda: served.health,
        server=server or ServerSettings(),
        version="0.0.0",
        clock=lambda: served.now,
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        web = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none", lifespan="off", access_log=False))
        thread = threading.Thread(target=web.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        served.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        while not web.started:
            time.sleep(0.01)
        try:
            yield served
        finally:
            web.should_exit = True
            thread.join(10)


@pytest.fixture(scope="session")
def serve() -> Serve:
    return serving


@pytest.fixture(scope="session")
def site() -> Iterator[Served]:
    """The three monitors; read-only: tests that turn a handle serve a fleet of their own."""
    with serving(fleet()) as served:
        yield served
