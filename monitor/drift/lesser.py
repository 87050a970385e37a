"""Features too small to alarm by themselves, taken together.

One by one they are noise beside the others. All of them may hold half of a model's importance, and lose it. So the sum
of their absolute attributions is tested like a feature of its own: absolute, because signed ones would cancel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from monitor.drift.assess import ViewResult
from monitor.drift.distances import Matrix
from monitor.drift.weights import shares, weighty
from monitor.settings import DriftSettings
from monitor.types import Floats, Ints

LEAST_SHARE = 0.05
"""Share of all importance from which they are tested: two fifths of it, the severe floor, are the share from which a
single feature counts."""
LABEL = "lesser features"


def lesser(samples: Sequence[tuple[Floats, int]], settings: DriftSettings) -> Ints:
    """Places of the features too small to alarm by themselves, (k,); none when they are fewer than two, or hold too
    little together.

    `samples`: importances (d,) and rows of every sample that is compared. One side alone may not choose: features that
    are small in it by chance are larger in the other.
    """
    rows = sum(n for _, n in samples)
    share = shares(np.asarray(sum(importance * (n / rows) for importance, n in samples), dtype=np.float64))
    places = np.flatnonzero(~weighty(share, settings))
    if len(places) < 2 or share[places].sum() < LEAST_SHARE:
        return places[:0]
    return places


def lesser_sum(values: Matrix, places: Ints) -> Floats:
    """(n, 1): their absolute attributions added up, from (n, d)."""
    return np.asarray(np.abs(values[:, places]).sum(axis=1, dtype=np.float64, keepdims=True), dtype=np.float64)


def lend(result: ViewResult, together: ViewResult, places: Ints) -> tuple[ViewResult, tuple[str, ...]]:
    """The view with the level of the lesser features' sum lent to the one of them that moved farthest, and a line that
    says so. As it is where one of them is raised as much by itself, or either was not judged.
    """
    level = int(together.feature_levels[0])
    if result.reason or together.reason or level <= result.feature_levels[places].max():
        return result, ()
    farthest = places[np.argmax(result.measurement.moved_by[places])]
    levels = {name: raised.copy() for name, raised in result.levels.items()}
    for name, raised in levels.items():
        raised[farthest] = max(raised[farthest], together.levels[name][0])
    line = (
        f"{result.view} view: {len(places)} features too small to alarm by themselves drifted together, "
        f"{result.feature_names[farthest]} the farthest"
    )
    return replace(result, levels=levels), (line,)
