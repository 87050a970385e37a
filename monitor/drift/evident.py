"""Does a part of the traffic vary more from period to period than the whole? As far as its rows show that it does.

A segment's own periods have few rows: bounds that allow for all that so few may hide would make it deaf, and the bounds
of the whole alone would cry wolf over a segment with storms of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitor.drift.variation import Seen
from monitor.drift.weights import Flags
from monitor.types import Floats

BY_CHANCE = 0.5
"""Variances of chance within which all features together show nothing: less than the one of James and Stein, since a
segment that varies more and is not believed cries wolf."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """Mean squared distance of the periods beyond chance, each (d,)."""

    square: Floats
    error: Floats
    """Variance of that due to rows."""


def means(left_out: Sequence[Mapping[str, Seen]]) -> dict[str, Mean]:
    """Per test."""
    return {
        name: Mean(
            square=np.mean([one[name].square for one in left_out], axis=0),
            error=np.mean([one[name].noise for one in left_out], axis=0) / len(left_out),
        )
        for name in left_out[0]
    }


def evidence(own: Mean, whole: Mean, counted: Flags) -> Floats:
    """How far a part's own periods are believed to vary more than those of the whole, between 0 and 1, (d,).

    Zero where chance explains what they have more: of all features that count together (James and Stein 1961, positive
    part), and of one by itself, of which the largest of d reaches more by chance (Donoho and Johnstone 1994).
    """
    more, features = own.square - whole.square, int(counted.sum())
    together = _believed(more[counted].mean(), own.error[counted].mean() * BY_CHANCE / features)
    each = _believed(more, own.error * max(2 * np.log(features), 1.0))
    return np.maximum(together, each)


def _believed(more: Floats | np.floating, chance: Floats | np.floating) -> Floats:
    """Share of an excess that is not put down to chance, given the square that chance may reach."""
    squared = np.maximum(more, 0.0) ** 2
    return np.asarray(np.maximum(squared - chance, 0.0) / np.maximum(squared, np.finfo(float).tiny), dtype=np.float64)
