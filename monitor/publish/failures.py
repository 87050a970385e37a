"""Every error leaves in one shape: what went wrong, and what to do next. JSON for programs, a page for people."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from monitor.errors import XdriftError
from monitor.publish.headers import SECURITY

ErrorPage = Callable[[int, str, str], str]
"""(status, error, next step) to HTML."""

FOR_PROGRAMS = ("/api/", "/metrics", "/livez", "/readyz", "/static/")
NEXT = {
    404: "start from the fleet page at /, or from /api/v1/monitors",
    405: "use GET or HEAD: nothing can be changed here",
}

log = logging.getLogger(__name__)


class NotFoundError(Exception):
    """Something that was asked for by name is not there."""

    def __init__(self, what: str, next_step: str) -> None:
        self.what, self.next_step = what, next_step
        super().__init__(what, next_step)


def install(app: FastAPI, page: ErrorPage) -> None:
    """Register one handler per kind of error on `app`."""

    def answer(request: Request, status: int, error: str, next_step: str) -> Response:
        if request.url.path.startswith(FOR_PROGRAMS):
            return JSONResponse({"error": error, "next": next_step}, status_code=status)
        return Response(page(status, error, next_step), status_code=status, media_type="text/html")

    @app.exception_handler(NotFoundError)
    def not_found(request: Request, error: NotFoundError) -> Response:
        return answer(request, 404, error.what, error.next_step)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        return answer(request, 400, *_parameters(error))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        words = f"{request.method} {request.url.path}: {HTTPStatus(error.status_code).phrase.lower()}"
        response = answer(request, error.status_code, words, NEXT.get(error.status_code, "correct the request"))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(XdriftError)
    def known(request: Request, error: XdriftError) -> Response:
        next_step = error.hint or "look at /readyz and at the daemon's log"
        whole = str(error).removesuffix(f"; next: {error.hint}")
        log.warning("%s %s: %s", request.method, request.url.path, error)
        return answer(request, 503, whole, next_step)

    @app.exception_handler(Exception)
    def unknown(request: Request, error: Exception) -> Response:
        # Starlette raises it again afterwards, so the server's log has the traceback; the answer has none.
        words = f"{request.method} {request.url.path} failed inside xdrift ({type(error).__name__})"
        response = answer(request, 500, words, "the daemon's log has the traceback; please report it")
        response.headers.update({**SECURITY, "Cache-Control": "no-store"})
        return response


def _parameters(error: RequestValidationError) -> tuple[str, str]:
    """All parameters that do not fit, each with what was seen and expected."""
    parts = []
    for problem in error.errors():
        where = str(problem["loc"][-1])
        parts.append(
            f"{where}: seen: {problem.get('input')!r}; expected: {problem['msg'][:1].lower()}{problem['msg'][1:]}"
        )
    return "; ".join(parts), "times are ISO 8601 with a zone, as in 2013-06-03T00:00:00Z; write + as %2B in an address"
