"""The figures of a compliance report as lines of a table: what, how much, from which records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from monitor.names import LATENCY_BUCKETS
from monitor.publish.phrases import number, percent, span
from monitor.reports.compliance_model import LogFigures, MonitorCompliance, Raised
from monitor.reports.episodes import SEVERE
from monitor.reports.words import count


class Line(NamedTuple):
    what: str
    value: str
    source: str
    """Table and column of the store that it was worked out from."""
    part: bool = False
    """Of the line above."""


def lines(one: MonitorCompliance) -> list[Line]:
    """Of one monitor, in the order in which an examiner asks."""
    log = _log(one.log, one.source_rows) if one.log is not None else []
    checks = one.checks
    found = f"{sum(each.n for each in one.privacy):,}" if one.log is not None else "not known: no explanation log"
    return [
        *log,
        Line("Personal data found in explanations", found, "privacy_incidents.n"),
        Line("Checks run", f"{checks.run:,}", "checks, without confirming ones"),
        Line("judged", f"{checks.judged:,}", "checks.outcome", part=True),
        Line("could not judge", _counted(checks.unknown), "checks.outcome, reason", part=True),
        Line("failed", _counted(checks.failed), "checks.outcome, reason", part=True),
        Line("Slots skipped", _counted(checks.skipped), "slots.state, reason"),
        Line("Confirming checks on a fresh sample", f"{checks.confirming:,}", "checks.confirms"),
        Line("Verdicts", _words(checks.verdicts), "checks.verdict"),
        Line("Explained predictions", f"{checks.rows_explained:,}", "checks.n_explained"),
        Line("still kept", f"{one.rows_kept:,}", "attributions", part=True),
        Line("Severe episodes", _episodes(one, one.severe), "checks.level, window_start, window_end"),
        Line(
            "Periods in which attributions differed",
            _episodes(one, one.differed),
            "checks.level, window_start, window_end",
        ),
        Line("Messages written", f"{one.messages.written:,}", "outbox"),
        Line("delivered", f"{one.messages.delivered:,}", "outbox.sent_at", part=True),
        Line("given up", f"{one.messages.given_up:,}", "outbox.given_up", part=True),
        Line("withheld during maintenance", f"{one.messages.withheld:,}", "outbox.error", part=True),
    ]


def _log(log: LogFigures, source_rows: int | None) -> list[Line]:
    table = "telemetry_days"
    predictions, source = f"{log.predictions:,}", f"{table}.predictions"
    if source_rows is not None and source_rows >= log.predictions:
        predictions += f" of at least {source_rows:,} in the prediction source"
        source += "; checks.n_seen"
    adverse = "not counted"
    if log.adverse is not None:
        part = f" ({percent(log.adverse / log.predictions)})" if log.predictions else ""
        adverse = f"{log.adverse:,}{part}"
    other = sum(n for name, n in log.sources.items() if name not in ("cache", "fallback"))
    return [
        Line("Predictions in the explanation log", predictions, source),
        Line("adverse", adverse, f"{table}.adverse", part=True),
        Line("with an explanation", f"{log.explained:,} ({percent(log.coverage)})", f"{table}.explained", part=True),
        Line("Explanations tried", f"{log.attempts:,}", f"{table}.explanations"),
        Line("failed", f"{log.failed:,} ({percent(log.failed_share)})", f"{table}.errors", part=True),
        Line("over the latency threshold", f"{log.slow:,}", f"{table}.slow", part=True),
        Line("Latency, 50th percentile", log.p50.words if log.p50 else "not known", f"{table}.latency"),
        Line("Latency, 99th percentile", log.p99.words if log.p99 else "not known", f"{table}.latency"),
        Line("From the cache", f"{log.sources.get('cache', 0):,} ({percent(log.cache_share)})", f"{table}.sources"),
        Line(
            "From a fallback", f"{log.sources.get('fallback', 0):,} ({percent(log.fallback_share)})",
            f"{table}.sources",
        ),
        Line("From elsewhere", f"{other:,}", f"{table}.sources"),
        Line("Cost", f"${number(log.cost)}" if log.cost else "no price is configured", f"{table}.cost"),
        Line("Days with a record", f"{log.days:,}", f"{table}.day"),
        Line("Days below the objectives", f"{log.bad_day_count:,}", f"{table}, and the objectives of today"),
    ]  # fmt: skip


def bucket_words() -> str:
    """How percentiles are read from the histogram."""
    bounds = ", ".join(f"{bound:g}" for bound in LATENCY_BUCKETS)
    return (
        f"Percentiles come from counts per bucket (upper bounds {bounds} s and beyond), linear within the bucket that "
        "holds them; the true value lies within the bounds given."
    )


def episode_words(one: Raised, start: datetime) -> str:
    """`traffic of 2026-08-05 00:00 to 2026-08-19 00:00 UTC, 2w: severe, ...; slots 2026-08-12 06:00 to ... UTC`."""
    before = ", from before the period" if one.traffic.start < start else ""
    level = "warning" if one.level < SEVERE else f"severe, {_confirmed(one)}"
    causes = ", ".join(one.causes) or "as before"
    checks = count(one.checks, "check")
    until = f"{one.until:%Y-%m-%d %H:%M} UTC" if one.until else "the end of the period, still open"
    return (
        f"traffic of {one.traffic.start:%Y-%m-%d %H:%M} to {one.traffic.end:%Y-%m-%d %H:%M} UTC{before}, "
        f"{span(one.seconds_in_period)} of it in the period: {level}, cause {causes}, {checks}; "
        f"slots {one.since:%Y-%m-%d %H:%M} to {until}"
    )


def _confirmed(one: Raised) -> str:
    return f"confirmed ({one.confirmed_by} agreed)" if one.confirmed_by else "not confirmed"


def _counted(found: Mapping[str, int]) -> str:
    total = sum(found.values())
    return f"{total:,} ({_words(found)})" if total else "0"


def _words(found: Mapping[str, int]) -> str:
    return ", ".join(f"{word.replace('_', ' ')} {n:,}" for word, n in found.items()) or "none"


def _episodes(one: MonitorCompliance, found: tuple[Raised, ...]) -> str:
    if not one.checks.judged and not found:
        return "not known: no check judged"
    seconds = sum(one.seconds_in_period for one in found)
    return f"{len(found)}, {span(seconds)} in all" if found else "none"
