"""The A/A canary: random halves of the holdout against each other. Nothing can have drifted there, so every alarm is
false, and their share is the false-alarm rate that this monitor really has, on its own attributions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from monitor.drift.assess import Part, assess
from monitor.drift.distances import Matrix
from monitor.drift.measure import measure
from monitor.drift.prepare import prepare
from monitor.settings import DriftSettings

_HALVES = Part("traffic")


def canary(values: Matrix, feature_names: Sequence[str], *, settings: DriftSettings, seed: int) -> dict[str, int]:
    """Compare `settings.canary_comparisons` random halves of (n, d) attributions.

    Returns how many comparisons were made, and how many came out at level 1 or higher (`warning`) and at level 2
    (`severe`). Empty when a half would have fewer than `min_rows` rows, or none are asked for. Chance only: halves
    mix all periods, so natural variation plays no part.
    """
    half = len(values) // 2
    if half < settings.min_rows or not settings.canary_comparisons:
        return {}
    rng = np.random.default_rng(seed)
    levels = []
    for _ in range(settings.canary_comparisons):
        order = rng.permutation(len(values))
        one = prepare(values[order[:half]], feature_names, settings=settings)
        other = measure(one, values[order[half : 2 * half]])
        levels.append(assess({_HALVES: (one, other)}, settings)[_HALVES].level)
    return {
        "comparisons": len(levels),
        "warning": sum(level >= 1 for level in levels),
        "severe": sum(level == 2 for level in levels),
    }
