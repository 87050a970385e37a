"""The facts behind a verdict, one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from monitor.drift.ratios import percent_words
from monitor.types import Level, View

if TYPE_CHECKING:
    from monitor.drift.assess import ViewResult
    from monitor.drift.facts import Facts


def evidence_lines(views: Mapping[View, ViewResult], facts: Facts) -> tuple[str, ...]:
    """What every view says, what changed in files and settings, and marks on inputs."""
    shifted = {"holdout": facts.shifted}
    lines = [f"{view} view: {_view_line(result, shifted.get(view, 0))}" for view, result in views.items()]
    lines.append("model digest " + ("changed" if facts.model_changed else "unchanged"))
    if facts.model_changed:
        label = "version label " + ("changed" if facts.version_changed else "unchanged")
        lines.append(label if facts.labelled else "no version label is configured")
    what = f"changed: {'; '.join(facts.changes) or 'digest'}" if facts.explainer_changed else "unchanged"
    lines.append(f"explainer {what}")
    if facts.prediction_shift == 0:
        lines.append("predictions on the holdout are the same")
    elif facts.prediction_shift is not None:
        lines.append(f"predictions on the holdout moved by {facts.prediction_shift:.3g} of their standard deviation")
    if facts.shift and facts.shifted:
        lines.append(facts.shift.text)
    lines.extend(drift.text or drift.hint for drift in facts.inputs.values() if drift.signal or drift.hint)
    lines.extend(facts.settled)
    if facts.served:
        lines.append(facts.served.text)
    if facts.thin:
        lines.append(f"traffic not judged: {facts.thin}")
    return tuple(lines)


def row_change(result: ViewResult) -> float | None:
    """Mean change of the same rows' attributions as a share of all importance; None for other rows."""
    measured = result.measurement
    total = float(measured.importance_ref.sum())
    return float(measured.moved_by.sum()) / total if measured.paired and total > 0 else None


def _view_line(result: ViewResult, shifted: Level) -> str:
    if result.reason:
        return f"not judged, {result.reason}"
    levels = result.feature_levels
    word = ("no drift", "warning", "severe")[max(result.level, shifted)]
    change = result.model_numbers["importance_change"]
    moved = f", importances moved by {percent_words(change)} in total" if np.isfinite(change) else ""
    by_row = row_change(result)
    if by_row:
        by_rows = f" attributions by {percent_words(by_row)}" if by_row >= 0.005 else " by less than 1%"
        moved += f", row by row{by_rows}"
    return f"{word}, {int((levels > 0).sum())} of {len(levels)} features{moved}"
