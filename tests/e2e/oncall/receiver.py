"""A webhook receiver on loopback that keeps what Alertmanager and the daemon send."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """Everything that arrived, in order."""

    url: str = ""
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """(last part of the path, document)."""

    def alerts(self, name: str, status: str) -> list[tuple[str, dict[str, Any]]]:
        """(receiver, alert) of every notification about one alert in one state."""
        return [
            (receiver, alert)
            for receiver, document in list(self.posts)
            for alert in document.get("alerts", ())
            if alert["labels"]["alertname"] == name and alert["status"] == status
        ]

    def firing(self) -> set[str]:
        """Names of all alerts that were ever told as firing."""
        return {
            alert["labels"]["alertname"]
            for _, document in list(self.posts)
            for alert in document.get("alerts", ())
            if alert["status"] == "firing"
        }

    def forget(self) -> None:
        self.posts.clear()


@contextmanager
def receiving() -> Iterator[Received]:
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.posts.append((self.path.rsplit("/", 1)[-1], json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
