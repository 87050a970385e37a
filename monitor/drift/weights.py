"""Which features count, and how much: shares of all importance, the share under which a feature cannot alarm by itself,
and what each of the others gets of the false alarms allowed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.settings import DriftSettings
from monitor.types import Floats

Flags = NDArray[np.bool_]


def shares(importance: Floats) -> Floats:
    """Share of all importance, (d,); zeros when there is none."""
    total = importance.sum()
    return importance / total if total > 0 else np.zeros_like(importance)


def weighty(share: Floats, settings: DriftSettings) -> Flags:
    """Features that hold the configured share of all importance, or half an equal share where there are so many
    features that nobody holds more, (d,)."""
    least = min(settings.materiality, 0.5 / len(share))
    return np.asarray(share >= least, dtype=np.bool_)


EVENLY = 0.5
"""Part of the false alarms allowed that all tests share alike: no feature needs more than twice the evidence."""


def allotted(share: Floats, tested: Flags) -> Floats:
    """Weights of the tests of one family, (d,): 1 on average over `tested`, NaN elsewhere.

    P-values are divided by them before the false discovery rate is controlled (Genovese, Roeder and Wasserman 2006),
    which holds whatever the weights as long as the samples compared do not choose them: `share` is that of the
    reference. A shift of a feature moves predictions in proportion to its spread, their variance to its square: so
    does the other part of what is allowed go.
    """
    squares = np.where(tested, share, 0.0) ** 2
    total = squares.sum()
    even = np.where(tested, 1.0, np.nan)
    return even if total == 0 else np.asarray(even * (EVENLY + (1 - EVENLY) * squares * tested.sum() / total))
