"""Response headers that every answer carries."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PLOTLY_STYLES = (
    "'unsafe-hashes' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' "
    "'sha256-gG0b4ixT/IQUp7JJLbyKcpYcYDjq2Wp8NGv3f+aasqo='"
)
"""The only inline styles allowed, by content: the empty one, and the sheet for maps that plotly.js 2.35 (all of
plotly 5.24) adds when it loads. Without them charts work the same, but the browser's console fills with refusals."""
SECURITY = {
    # data: is for the images that charts draw on a canvas; scripts and styles come from our own files only.
    "Content-Security-Policy": f"default-src 'none'; script-src 'self'; style-src 'self' {PLOTLY_STYLES}; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Headers:
    """ASGI middleware: security headers on everything, and how long an answer may be kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY)
                headers["Cache-Control"] = _keep(scope, int(message["status"]))
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _keep(scope: Scope, status: int) -> str:
    """A static file asked for with its version never changes; everything else is the state of this moment."""
    if not scope["path"].startswith("/static/"):
        return "no-store"
    versioned = b"v=" in scope.get("query_string", b"")
    return "public, max-age=31536000, immutable" if versioned and status == 200 else "no-cache"
