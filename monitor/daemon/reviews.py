"""Weekly reports: planned, made and sent once, whatever the number of daemons and however often they start.

One message of the outbox stands for the report of one week, with an id that follows from the week. Whoever takes it
makes the files; then there is one message per recipient of the mail and per channel, each delivered on its own. So
whoever has got a mail gets no second one because another recipient's failed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Self

from monitor.daemon.post import Outlet, post
from monitor.errors import RefusedError
from monitor.logs import event
from monitor.names import REPORTS
from monitor.reports.child import Made, Make, make_in_child
from monitor.reports.mail import SENT_WITHIN, compose, digest, send
from monitor.reports.weeks import Week, occasion
from monitor.settings import MailSettings, ReportSettings, Settings
from monitor.store import Store
from monitor.types import Message

log = logging.getLogger(__name__)

MADE_WITHIN = timedelta(minutes=20)
"""A report that takes longer is ended and tried again; Evidently's sections take some seconds per monitor."""


class Reviews:
    """The weekly reports of one configuration. `look` is a job in a thread of its own; checks never wait for it."""

    def __init__(
        self,
        config: Settings,
        reports: ReportSettings,
        store: Store,
        *,
        clock: Callable[[], datetime],
        stopping: threading.Event,
        make: Make = make_in_child,
    ) -> None:
        self.outlet = Outlet(
            channel=REPORTS,
            timeout=MADE_WITHIN + SENT_WITHIN,
            give_up=reports.give_up,
            one_by_one=True,
            deliver=self._deliver,
        )
        self._maker = make
        self._config, self._reports, self._store = config, reports, store
        self._clock, self._stopping = clock, stopping
        self._since: datetime | None = None
        self._planned: Week | None = None

    @classmethod
    def of(
        cls,
        config: Settings,
        store: Store,
        *,
        clock: Callable[[], datetime],
        stopping: threading.Event,
        make: Make = make_in_child,
    ) -> Self | None:
        """None where no reports are configured."""
        if config.reports is None:
            return None
        return cls(config, config.reports, store, clock=clock, stopping=stopping, make=make)

    def look(self) -> None:
        """Plan the report that is due, if any, and deliver what waits."""
        self._plan()
        post([self.outlet], self._store, clock=self._clock, stopping=self._stopping)

    def _plan(self) -> None:
        """Write down the report of the latest occasion. Of those missed before it only the latest is made up for."""
        now = self._clock()
        if self._since is None:
            self._since = self._store.first_switched_on(REPORTS, now)
        at = occasion(self._reports, now)
        week = Week.ended_by(at)
        if at < self._since or week == self._planned:
            return
        body = {"kind": "report", "week": str(week)}
        self._store.add_messages([Message(id=f"weekly-{week}", monitor="", channel=REPORTS, body=body, created_at=now)])
        self._planned = week

    def _deliver(self, message: Message) -> None:
        """Raises PublishError."""
        week = Week.parse(message.body["week"])
        if message.body["kind"] == "mail":
            self._mail(message, week)
            return
        made = self._make(week)
        self._store.add_messages(list(self._told(message, made)))
        event(log, logging.INFO, "report", week=str(week), files=made.files)

    def _make(self, week: Week) -> Made:
        within = MADE_WITHIN - timedelta(minutes=1)
        return self._maker(self._config, week, now=self._clock(), within=within, stopping=self._stopping)

    def _told(self, message: Message, made: Made) -> Iterator[Message]:
        """What is sent of a report: a mail to each recipient, a message to each channel."""
        week, now = message.body["week"], self._clock()
        given = Message(id="", monitor="", channel=REPORTS, body={}, created_at=now)
        said = {"week": week, "subject": made.subject, "text": made.text}
        for recipient in self._reports.mail.recipients if self._reports.mail is not None else ():
            body = {"kind": "mail", "to": digest(recipient), "html": made.html, **said}
            yield replace(given, id=f"{message.id}:mail:{digest(recipient)}", body=body)
        address = self._config.server.external_url
        for channel in self._reports.channels:
            text = made.text if not address else f"{made.text}\n{address.rstrip('/')}/"
            identity = f"{message.id}:{channel}"
            yield replace(given, id=identity, channel=channel, body={**said, "id": identity, "text": text})

    def _mail(self, message: Message, week: Week) -> None:
        """Raises RefusedError for an address that is not configured any more, and what `send` raises."""
        settings = self._reports.mail
        recipient = _recipient(settings, message.body["to"])
        if settings is None or recipient is None:
            raise RefusedError(f"mail {message.id}", seen="its recipient is not configured any more")
        folder = self._reports.path / str(week)
        if not (folder / "index.html").exists():
            self._make(week)  # another machine made it, in a directory of its own
        mail = compose(
            settings, recipient, subject=message.body["subject"], text=message.body["text"],
            html=message.body["html"], week=str(week), files=folder.rglob("*.html"), now=self._clock(),
        )  # fmt: skip
        send(settings, mail, recipient)


def _recipient(settings: MailSettings | None, wanted: str) -> str | None:
    return next((one for one in (settings.recipients if settings else ()) if digest(one) == wanted), None)
