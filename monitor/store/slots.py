"""Who runs which slot. A slot is one row per monitor and planned time, so that two daemons run it once.

    (no row) --claim--> running --finish--> done | failed
                        running --release_dead--> interrupted --claim--> running   (once more)
                        running --release_dead--> failed                           (interrupted twice)
    (no row) | interrupted --skip--> skipped
    failed --claim, when asked to--> running, as above; its failed check stays until another takes its place,
                                     and an interruption leaves the slot failed as it was

Every claim has a new random token. Whoever changes a running slot names its token in the same statement, so an owner
that was paused, given up for dead and replaced finds that it holds nothing any more.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from monitor.errors import SlotLostError
from monitor.names import SKIP_REASONS
from monitor.store import checks, counters, outbox, scores, status
from monitor.store.counters import insert_into
from monitor.store.registry import locked, unregistered
from monitor.store.tables import attempts, slots
from monitor.types import Check, Claim

MAX_ATTEMPTS = 2
"""Runs of one slot by itself: the first, and one more after an interruption. After the last it is not given back."""
FAILED_NOTES = 10
"""Failed checks of its slot that a check tells of, the latest; slot_attempts has the times of all."""
FINISHED = ("done", "failed", "skipped")


def claim(
    connection: Connection,
    monitor: str,
    planned_at: datetime,
    *,
    owner: str,
    lease: timedelta,
    now: datetime,
    confirms: str | None = None,
    failed_before: datetime | None = None,
) -> Claim | None:
    """The right to run a slot until `now + lease`; None when somebody holds it or nothing is left to do.

    What a slot confirms is settled by whoever claims it first, and stays so in every later run.

    `failed_before`: a slot whose check failed before this moment is left to do; of two processes that ask for it at
    once, the later one finds it failed after its moment or not failed any more, and leaves it.

    Raises StoreError for a monitor that was never registered.
    """
    token = uuid.uuid4().hex
    held = {"state": "running", "token": token, "owner": owner, "lease_until": now + lease}
    first = insert_into(connection, slots).values(
        monitor=monitor, planned_at=planned_at, attempt=1, confirms=confirms, **held
    )
    try:
        won = _inserted(connection, first)
    except IntegrityError as error:
        raise unregistered(monitor) from error
    attempt = 1
    if not won:
        again = _claim_again(connection, monitor, planned_at, held, failed_before)
        if again is None:
            return None
        attempt, confirms = again
    key = {"monitor": monitor, "planned_at": planned_at, "attempt": attempt}
    connection.execute(insert(attempts), {**key, "token": token, "owner": owner, "started_at": now})
    return Claim(monitor=monitor, planned_at=planned_at, token=token, attempt=attempt, confirms=confirms)


def _inserted(connection: Connection, row: Any) -> bool:
    # Asked for with RETURNING: the row count of ON CONFLICT DO NOTHING is not known on every driver.
    return connection.execute(row.on_conflict_do_nothing().returning(slots.c.attempt)).first() is not None


def _claim_again(
    connection: Connection, monitor: str, planned_at: datetime, held: dict[str, Any], failed_before: datetime | None
) -> tuple[int, str | None] | None:
    free = slots.c.state == "interrupted"
    if failed_before is not None:
        free |= _failed(failed_before)
    again = (
        update(slots)
        .where(_is(monitor, planned_at), free)
        .values(**held, attempt=slots.c.attempt + 1)
        .returning(slots.c.attempt, slots.c.confirms)
    )
    row = connection.execute(again).first()
    return None if row is None else (row.attempt, row.confirms)


def renew(connection: Connection, held: Claim, *, lease: timedelta, now: datetime) -> bool:
    """Hold the slot until `now + lease`. False: it is lost, the work must stop."""
    longer = update(slots).where(holds(held)).values(lease_until=now + lease)
    return connection.execute(longer).rowcount == 1


def finish(connection: Connection, held: Claim, check: Check, say: outbox.Announce | None = None) -> None:
    """Save a check with all its parts and close its slot.

    Raises SlotLostError when the claim does not hold the slot any more, ValueError when the check is not the slot's.
    """
    if (check.monitor, check.planned_at) != (held.monitor, held.planned_at):
        raise ValueError(
            f"check of {check.monitor!r} at {check.planned_at.isoformat()} cannot finish the slot of "
            f"{held.monitor!r} at {held.planned_at.isoformat()}"
        )
    if check.confirms != held.confirms:
        raise ValueError(
            f"check {check.id} confirms {check.confirms}, but its slot was claimed to confirm {held.confirms}"
        )
    # In this order everywhere: first the monitor's lock, then the slot. Otherwise two transactions could wait for each
    # other for ever.
    owner = locked(connection, held.monitor)["owner"]
    close(connection, held, check, owner=owner, say=say)
    ended = update(attempts).where(attempt_of(held)).values(finished_at=check.finished_at)
    connection.execute(ended)


def close(connection: Connection, held: Claim, check: Check, *, owner: str, say: outbox.Announce | None = None) -> None:
    """The part of `finish` that needs the monitor's lock. Raises SlotLostError.

    A failed check of the slot is replaced, and told of in a note of the new one; totals count both. That is done by
    hand, which is no news: `say` would make the message that the failed one made.
    """
    state = "failed" if check.outcome == "failed" else "done"
    closed = update(slots).where(holds(held))
    closed = closed.values(state=state, reason=check.reason, finished_at=check.finished_at, lease_until=None)
    if connection.execute(closed).rowcount != 1:
        raise _lost(connection, held)
    replaced = checks.load(connection, check.id, rows=False)
    if replaced is not None:
        checks.remove(connection, check.id)
        earlier = (*replaced.notes, _failed_note(replaced))[-FAILED_NOTES:]
        check = replace(check, notes=(*check.notes, *earlier))
    checks.save(connection, check)
    counters.count_check(connection, check)
    status.refresh(connection, check.monitor)
    scores.update(connection, check)
    if say is not None:
        outbox.announce(connection, check, owner, say)


def _failed_note(check: Check) -> str:
    at = f"{check.finished_at:%Y-%m-%d %H:%M} UTC"
    return f"an earlier check of this slot failed on {at} ({check.reason}): {check.error}"


def skip(connection: Connection, monitor: str, planned_at: datetime, reason: str, now: datetime) -> None:
    """Record that a slot will not be run. Nothing happens to one that runs or is finished.

    Raises ValueError for a reason that is not one of names.SKIP_REASONS, StoreError for an unregistered monitor.
    """
    if reason not in SKIP_REASONS:
        raise ValueError(f"skip reason {reason!r} is not one of {', '.join(SKIP_REASONS)}")
    model = locked(connection, monitor)["model"]
    closed = {"state": "skipped", "reason": reason, "finished_at": now}
    new = insert_into(connection, slots).values(monitor=monitor, planned_at=planned_at, attempt=0, **closed)
    waiting = update(slots).where(_is(monitor, planned_at), slots.c.state == "interrupted").values(**closed)
    if _inserted(connection, new) or connection.execute(waiting).rowcount:
        name = "xdrift_checks_skipped_total"
        counters.add(connection, name, monitor=monitor, model=model, labels={"reason": reason})


def finished(
    connection: Connection, monitor: str, since: datetime, until: datetime, *, failed_before: datetime | None = None
) -> set[datetime]:
    """Planned times in [since, until) of slots that need nothing more: done, failed or skipped.

    With `failed_before`, those that failed before this moment are not among them.
    """
    query = select(slots.c.planned_at).where(
        slots.c.monitor == monitor,
        slots.c.planned_at >= since,
        slots.c.planned_at < until,
        slots.c.state.in_(FINISHED),
    )
    if failed_before is not None:
        query = query.where(~_failed(failed_before))
    return set(connection.execute(query).scalars())


def last(connection: Connection, monitor: str) -> datetime | None:
    """Planned time of the latest slot in any state."""
    query = select(func.max(slots.c.planned_at)).where(slots.c.monitor == monitor)
    found: datetime | None = connection.execute(query).scalar()
    return found


def _is(monitor: str, planned_at: datetime) -> Any:
    return (slots.c.monitor == monitor) & (slots.c.planned_at == planned_at)


def _failed(before: datetime) -> Any:
    return (slots.c.state == "failed") & (slots.c.finished_at < before)


def holds(held: Claim) -> Any:
    return _is(held.monitor, held.planned_at) & (slots.c.token == held.token) & (slots.c.state == "running")


def attempt_of(held: Claim) -> Any:
    return (
        (attempts.c.monitor == held.monitor)
        & (attempts.c.planned_at == held.planned_at)
        & (attempts.c.attempt == held.attempt)
    )


def _lost(connection: Connection, held: Claim) -> SlotLostError:
    row = connection.execute(select(slots).where(_is(held.monitor, held.planned_at))).mappings().first()
    seen = "no such slot" if row is None else f"{row['state']}, attempt {row['attempt']}, owner {row['owner']}"
    return SlotLostError(
        f"slot {held.planned_at.isoformat()} of monitor {held.monitor!r}",
        seen=seen,
        expected=f"running, attempt {held.attempt}, held by this process",
        hint="nothing to do: another process has it; give slow checks a longer lease if this happens often",
    )
