"""The week of the explanation log, beside the week before; what went wrong in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from monitor.names import LATENCY_BUCKETS
from monitor.publish.phrases import number, percent, span
from monitor.reports.model import Happening, Serving
from monitor.reports.watched import Watched
from monitor.reports.words import count
from monitor.store.reported import TelemetryDay

COST = "Cost"
"""Shown where a price is configured."""
GROUPS = 3
"""Groups of predictions without explanation that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """A quantile of a histogram: where it lies for sure, and where in between if counts are spread evenly there."""

    low: float
    high: float | None
    """None: beyond the last bound, about which nothing is known."""
    estimate: float | None

    @property
    def words(self) -> str:
        """`about 42 ms (25 ms to 50 ms)`."""
        if self.high is None or self.estimate is None:
            return f"over {_seconds(self.low)}"
        return f"about {_seconds(self.estimate)} ({_seconds(self.low)} to {_seconds(self.high)})"


def quantile(counts: Sequence[int], share: float) -> Quantile | None:
    """A quantile of counts per bucket of names.LATENCY_BUCKETS and +Inf, not cumulated; None without any.

    Linear within the bucket that holds it: low + (high - low) x (share x total - below) / in the bucket, as Prometheus'
    histogram_quantile has it. The first bucket begins at 0.
    """
    total = sum(counts)
    if not total:
        return None
    wanted, below = share * total, 0
    for place, held in enumerate(counts):
        if below + held >= wanted and held:
            low = LATENCY_BUCKETS[place - 1] if place else 0.0
            if place == len(LATENCY_BUCKETS):
                return Quantile(low=low, high=None, estimate=None)
            high = LATENCY_BUCKETS[place]
            return Quantile(low=low, high=high, estimate=low + (high - low) * (wanted - below) / held)
        below += held
    raise AssertionError("some bucket holds the last one")


def added(days: Iterable[TelemetryDay]) -> dict[str, float]:
    """Totals of some days, sources under their own names."""
    found: dict[str, float] = {}
    for day in days:
        for name in ("predictions", "left_out", "explained", "explanations", "errors", "slow", "adverse", "cost"):
            found[name] = found.get(name, 0) + getattr(day, name)
        for source, n in day.sources.items():
            found[f"source {source}"] = found.get(f"source {source}", 0) + n
    return found


def latency(days: Iterable[TelemetryDay]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*(day.latency for day in days), strict=True)))


def serving(week: Watched) -> Serving | None:
    """None for a monitor without an explanation log."""
    if not week.line.has_log:
        return None
    mine = [day for day in week.facts.days if day.monitor == week.name]
    now = [day for day in mine if week.holds(day.day)]
    before = [day for day in mine if week.holds(day.day + timedelta(weeks=1))]
    then = dict(_rows(before))
    telemetry = week.settings.telemetry
    priced = telemetry is not None and telemetry.price_per_hour > 0
    rows = tuple((name, value, then[name]) for name, value in _rows(now) if priced or name != COST)
    groups = [one for one in week.facts.unexplained if one.monitor == week.name][:GROUPS]
    said = (f"{one.n:,} {one.word}{_group(one.detail)}" for one in groups)
    return Serving(rows=rows, unexplained=tuple(said))


def _rows(days: Sequence[TelemetryDay]) -> list[tuple[str, str]]:
    total = added(days)
    median, high = (quantile(latency(days), share) for share in (0.5, 0.95))

    def part(name: str, of: str) -> str:
        return percent(total[name] / total[of]) if total.get(of) else "–"

    total.setdefault("source fallback", 0)
    return [
        ("Predictions", f"{total.get('predictions', 0):,.0f}"),
        ("with an explanation", part("explained", "predictions")),
        ("Explanations that failed", part("errors", "explanations")),
        ("Explanations over the latency threshold", part("slow", "explanations")),
        ("Half of them took at most", "–" if median is None else median.words),
        ("95% of them took at most", "–" if high is None else high.words),
        ("From a fallback", part("source fallback", "explained")),
        (COST, f"${number(total['cost'])}" if total.get("cost") else "–"),
    ]


def incidents(week: Watched) -> list[Happening]:
    """Personal data and failures of the serving system's explanations."""
    found = [
        Happening(at=one.first_seen, text=f"personal data in explanations: {one.kind.replace('_', ' ')} in field "
                  f"{one.field}, {count(one.n, 'time')} on that day")
        for one in week.facts.incidents
        if one.monitor == week.name
    ]  # fmt: skip
    for one in [each for each in week.facts.errors if each.monitor == week.name][:GROUPS]:
        what = f" ({one.detail})" if one.detail else ""
        found.append(Happening(at=None, text=f"explanations failed: {one.word}{what}, {count(one.n, 'time')}"))
    return found


def _group(key: str) -> str:
    """What the monitor groups by, from canonical JSON."""
    pairs = json.loads(key)
    return f" in {', '.join(f'{name} {value}' for name, value in pairs.items())}" if pairs else ""


def _seconds(value: float) -> str:
    return f"{number(1000 * value)} ms" if value < 1 else span(value) if value >= 60 else f"{number(value)} s"
