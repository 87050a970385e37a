"""A weekly report as data: what HTML, Markdown and JSON all say. Texts are for people in a meeting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from monitor.types import Level

StateKey = Literal["none", "warning", "severe", "unknown", "nothing"]
"""`nothing`: no check looked at that week."""
Action = Literal[
    "nothing",
    "accept_reference",
    "roll_back",
    "fix_pipeline",
    "put_back_explainer",
    "ask_owner",
    "restore_checks",
    "mend_serving",
    "privacy",
    "review_objective",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Something that the meeting is asked to decide or to order."""

    action: Action
    text: str
    command: str | None = None
    """What carries it out, to be copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """How much one feature counts, against something before."""

    feature: str
    level: Level
    """Of the week's checks."""
    before: float
    """Mean absolute attribution."""
    after: float
    words: str
    """`counts 2.0x more`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movers:
    """The largest changes first; those too small to be named are left out."""

    listed: tuple[Mover, ...]
    note: str = ""
    """Why there is nothing to compare with; empty when there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    id: str
    planned_at: datetime
    state: StateKey
    title: str
    sentence: str
    note: str
    """What the fresh sample said, or what this one confirms."""
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Checks of the week, without confirming ones."""

    expected: int
    """Slots that the schedule of today has in the week."""
    done: int
    judged: int
    warning: int
    severe: int
    unknown: int
    """Ran and could not judge."""
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    slo: str
    title: str
    objective: float
    remaining: float | None
    """Share of the budget at the end of the week; None while nothing was counted."""
    change: float | None
    """Against the end of the week before."""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The week of the explanation log, beside the week before."""

    rows: tuple[tuple[str, str, str], ...]
    """(what, this week, the week before)."""
    unexplained: tuple[str, ...]
    """The largest groups of predictions without explanation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of what happened."""

    at: datetime | None
    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendWeek:
    week: str
    title: str
    state: StateKey
    verdict: str
    checks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """Weeks in a row in which something was found, for the same cause."""

    first: str
    last: str
    weeks: int
    state: StateKey
    title: str
    sentence: str
    """Of the check that speaks for its worst week."""
    url: str | None

    @property
    def span(self) -> str:
        """`2013-W41 to W42`."""
        if self.first == self.last:
            return self.first
        same = self.first[:4] == self.last[:4]
        return f"{self.first} to {self.last[5:] if same else self.last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureTrend:
    """One feature over the weeks of the trend; None where nothing was judged."""

    feature: str
    levels: tuple[Level | None, ...]
    importances: tuple[float | None, ...]
    ranks: tuple[int | None, ...]
    """1 is the most important."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Why a feature's importance differs from the reference: current - reference = model part + data part."""

    feature: str
    model_part: float
    data_part: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmSide:
    """Attributions of some rows. `ranks`: 0 to 1, of the input's value among those shown; None where it is not
    known, kept back or has no order."""

    values: tuple[float, ...]
    ranks: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swarm:
    feature: str
    then: SwarmSide
    now: SwarmSide


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorReport:
    """The week of one monitor."""

    monitor: str
    model: str
    owner: str
    tier: str
    model_version: str | None
    week: str
    dates: str
    state: StateKey
    title: str
    """Headline words: `Pipeline changed`."""
    headline: str
    """One sentence: what changed and why."""
    story: tuple[str, ...]
    """The paragraph, one sentence each, the headline first."""
    counts: Counts
    decisions: tuple[Decision, ...]
    questions: tuple[str, ...]
    against_last_week: Movers
    against_reference: Movers
    checks: tuple[CheckRow, ...]
    """Those that found something or could not judge; of a quiet week the latest."""
    evidence: tuple[str, ...]
    budgets: tuple[Budget, ...]
    serving: Serving | None
    incidents: tuple[Happening, ...]
    changes: tuple[Happening, ...]
    """Model versions and references that came into force."""
    alerts: tuple[Happening, ...]
    untold: str
    """Why nobody was told anything; empty when somebody was."""
    maintenance: tuple[Happening, ...]
    trend: tuple[TrendWeek, ...]
    episodes: tuple[Episode, ...]
    """The latest first."""
    features: tuple[FeatureTrend, ...]
    parts: tuple[Part, ...]
    swarms: tuple[Swarm, ...] = ()
    swarm_note: str = ""
    url: str | None = None
    """The monitor's page in the daemon."""
    shown: tuple[str | None, str | None] = (None, None)
    """The check that speaks for the week, where it judged, and its reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReport:
    """The week of all monitors, the most urgent first."""

    week: str
    dates: str
    made_at: datetime
    version: str
    headline: str
    monitors: tuple[MonitorReport, ...]
    weeks: tuple[str, ...]
    """Of the trends, oldest first."""

    @property
    def asking(self) -> tuple[MonitorReport, ...]:
        """Monitors of which something is to be decided."""
        return tuple(one for one in self.monitors if any(each.action != "nothing" for each in one.decisions))
