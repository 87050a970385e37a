"""Numbers, times and verdicts in words and symbols for people."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from monitor.types import Check, HistoryPoint, MonitorStatus, View, Window


class State(NamedTuple):
    """How a verdict is shown. Colour never stands alone: word and symbol say the same."""

    key: str
    """CSS class: severe, warning, unknown, none."""
    symbol: str
    word: str


SEVERE = State("severe", "■", "severe")
WARNING = State("warning", "▲", "warning")
UNKNOWN = State("unknown", "?", "unknown")
NONE = State("none", "✓", "none")
STATES = (SEVERE, WARNING, UNKNOWN, NONE)
"""Most urgent first."""
LEVELS = (NONE, WARNING, SEVERE)
"""By level of a finding or feature."""

BEYOND_WORDS = 1000.0
"""Larger ratios are not written out: what starts from next to nothing grows 10^300 times."""

PIPELINE_AS_WELL = "A feature pipeline changed as well"
"""How a sentence tells of a broken pipeline beside what names the verdict; what was seen follows a colon."""

VERDICT_TITLES = {
    "none": "No drift",
    "data": "Data changed",
    "model": "Model changed",
    "both": "Model and data changed",
    "pipeline": "Pipeline changed",
    "explainer": "Explainer changed",
    "unknown": "Unknown",
}
VIEW_TITLES: dict[View, str] = {
    "holdout": "Same rows, model then and now",
    "traffic": "Same model, recent rows against holdout rows",
    "total": "Recent rows now against the reference",
    "trend": "This window against the windows before it",
}
TEST_TITLES = {
    "psi": "Population stability index",
    "ks": "Kolmogorov-Smirnov distance",
    "stability": "Stability score",
    "change": "Change of the same rows",
    "wasserstein": "Wasserstein distance",
    "js": "Jensen-Shannon distance",
    "kl": "Kullback-Leibler divergence",
}
SLO_TITLES = {
    "coverage": "Predictions with an explanation",
    "latency": "Explanations within the latency threshold",
    "errors": "Explanations that did not fail",
    "freshness": "Minutes in which the last success was recent enough",
    "checks": "Checks that did not fail",
    "drift": "Minutes without confirmed severe drift, outside declared maintenance",
    "privacy": "No personal data in explanations",
    "explanations": "Minutes in which coverage, latency, errors, freshness and drift were all in order",
}
NUMBER_TITLES = {
    "importance_change": "Importance moved",
    "ndcg": "Rank agreement (NDCG)",
    "cosine": "Cosine",
    "top_k_overlap": "Top features kept",
}
NEXT_STEPS = {
    "empty_window": "Look whether predictions still arrive in the source and whether the time column and zone in "
    "the configuration are right; a longer schedule.window or delay helps where they arrive late.",
    "thin_sample": "Wait for more traffic, or set a longer schedule.window; sample.min_rows is the smallest number "
    "that is judged.",
    "not_judged": "The notes below say what was missing; the next slot tries again.",
    "config": "Correct the configuration file; xdrift check-config lists every mistake in it.",
    "sampling": "Look whether the prediction source is up and readable from here, then wait for the next slot.",
    "model_load": "Look whether the model artefact is complete and of the configured format and digest.",
    "data": "Compare the columns of the prediction source with the model's features: columns.rename maps names; a "
    "column that the serving job stopped writing is repaired there.",
    "reference_missing": "Make a reference: xdrift reference create MONITOR.",
    "explainer": "Nothing was stored, because the explanation could not be trusted. Compare the library versions "
    "below with those of the last good check.",
    "timeout": "Raise schedule.deadline, or draw fewer rows with sample.rows.",
    "storage": "Look whether the database is up, reachable and has free space.",
    "interrupted": "The check was ended twice from outside: look for a full memory or a restart in the daemon's log.",
    "internal": "This is a defect of xdrift: the daemon's log has the traceback.",
}
"""Reason of a check that could not judge or run to what a person does next."""


def check_state(check: Check | HistoryPoint | None) -> State:
    """Green is only for a check that was judged and found nothing."""
    if check is None or check.outcome != "succeeded" or check.verdict == "unknown":
        return UNKNOWN
    if check.level == 0 and check.verdict != "none":
        return WARNING
    return LEVELS[check.level]


def verdict_title(check: Check | HistoryPoint | None) -> str:
    """Headline words of a check."""
    if check is None:
        return "No check yet"
    return "Check failed" if check.outcome == "failed" else VERDICT_TITLES[check.verdict]


def overdue(status: MonitorStatus, now: datetime) -> bool:
    """True when the latest check is older than two intervals and ten minutes: one slot may be late, two not.

    A new interval is waited for from its beginning.
    """
    since = max(status.last_run_at or status.created_at, status.interval_since)
    return now - since > timedelta(seconds=2 * status.interval_seconds, minutes=10)


def ratio_sentence(before: float, after: float) -> str:
    """How a feature's importance compares with the reference, as in `counts 2.0x more than in the reference`."""
    if before <= 0:
        return "counts now, did not in the reference" if after > 0 else "does not count, then or now"
    ratio = after / before
    if ratio >= BEYOND_WORDS:
        return f"counts over {BEYOND_WORDS:,.0f}x more than in the reference"
    if ratio >= 1.95:
        return f"counts {ratio:.1f}x more than in the reference"
    if ratio > 1.05:
        return f"counts {ratio - 1:.0%} more than in the reference"
    if ratio >= 0.95:
        return "counts about as much as in the reference"
    if ratio >= 0.01:
        return f"counts {1 - ratio:.0%} less than in the reference"
    return "no longer counts"


def number(value: float | None, digits: int = 3) -> str:
    """Significant digits, no exponent in the usual range; a dash for nothing."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 10**6 or abs(value) < 10**-4:
        return f"{value:.{digits - 1}e}".replace("-", "−")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}".replace("-", "−")


def value_text(value: object) -> str:
    """An input as it is stored: numbers with up to six significant digits, text as it is."""
    if value is None:
        return "missing"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or value.is_integer():
        return f"{value:,.0f}".replace("-", "−") if abs(value) < 10**15 else f"{value:.6g}"
    return f"{value:.6g}".replace("-", "−")


def signed(value: float | None, digits: int = 3) -> str:
    """A contribution: its sign is always there."""
    text = number(value, digits)
    return f"+{text}" if value is not None and math.isfinite(value) and value > 0 else text


def decimals_for(largest: float) -> int:
    """Decimal places at which the largest number of a column has four significant digits."""
    if largest <= 0 or not math.isfinite(largest):
        return 0
    return min(8, max(0, 3 - math.floor(math.log10(largest))))


def decimal(value: float | None, places: int) -> str:
    """A column's number: the same places for all, so that sizes can be seen at a glance. An exact zero is `0`."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    return f"{round(value, places) + 0.0:,.{places}f}".replace("-", "−")  # + 0.0 turns -0.000 into 0.000


def percent(value: float | None) -> str:
    """A share of 1 as percent, one decimal under ten.

    Nothing and all are exact: 1 of 2,000 is no 0 % and 1,999 are no 100 %, so these get more decimals.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value >= BEYOND_WORDS:
        return f"over {BEYOND_WORDS:,.0%}"
    size, sign = abs(value), "−" if value < 0 else ""
    if size in (0.0, 1.0):
        return f"{sign}{size:.0%}"
    for decimals in range(1 if size < 0.1 else 0, 3):
        told = f"{size:.{decimals}%}"
        if size > 1 or float(told.removesuffix("%")) not in (0.0, 100.0):
            return sign + told
    return f"{sign}under 0.01%" if size < 0.5 else f"{sign}over 99.99%"


def percent_under(value: float, objective: float) -> str:
    """`percent`, with so many decimals that a share under its objective never reads as the objective."""
    told = percent(value)
    if not value < objective or float(re.sub("[^0-9.]", "", told) or 0) < 100 * objective:
        return told
    for decimals in range(1, 5):
        told = f"{value:.{decimals}%}"
        if float(told.removesuffix("%")) < 100 * objective:
            return told
    return f"under {share(objective)}"


def share(value: float) -> str:
    """An objective, with the digits it was given in: `95%`, `99.95%`."""
    return f"{100 * value:.6g}%"


def span(seconds: float) -> str:
    """A length of time in its largest one or two units: `3 h`, `1 d 4 h`."""
    left = round(seconds)
    parts: list[str] = []
    for unit, size in (("w", 604800), ("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
            if len(parts) == 2 or count >= 3:
                break
        elif parts:
            break
    return " ".join(parts)


def ago(moment: datetime, now: datetime) -> str:
    """`3 h ago`, `in 20 min`, `just now`."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) < 1:
        return "just now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"


def stamp(moment: datetime) -> str:
    """`Mon 3 Jun 2013, 06:00 UTC`; the day alone says nothing about the zone, so the zone is always there."""
    local = moment.astimezone(UTC)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} UTC"


def window_words(window: Window) -> str:
    """A half-open window; whole days are shown as the days they contain."""
    start, end = window.start, window.end
    if any((t.hour, t.minute, t.second) != (0, 0, 0) for t in (start, end)):
        if start.date() == end.date():
            return f"{stamp(start).removesuffix(' UTC')} – {end:%H:%M} UTC"
        return f"{stamp(start)} – {stamp(end)}"
    last = end - timedelta(days=1)
    if last == start:
        return f"{start:%a} {start.day} {start:%b %Y} UTC"
    year = "" if start.year == last.year else f" {start.year}"
    return f"{start.day} {start:%b}{year} – {last.day} {last:%b} {last.year} UTC"
