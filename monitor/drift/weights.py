"""Which features count: shares of all importance, and the share under which a feature cannot alarm by itself."""

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
