"""Declared maintenance: written down with author and reason, bounded, never deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from monitor.errors import ConfigError
from monitor.remark import remark
from monitor.settings import format_duration
from monitor.store.registry import locked
from monitor.store.served_tables import maintenances as table
from monitor.types import Maintenance, utc

LONGEST = timedelta(days=7)
"""A longer one is no maintenance: it is a monitor that nobody listens to."""


def start(
    connection: Connection, monitor: str, *, until: datetime, author: str, reason: str, now: datetime
) -> Maintenance:
    """Open one from now on. Raises ConfigError while one is open, for an end that is past or too far ahead, and for an
    author or reason that is no line of text."""
    author, reason = remark("author", author, "maintenance"), remark("reason", reason, "maintenance")
    locked(connection, monitor)
    found = open_at(connection, monitor, now)
    if found is not None:
        raise ConfigError(
            f"monitor {monitor!r} is in maintenance already",
            seen=f"open since {_short(found.start)} until {_short(found.until)}, {found.author}: {found.reason}",
            expected="none that is open",
            hint=f"to change its end, run `xdrift maintenance end {monitor}` first, then start another one",
        )
    if until <= now:
        raise ConfigError(
            "the end of the maintenance is past",
            seen=_short(until),
            expected=f"a time after now, {_short(now)}",
            hint="give an end that is still to come",
        )
    if until > now + LONGEST:
        raise ConfigError(
            f"a maintenance lasts {format_duration(LONGEST)} at most",
            seen=f"an end at {_short(until)}",
            expected=f"one at most {format_duration(LONGEST)} after now, {_short(now)}",
            hint=f"give an end up to {_short(now + LONGEST)}; start another one then, if it is still needed",
        )
    made = Maintenance(monitor=monitor, start=now, until=until, author=author, reason=reason)
    row = {"monitor": monitor, "start": now, "until": until, "author": author, "reason": reason}
    connection.execute(insert(table), row)
    return made


def end(connection: Connection, monitor: str, *, author: str, now: datetime) -> Maintenance:
    """Close the open one before its time. Raises ConfigError when none is open, and for an author that is no text."""
    author = remark("author", author, "maintenance")
    locked(connection, monitor)
    found = open_at(connection, monitor, now)
    if found is None:
        raise ConfigError(
            f"monitor {monitor!r} is not in maintenance",
            seen="none that is open",
            expected="an open one",
            hint=f"`xdrift maintenance list {monitor}` shows the past ones",
        )
    this = (table.c.monitor == monitor) & (table.c.start == found.start)
    connection.execute(update(table).where(this).values(ended_at=now, ended_by=author))
    (row,) = connection.execute(select(table).where(this)).mappings()
    return Maintenance(**row)


def listing(connection: Connection, monitor: str | None = None, *, since: datetime | None = None) -> list[Maintenance]:
    """Newest first; with `since` only those that were open then or later."""
    query = select(table).order_by(table.c.start.desc(), table.c.monitor)
    if monitor is not None:
        query = query.where(table.c.monitor == monitor)
    if since is not None:
        query = query.where(table.c.until > since)
    found = [Maintenance(**row) for row in connection.execute(query).mappings()]
    return found if since is None else [one for one in found if one.end > since]


def open_at(connection: Connection, monitor: str, at: datetime) -> Maintenance | None:
    """The one that covers a moment."""
    found = [one for one in listing(connection, monitor, since=at) if one.start <= at]
    return found[0] if found else None


def ends(found: Sequence[Maintenance], at: datetime) -> dict[str, datetime]:
    """Monitor to the end of the maintenance that is open at a moment."""
    return {one.monitor: one.end for one in found if one.start <= at < one.end}


def _short(moment: datetime) -> str:
    return f"{utc(moment):%Y-%m-%dT%H:%MZ}"
