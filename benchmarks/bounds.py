"""What a share of trials proves: binomial bounds, slopes, the share of agreeing pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95


def clopper_pearson(hits: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Exact two-sided bounds of a probability from `hits` of `trials` (Clopper and Pearson 1934)."""
    if not 0 <= hits <= trials or trials < 1:
        raise ValueError(f"{hits} hits of {trials} trials")
    tail = (1 - confidence) / 2
    low = float(stats.beta.ppf(tail, hits, trials - hits + 1)) if hits else 0.0
    high = float(stats.beta.isf(tail, hits + 1, trials - hits)) if hits < trials else 1.0
    return low, high


def share(hits: int, trials: int) -> dict[str, float]:
    """The share with its bounds, as the results keep it."""
    low, high = clopper_pearson(hits, trials)
    return {"hits": hits, "trials": trials, "share": hits / trials, "low": low, "high": high}


def slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Least-squares slope of y against x."""
    return float(np.polyfit(x, y, 1)[0])


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Slope of log seconds against log size: 1 is linear."""
    return slope(np.log(np.array(sizes, dtype=float)), np.log(np.array(seconds)))
