"""The store: does it answer, has it the tables of this version, may we write, and do the clocks agree?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from monitor.doctor.finding import Finding, State, failed, shared
from monitor.errors import StoreError
from monitor.store import Examination, Store

SKEW_WARN, SKEW_FAILED = timedelta(seconds=2), timedelta(seconds=30)
"""Leases of slots last a minute: half of it lost to a wrong clock, and two daemons may hold one slot in turn."""


def examine(store: Store, clock: Callable[[], datetime]) -> Iterator[Finding]:
    """The database first; its finding is `ok` when monitors can be looked up there."""
    before = clock()
    try:
        seen = store.examine()
    except StoreError as error:
        yield failed("database", error)
        yield shared("clock", "unknown", "no database to compare with", step="repair it first")
        return
    after = clock()
    found = _database(seen)
    yield found
    yield _clock(seen, before, after) if seen.clock is not None else _by_latest_check(store, found.state, after)


def _database(seen: Examination) -> Finding:
    expected = f"schema {seen.expected}"
    if seen.version is None:
        found, step = f"{seen.label} has no tables", "run `xdrift db upgrade`"
        return shared("database", "failed", found, expected=expected, step=step)
    if seen.version != seen.expected:
        newer = seen.version > seen.expected
        step = "upgrade xdrift here: a newer one migrated it" if newer else "run `xdrift db upgrade`"
        return shared("database", "failed", f"{seen.label} is at schema {seen.version}", expected=expected, step=step)
    if seen.missing:
        return shared(
            "database", "failed", f"{seen.label} lacks {', '.join(seen.missing)}",
            expected=f"the tables of {expected}", step="somebody removed them: restore a backup of the database",
        )  # fmt: skip
    if seen.refused:
        return shared(
            "database", "failed", f"{seen.label} cannot be written: {'; '.join(seen.refused)}",
            step="point store.url at the primary, and at a user that may read and write xdrift's tables",
        )  # fmt: skip
    return shared("database", "ok", f"{seen.label} answers, schema {seen.version}, can be written")


def _clock(seen: Examination, before: datetime, after: datetime) -> Finding:
    """The server read its clock somewhere between two looks at ours."""
    assert seen.clock is not None
    skew = max(seen.clock - after, before - seen.clock, timedelta(0))
    state: State = "ok" if skew <= SKEW_WARN else "warn" if skew <= SKEW_FAILED else "failed"
    seconds = skew.total_seconds()
    if state == "ok":
        return shared("clock", "ok", "agrees with the database's")
    side = "behind" if seen.clock > after else "ahead of"
    return shared(
        "clock", state, f"this machine is {seconds:,.1f} s {side} the database",
        expected=f"within {SKEW_WARN.total_seconds():.0f} s; leases of slots last a minute",
        step="let both machines follow the same time server (chronyd, systemd-timesyncd)",
    )  # fmt: skip


def _by_latest_check(store: Store, state: State, now: datetime) -> Finding:
    """A file has no clock, but what is kept in it was not done in the future."""
    latest = store.checks(limit=1) if state == "ok" else []
    if latest and latest[0].finished_at > now + SKEW_WARN:
        return shared(
            "clock", "failed", "the latest check was finished in the future",
            seen=f"{latest[0].finished_at:%Y-%m-%d %H:%M:%S} UTC, and it is {now:%Y-%m-%d %H:%M:%S} UTC here",
            step="set this machine's clock, or find the machine that wrote with a wrong one",
        )  # fmt: skip
    return shared("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC, no check lies ahead of it")
