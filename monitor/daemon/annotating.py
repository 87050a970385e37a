"""From what happened to messages for Grafana. They are delivered like all others; checks never wait for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Self

from monitor.daemon.post import Outlet
from monitor.grafana.annotations import REQUESTS, Annotator, message
from monitor.names import ANNOTATIONS
from monitor.settings import GrafanaSettings, ServerSettings, Settings
from monitor.store import Store

LOOK_BACK = timedelta(days=8)
"""Of what was recorded while no daemon ran, no more than this is told: longer than the longest maintenance."""
_OVERLAP = timedelta(hours=1)
"""Looked at again each time: a check is saved a while after it finished, and clocks of machines differ."""


class Annotations:
    """Turns events into messages, once each: their ids follow from the event, and the outbox keeps the first.

    Only what happened since annotations were first switched on for this database is told. So neither the first start
    on an old store nor a backfill of last year fills Grafana with the past.
    """

    def __init__(
        self, grafana: GrafanaSettings, server: ServerSettings, store: Store, *, clock: Callable[[], datetime]
    ) -> None:
        self.outlet = Outlet(
            channel=ANNOTATIONS,
            timeout=grafana.timeout * REQUESTS,
            give_up=grafana.give_up,
            deliver=Annotator(grafana),
        )
        self._server, self._store, self._clock = server, store, clock
        self._since: datetime | None = None
        self._looked_at: datetime | None = None
        self._written: set[str] = set()

    @classmethod
    def of(cls, config: Settings, store: Store, *, clock: Callable[[], datetime]) -> Self | None:
        """None where annotations are not wanted."""
        if config.grafana is None or not config.grafana.annotate:
            return None
        return cls(config.grafana, config.server, store, clock=clock)

    def write(self) -> None:
        """Write down what was recorded since the last look."""
        now = self._clock()
        if self._since is None:
            self._since = self._store.first_switched_on(ANNOTATIONS, now)
        recorded = now - LOOK_BACK if self._looked_at is None else self._looked_at - _OVERLAP
        found = self._store.events(since=self._since, recorded_since=recorded)
        messages = {one.id: one for one in (message(each, self._server, now) for each in found)}
        fresh = [one for one in messages.values() if one.id not in self._written]
        if fresh:
            self._store.add_messages(fresh)
        # Only now: what could not be written is found again.
        self._written, self._looked_at = set(messages), now
