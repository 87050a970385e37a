"""Graded shifts of a world whose model is real: what happens to rows, to the model, or to attributions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import explained

Matrix = NDArray[np.float64]
WIDTH = 30
TOP, SWAPPED, UNIMPORTANT = 0, 4, 29
PAIR = (1, 2)
"""Two inputs that count together: the first decides in which direction the second does."""
TRAINED_ROWS, ROUNDS, DEPTH = 8000, 80, 4
KILOMETRES = 1.609344


def inputs(n: int, rng: np.random.Generator, rho: float = 0.0) -> Matrix:
    """Standard normal columns except two of exponential shape; `rho` correlates the pair and leaves every column as it
    was."""
    X = rng.normal(size=(n, WIDTH))
    X[:, PAIR[1]] = rho * X[:, PAIR[0]] + np.sqrt(1 - rho**2) * X[:, PAIR[1]]
    X[:, [4, 5]] = rng.exponential(size=(n, 2))
    return X


def target(X: Matrix, rng: np.random.Generator) -> NDArray[np.float64]:
    """The second of the pair counts for or against, as the first says; greedy trees find that because the first counts
    by itself too."""
    main = X[:, 3:25] @ np.linspace(0.8, 0.15, 22)
    pair = 0.8 * X[:, PAIR[0]] + 1.5 * np.sign(X[:, PAIR[0]]) * X[:, PAIR[1]]
    y = 1.5 * X[:, TOP] + pair + main + 0.05 * X[:, UNIMPORTANT] + 0.5 * rng.normal(size=len(X))
    return np.asarray(y, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class World:
    """A trained model and rows that it never saw."""

    booster: Any
    X: Matrix
    values: Matrix
    """Attributions of X: the reference pool."""


def world(rows: int, rng: np.random.Generator) -> World:
    trained = inputs(TRAINED_ROWS, rng)
    booster = explained.fit(trained, target(trained, rng), rounds=ROUNDS, depth=DEPTH)
    X = inputs(rows, rng)
    return World(booster=booster, X=X, values=explained.explain(booster, X))


@dataclass(frozen=True, slots=True)
class Shifted:
    """Rows after the shift. `same_rows`: row i is row i of the reference pool, explained by another model."""

    X: Matrix
    values: Matrix
    same_rows: bool = False


Apply = Callable[[World, float, np.random.Generator], Shifted]


def _explained(world: World, X: Matrix) -> Shifted:
    return Shifted(X, explained.explain(world.booster, X))


def _moved(column: int, world: World, size: float, rng: np.random.Generator) -> Shifted:
    X = inputs(len(world.X), rng)
    X[:, column] += size
    return _explained(world, X)


def _some(rng: np.random.Generator, n: int, size: float) -> NDArray[np.bool_]:
    return np.asarray(rng.random(n) < size)


def _swap(world: World, size: float, rng: np.random.Generator) -> Shifted:
    X = inputs(len(world.X), rng)
    rows = _some(rng, len(X), size)
    X[rows, TOP], X[rows, SWAPPED] = X[rows, SWAPPED], X[rows, TOP]
    return _explained(world, X)


def _unit(world: World, size: float, rng: np.random.Generator) -> Shifted:
    X = inputs(len(world.X), rng)
    X[_some(rng, len(X), size), TOP] *= KILOMETRES
    return _explained(world, X)


def _silent(world: World, size: float, rng: np.random.Generator) -> Shifted:
    return _explained(world, inputs(len(world.X), rng, rho=size))


def _shrunk(columns: list[int], world: World, size: float, rng: np.random.Generator) -> Shifted:
    X = inputs(len(world.X), rng)
    values = explained.explain(world.booster, X)
    values[:, columns] *= 1 - size
    return Shifted(X, values)


def _rounded(world: World, size: float, rng: np.random.Generator) -> Shifted:
    """What another library version or file format does: last digits of attributions, in every row."""
    X = inputs(len(world.X), rng)
    return Shifted(X, explained.explain(world.booster, X) * (1 + size))


def _bootstrap(rng: np.random.Generator) -> tuple[Matrix, NDArray[np.float64]]:
    fresh = inputs(TRAINED_ROWS, rng)
    y = target(fresh, rng)
    rows = rng.integers(0, TRAINED_ROWS, TRAINED_ROWS)
    return fresh[rows], y[rows]


def _refreshed(world: World, size: float, rng: np.random.Generator) -> Shifted:
    booster = explained.fit(*_bootstrap(rng), rounds=round(size), depth=DEPTH, seed=1, onto=world.booster)
    return Shifted(world.X, explained.explain(booster, world.X), same_rows=True)


def _retrained(world: World, _size: float, rng: np.random.Generator) -> Shifted:
    booster = explained.fit(*_bootstrap(rng), rounds=ROUNDS, depth=DEPTH, seed=1)
    return Shifted(world.X, explained.explain(booster, world.X), same_rows=True)


@dataclass(frozen=True, slots=True)
class Shift:
    """One kind, in rising sizes."""

    name: str
    title: str
    apply: Apply
    sizes: tuple[float, ...]
    unit: str
    feature: int | None = None
    """The one feature that it happens to; None where there are several."""
    quiet: bool = False
    """Should not alarm: nothing of importance happens."""
    in_inputs: bool = True
    """False: what happens is not in the inputs, so an engine that looks at those cannot be asked."""


SHIFTS: tuple[Shift, ...] = (
    Shift(
        "important",
        "covariate shift, most important feature",
        partial(_moved, TOP),
        (0.1, 0.2, 0.3, 0.4, 0.6, 1.0),
        "standard deviations",
        feature=TOP,
    ),
    Shift(
        "unimportant",
        "covariate shift, feature of no importance",
        partial(_moved, UNIMPORTANT),
        (0.5, 1.0, 2.0, 3.0),
        "standard deviations",
        feature=UNIMPORTANT,
        quiet=True,
    ),
    Shift("rounding", "last digits", _rounded, (1e-8, 1e-7), "share", quiet=True, in_inputs=False),
    Shift(
        "refresh",
        "the model learns on from a bootstrap of new rows",
        _refreshed,
        (1, 3, 10, 30, 100),
        "more trees",
        in_inputs=False,
    ),
    Shift(
        "retrain", "the same kind of model, from a bootstrap of new rows", _retrained, (1,), "model", in_inputs=False
    ),
    Shift("swap", "two features swapped", _swap, (0.05, 0.1, 0.2, 0.4, 0.8), "share of rows"),
    Shift("unit", "miles become kilometres", _unit, (0.1, 0.2, 0.4, 0.7, 1.0), "share of rows", feature=TOP),
    Shift(
        "collapse",
        "all attributions shrink, ranks unchanged",
        partial(_shrunk, list(range(WIDTH))),
        (0.05, 0.1, 0.2, 0.3, 0.5, 0.9),
        "share lost",
        in_inputs=False,
    ),
    Shift(
        "top_lost",
        "the top feature's attributions shrink",
        partial(_shrunk, [TOP]),
        (0.1, 0.2, 0.3, 0.5, 1.0),
        "share lost",
        feature=TOP,
        in_inputs=False,
    ),
    Shift("silent", "inputs become dependent, each as before", _silent, (0.1, 0.2, 0.3, 0.5, 0.7, 0.9), "correlation"),
)
