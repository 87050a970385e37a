"""Delivery of the messages that wait in the store. Checks never wait for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from monitor.errors import PublishError, RefusedError
from monitor.logs import event
from monitor.notify import backoff, deliver
from monitor.settings import ChannelSettings
from monitor.store import Store
from monitor.types import Message

log = logging.getLogger(__name__)

_SLACK = timedelta(minutes=1)
"""Beyond an outlet's timeout: after that whoever took a message is thought to be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """Where the messages of one channel of the outbox go."""

    channel: str
    timeout: timedelta
    """By then one delivery is over, well or badly."""
    give_up: timedelta
    """A message that could not be delivered for so long is given up, and counted."""
    one_by_one: bool = False
    """A failure says nothing of the other messages: they are tried all the same."""
    deliver: Callable[[Message], None]
    """Raises PublishError, RefusedError where trying again is no use; its `seen` goes to log and database. A message
    may come a second time."""

    @classmethod
    def webhook(cls, channel: ChannelSettings) -> Self:
        return cls(
            channel=channel.name,
            timeout=channel.timeout,
            give_up=channel.give_up,
            deliver=lambda message: deliver(channel, message.body),
        )


def post(outlets: Sequence[Outlet], store: Store, *, clock: Callable[[], datetime], stopping: threading.Event) -> None:
    """Try every message that is due, oldest first. An outlet that fails has its next turn at the next look, so that
    one that hangs costs the others one timeout."""
    for outlet in outlets:
        for message in store.messages_due(outlet.channel, clock()):
            if stopping.is_set():
                return
            if not _tried(outlet, message, store, clock):
                break


def _tried(outlet: Outlet, message: Message, store: Store, clock: Callable[[], datetime]) -> bool:
    """False when the outlet accepts nothing now. True also for a message that another daemon has."""
    if not store.take_message(message, until=clock() + outlet.timeout + _SLACK):
        return True
    try:
        outlet.deliver(message)
    except PublishError as error:
        _failed(outlet, message, store, error=error, now=clock())
        return outlet.one_by_one or isinstance(error, RefusedError)
    store.message_sent(message, clock())
    event(log, logging.INFO, "message", channel=outlet.channel, monitor=message.monitor, id=message.id)
    return True


def _failed(outlet: Outlet, message: Message, store: Store, *, error: PublishError, now: datetime) -> None:
    again_at: datetime | None = now + backoff(message.attempts + 1)
    if isinstance(error, RefusedError) or (again_at and again_at - message.created_at > outlet.give_up):
        again_at = None
    store.message_failed(message, error=str(error.seen), again_at=again_at)
    event(
        log,
        logging.WARNING if again_at else logging.ERROR,
        "message not delivered" if again_at else "message given up",
        channel=outlet.channel,
        monitor=message.monitor,
        id=message.id,
        attempts=message.attempts + 1,
        error=str(error.seen),
        next=again_at,
    )
