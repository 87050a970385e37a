"""Annotations in Grafana for what happened to a monitor: one per event, however often it is delivered.

Each carries the tag `xdrift:<event id>`. Whoever delivers looks for that tag first, so a daemon that died between
writing to Grafana and noting it, and two daemons at once, leave one annotation.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import datetime
from typing import Any

from monitor.errors import PublishError
from monitor.grafana.client import Grafana
from monitor.names import ANNOTATIONS
from monitor.settings import GrafanaSettings, ServerSettings
from monitor.types import Event, Message

REQUESTS = 2
"""At most so many per delivery: find, then create or change."""


def message(event: Event, server: ServerSettings, now: datetime) -> Message:
    """What is to be delivered of an event. A maintenance that was ended early is another message than as declared."""
    until = "" if event.until is None else f":{_milliseconds(event.until)}"
    return Message(
        id=f"{ANNOTATIONS}:{event.id}{until}",
        monitor=event.monitor,
        channel=ANNOTATIONS,
        body=annotation(event, server),
        created_at=now,
    )


def annotation(event: Event, server: ServerSettings) -> dict[str, Any]:
    """As Grafana keeps it: of no dashboard in particular, so that every dashboard can show it by its tags.

    Grafana shows HTML in the text: reasons and sentences are escaped, the link to the check is ours.
    """
    lines = [html.escape(f"{event.monitor}: {event.text}", quote=False)]
    if event.check_id and server.external_url:
        address = html.escape(f"{server.external_url.rstrip('/')}/checks/{event.check_id}")
        lines.append(f'<a href="{address}">Check {event.check_id}</a>')
    return {
        "time": _milliseconds(event.at),
        "time_end": None if event.until is None else _milliseconds(event.until),
        "tags": list(dict.fromkeys(["xdrift", event.kind, event.monitor, f"xdrift:{event.id}"])),
        "text": "\n".join(lines),
    }


class Annotator:
    """Delivers messages. The connection is opened at the first one and kept."""

    def __init__(self, settings: GrafanaSettings, connect: Callable[[GrafanaSettings], Grafana] = Grafana) -> None:
        self._settings, self._connect = settings, connect
        self._grafana: Grafana | None = None

    def __call__(self, told: Message) -> None:
        """Create the annotation, or bring the end of the one that is there forward. Raises PublishError.

        An end only ever moves to an earlier time, so it does not matter in which order messages are delivered.
        """
        if self._grafana is None:
            self._grafana = self._connect(self._settings)
        wanted = told.body
        found = self._grafana.annotations(wanted["tags"][-1])
        if not found:
            self._grafana.annotate(wanted)
            return
        end = wanted["time_end"]
        for one in found:
            if end is not None and int(one.get("timeEnd") or 0) > end:
                self._grafana.end_annotation(_number(one), end)


def _number(found: dict[str, Any]) -> int:
    number = found.get("id")
    if not isinstance(number, int):
        raise PublishError("an annotation of Grafana", seen="one without a number", expected="an id")
    return number


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
