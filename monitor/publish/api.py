"""The JSON API: plain records, the same words as in monitor.types."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime

from monitor.publish.failures import NotFoundError
from monitor.publish.phrases import overdue
from monitor.publish.predictions import explain_kept, explanation_record, find, monitors_of
from monitor.publish.reader import Reader
from monitor.publish.segments import segment_rows
from monitor.publish.serialise import to_json, without
from monitor.publish.snapshot import SnapshotHolder
from monitor.types import Check, MonitorStatus, Snapshot, Verdict

READ = ["GET", "HEAD"]
LOOKED_AT_AGAIN = 2
"""Level of a check that may get a confirming one."""
HEAVY = ("findings", "contributions", "profiles", "rows")
"""Parts of a check that only /checks/{id} shows; rows stay in the store: they hold single predictions."""


def router(
    reader: Reader, holder: SnapshotHolder, *, clock: Callable[[], datetime], predictions: bool = True
) -> APIRouter:
    """Routes under /api/v1."""
    routes = APIRouter(prefix="/api/v1")

    @routes.api_route("/monitors", methods=READ)
    def monitors() -> Response:
        now = clock()
        snapshot = current(reader, holder, now)
        return JSONResponse(
            {
                "taken_at": to_json(snapshot.taken_at),
                "monitors": [status_record(status, now) for status in snapshot.monitors],
            }
        )

    @routes.api_route("/monitors/{name}", methods=READ)
    def monitor(name: str) -> Response:
        now = clock()
        status = find_monitor(current(reader, holder, now), name)
        return JSONResponse(
            {
                **status_record(status, now),
                "references": to_json(reader.references(name)),
                "maintenances": to_json(reader.maintenances(name)),
                "history": to_json(reader.history(name)),
            }
        )

    @routes.api_route("/checks", methods=READ)
    def checks(
        monitor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        verdict: Verdict | None = None,
        since: AwareDatetime | None = None,
        before: AwareDatetime | None = None,
    ) -> Response:
        found = reader.checks(monitor, limit=limit, verdict=verdict, since=since, before=before)
        # The caller goes on with before= the last planned_at; null when this was the last page.
        after = to_json(found[-1].planned_at) if len(found) == limit else None
        return JSONResponse({"checks": [without(check, *HEAVY) for check in found], "next_before": after})

    @routes.api_route("/checks/{check_id}", methods=READ)
    def check(check_id: str) -> Response:
        found = find_check(reader, check_id)
        again = confirmation(reader, found)
        return JSONResponse(
            {
                **without(found, "rows"),
                "segments": to_json(segment_rows(found)),
                "confirmation": None if again is None else without(again, *HEAVY),
                "messages": to_json(reader.deliveries(found.id)),
            }
        )

    @routes.api_route("/predictions/{row_id:path}", methods=READ)
    def prediction(row_id: str, monitor: str | None = None, check: str | None = None) -> Response:
        if not predictions:
            raise not_served()
        found = find(reader, row_id, monitor, check)
        if len(monitors := monitors_of(found)) > 1:
            return JSONResponse(
                {
                    "error": f"prediction {row_id!r} is kept for several monitors: {', '.join(monitors)}",
                    "next": "name one, as in ?monitor=" + monitors[0],
                    "monitors": monitors,
                },
                status_code=300,
            )
        return JSONResponse(explanation_record(explain_kept(reader, found)))

    return routes


def not_served() -> NotFoundError:
    """Why a single prediction is not shown."""
    return NotFoundError(
        "single predictions are not served here: server.predictions is false",
        "ask somebody who may read the store to run `xdrift explain`",
    )


def current(reader: Reader, holder: SnapshotHolder, now: datetime) -> Snapshot:
    """The snapshot in memory while it is fresh, else a new one. Raises StoreError when there is none to be had."""
    snapshot, age = holder.latest(), holder.age(now)
    if snapshot is not None and age is not None and age <= holder.max_age:
        return snapshot
    return reader.snapshot(now)


def find_monitor(snapshot: Snapshot, name: str) -> MonitorStatus:
    """Raises NotFoundError for a name that is not watched."""
    for status in snapshot.monitors:
        if status.name == name:
            return status
    known = ", ".join(status.name for status in snapshot.monitors) or "none yet"
    raise NotFoundError(f"no monitor is named {name!r}; watched: {known}", "/api/v1/monitors lists all of them")


def find_check(reader: Reader, check_id: str) -> Check:
    """Raises NotFoundError for an id that is not (or no longer) stored."""
    found = reader.check(check_id)
    if found is None:
        raise NotFoundError(
            f"no check has the id {check_id!r}; it may be older than the store keeps checks",
            "/api/v1/checks lists the latest ones",
        )
    return found


def confirmation(reader: Reader, check: Check) -> Check | None:
    """The check that looked at a severe one again. Others are not: the store need not be asked."""
    return reader.confirmation(check) if check.level == LOOKED_AT_AGAIN and check.confirms is None else None


def status_record(status: MonitorStatus, now: datetime) -> dict[str, Any]:
    """One monitor with its latest check in short."""
    record = without(status, "last_check", "smoothed", "segments")
    record["smoothed"] = [
        {"view": view, "test": test, "value": to_json(value)} for (view, test), value in status.smoothed.items()
    ]
    record["segments"] = [
        {"segment": segment, "level": level, "streak": streak} for segment, (level, streak) in status.segments.items()
    ]
    record["overdue"] = overdue(status, now)
    record["last_check"] = None if status.last_check is None else without(status.last_check, *HEAVY)
    return record
