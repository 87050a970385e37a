"""Messages: written in the transaction of the check they tell of, delivered afterwards, at least once.

    waiting --taken--> waiting, due later --sent----------> sent
                                          --failed--------> waiting, due later still
                                          --failed too long-> given up

Whoever takes a message moves its next due time ahead of the delivery, so that another daemon leaves it alone and one
that dies in between is made up for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from monitor.store import condition, counters
from monitor.store.counters import insert_into
from monitor.store.served_tables import outbox
from monitor.store.tables import monitors
from monitor.types import Check, Message, News

Announce = Callable[[News], Sequence[Message]]
"""What is told about a check that changed its monitor's condition. Called inside the check's transaction: it must be
quick and must not fail."""

_WAITING = outbox.c.sent_at.is_(None) & ~outbox.c.given_up


def announce(connection: Connection, check: Check, owner: str, say: Announce) -> None:
    """Write down what is to be told of a check that was just saved, if anything."""
    news = condition.news(connection, check, owner)
    if news is not None:
        add(connection, say(news))


def add(connection: Connection, messages: Iterable[Message]) -> None:
    """Keep messages until they are delivered; one that is there already stays as it is."""
    rows = [
        {
            "id": message.id,
            "monitor": message.monitor,
            "channel": message.channel,
            "message": dict(message.body),
            "created_at": message.created_at,
            "due_at": message.created_at,
            "attempts": message.attempts,
            "given_up": message.withheld is not None,
            "error": message.withheld,
        }
        for message in messages
    ]
    if rows:
        connection.execute(insert_into(connection, outbox).on_conflict_do_nothing(), rows)


def due(connection: Connection, channel: str, now: datetime, limit: int) -> list[Message]:
    """Messages of one channel to be delivered now, oldest first."""
    return _read(connection, (outbox.c.channel == channel) & (outbox.c.due_at <= now), limit)


def drop(connection: Connection, kept: Collection[str]) -> int:
    """Give up what waits for channels that are not among these: nobody will ever deliver it."""
    orphans = _read(connection, outbox.c.channel.not_in(kept))
    for message in orphans:
        failed(connection, message, error="its channel is not configured any more", again_at=None)
    return len(orphans)


def _read(connection: Connection, condition: Any, limit: int | None = None) -> list[Message]:
    query = select(outbox).where(_WAITING, condition).order_by(outbox.c.created_at, outbox.c.id)
    return [
        Message(
            id=row.id, monitor=row.monitor, channel=row.channel, body=row.message, created_at=row.created_at,
            attempts=row.attempts,
        )
        for row in connection.execute(query.limit(limit))
    ]  # fmt: skip


def take(connection: Connection, message: Message, *, until: datetime) -> bool:
    """The right to try one delivery, until a time by which it is over; False when somebody else has it."""
    mine = (outbox.c.id == message.id) & (outbox.c.attempts == message.attempts) & _WAITING
    taken = update(outbox).where(mine).values(attempts=message.attempts + 1, due_at=until)
    return connection.execute(taken).rowcount == 1


def sent(connection: Connection, message: Message, now: datetime) -> None:
    """It was delivered."""
    done = update(outbox).where(outbox.c.id == message.id, _WAITING).values(sent_at=now, error=None)
    if connection.execute(done).rowcount:
        _count(connection, "xdrift_notifications_total", message)


def failed(connection: Connection, message: Message, *, error: str, again_at: datetime | None) -> None:
    """It was not delivered: try again later, or never (`again_at` None)."""
    if again_at is None:
        changed = update(outbox).where(outbox.c.id == message.id, _WAITING).values(given_up=True, error=error)
        if connection.execute(changed).rowcount:
            _count(connection, "xdrift_notification_failures_total", message)
        return
    later = update(outbox).where(outbox.c.id == message.id, _WAITING).values(due_at=again_at, error=error)
    connection.execute(later)


def waiting(connection: Connection) -> dict[str, int]:
    """Monitor to the number of its messages that wait."""
    query = select(outbox.c.monitor, func.count().label("n")).where(_WAITING).group_by(outbox.c.monitor)
    return {row.monitor: row.n for row in connection.execute(query)}


def purge(connection: Connection, end: datetime, limit: int) -> int:
    """Delete settled messages made before `end`; how many."""
    query = select(outbox.c.id).where(~_WAITING, outbox.c.created_at < end).limit(limit)
    old = connection.execute(query).scalars().all()
    return connection.execute(delete(outbox).where(outbox.c.id.in_(old))).rowcount if old else 0


def _count(connection: Connection, name: str, message: Message) -> None:
    model = connection.execute(select(monitors.c.model).where(monitors.c.name == message.monitor)).scalar()
    if model is not None:
        counters.add(connection, name, monitor=message.monitor, model=model, labels={})
