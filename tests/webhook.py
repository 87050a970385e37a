"""A real webhook on loopback that answers, fails, dawdles or redirects, as a test likes."""

from __future__ import annotations

import json
import socket
import ssl
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


@contextmanager
def talker(
    answer: bytes, *, pause: float = 0.0, first: bool = False, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Port of a server that says the same to everybody, `pause` seconds between its bytes, and hangs up. It speaks
    `first`, or after whatever it was asked."""
    stopping = threading.Event()

    def talk(plain: socket.socket) -> None:
        with plain:
            try:
                with plain if tls is None else tls.wrap_socket(plain, server_side=True) as sock:
                    if not first:
                        sock.recv(65536)
                    for start in range(0, len(answer), 1 if pause else len(answer) or 1):
                        sock.sendall(answer[start : start + 1] if pause else answer)
                        if stopping.wait(pause):
                            return
                    if tls is None:
                        sock.shutdown(socket.SHUT_WR)
                    while sock.recv(65536):  # closing on unread bytes would take the answer back
                        pass
            except OSError:
                return  # whoever asked has gone

    def accept(listening: socket.socket) -> None:
        while True:
            try:
                found, _ = listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=talk, args=(found,), daemon=True)
            threads.append(thread)
            thread.start()

    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepting = threading.Thread(target=accept, args=(listening,), daemon=True)
        accepting.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            stopping.set()
            listening.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *threads):
                thread.join(5)
