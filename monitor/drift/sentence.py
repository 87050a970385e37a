"""The verdict in words that a person on call understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from monitor.drift.ratios import ratio_words
from monitor.drift.segment_words import farthest, hidden
from monitor.types import Contribution, Verdict, View

if TYPE_CHECKING:
    from monitor.drift.assess import ViewResult
    from monitor.drift.inputs import InputDrift
    from monitor.drift.judge import Facts
    from monitor.drift.segments import Segments

SHOWN = 3
"""Features named in a sentence; the page lists all."""

ENDS: dict[View, tuple[str, str]] = {
    "holdout": ("importance_reference", "importance_holdout"),
    "traffic": ("importance_holdout", "importance_current"),
    "total": ("importance_reference", "importance_current"),
}

SERVED = {
    "pipeline": "What was served is not what is logged, though nothing drifted in what is logged",
    "explainer": "The serving system explains otherwise than the model does, though nothing drifted",
}
"""A gap that is alone, by its cause."""


def movers(views: Mapping[View, ViewResult], view: View) -> dict[str, float]:
    """Features by how far their attributions moved in a view, largest first, in output units: Wasserstein distance, on
    the same rows the mean change.

    Distance, not change of importance: attributions that all turn from mixed to negative may keep their mean size.
    """
    if view not in views:
        return {}
    result = views[view]
    distance = result.measurement.moved_by
    order = sorted(range(len(distance)), key=lambda j: -distance[j])
    return {result.feature_names[j]: float(distance[j]) for j in order}


def _movers(contributions: Sequence[Contribution], views: Mapping[View, ViewResult], view: View) -> str:
    """The features at the highest level, the farthest moved first, each with what became of its importance."""
    raised = [c for c in contributions if c.level]
    top = max((c.level for c in raised), default=0)
    distance = movers(views, view)
    chosen = sorted((c for c in raised if c.level == top), key=lambda c: -distance.get(c.feature, 0.0))
    start, end = ENDS[view]
    named = [f"{c.feature} {_change(c, start, end, distance.get(c.feature, 0.0))}" for c in chosen[:SHOWN]]
    more = f", and {len(chosen) - SHOWN} more" if len(chosen) > SHOWN else ""
    return "; ".join(named) + more


def _change(one: Contribution, start: str, end: str, distance: float) -> str:
    """What became of its importance; where that stayed, how far the attributions themselves moved."""
    before, after = getattr(one, start), getattr(one, end)
    words = ratio_words(before, after)
    if before > 0 and words == ratio_words(1.0, 1.0):
        return f"{words}: its attributions moved by {distance / before:.0%} of their size"
    return words


def verdict_sentence(
    verdict: Verdict,
    views: Mapping[View, ViewResult],
    contributions: Sequence[Contribution],
    facts: Facts,
    marks: Sequence[InputDrift],
    segments: Segments,
) -> str:
    """One to three sentences for people."""
    if verdict == "none":
        changed = f" The model file changed, {_of_same_rows(views)}." if facts.model_changed else ""
        return f"Nothing drifted: the model explains recent predictions as it did when the reference was made.{changed}"
    if verdict == "unknown":
        return f"Could not judge recent predictions: {facts.thin}."
    raised = segments.level or any(views[view].level for view in ENDS if view in views)
    if facts.served and facts.gap and not raised:
        return f"{SERVED[facts.served.cause]}: {facts.served.text}."
    if verdict == "model":
        return f"{_model_clause(facts)} On the same holdout rows {_movers(contributions, views, 'holdout')}."
    if verdict == "explainer":
        what = f" ({'; '.join(facts.changes)})" if facts.changes else ""
        return (
            f"The explainer changed{what}, not the model: the same model gives other explanations of the same rows, "
            f"{_movers(contributions, views, 'holdout')}. Results are not comparable until it is put back or "
            "a new reference is accepted."
        )
    if verdict == "pipeline":
        seen = "; ".join(mark.text for mark in marks[:SHOWN]) or (facts.served.text if facts.served else "")
        return f"A feature pipeline changed: {seen}. In {_where(contributions, views, segments)}"
    if verdict == "data":
        return f"The data changed, the model did not: in {_where(contributions, views, segments)}"
    together = f"Together, {_movers(contributions, views, 'total')}."
    return f"{_model_clause(facts)} The data changed as well. {together}{farthest(segments, views.get('traffic'))}"


def row_change(result: ViewResult) -> float | None:
    """Mean change of the same rows' attributions as a share of all importance; None for other rows."""
    measured = result.measurement
    total = float(measured.importance_ref.sum())
    return float(measured.moved_by.sum()) / total if measured.paired and total > 0 else None


def _of_same_rows(views: Mapping[View, ViewResult]) -> str:
    moved = row_change(views["holdout"]) if "holdout" in views else None
    if not moved:
        return "its explanations did not"
    size = f"{moved:.0%}" if moved >= 0.01 else "less than 1%"
    return f"explanations of the same rows moved by {size} of their size, within the thresholds"


def _where(contributions: Sequence[Contribution], views: Mapping[View, ViewResult], segments: Segments) -> str:
    """Which recent rows moved and how: all, or a segment that the whole hides."""
    if segments.level and not ("traffic" in views and views["traffic"].level):
        return f"{hidden(segments)}."
    whole = f"recent predictions {_movers(contributions, views, 'traffic')}."
    return whole + farthest(segments, views.get("traffic"))


def _model_clause(facts: Facts) -> str:
    if facts.model_changed and not facts.version_changed:
        return "The model was replaced without a new version label (silent retrain)."
    if facts.model_changed:
        return "A new model version is in force."
    return "The model answers differently although its file is the same."


def evidence_lines(views: Mapping[View, ViewResult], facts: Facts) -> tuple[str, ...]:
    """The facts behind the verdict, one line each."""
    lines = [f"{view} view: {_view_line(result)}" for view, result in views.items()]
    lines.append("model digest " + ("changed" if facts.model_changed else "unchanged"))
    if facts.model_changed:
        lines.append("version label " + ("changed" if facts.version_changed else "unchanged"))
    what = f"changed: {'; '.join(facts.changes) or 'digest'}" if facts.explainer_changed else "unchanged"
    lines.append(f"explainer {what}")
    if facts.prediction_shift == 0:
        lines.append("predictions on the holdout are the same")
    elif facts.prediction_shift is not None:
        lines.append(f"predictions on the holdout moved by {facts.prediction_shift:.3g} of their standard deviation")
    lines.extend(drift.text for drift in facts.inputs.values() if drift.signal)
    lines.extend(facts.settled)
    if facts.served:
        lines.append(facts.served.text)
    if facts.thin:
        lines.append(f"traffic not judged: {facts.thin}")
    return tuple(lines)


def _view_line(result: ViewResult) -> str:
    if result.reason:
        return f"not judged, {result.reason}"
    levels = result.feature_levels
    word = ("no drift", "warning", "severe")[result.level]
    change = result.model_numbers["importance_change"]
    moved = f", importances moved by {change:.0%} in total" if np.isfinite(change) else ""
    by_row = row_change(result)
    if by_row:
        moved += f", row by row attributions by {by_row:.0%}" if by_row >= 0.005 else ", row by row by less than 1%"
    return f"{word}, {int((levels > 0).sum())} of {len(levels)} features{moved}"
