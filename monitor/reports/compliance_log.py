"""The explanation log's share of a compliance report: totals of days, percentiles, days on which serving failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from monitor.reports.compliance_model import BadDay, LogFigures, VersionCount
from monitor.reports.serving import added, latency, quantile
from monitor.settings import MonitorSettings
from monitor.store.reported import Counted, PeriodFacts, TelemetryDay

WORST_DAYS = 10


def log_figures(
    days: Sequence[TelemetryDay],
    facts: PeriodFacts,
    configured: MonitorSettings | None,
    *,
    name: str,
    counts_adverse: bool,
) -> LogFigures:
    total, histogram = added(days), latency(days)
    sources = {key.removeprefix("source "): int(n) for key, n in sorted(total.items()) if key.startswith("source ")}
    explained, attempts = int(total.get("explained", 0)), int(total.get("explanations", 0))
    by_version: dict[str, list[TelemetryDay]] = {}
    for day in days:
        by_version.setdefault(day.model_version, []).append(day)
    bad = _bad_days(days, configured)
    return LogFigures(
        predictions=int(total.get("predictions", 0)),
        adverse=int(total.get("adverse", 0)) if counts_adverse else None,
        versions=tuple(
            VersionCount(
                model_version=version,
                predictions=sum(day.predictions for day in some),
                adverse=sum(day.adverse for day in some) if counts_adverse else None,
            )
            for version, some in sorted(by_version.items())
        ),
        explained=explained,
        coverage=_ratio(explained, total.get("predictions", 0)),
        attempts=attempts,
        failed=int(total.get("errors", 0)),
        failed_share=_ratio(total.get("errors", 0), attempts),
        slow=int(total.get("slow", 0)),
        p50=quantile(histogram, 0.5),
        p99=quantile(histogram, 0.99),
        histogram=histogram,
        sources=sources,
        cache_share=_ratio(sources.get("cache", 0), explained),
        fallback_share=_ratio(sources.get("fallback", 0), explained),
        cost=float(total.get("cost", 0.0)),
        days=len({day.day for day in days}),
        bad_days=tuple(sorted(bad, key=lambda day: (-(day.predictions - day.explained) - day.failed, day.day)))[
            :WORST_DAYS
        ],
        bad_day_count=len(bad),
        unexplained=_by_word(facts.unexplained, name),
        errors=tuple(one for one in facts.errors if one.monitor == name),
    )


def _bad_days(days: Sequence[TelemetryDay], configured: MonitorSettings | None) -> list[BadDay]:
    """Days below the objectives of today's configuration; without one, days with any failure."""
    objectives = configured.objectives if configured is not None else {}
    found: dict[datetime, list[TelemetryDay]] = {}
    for day in days:
        found.setdefault(day.day, []).append(day)
    bad = []
    for moment, some in found.items():
        total = added(some)
        asked = int(total["predictions"] - total["left_out"])
        covered = _ratio(total["explained"], asked)
        failed = _ratio(total["errors"], total["explanations"])
        if (covered is not None and covered < objectives.get("coverage", 1.0)) or (
            failed is not None and failed > 1 - objectives.get("errors", 1.0)
        ):
            bad.append(
                BadDay(
                    day=moment, predictions=asked, explained=int(total["explained"]),
                    failed=int(total["errors"]),
                )
            )  # fmt: skip
    return bad


def _by_word(counted: Iterable[Counted], name: str) -> tuple[Counted, ...]:
    """By reason alone."""
    found: Counter[str] = Counter()
    for one in counted:
        if one.monitor == name:
            found[one.word] += one.n
    return tuple(Counted(monitor=name, word=word, detail="", n=n) for word, n in found.most_common())


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
