"""Control of the false discovery rate."""

from __future__ import annotations

import numpy as np

from monitor.types import Floats


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjusted p-values of one family (Benjamini and Hochberg 1995), any shape; NaN stays NaN and is not counted.

    Rejecting where the result is <= q keeps the expected share of false rejections <= q for independent or
    positively dependent tests.
    """
    flat = np.asarray(p, dtype=np.float64).ravel()
    known = np.flatnonzero(~np.isnan(flat))
    adjusted = np.full(flat.shape, np.nan)
    if len(known):
        order = known[np.argsort(flat[known], kind="stable")]
        scaled = flat[order] * len(order) / np.arange(1, len(order) + 1)
        adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted.reshape(np.shape(p))
