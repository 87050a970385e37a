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
from typing import Any, Literal

from sqlalchemy import Connection, Row, case, delete, exists, func, select, update

from monitor.notify.message import WITHHELD
from monitor.store import condition, counters
from monitor.store.counters import insert_into
from monitor.store.served_tables import outbox
from monitor.store.tables import monitors
from monitor.types import Check, Delivery, Message, News, ReportStatus

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
    """Messages of one channel to be delivered now, oldest first.

    A webhook gets the messages of one monitor in their order: while one waits for its next turn, so do those after it.
    Otherwise the last thing that a person reads could be what came first. Channels with a colon are exempt.
    """
    mine = (outbox.c.channel == channel) & (outbox.c.due_at <= now)
    if ":" not in channel:
        before = outbox.alias("before")
        waits = before.c.sent_at.is_(None) & ~before.c.given_up & (before.c.due_at > now)
        older = (before.c.channel == outbox.c.channel) & (before.c.monitor == outbox.c.monitor) & waits
        mine &= ~exists().where(older, before.c.created_at < outbox.c.created_at)
    return _read(connection, mine, limit)


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


def of_check(connection: Connection, check_id: str) -> list[Delivery]:
    """What became of the messages about one check, by channel."""
    mine = outbox.c.id.startswith(f"{check_id}-", autoescape=True)
    rows = connection.execute(select(outbox).where(mine).order_by(outbox.c.channel))
    return [
        Delivery(
            channel=row.channel,
            state=_state(row),
            at=row.sent_at or row.created_at,
            attempts=row.attempts,
            why=row.error,
        )
        for row in rows
    ]


def _state(row: Row[Any]) -> Literal["sent", "waiting", "withheld", "given up"]:
    if row.sent_at is not None:
        return "sent"
    if not row.given_up:
        return "waiting"
    return "withheld" if row.attempts == 0 and row.error == WITHHELD else "given up"


def waiting(connection: Connection) -> dict[str, int]:
    """Monitor to the number of its messages that wait."""
    query = select(outbox.c.monitor, func.count().label("n")).where(_WAITING).group_by(outbox.c.monitor)
    return {row.monitor: row.n for row in connection.execute(query)}


def reports(connection: Connection) -> ReportStatus | None:
    """How weekly reports fare; None where none was ever planned. Their ids begin alike, whatever their channel."""
    mine = outbox.c.id.like("weekly-%")
    written = case((outbox.c.id.not_like("%:%"), outbox.c.sent_at))
    query = select(
        func.count().label("all"),
        func.max(written).label("last"),
        func.coalesce(func.sum(case((_WAITING, 1), else_=0)), 0).label("waiting"),
        func.coalesce(func.sum(case((outbox.c.given_up, 1), else_=0)), 0).label("given_up"),
    ).where(mine)
    row = connection.execute(query).one()
    if not row.all:
        return None
    return ReportStatus(last_success_at=row.last, waiting=int(row.waiting), given_up=int(row.given_up))


def purge(connection: Connection, end: datetime, limit: int) -> int:
    """Delete settled messages made before `end`; how many."""
    query = select(outbox.c.id).where(~_WAITING, outbox.c.created_at < end).limit(limit)
    old = connection.execute(query).scalars().all()
    return connection.execute(delete(outbox).where(outbox.c.id.in_(old))).rowcount if old else 0


def _count(connection: Connection, name: str, message: Message) -> None:
    model = connection.execute(select(monitors.c.model).where(monitors.c.name == message.monitor)).scalar()
    if model is not None:
        counters.add(connection, name, monitor=message.monitor, model=model, labels={})
