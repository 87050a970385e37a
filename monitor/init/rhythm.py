"""How often to check, over which window, and by which periods of the holdout thresholds are to be calibrated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

ENOUGH_PER_DAY = 500
"""Rows a day from which daily windows can be judged well."""
CALIBRATING_PERIODS, PERIOD_ROWS = 4, 20
"""Fewer periods in the holdout, or fewer rows in each, cannot calibrate thresholds."""
LENGTHS = (("1w", timedelta(weeks=1)), ("1d", timedelta(days=1)), ("1h", timedelta(hours=1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Durations as the configuration writes them."""

    every: str
    window: str | None
    """None: as long as `every`. Longer where whole days of the holdout are too thin for daily windows."""
    period: str | None
    """None where the holdout holds too few of any."""


def choose_rhythm(*, span: timedelta | None, rows: int, per_day: float | None) -> Rhythm:
    """The longest periods that the holdout holds enough of and that are no longer than the window.

    A week is unlike none of its weeks and unlike most of its days: thresholds of weeks call every Sunday a drift.

    Args:
        span: of the holdout's times; None where it has none.
        rows: of the holdout, within that span.
        per_day: rows of traffic a day; None where nothing is known.
    """
    every = "1d" if per_day is None or per_day >= ENOUGH_PER_DAY else "1w"
    lengths, window = dict(LENGTHS), dict(LENGTHS)[every]
    many = [text for text in lengths if span is not None and span >= CALIBRATING_PERIODS * lengths[text]]
    full = [text for text in many if span and rows * (lengths[text] / span) >= PERIOD_ROWS]
    if every == "1d" and full == ["1w"]:
        return Rhythm(every=every, window="1w", period="1w")
    # Where all are thin, the check says so in its notes.
    fitting = [text for text in (*full, *many) if lengths[text] <= window]
    return Rhythm(every=every, window=None, period=fitting[0] if fitting else None)
