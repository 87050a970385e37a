"""What the decision tree is walked over, its questions, and what comes of the walk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from monitor.types import Check, MonitorStatus, ReferenceSummary, ServedLately, Snapshot

Answer = Literal["yes", "no", "unknown"]
Answered = tuple[Answer, Sequence[str]]
"""With its evidence."""
LATELY = timedelta(hours=1)
"""What serving did within it is what it does now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the tree is walked over."""

    now: datetime
    status: MonitorStatus
    snapshot: Snapshot
    latest: Check | None
    """The latest check, with notes and evidence."""
    judged: Check | None
    """The latest check that could judge."""
    reference: ReferenceSummary | None
    """In force; of the past the one that the latest check used."""
    served: ServedLately | None = None
    """What the explanation log counted within LATELY; None without one."""
    first_slot: datetime | None = None
    """Planned time of the first slot after the monitor was registered; None where its schedule is not at hand."""
    past: bool = False
    """The tree is walked as of the latest check, whatever came after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One question, answered."""

    question: str
    answer: Answer
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    monitor: str
    at: datetime | None
    """Planned time of the check as of which it is; None for now."""
    steps: tuple[Step, ...]
    """In order, up to and with the one that ended the walk."""
    branch: str
    """One word for what ended the walk, else for what was found beside it; the same in every version: shared,
    not_checked, ..., fine."""
    conclusion: str
    next_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What a yes means, and what to do about it; `{monitor}` in a step stands for its name."""

    conclusion: str
    next_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    branch: str
    text: str
    ask: Callable[[Facts], Answered]
    conclusion: str
    next_steps: tuple[str, ...]
    beside: bool = False
    """A yes is told and does not end the walk."""
    otherwise: Callable[[Facts], Told | None] | None = None
    """Words in place of the two above for facts that ask for others; None where those do."""

    def told(self, facts: Facts) -> Told:
        found = self.otherwise(facts) if self.otherwise else None
        return found or Told(self.conclusion, self.next_steps)
