"""What is put into the year on purpose, as a table. Everything else the demo shows is what really happened in 2013."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from monitor.types import Verdict

WEEK = timedelta(weeks=1)
YEAR_START = datetime(2012, 12, 31, tzinfo=UTC)  # the Monday of the first week
YEAR_END = datetime(2013, 12, 30, tzinfo=UTC)
REFERENCE_END = datetime(2013, 4, 1, tzinfo=UTC)
"""Model and reference come from the thirteen weeks before; replayed as traffic they must be quiet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One injected fault, in force in [start, end)."""

    kind: Literal["retrain", "unit", "explainer"]
    start: datetime
    end: datetime
    truth: str
    """What was done, for the column beside the verdict."""
    right: tuple[Verdict, ...]
    """Verdicts that name the cause."""


INCIDENTS: tuple[Incident, ...] = (
    Incident(
        kind="retrain",
        start=datetime(2013, 7, 29, tzinfo=UTC),
        end=datetime(2013, 8, 12, tzinfo=UTC),
        truth="INJECTED silent retrain",
        right=("model",),
    ),
    Incident(
        kind="unit",
        start=datetime(2013, 10, 7, tzinfo=UTC),
        end=datetime(2013, 10, 21, tzinfo=UTC),
        truth="INJECTED unit change",
        right=("pipeline", "data"),
    ),
    Incident(
        kind="explainer",
        start=datetime(2013, 11, 11, tzinfo=UTC),
        end=datetime(2013, 11, 25, tzinfo=UTC),
        truth="INJECTED other explainer",
        right=("explainer",),
    ),
)


def active(week: datetime) -> Incident | None:
    """The incident in force in the week that starts then."""
    return next((incident for incident in INCIDENTS if incident.start <= week < incident.end), None)


def spans() -> list[tuple[datetime, datetime, Incident | None]]:
    """The year cut into runs of weeks [start, end) under the same incident, or none."""
    found: list[tuple[datetime, datetime, Incident | None]] = []
    week = YEAR_START
    while week < YEAR_END:
        if found and found[-1][2] is active(week):
            found[-1] = (found[-1][0], week + WEEK, found[-1][2])
        else:
            found.append((week, week + WEEK, active(week)))
        week += WEEK
    return found
