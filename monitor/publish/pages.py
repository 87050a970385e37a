"""The HTML pages: routes, templates, assets."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import APIRouter, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import AwareDatetime

from monitor.errors import XdriftError
from monitor.publish import phrases
from monitor.publish.api import confirmation, current, find_check, find_monitor, not_served
from monitor.publish.check_view import check_page
from monitor.publish.failures import ErrorPage
from monitor.publish.fleet_view import card, fleet
from monitor.publish.log_view import log_facts
from monitor.publish.prediction_view import examples, prediction_page
from monitor.publish.predictions import explain_kept, find, monitors_of
from monitor.publish.reader import Reader
from monitor.publish.snapshot import SnapshotHolder
from monitor.types import Check, HistoryPoint, MonitorStatus, Snapshot, UnexplainedGroup, labelled

HERE = Path(__file__).parent
READ = ["GET", "HEAD"]
HISTORY = 60
"""Checks in a strip and in the heatmap."""
LISTED = 100
"""Checks on one page of a monitor's list."""
UNEXPLAINED_DAYS = 7
"""UTC days, today included, of which a monitor's page lists what lacks an explanation."""
GROUPS = 10
"""Groups of predictions without explanation that are listed."""

log = logging.getLogger(__name__)


def plotly_script() -> Path:
    """plotly.js as the installed plotly package carries it; the package itself is not imported."""
    spec = importlib.util.find_spec("plotly")
    assert spec is not None, "plotly is a dependency"
    assert spec.submodule_search_locations is not None, "plotly is a package"
    return Path(spec.submodule_search_locations[0]) / "package_data" / "plotly.min.js"


def environment(*, version: str, prefix: str) -> Environment:
    """Jinja with escaping always on; an undefined name is an error and not an empty place."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    versions = {path.name: _digest(path) for path in (HERE / "static").iterdir()}
    versions["plotly.min.js"] = importlib.metadata.version("plotly")
    env.globals.update(
        version=version,
        prefix=prefix,
        asset=lambda name: f"{prefix}/static/{name}?v={versions[name]}",
        labelled=labelled,
        VIEW_TITLES=phrases.VIEW_TITLES,
        TEST_TITLES=phrases.TEST_TITLES,
        SLO_TITLES=phrases.SLO_TITLES,
    )
    for function in (
        phrases.ago,
        phrases.decimal,
        phrases.number,
        phrases.percent,
        phrases.share,
        phrases.signed,
        phrases.span,
        phrases.stamp,
        phrases.value_text,
        phrases.window_words,
        phrases.check_state,
        phrases.verdict_title,
        phrases.ratio_sentence,
    ):
        env.filters[function.__name__] = function
    return env


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def error_page(*, version: str, prefix: str) -> ErrorPage:
    """How an error looks to a person."""
    template = environment(version=version, prefix=prefix).get_template("error.html")
    return lambda status, error, next_step: template.render(status=status, error=error, next_step=next_step)


def router(
    reader: Reader,
    holder: SnapshotHolder,
    *,
    version: str,
    prefix: str,
    clock: Callable[[], datetime],
    predictions: bool = True,
) -> APIRouter:
    """The pages: /, /monitors/{name}, /checks/{check_id}, and /predictions/{row_id} unless they are not served."""
    routes = APIRouter()
    env = environment(version=version, prefix=prefix)

    def page(template: str, **values: object) -> Response:
        return Response(env.get_template(template).render(**values), media_type="text/html")

    @routes.api_route("/", methods=READ)
    def fleet_page() -> Response:
        now = clock()
        snapshot = current(reader, holder, now)
        histories, missing = _histories(reader, snapshot)
        return page("fleet.html", fleet=fleet(snapshot, histories, now), snapshot=snapshot, missing=missing, now=now)

    @routes.api_route("/monitors/{name}", methods=READ)
    def monitor_page(name: str, before: AwareDatetime | None = None) -> Response:
        now = clock()
        snapshot = current(reader, holder, now)
        status = find_monitor(snapshot, name)
        checks = reader.checks(name, limit=LISTED, before=before)
        return page(
            "monitor.html",
            status=status,
            checks=checks,
            earlier=checks[-1].planned_at if len(checks) == LISTED else None,
            row=card(status, snapshot.counters, reader.history(name, limit=HISTORY), now),
            references=sorted(reader.references(name), key=lambda r: r.created_at, reverse=True),
            maintenances=reader.maintenances(name),
            log_facts=log_facts(status, snapshot.counters),
            unexplained=_unexplained(reader, status, now),
            unexplained_days=UNEXPLAINED_DAYS,
            now=now,
        )

    @routes.api_route("/checks/{check_id}", methods=READ)
    def one_check(check_id: str) -> Response:
        check = find_check(reader, check_id)
        history = reader.history(check.monitor, limit=HISTORY)
        previous, following = _neighbours(reader, check, history)
        content = check_page(
            check,
            history=history,
            references=reader.references(check.monitor),
            previous=previous,
            following=following,
            confirmation=confirmation(reader, check),
        )
        found = examples(reader, check) if predictions else None
        return page(
            "check.html", page=content, check=check, examples=found, deliveries=reader.deliveries(check.id), now=clock()
        )

    @routes.api_route("/predictions/{row_id:path}", methods=READ)
    def one_prediction(row_id: str, monitor: str | None = None, check: str | None = None) -> Response:
        if not predictions:
            raise not_served()
        found = find(reader, row_id, monitor, check)
        if len(monitors := monitors_of(found)) > 1:
            return page("prediction_choice.html", row_id=row_id, monitors=monitors, now=clock())
        shown = explain_kept(reader, found)
        return page("prediction.html", page=prediction_page(shown), shown=shown, now=clock())

    return routes


def _unexplained(reader: Reader, status: MonitorStatus, now: datetime) -> Sequence[UnexplainedGroup]:
    """What lacks an explanation, the most frequent first; empty for a monitor without explanation log."""
    if status.telemetry is None:
        return ()
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return reader.unexplained(status.name, since=today - timedelta(days=UNEXPLAINED_DAYS - 1), limit=GROUPS)


def _histories(reader: Reader, snapshot: Snapshot) -> tuple[Mapping[str, Sequence[HistoryPoint]], str | None]:
    """(history per monitor, why it is missing). The fleet stays visible while the store does not answer."""
    try:
        return {status.name: reader.history(status.name, limit=HISTORY) for status in snapshot.monitors}, None
    except XdriftError as error:
        log.warning("the fleet page has no history: %s", error)
        return {}, str(error)


def _neighbours(reader: Reader, check: Check, history: Sequence[HistoryPoint]) -> tuple[str | None, str | None]:
    """Ids of the checks of the slots before and after."""
    ids = [point.check_id for point in history]
    if check.id in ids and ids.index(check.id) > 0:
        at = ids.index(check.id)
        return ids[at - 1], ids[at + 1] if at + 1 < len(ids) else None
    earlier = reader.checks(check.monitor, limit=1, before=check.planned_at)
    later = reader.checks(check.monitor, limit=1000, since=check.planned_at + timedelta(microseconds=1))
    return earlier[0].id if earlier else None, later[-1].id if 0 < len(later) < 1000 else None
