"""What was found at one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from monitor.errors import XdriftError

State = Literal["ok", "warn", "failed", "unknown"]
STATES: tuple[State, ...] = ("ok", "warn", "failed", "unknown")
"""Checks run; checks run and somebody should know; checks fail, or their results are lost; could not be looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line."""

    monitor: str | None
    """None for what all monitors share."""
    part: str
    state: State
    found: str
    """What was seen there, in words."""
    seen: str | None = None
    expected: str | None = None
    next: str | None = None
    """What to do about it; None when all is well."""


def failed(part: str, error: XdriftError, *, monitor: str | None = None) -> Finding:
    """The finding that an error makes."""
    seen, expected = (None if value is None else str(value) for value in (error.seen, error.expected))
    return Finding(
        monitor=monitor, part=part, state="failed", found=error.thing, seen=seen, expected=expected, next=error.hint
    )


def shared(
    part: str,
    state: State,
    found: str,
    *,
    seen: str | None = None,
    expected: str | None = None,
    step: str | None = None,
) -> Finding:
    """A finding about what all monitors share."""
    return Finding(monitor=None, part=part, state=state, found=found, seen=seen, expected=expected, next=step)


def attempt(part: str, look: Callable[[], Finding], *, monitor: str | None = None) -> Finding:
    """What `look` finds; whatever it raises of ours is a finding as well."""
    try:
        return look()
    except XdriftError as error:
        return failed(part, error, monitor=monitor)
