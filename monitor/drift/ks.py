"""Kolmogorov-Smirnov: how large is D without drift? `distances.py` computes D itself."""

from __future__ import annotations

import numpy as np
from scipy import special

from monitor.types import Floats


def _effective(n: int, m: int) -> float:
    root = float(np.sqrt(n * m / (n + m)))
    return root + 0.12 + 0.11 / root


def ks_p_value(d: Floats, n: int, m: int) -> Floats:
    """P(D >= d) without drift: Kolmogorov's limit at the size corrected by Stephens (1970).

    Conservative with ties: a point mass can only make D smaller.
    """
    return np.asarray(special.kolmogorov(_effective(n, m) * d), dtype=np.float64)


def ks_null(alpha: Floats, n: int, m: int) -> Floats:
    """The D that is exceeded with probability alpha, (d,), without drift, (d,)."""
    return np.asarray(special.kolmogi(alpha) / _effective(n, m), dtype=np.float64)


def ks_null_mean(n: int, m: int) -> float:
    """Mean of D without drift: sqrt(pi/2) * ln 2 over the effective root size."""
    return float(np.sqrt(np.pi / 2) * np.log(2) / _effective(n, m))
