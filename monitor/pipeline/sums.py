"""Who answers for what neither model nor data raised alone: the side whose own view shows more of it.

The decision table lays such a sum on the larger of model part and data part. Both are changes of mean |attribution|,
blind to a shift that keeps it: more of the attributions may be negative. So where a test of the distribution raised the
total view, the parts handed to the decision table are what that test shows in the holdout view and in the traffic view.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from monitor.drift import ViewResult
from monitor.types import Contribution, View

DISTRIBUTION = ("psi", "ks")
"""Tests that see a distribution move whatever becomes of its mean size."""


def parts_to_judge(views: Mapping[View, ViewResult], contributions: Sequence[Contribution]) -> tuple[Contribution, ...]:
    """The contributions for the decision table, and for nothing else: their two parts need not add up.

    A feature that a test of the distribution raised to the total view's level has as parts how far its attributions
    moved there (output units), divided as that test's effects in holdout view (model) and traffic view (data) are; with
    both tests, as the mean of the two divisions. All others have none. The contributions as they are where the level
    rests on importance alone, or not all three views are there.
    """
    if not {"holdout", "traffic", "total"} <= views.keys() or not views["total"].level:
        return tuple(contributions)
    total = views["total"]
    moved: dict[str, tuple[float, float]] = {}
    for j, feature in enumerate(total.feature_names):
        raised = [test for test in DISTRIBUTION if total.levels[test][j] == total.level]
        divided = [one for test in raised if (one := _model_share(views, test, feature)) is not None]
        if divided:
            by_model, distance = sum(divided) / len(divided), float(total.measurement.moved_by[j])
            moved[feature] = by_model * distance, (1 - by_model) * distance
    if not moved:
        return tuple(contributions)
    parts = ((one, moved.get(one.feature, (0.0, 0.0))) for one in contributions)
    return tuple(replace(one, model_part=model, data_part=data) for one, (model, data) in parts)


def _model_share(views: Mapping[View, ViewResult], test: str, feature: str) -> float | None:
    """The holdout view's effect over that of holdout and traffic view; None where neither has one."""
    model, data = (_effect(views[view], test, feature) for view in ("holdout", "traffic"))
    return model / (model + data) if model + data > 0 else None


def _effect(view: ViewResult, test: str, feature: str) -> float:
    return float(view.measurement.statistics[test][view.feature_names.index(feature)])
