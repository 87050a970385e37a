"""A monitor's past as a row of small cells: height and colour say the level, each leads to its check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.publish.phrases import State, check_state, stamp, verdict_title
from monitor.types import HistoryPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    check_id: str
    state: State
    title: str
    """Time and verdict in words, for pointer and screen reader."""
    here: bool
    """The check that the page is about."""


def cells(history: Sequence[HistoryPoint], here: str | None = None) -> tuple[Cell, ...]:
    """One cell per check, oldest first."""
    return tuple(
        Cell(
            check_id=point.check_id,
            state=check_state(point),
            title=f"{stamp(point.planned_at)}: {verdict_title(point)} ({check_state(point).word})",
            here=point.check_id == here,
        )
        for point in history
    )
