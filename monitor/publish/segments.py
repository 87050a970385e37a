"""Segments of one check in short: a row each, for pages, the JSON API and metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.types import Check, Finding, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """One segment: its level, and the test that came nearest to its threshold or went farthest beyond it."""

    segment: str
    """`column=value`."""
    level: Level | None
    """None when it was not judged; `reason` then says why."""
    n_reference: int
    n_current: int
    feature: str | None
    test: str | None
    statistic: float | None
    threshold: float | None
    reason: str | None


def segment_rows(check: Check | None) -> tuple[SegmentRow, ...]:
    """Highest level first, then the farthest; those that were not judged last. Empty when there are none."""
    by_segment: dict[str, list[Finding]] = {}
    for finding in check.findings if check else ():
        if finding.segment is not None:
            by_segment.setdefault(finding.segment, []).append(finding)
    return tuple(sorted((_row(name, found) for name, found in by_segment.items()), key=_order))


def whole_findings(check: Check | None) -> tuple[Finding, ...]:
    """Findings of whole views, without segments."""
    return tuple(finding for finding in check.findings if finding.segment is None) if check else ()


def _row(name: str, findings: Sequence[Finding]) -> SegmentRow:
    # A relative change from no importance has no value, only a level.
    tested = [found for found in findings if found.feature is not None and (found.reason is None or found.level)]
    if not tested:
        first = findings[0]
        return SegmentRow(
            segment=name,
            level=None,
            n_reference=first.n_reference,
            n_current=first.n_current,
            feature=None,
            test=None,
            statistic=None,
            threshold=None,
            reason=first.reason,
        )
    top = max(tested, key=lambda finding: (finding.level, _ratio(finding)))
    return SegmentRow(
        segment=name,
        level=top.level,
        n_reference=top.n_reference,
        n_current=top.n_current,
        feature=top.feature,
        test=top.test,
        statistic=top.statistic,
        threshold=top.threshold,
        reason=None,
    )


def _ratio(finding: Finding | SegmentRow) -> float:
    return (finding.statistic or 0.0) / finding.threshold if finding.threshold else 0.0


def _order(row: SegmentRow) -> tuple[int, float, str]:
    return 1 if row.level is None else -row.level, -_ratio(row), row.segment
