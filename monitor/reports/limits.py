"""What a report of a period cannot know: deleted, not yet there, never recorded. Said, and never silently low."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from monitor.reports.compliance_model import LogFigures
from monitor.reports.words import count
from monitor.settings import RetentionSettings, format_duration
from monitor.store.reported import MonitorLine, PeriodFacts, TelemetryDay

DAY = timedelta(days=1)
Days = tuple[datetime, datetime]
"""First and last day of a run of days."""


def days_without(days: Iterable[TelemetryDay], line: MonitorLine, *, start: datetime, end: datetime) -> list[Days]:
    """Runs of whole days in [start, end) since the monitor is there, without one record of the explanation log."""
    known = {day.day for day in days}
    first = max(start, line.created_at.replace(hour=0, minute=0, second=0, microsecond=0))
    runs: list[Days] = []
    day = first
    while day + DAY <= end:
        if day not in known:
            runs = [*runs[:-1], (runs[-1][0], day)] if runs and runs[-1][1] == day - DAY else [*runs, (day, day)]
        day += DAY
    return runs


def limits(
    line: MonitorLine,
    facts: PeriodFacts,
    gaps: Sequence[Days],
    *,
    retention: RetentionSettings,
    now: datetime,
    counts_adverse: bool,
) -> tuple[str, ...]:
    """One sentence each; empty when every figure covers the whole period."""
    said = []
    if facts.end > now:
        said.append(f"The period is not over: figures are up to {_stamp(now)}.")
    if line.created_at > facts.start:
        since = _stamp(line.created_at)
        said.append(f"The monitor is registered since {since}: of the time before only checks made up for are known.")
    said += _deleted(line, facts, retention, now)
    if line.has_log:
        if gaps:
            days = sum((last - first) // DAY + 1 for first, last in gaps)
            said.append(f"The explanation log has no record of {count(days, 'day')}: {_runs(gaps)}.")
        if not counts_adverse:
            said.append("Adverse decisions are not counted: telemetry.adverse_classes names no class.")
    else:
        said.append("There is no explanation log: predictions, coverage and latency of serving are not known.")
    return tuple(said)


def unlogged(log: LogFigures, source_rows: int | None) -> tuple[str, ...]:
    """Which share of the predictions the explanation log speaks of."""
    if source_rows is None:
        return (
            "How many predictions were made beside those in the explanation log is not known: no check counted any.",
        )
    if source_rows <= log.predictions:
        return ()
    return (
        f"The explanation log holds {log.predictions:,} predictions, the prediction source at least {source_rows:,}: "
        "figures from the log say nothing of the others.",
    )


def _deleted(line: MonitorLine, facts: PeriodFacts, retention: RetentionSettings, now: datetime) -> list[str]:
    said = []
    kept = (
        (retention.checks, "store.retention.checks",
         "checks, skipped slots, messages, daily totals and incidents before {day} are deleted: all figures of that "
         "time are missing"),
        (retention.telemetry, "store.retention.telemetry",
         "reasons of missing and failed explanations before {day} are deleted: the reasons listed here are those since "
         "then, totals are complete"),
        (retention.rows, "store.retention.rows",
         "single explained predictions of checks finished before {day} are deleted"),
    )  # fmt: skip
    for length, setting, what in kept:
        if now - length > facts.start and (line.has_log or setting != "store.retention.telemetry"):
            day = min(now - length, facts.end)
            said.append(f"By {setting} ({format_duration(length)}), {what.format(day=f'{day:%Y-%m-%d}')}.")
    oldest = facts.oldest.get("checks")
    slack = timedelta(seconds=2 * line.interval_seconds)
    if oldest is not None and line.created_at < facts.start and oldest > facts.start + slack:
        said.append(f"The oldest check on record, of any monitor, is of {_stamp(oldest)}; earlier ones are gone.")
    return said


def _runs(gaps: Sequence[Days]) -> str:
    shown = [f"{a:%Y-%m-%d}" if a == b else f"{a:%Y-%m-%d} to {b:%Y-%m-%d}" for a, b in gaps[:6]]
    more = f" and {len(gaps) - 6} more stretches" if len(gaps) > 6 else ""
    return ", ".join(shown) + more


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
