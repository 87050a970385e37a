"""What budgets are worked out from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.slo.spans import Span

BUCKET_SECONDS = 300
"""Length of one bucket of the explanation log."""
COUNTED = ("predictions", "unexplained", "explanations", "errors", "slow", "privacy")
"""Columns of the counts of a bucket, in order. Predictions that sampling left out are in none of them."""


class CheckFact(NamedTuple):
    """One finished check. A tuple, because a period holds tens of thousands of them."""

    planned_at: float
    """Seconds since 1970, as all times here."""
    finished_at: float
    """From then on it is known."""
    outcome: str
    """succeeded, unknown or failed."""
    levels: tuple[int | None, ...]
    """Level of each of VERDICT_VIEWS; None where the check did not judge the view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """Counts of the explanation log in five-minute buckets of event time; buckets without records may be left out."""

    numbers: NDArray[np.int64]
    """(n,) start of each bucket over BUCKET_SECONDS, ascending, none twice."""
    counts: NDArray[np.int64]
    """(n, 6) one column per word of COUNTED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of one monitor."""

    created_at: float
    interval_seconds: float
    """Longest gap between two planned slots."""
    earlier_intervals: Sequence[tuple[float, float]] = ()
    """(until when, interval_seconds that held until then) of those before, oldest first."""
    checks: Sequence[CheckFact]
    """In any order: those finished in the period, and of the time before it the latest success and the latest two
    that judged each view, which are what the period began with."""
    maintenance: Sequence[Span] = ()
    """Declared maintenance."""
    buckets: Buckets | None = None
    """None without an explanation log."""
