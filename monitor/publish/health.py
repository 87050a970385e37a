"""Is this daemon alive, and is it useful? Both answers come from memory: the database is never asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.publish.snapshot import SnapshotHolder

HEARTBEAT_LIMIT = timedelta(seconds=90)
"""The scheduler beats every 15 s; six beats missed in a row is a scheduler that stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the daemon knows about itself."""

    heartbeat_at: datetime | None
    """Last beat of the job that goes through the scheduler; None in a process that has no scheduler."""
    checks_in_progress: int = 0
    queue_length: int = 0
    """Monitors that were handed a turn and wait for one of `max_checks`."""
    stopping: bool = False
    """True from the stop signal on: running checks finish, new work goes elsewhere."""


def live(health: Health, now: datetime) -> tuple[bool, dict[str, Any]]:
    """(alive, body). Alive: no scheduler here, or one that beat within HEARTBEAT_LIMIT."""
    if health.heartbeat_at is None:
        return True, {"status": "alive", "heartbeat_age_seconds": None}
    age = now - health.heartbeat_at
    if age <= HEARTBEAT_LIMIT:
        return True, {"status": "alive", "heartbeat_age_seconds": round(age.total_seconds(), 3)}
    return False, {
        "status": "stuck",
        "heartbeat_age_seconds": round(age.total_seconds(), 3),
        "error": f"the scheduler last beat {age.total_seconds():.0f} s ago; "
        f"expected: within {HEARTBEAT_LIMIT.total_seconds():.0f} s",
        "next": "restart the daemon; slots missed meanwhile are made up for",
    }


def ready(health: Health, holder: SnapshotHolder, now: datetime) -> tuple[bool, dict[str, Any]]:
    """(ready, body). Ready: not stopping, and a fresh enough snapshot of the store can be served."""
    if health.stopping:
        return False, {
            "status": "stopping",
            "error": "the daemon received a stop signal and takes no new requests",
            "next": "ask another replica, or wait for the restart",
        }
    age = holder.age(now)
    if age is not None and age <= holder.max_age:
        return True, {"status": "ready", "snapshot_age_seconds": round(age.total_seconds(), 3)}
    seen = "the store was never read" if age is None else f"the latest snapshot is {age.total_seconds():.0f} s old"
    why = f": {holder.failure}" if holder.failure else ""
    return False, {
        "status": "not ready",
        "snapshot_age_seconds": None if age is None else round(age.total_seconds(), 3),
        "error": f"{seen}{why}; expected: one of the last {holder.max_age.total_seconds():.0f} s",
        "next": "check that the database is up, reachable and migrated (xdrift db upgrade)",
    }
