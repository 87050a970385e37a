"""The HTTP server in a thread of the daemon."""

from __future__ import annotations

import errno
import socket
import threading
from typing import Any

from monitor.errors import PublishError
from monitor.settings import ServerSettings

_SHUTDOWN_SECONDS = 5


def bind(server: ServerSettings) -> socket.socket:
    """A listening socket. Raises PublishError when the address is taken, forbidden or not this machine's."""
    thing = f"HTTP server on {server.host}:{server.port}"
    try:
        family, *_, address = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family)
    except socket.gaierror as error:
        raise PublishError(thing, seen=error.strerror, expected="an address of this machine in server.host") from error
    except OSError as error:
        hints = {
            errno.EADDRINUSE: "another process listens there: stop it, or set server.port (XDRIFT_SERVER__PORT)",
            errno.EACCES: "ports below 1024 need privileges: set server.port",
            errno.EADDRNOTAVAIL: "server.host must be an address of this machine; 0.0.0.0 means all of them",
        }
        hint = hints.get(error.errno or 0)
        raise PublishError(thing, seen=error.strerror, expected="a free port", hint=hint) from error


class Server:
    """Serves `app` on a listening socket until told to stop."""

    def __init__(self, app: Any, listening: socket.socket) -> None:
        import uvicorn

        self._listening = listening
        self._server = uvicorn.Server(
            uvicorn.Config(
                app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=_SHUTDOWN_SECONDS
            )
        )
        # Not in the main thread, so uvicorn leaves the signals alone.
        self._thread = threading.Thread(target=self._server.run, args=([listening],), name="http", daemon=True)

    @property
    def url(self) -> str:
        host, port = self._listening.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish requests that are under way, for a few seconds."""
        self._server.should_exit = True
        self._thread.join(_SHUTDOWN_SECONDS + 1)
        self._listening.close()
