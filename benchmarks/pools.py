"""Attributions without drift whose truth is known: a pool gives any number of rows of one distribution."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Draw = Callable[[int], Matrix]
Pool = Callable[[np.random.Generator, int], Draw]


def gaussian(rng: np.random.Generator, d: int) -> Draw:
    """What theory is written for."""
    return lambda rows: rng.normal(size=(rows, d))


def heavy(rng: np.random.Generator, d: int) -> Draw:
    """Student's t with 2 degrees of freedom (no variance), importances over two orders of magnitude."""
    scale = np.exp(rng.normal(size=d))
    return lambda rows: np.asarray(rng.standard_t(2, size=(rows, d)) * scale)


def lognormal(rng: np.random.Generator, d: int) -> Draw:
    """Signed, sigma 1.5: one row in a hundred holds about a fifth of all importance."""
    scale = np.exp(rng.normal(size=d))
    return lambda rows: np.asarray(np.exp(1.5 * rng.normal(size=(rows, d))) * rng.choice([-1, 1], (rows, d)) * scale)


def zero_inflated(rng: np.random.Generator, d: int) -> Draw:
    """1 to 60 % of the rows have any attribution."""
    share, scale = rng.uniform(0.01, 0.6, d), np.exp(rng.normal(size=d))
    return lambda rows: np.where(rng.random((rows, d)) < share, rng.normal(1, 0.5, (rows, d)), 0) * scale


def rare_flags(rng: np.random.Generator, d: int) -> Draw:
    """Every third feature counts in 1 % of the rows only, and then twenty times."""
    rare = np.arange(d) % 3 == 0
    share, scale = np.where(rare, 0.01, 1.0), np.where(rare, 20.0, 1.0)
    return lambda rows: np.where(rng.random((rows, d)) < share, rng.normal(1, 0.5, (rows, d)), 0) * scale


def correlated(rng: np.random.Generator, d: int) -> Draw:
    """Three common causes behind all features."""
    loading = rng.normal(size=(3, d))
    return lambda rows: rng.normal(size=(rows, 3)) @ loading + 0.5 * rng.normal(size=(rows, d))


def tied(rng: np.random.Generator, d: int) -> Draw:
    """About a dozen distinct values, as a shallow tree gives."""
    return lambda rows: np.round(2 * rng.normal(size=(rows, d)))


SYNTHETIC: Mapping[str, Pool] = {
    made.__name__: made for made in (gaussian, heavy, lognormal, zero_inflated, rare_flags, correlated, tied)
}


def of_rows(rng: np.random.Generator, values: NDArray[np.floating]) -> Draw:
    """A pool of given rows: drawn without replacement, so that one call never holds a row twice."""
    return lambda rows: values[rng.choice(len(values), rows, replace=False)].astype(np.float64)
