"""The HTTP server's application: probes, metrics, the JSON API and the pages."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

from monitor.publish import api, failures, pages
from monitor.publish.headers import Headers
from monitor.publish.health import Health, live, ready
from monitor.publish.metrics import Metrics
from monitor.publish.reader import Reader
from monitor.publish.snapshot import SnapshotHolder
from monitor.settings import ServerSettings

STATIC = Path(__file__).parent / "static"
READ = ["GET", "HEAD"]


def create_app(
    reader: Reader,
    *,
    holder: SnapshotHolder,
    metrics: Metrics,
    health: Callable[[], Health],
    server: ServerSettings,
    version: str,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> FastAPI:
    """Everything the daemon serves. Read-only: other methods than GET and HEAD are refused.

    Args:
        reader: the store; asked by the API and the check pages.
        holder: the snapshot in memory; asked by probes, metrics and the fleet page.
        health: the daemon's own state; must not wait for anything.
        server: `external_url`, whose path is the prefix of every link, and `predictions`.
    """
    # No generated documentation: FastAPI's pages load scripts from other hosts.
    app = FastAPI(title="xdrift", version=version, docs_url=None, redoc_url=None, openapi_url=None)
    prefix = urlsplit(server.external_url or "").path.rstrip("/")
    _probes(app, holder=holder, metrics=metrics, health=health, clock=clock)
    shown = server.predictions
    app.include_router(api.router(reader, holder, clock=clock, predictions=shown))
    app.include_router(pages.router(reader, holder, version=version, prefix=prefix, clock=clock, predictions=shown))
    _static(app)
    failures.install(app, page=pages.error_page(version=version, prefix=prefix))
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    app.add_middleware(Headers)
    return app


def _probes(
    app: FastAPI,
    *,
    holder: SnapshotHolder,
    metrics: Metrics,
    health: Callable[[], Health],
    clock: Callable[[], datetime],
) -> None:
    """These run beside the thread pool of the pages, which a hanging database can fill."""
    scrapes = functools.cache(lambda: CapacityLimiter(2))  # made inside the event loop, at the first scrape

    @app.api_route("/livez", methods=READ)
    async def livez() -> Response:
        alive, body = live(health(), clock())
        return JSONResponse(body, status_code=200 if alive else 503)

    @app.api_route("/readyz", methods=READ)
    async def readyz() -> Response:
        is_ready, body = ready(health(), holder, clock())
        return JSONResponse(body, status_code=200 if is_ready else 503)

    @app.api_route("/metrics", methods=READ)
    async def scrape(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        body, kind = await anyio.to_thread.run_sync(metrics.render, accept, limiter=scrapes())
        return Response(body, headers={"Content-Type": kind})


def _static(app: FastAPI) -> None:
    """Our own files, and plotly's script from the installed package: nothing is loaded from another host."""

    @app.api_route("/static/plotly.min.js", methods=READ)
    def plotly() -> Response:
        return FileResponse(pages.plotly_script(), media_type="text/javascript")

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
