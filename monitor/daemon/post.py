"""Delivery of the messages that wait in the store. Checks never wait for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from monitor.errors import PublishError
from monitor.logs import event
from monitor.notify import backoff, deliver
from monitor.settings import ChannelSettings
from monitor.store import Store
from monitor.types import Message

log = logging.getLogger(__name__)

_SLACK = timedelta(minutes=1)
"""Beyond a channel's timeout: after that whoever took a message is thought to be gone."""


def post(
    channels: Sequence[ChannelSettings], store: Store, *, clock: Callable[[], datetime], stopping: threading.Event
) -> None:
    """Try every message that is due, oldest first. A channel that fails has its next turn at the next look, so that
    one that hangs costs the others one timeout."""
    for channel in channels:
        for message in store.messages_due(channel.name, clock()):
            if stopping.is_set():
                return
            if not _tried(channel, message, store, clock):
                break


def _tried(channel: ChannelSettings, message: Message, store: Store, clock: Callable[[], datetime]) -> bool:
    """False when the channel did not accept it. True also for a message that another daemon has."""
    if not store.take_message(message, until=clock() + channel.timeout + _SLACK):
        return True
    try:
        deliver(channel, message.body)
    except PublishError as error:
        _failed(channel, message, store, error=str(error.seen), now=clock())
        return False
    store.message_sent(message, clock())
    event(log, logging.INFO, "message", channel=channel.name, monitor=message.monitor, id=message.id)
    return True


def _failed(channel: ChannelSettings, message: Message, store: Store, *, error: str, now: datetime) -> None:
    again_at: datetime | None = now + backoff(message.attempts + 1)
    if again_at is not None and again_at - message.created_at > channel.give_up:
        again_at = None
    store.message_failed(message, error=error, again_at=again_at)
    event(
        log,
        logging.WARNING if again_at else logging.ERROR,
        "message not delivered" if again_at else "message given up",
        channel=channel.name,
        monitor=message.monitor,
        id=message.id,
        attempts=message.attempts + 1,
        error=error,
        next=again_at,
    )
