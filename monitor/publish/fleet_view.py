"""What the fleet page shows: every monitor, the most urgent first."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.publish.log_view import personal_data
from monitor.publish.phrases import NONE, STATES, UNKNOWN, WARNING, State, check_state, overdue, verdict_title
from monitor.publish.strip import Cell, cells
from monitor.types import Contribution, Counter, HistoryPoint, MonitorStatus, SloStatus, Snapshot

MOVERS = 3
SUM_OF_OTHERS = "explanations"
"""The objective that is missed whenever one of several others is: those are its cause."""
TIERS = ("critical", "standard", "experimental")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRow:
    """One monitor: its card on the fleet page, the head of its own page."""

    status: MonitorStatus
    state: State
    title: str
    late: bool
    strip: tuple[Cell, ...]
    movers: tuple[Contribution, ...]
    """Features above level none in the latest check, largest change first."""
    budget: SloStatus | None
    """The objective with least of its error budget left; None while nothing was counted."""
    spent: tuple[str, ...]
    """Objectives whose error budget is spent, the worst first."""
    personal: str
    """Kinds of personal data in its explanations with their counts; empty without any."""

    @property
    def colour(self) -> State:
        """As its state, but never green while a budget is spent or personal data is in its explanations."""
        return WARNING if self.state is NONE and (self.spent or self.personal) else self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    rows: tuple[FleetRow, ...]
    counts: tuple[tuple[State, int], ...]
    """Every state with its number of monitors, most urgent first, zeros included.

    A monitor without drift that is not shown green counts among `spent` or `personal` and not as `none`.
    """
    late: int
    spent: int
    """Monitors, whatever their state, with a spent error budget."""
    personal: int
    """Those with personal data in their explanations."""


def fleet(snapshot: Snapshot, histories: Mapping[str, Sequence[HistoryPoint]], now: datetime) -> Fleet:
    """The page's content. A monitor that is overdue is never green: what it last said may no longer hold."""
    rows = sorted(
        (card(status, snapshot.counters, histories.get(status.name, ()), now) for status in snapshot.monitors),
        key=_urgency,
    )
    counts = collections.Counter(row.state.key for row in rows if row.state is row.colour)
    return Fleet(
        rows=tuple(rows),
        counts=tuple((state, counts[state.key]) for state in STATES),
        late=sum(row.late for row in rows),
        spent=sum(bool(row.spent) for row in rows),
        personal=sum(bool(row.personal) for row in rows),
    )


def card(
    status: MonitorStatus, counters: Sequence[Counter], history: Sequence[HistoryPoint], now: datetime
) -> FleetRow:
    """What is said of one monitor, the same on both pages."""
    late = overdue(status, now)
    state = check_state(status.last_check)
    return FleetRow(
        status=status,
        state=UNKNOWN if late and state is NONE else state,
        title=verdict_title(status.last_check),
        late=late,
        strip=cells(history),
        movers=movers(status.last_check.contributions if status.last_check else ())[:MOVERS],
        budget=worst(status.slos),
        spent=spent(status.slos),
        personal=personal_data(status, counters),
    )


def worst(slos: Sequence[SloStatus]) -> SloStatus | None:
    """The objective with least of its budget left."""
    return min((slo for slo in slos if slo.remaining is not None), key=lambda slo: slo.remaining or 0.0, default=None)


def spent(slos: Sequence[SloStatus]) -> tuple[str, ...]:
    """Objectives with nothing of their budget left, the worst first; what is made of others comes last.

    That of privacy is never overspent: it is whole or spent.
    """
    found = [slo for slo in slos if slo.remaining is not None and slo.remaining <= 0]
    return tuple(slo.slo for slo in sorted(found, key=lambda slo: (slo.slo == SUM_OF_OTHERS, slo.remaining)))


def movers(contributions: Sequence[Contribution]) -> tuple[Contribution, ...]:
    """Features above level none: highest level first, then the largest change of importance."""
    return tuple(part for part in by_effect(contributions) if part.level)


def by_effect(contributions: Sequence[Contribution]) -> tuple[Contribution, ...]:
    """Highest level first, then the largest change of importance, then by name."""
    return tuple(
        sorted(
            contributions,
            key=lambda part: (-part.level, -abs(part.importance_current - part.importance_reference), part.feature),
        )
    )


def _urgency(row: FleetRow) -> tuple[int, bool, int, str]:
    tier = TIERS.index(row.status.tier) if row.status.tier in TIERS else len(TIERS)
    return STATES.index(row.colour), not row.late, tier, row.status.name
