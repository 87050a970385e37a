"""Which samples one monitor contributes to which metric: a literal table, and the functions it names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor import names
from monitor.publish.segments import SegmentRow, segment_rows, whole_findings
from monitor.types import (
    Check,
    Contribution,
    Finding,
    MonitorStatus,
    ReferenceSummary,
    SloStatus,
    TelemetryStatus,
)

Row = tuple[tuple[str, ...], float]
"""Label values after monitor and model, and the sample's value."""

LARGEST = {
    "psi": "psi_max",
    "ks": "ks_max",
    "stability": "stability_max",
    "change": "change_max",
    "wasserstein": "wasserstein_max",
    "js": "jensen_shannon_max",
    "kl": "kl_max",
}
"""Test of one feature to the model-level series that carries its largest value."""
FEATURE_TESTS: dict[str, tuple[str, ...]] = {"holdout": ("psi", "stability"), "traffic": ("psi", "ks")}
"""View to the tests exported per feature: one pair for the model's part, one for the data's. The rest is in SQL."""

SEGMENT_SERIES = 20
"""Segments with a series of their own per monitor."""


def top_features(check: Check | None, limit: int) -> tuple[Contribution, ...]:
    """The `limit` features most important in the reference, ties by name.

    Reference importance is frozen with the reference, so the choice, and with it the set of series, stays the
    same from check to check, whatever drifts.
    """
    if check is None:
        return ()
    ordered = sorted(check.contributions, key=lambda part: (-part.importance_reference, part.feature))
    return tuple(ordered[:limit])


def reference_rows(status: MonitorStatus, references: Iterable[ReferenceSummary]) -> Iterator[tuple[str, Row]]:
    """(metric, row) of the reference in force; the explainer's version is known while the explainer is unchanged."""
    for reference in references:
        if reference.monitor != status.name or reference.id != status.reference_id:
            continue
        explainer = status.last_check.explainer if status.last_check else None
        version = ""
        if explainer and explainer.digest == reference.explainer_digest:
            version = ",".join(f"{library} {version}" for library, version in sorted(explainer.libraries.items()))
        yield "xdrift_reference_info", ((reference.id, reference.engine, version), 1.0)
        yield "xdrift_reference_created_timestamp_seconds", ((), reference.created_at.timestamp())


def feature_rows(status: MonitorStatus, limit: int) -> Iterator[tuple[str, Row]]:
    """(metric, row) of single features, for the most important ones, and how many were left out."""
    chosen = top_features(status.last_check, limit)
    found = {(f.view, f.feature, f.test): f.statistic for f in _findings(status)}
    for part in chosen:
        yield "xdrift_feature_importance_ratio", ((part.feature, "reference"), part.share_reference)
        yield "xdrift_feature_importance_ratio", ((part.feature, "current"), part.share_current)
        for view, tests in FEATURE_TESTS.items():
            for test in tests:
                statistic = found.get((view, part.feature, test))  # type: ignore[arg-type]
                if statistic is not None:
                    yield "xdrift_feature_drift_score", ((view, part.feature, test), statistic)
    total = len(status.last_check.contributions) if status.last_check else 0
    yield "xdrift_feature_series_dropped", ((), float(total - len(chosen)))


def _findings(status: MonitorStatus) -> tuple[Finding, ...]:
    return whole_findings(status.last_check)


def exported_segments(rows: Sequence[SegmentRow]) -> tuple[SegmentRow, ...]:
    """The judged segments with series: raised ones first, so that the limit never hides an alarm, then those with most
    holdout rows, which are the same from check to check."""
    judged = [row for row in rows if row.level is not None]
    return tuple(sorted(judged, key=lambda row: (-(row.level or 0), -row.n_reference, row.segment))[:SEGMENT_SERIES])


def segment_series(status: MonitorStatus) -> Iterator[tuple[str, Row]]:
    """(metric, row) of segments, and how many judged ones were left out; nothing where none are configured."""
    rows = segment_rows(status.last_check)
    chosen = exported_segments(rows)
    for row in chosen:
        yield "xdrift_segment_drift_level", ((row.segment,), float(row.level or 0))
        yield "xdrift_segment_drift_streak_checks", ((row.segment,), float(status.segments.get(row.segment, (0, 0))[1]))
    if rows:
        judged = sum(row.level is not None for row in rows)
        yield "xdrift_segment_series_dropped", ((), float(judged - len(chosen)))


def _one(value: float | None) -> list[Row]:
    return [] if value is None else [((), float(value))]


def _time(moment: datetime | None) -> list[Row]:
    return _one(None if moment is None else moment.timestamp())


def _info(status: MonitorStatus) -> list[Row]:
    return [((status.model_version or "", status.owner, status.tier, status.cadence), 1.0)]


def _deployed(status: MonitorStatus) -> list[Row]:
    if status.deployed_at is None:
        return []
    return [((status.model_version or "",), status.deployed_at.timestamp())]


def _duration(status: MonitorStatus) -> list[Row]:
    check = status.last_check
    return _one((check.finished_at - check.started_at).total_seconds() if check else None)


def _verdict(status: MonitorStatus) -> list[Row]:
    last = status.last_check.verdict if status.last_check else None
    return [((verdict,), float(verdict == last)) for verdict in names.VERDICTS]


def _levels(status: MonitorStatus) -> list[Row]:
    """Only views that were judged at least once: a 0 for one never judged would read as fine."""
    return [((view,), float(level)) for view, level in status.levels.items()]


def _streaks(status: MonitorStatus) -> list[Row]:
    return [((view,), float(status.streaks.get(view, 0))) for view in names.VIEW_VALUES]  # type: ignore[call-overload]


def _largest(status: MonitorStatus) -> dict[tuple[str, str], Finding]:
    """(view, model-level test) to the finding that stands for it."""
    found: dict[tuple[str, str], Finding] = {}
    for finding in _findings(status):
        if finding.statistic is None or not math.isfinite(finding.statistic):
            continue
        if finding.feature is None:
            found[finding.view, finding.test] = finding
            continue
        key = (finding.view, LARGEST.get(finding.test, ""))
        before = found.get(key)
        if key[1] and (before is None or _rank(finding) > _rank(before)):
            found[key] = finding
    return {key: finding for key, finding in found.items() if key[1] in names.SCORE_TESTS}


def _rank(finding: Finding) -> tuple[bool, float]:
    """Features that can alarm before those too unimportant to, whose relative changes reach any size."""
    return finding.p_adjusted is not None, finding.statistic or 0.0


def _scores(status: MonitorStatus) -> list[Row]:
    numbers = status.last_check.model_numbers if status.last_check else {}
    rows: dict[tuple[str, ...], float] = {
        (view, test): value
        for view, tests in numbers.items()
        for test, value in tests.items()
        if test in names.SCORE_TESTS
    }
    for (view, test), finding in _largest(status).items():
        assert finding.statistic is not None  # _largest leaves the others out
        rows[view, test] = finding.statistic
    return list(rows.items())


def _thresholds(status: MonitorStatus) -> Iterator[Row]:
    for (view, test), finding in _largest(status).items():
        if finding.threshold is not None:
            yield (view, test, "warning"), finding.threshold
        if finding.threshold_severe is not None:
            yield (view, test, "severe"), finding.threshold_severe


def _monitored(status: MonitorStatus) -> list[Row]:
    return _one(len({finding.feature for finding in _findings(status) if finding.feature is not None}))


def _drifted(status: MonitorStatus) -> Iterator[Row]:
    for view in status.last_check.levels if status.last_check else ():
        drifted = {f.feature for f in _findings(status) if f.view == view and f.feature is not None and f.level > 0}
        yield (view,), float(len(drifted))


def _input_drift(status: MonitorStatus) -> list[Row]:
    drift = status.last_check.input_drift if status.last_check else {}
    values = [value for column, value in drift.items() if column != "__prediction__" and math.isfinite(value)]
    return [(("psi",), max(values))] if values else []


def _prediction_drift(status: MonitorStatus) -> list[Row]:
    value = status.last_check.input_drift.get("__prediction__") if status.last_check else None
    return [] if value is None else [(("psi",), value)]


def _selfcheck(status: MonitorStatus) -> list[Row]:
    """No row while the latest check explained nothing: neither right nor wrong is known then."""
    check = status.last_check
    if check is None:
        return []
    if check.reason == "explainer" or check.verdict == "explainer":
        return _one(0.0)
    return _one(None if check.additivity_gap is None else 1.0)


def _smoothed(status: MonitorStatus) -> list[Row]:
    return [((view, test), value) for (view, test), value in status.smoothed.items()]


def _slo(status: MonitorStatus, number: Callable[[SloStatus], float | None]) -> Iterator[Row]:
    """Objectives in force: without an explanation log those of serving have no series. No row for a budget of which
    nothing was counted: a 1 would read as all is well."""
    for slo in status.slos:
        value = number(slo)
        if value is not None:
            yield (slo.slo,), value


def _served(status: MonitorStatus, number: Callable[[Mapping[str, Any]], float]) -> list[Row]:
    """A number of the comparison with logged attributions; no row where none was made, a 0 would read as agreement."""
    served = status.last_check.served if status.last_check else {}
    return _one(number(served)) if served.get("rows") else []


def _log(status: MonitorStatus, number: Callable[[TelemetryStatus], float | datetime | None]) -> list[Row]:
    """A number of the explanation log; no row for a monitor without one."""
    found = None if status.telemetry is None else number(status.telemetry)
    return _time(found) if isinstance(found, datetime) else _one(found)


PER_MONITOR: dict[str, Callable[[MonitorStatus], Iterable[Row]]] = {
    "xdrift_monitor_info": _info,
    "xdrift_model_deployed_timestamp_seconds": _deployed,
    "xdrift_monitor_created_timestamp_seconds": lambda s: _time(s.created_at),
    "xdrift_check_consecutive_failures": lambda s: _one(s.consecutive_failures),
    "xdrift_check_last_run_timestamp_seconds": lambda s: _time(s.last_run_at),
    "xdrift_check_last_success_timestamp_seconds": lambda s: _time(s.last_success_at),
    "xdrift_check_next_run_timestamp_seconds": lambda s: _time(s.next_run_at),
    "xdrift_check_interval_seconds": lambda s: _one(s.interval_seconds),
    "xdrift_check_interval_since_timestamp_seconds": lambda s: _time(s.interval_since),
    "xdrift_check_last_duration_seconds": _duration,
    "xdrift_check_window_rows": lambda s: _one(s.last_check.n_seen if s.last_check else None),
    "xdrift_check_newest_row_timestamp_seconds": lambda s: _time(s.newest_at),
    "xdrift_check_sample_rows": lambda s: _one(s.last_check.n_explained if s.last_check else None),
    "xdrift_verdict": _verdict,
    "xdrift_drift_level": _levels,
    "xdrift_drift_streak_checks": _streaks,
    "xdrift_drift_score": _scores,
    "xdrift_drift_threshold": _thresholds,
    "xdrift_features_monitored": _monitored,
    "xdrift_features_drifted": _drifted,
    "xdrift_input_drift_score": _input_drift,
    "xdrift_prediction_drift_score": _prediction_drift,
    "xdrift_explainer_selfcheck_ok": _selfcheck,
    "xdrift_explainer_additivity_error_ratio": lambda s: _one(s.last_check.additivity_gap if s.last_check else None),
    "xdrift_offline_runtime_rows": lambda s: _served(s, lambda gap: gap["rows"]),
    "xdrift_offline_runtime_beyond_ratio": lambda s: _served(s, lambda gap: gap["beyond"] / gap["rows"]),
    "xdrift_offline_runtime_gap_ratio": lambda s: _served(s, lambda gap: max(gap["features"].values(), default=0.0)),
    "xdrift_drift_score_smoothed": _smoothed,
    "xdrift_explanation_latency_threshold_seconds": lambda s: _log(s, lambda log: log.latency_threshold),
    "xdrift_telemetry_watermark_timestamp_seconds": lambda s: _log(s, lambda log: log.watermark),
    "xdrift_telemetry_last_success_timestamp_seconds": lambda s: _log(s, lambda log: log.last_success_at),
    "xdrift_telemetry_consecutive_failures": lambda s: _log(s, lambda log: log.consecutive_failures),
    "xdrift_slo_objective_ratio": lambda s: _slo(s, lambda slo: slo.objective),
    "xdrift_slo_period_seconds": lambda s: _slo(s, lambda slo: slo.period_seconds),
    "xdrift_slo_error_budget_remaining_ratio": lambda s: _slo(s, lambda slo: slo.remaining),
    "xdrift_monitor_maintenance": lambda s: _one(s.maintenance_until is not None),
    "xdrift_monitor_maintenance_end_timestamp_seconds": lambda s: _time(s.maintenance_until),
    "xdrift_notifications_waiting": lambda s: _one(s.messages_waiting),
}
"""Metric to what one monitor adds to it. Order is the order on the metrics page."""
