"""What is put into the year on purpose, as tables. All other flights, delays and verdicts are what really happened.

Times are those of 2013; `shift` (whole weeks) is added where the demo plays in another year.
"""

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


OUTAGE = (datetime(2013, 12, 29, 17, tzinfo=UTC), datetime(2013, 12, 29, 19, tzinfo=UTC))
"""The explanation service is away for two hours of the last Sunday; predictions go on."""
LEAK = datetime(2013, 12, 29, 14, tzinfo=UTC)
"""The first note written after this moment holds an e-mail address."""
MAINTENANCE = (datetime(2013, 10, 18, 14, tzinfo=UTC), datetime(2013, 10, 21, 12, tzinfo=UTC))
"""Declared while the unit change is put right."""


def last_full_week(now: datetime) -> timedelta:
    """The shift, in whole weeks, with which the year ends with the last full week before `now`."""
    return (now - YEAR_END) // WEEK * WEEK


def active(week: datetime) -> Incident | None:
    """The incident in force in the week that starts then."""
    return next((incident for incident in INCIDENTS if incident.start <= week < incident.end), None)
