"""A real webhook on loopback that answers, fails, dawdles or redirects, as a test likes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Webhook:
    """What came in, and how the next requests are answered."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.status = 200
        self.pause = 0.0
        self.location: str | None = None
        self.url = ""


@contextmanager
def webhook_server() -> Iterator[Webhook]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.received.append({"path": self.path, "type": self.headers["Content-Type"], "body": json.loads(body)})
            time.sleep(hook.pause)
            self._answer()

        def do_GET(self) -> None:
            hook.received.append({"path": self.path, "type": None, "body": None})
            self._answer()

        def _answer(self) -> None:
            try:
                self.send_response(hook.status)
                if hook.location is not None:
                    self.send_header("Location", hook.location)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except (BrokenPipeError, ConnectionResetError):
                return  # whoever asked has gone

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_port}/hook/s3cret-token"
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
