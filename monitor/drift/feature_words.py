"""Which features a sentence names, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from monitor.drift.ratios import percent_words, ratio_words
from monitor.types import Contribution, View

if TYPE_CHECKING:
    from monitor.drift.assess import ViewResult

SHOWN = 3
"""Features named in a sentence; the page lists all."""

ENDS: dict[View, tuple[str, str]] = {
    "holdout": ("importance_reference", "importance_holdout"),
    "traffic": ("importance_holdout", "importance_current"),
    "total": ("importance_reference", "importance_current"),
}


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


def raised_features(
    contributions: Sequence[Contribution],
    views: Mapping[View, ViewResult],
    over: View,
    *,
    raised_in: Sequence[View] = (),
) -> str:
    """The features that raised the level, the farthest moved first, each with what became of its importance.

    Args:
        over: the view whose change is told.
        raised_in: views that raised the level; `over` itself when empty. A feature raised elsewhere explains nothing.
    """
    levels: dict[str, int] = {}
    for view in raised_in or (over,):
        if view in views:
            for name, level in zip(views[view].feature_names, views[view].feature_levels.tolist(), strict=True):
                levels[name] = max(levels.get(name, 0), level)
    top = max(levels.values(), default=0)
    distance = movers(views, over)
    at_top = [one for one in contributions if top and levels.get(one.feature) == top]
    chosen = sorted(at_top, key=lambda one: -distance.get(one.feature, 0.0))
    start, end = ENDS[over]
    named = [f"{one.feature} {_change(one, start, end, distance.get(one.feature, 0.0))}" for one in chosen[:SHOWN]]
    more = f", and {len(chosen) - SHOWN} more" if len(chosen) > SHOWN else ""
    return "; ".join(named) + more


def _change(one: Contribution, start: str, end: str, distance: float) -> str:
    """What became of its importance; where that stayed, how far the attributions themselves moved."""
    before, after = getattr(one, start), getattr(one, end)
    words = ratio_words(before, after)
    if before > 0 and words == ratio_words(1.0, 1.0):
        return f"{words}: its attributions moved by {percent_words(distance / before)} of their size"
    return words
