"""One time by which a whole conversation with another machine is over.

The timeout of a socket is one of each read: whoever answers a byte now and then holds it open for hours.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)


class Deadline:
    """`seconds` from now; `each` bounds a single step as well. Only the look-up of a host name is not bounded by it:
    the system's resolver has limits of its own."""

    def __init__(self, seconds: float, *, each: float | None = None) -> None:
        self._until = time.monotonic() + seconds
        self._each = seconds if each is None else each

    def left(self) -> float:
        """Seconds that the next step may take. Raises TimeoutError when none are left."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is over")
        return min(left, self._each)

    def connect(self, address: tuple[str, int]) -> socket.socket:
        """Like `socket.create_connection`: the first address of the host that answers. One that is silent leaves the
        others their share of the time. Raises OSError."""
        places = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
        failure: OSError | None = None
        for tried, (family, kind, protocol, _, place) in enumerate(places):
            sock = _Timed(family, kind, protocol)
            sock.deadline = self
            try:
                sock.settimeout(self.left() / (len(places) - tried))
                sock.connect(place)
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
        raise failure or OSError("the host has no address")

    def tls(self) -> ssl.SSLContext:
        """What wraps a socket of `connect`, and checks certificate and name."""

        class Timed(_TimedTls):
            deadline = self

        context = ssl.create_default_context()
        context.sslsocket_class = Timed
        return context


def ask(request: Request, deadline: Deadline) -> None:
    """Send one HTTP request; over when status and headers of the answer are there: its body is not read.

    Without handlers for files, FTP, data and redirects: a redirect is an answer like any other that is not 2xx.
    Raises what urllib does: HTTPError for such an answer, else OSError, http.client.HTTPException or ValueError.
    """
    opener = OpenerDirector()
    handlers = (ProxyHandler(), _Http(deadline), _Https(deadline), HTTPErrorProcessor(), HTTPDefaultErrorHandler())
    for handler in handlers:
        opener.add_handler(handler)
    with opener.open(request, timeout=deadline.left()) as answer:
        answer.read(0)


class _Timed(socket.socket):
    """Before each step its timeout is what is left."""

    deadline: Deadline

    def recv_into(self, *given: Any, **named: Any) -> int:
        self.settimeout(self.deadline.left())
        return super().recv_into(*given, **named)

    def send(self, *given: Any, **named: Any) -> int:
        self.settimeout(self.deadline.left())
        return super().send(*given, **named)

    def sendall(self, *given: Any, **named: Any) -> None:
        self.settimeout(self.deadline.left())
        super().sendall(*given, **named)


class _TimedTls(_Timed, ssl.SSLSocket):
    """The same under TLS, whose `sendall` is made of many `send`."""

    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(self.deadline.left())
        super().do_handshake(block)


class _Connection(http.client.HTTPConnection):
    _create_connection: Callable[..., socket.socket]
    """No public hook lies before the CONNECT to a proxy, which reads an answer too."""

    def __init__(self, host: str, *, deadline: Deadline, **more: Any) -> None:
        super().__init__(host, **more)
        self._create_connection = lambda address, *_: deadline.connect(address)


class _SecureConnection(_Connection, http.client.HTTPSConnection):
    """The same, then TLS."""


class _Http(HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_Connection, deadline=self._deadline), req)


class _Https(HTTPSHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def https_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_SecureConnection, deadline=self._deadline, context=self._deadline.tls()), req)
