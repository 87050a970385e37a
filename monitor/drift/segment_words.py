"""Segments in words: part of the verdict's sentence, and lines of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.drift.ratios import MOST, ratio_words
from monitor.drift.segments import Segments, Unjudged, nearest

if TYPE_CHECKING:
    from monitor.drift.assess import ViewResult

SHOWN_FEATURES = 3
SHOWN_SEGMENTS = 5
"""Segments with a line of their own; the page lists all."""
CLEARLY = 2.0
"""A segment is named beside a raised whole only when its feature moved so many times as far as in all traffic."""


def hidden(segments: Segments) -> str:
    """What a quiet whole hides: `segment region=EU income counts 2.0x more; traffic as a whole is as before`."""
    first, *others = segments.raised()
    more = f" ({len(others)} more segment{'s' if len(others) > 1 else ''} drifted)" if others else ""
    return f"segment {first.segment} {_moved(first)}{more}; traffic as a whole is as before"


def farthest(segments: Segments, whole: ViewResult | None) -> str:
    """A sentence on the segment that drifted clearly more than all traffic; empty when none did."""
    for result in segments.raised():
        j = _order(result)[0]
        own = float(result.measurement.statistics["wasserstein"][j])
        everywhere = 0.0 if whole is None else float(whole.measurement.statistics["wasserstein"][j])
        if whole is None or result.level > whole.level or own >= CLEARLY * everywhere:
            return f" Most in segment {result.segment}: {_moved(result)}."
    return ""


def segment_lines(segments: Segments) -> tuple[str, ...]:
    """Raised segments, how many stayed quiet, and those that could not be judged."""
    raised = segments.raised()
    lines = [_line(result) for result in raised[:SHOWN_SEGMENTS]]
    if len(raised) > SHOWN_SEGMENTS:
        lines.append(f"{len(raised) - SHOWN_SEGMENTS} more segments drifted")
    if quiet := len(segments.judged) - len(raised):
        lines.append(f"{quiet} segment{'s' if quiet > 1 else ''} without drift")
    if segments.unjudged:
        lines.append(_unjudged(segments.unjudged))
    return tuple(lines)


def _line(result: ViewResult) -> str:
    levels = result.feature_levels
    word = ("no drift", "warning", "severe")[result.level]
    sizes = f"{result.measurement.m} recent rows against {result.measurement.n}"
    features = f"{int((levels > 0).sum())} of {len(levels)} features"
    return f"segment {result.segment}: {word}, {features}, {_how_far(result)} ({sizes})"


def _how_far(result: ViewResult) -> str:
    """The statistic nearest to its threshold or farthest beyond it, over the threshold."""
    j, times = nearest(result)
    if times < MOST:
        return f"{times:.1f}x the threshold"
    if result.measurement.importance_ref[j] == 0:
        return f"{result.feature_names[j]} had no importance before"
    return f"over {MOST:,.0f}x the threshold"


def _unjudged(segments: tuple[Unjudged, ...]) -> str:
    named = "; ".join(f"{one.name} ({one.reason})" for one in segments[:SHOWN_SEGMENTS])
    more = f"; and {len(segments) - SHOWN_SEGMENTS} more" if len(segments) > SHOWN_SEGMENTS else ""
    return f"segments not judged: {named}{more}"


def _order(result: ViewResult) -> list[int]:
    """Features at the segment's level, the farthest moved first."""
    distance = result.measurement.statistics["wasserstein"]
    at_top = [j for j, level in enumerate(result.feature_levels.tolist()) if level == result.level]
    return sorted(at_top, key=lambda j: -float(distance[j]))


def _moved(result: ViewResult) -> str:
    before, after = result.measurement.importance_ref, result.measurement.importance_cur
    chosen = _order(result)
    named = [f"{result.feature_names[j]} {ratio_words(before[j], after[j])}" for j in chosen[:SHOWN_FEATURES]]
    more = f", and {len(chosen) - SHOWN_FEATURES} more" if len(chosen) > SHOWN_FEATURES else ""
    return "; ".join(named) + more
