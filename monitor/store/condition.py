"""What is confirmed of a monitor: a fold over its latest checks that needs no memory, so a restart changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from monitor.notify.message import WITHHELD
from monitor.store import maintenance
from monitor.store.served_tables import outbox
from monitor.store.tables import checks
from monitor.types import Check, Condition, News

_LOOKED_BACK = 50
"""Latest messages of a monitor looked through for those that were withheld."""
_RAISED_FOR_WARNING, _SEVERE_FOR_SEVERE, _BLIND_FOR_UNKNOWN = 3, 2, 2


def condition(levels: Sequence[int], outcomes: Sequence[str]) -> Condition:
    """The condition after some checks.

        unknown   the two latest checks could not judge or not run
        severe    the two latest judged checks were at level 2; confirming checks count
        warning   the three latest judged checks were all raised
        none      otherwise: the latest judged check was quiet, or too few were raised since one was

    Args:
        levels: of the latest three judged checks, newest first; fewer when there are no more.
        outcomes: of the latest two checks, newest first.
    """
    if len(outcomes) >= _BLIND_FOR_UNKNOWN and "succeeded" not in outcomes[:_BLIND_FOR_UNKNOWN]:
        return "unknown"
    if len(levels) >= _SEVERE_FOR_SEVERE and set(levels[:_SEVERE_FOR_SEVERE]) == {2}:
        return "severe"
    if len(levels) >= _RAISED_FOR_WARNING and 0 not in levels[:_RAISED_FOR_WARNING]:
        return "warning"
    return "none"


def news(connection: Connection, check: Check, owner: str) -> News | None:
    """What a check that was just saved changed of the condition that is known of its monitor; None when nothing."""
    before, after = _condition(connection, check, without=True), _condition(connection, check, without=False)
    in_maintenance = maintenance.open_at(connection, check.monitor, check.finished_at) is not None
    if not in_maintenance:
        # What a maintenance held back is still to be told once it is over, if it is still so.
        before = _last_told(connection, check.monitor) or before
    if before == after:
        return None
    return News(check=check, owner=owner, before=before, after=after, maintenance=in_maintenance)


def _last_told(connection: Connection, monitor: str) -> Condition | None:
    """The condition that channels know of, where the messages since then were withheld; None where none were."""
    mine = (outbox.c.monitor == monitor) & outbox.c.channel.not_like("%:%")
    query = select(outbox.c.message, outbox.c.given_up, outbox.c.error).where(mine)
    told: Condition | None = None
    for row in connection.execute(query.order_by(outbox.c.created_at.desc(), outbox.c.id.desc()).limit(_LOOKED_BACK)):
        if not (row.given_up and row.error == WITHHELD and "condition_before" in row.message):
            break
        told = row.message["condition_before"]
    return told


def _condition(connection: Connection, check: Check, *, without: bool) -> Condition:
    query = select(checks.c.level, checks.c.outcome).where(checks.c.monitor == check.monitor)
    if without:
        query = query.where(checks.c.id != check.id)
    query = query.order_by(checks.c.planned_at.desc())
    judged = connection.execute(query.where(checks.c.outcome == "succeeded").limit(_RAISED_FOR_WARNING))
    latest = connection.execute(query.limit(_BLIND_FOR_UNKNOWN))
    return condition([row.level for row in judged], [row.outcome for row in latest])
