"""Trees as their libraries keep them: what the readers return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ExplainError
from monitor.types import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """One tree; arrays over its nodes, of which node 0 is the root."""

    left: NDArray[Any]
    """Child where the split holds; -1 for a leaf."""
    right: NDArray[Any]
    feature: NDArray[Any]
    """Column of `Ensemble.matrix` that the node splits on."""
    threshold: Floats
    """The split holds for numbers <= threshold."""
    missing_left: NDArray[Any]
    """Whether NaN counts as the split holding."""
    cover: Floats
    """Training weight that reached the node."""
    values: Floats
    """(nodes, k): what a leaf adds to the output; k = 1 with `output`, else every output of the model."""
    output: int | None = None
    """The output that a tree of one value adds to; None: it has a value for each."""
    categories: Mapping[int, NDArray[np.bool_]] = field(default_factory=dict)
    """Node that splits on categories, to whether the split holds for code 0, 1, ..., and last for any other code."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ensemble:
    """Trees that add up, after `start`, to the model's raw output."""

    trees: Sequence[Tree]
    matrix: Callable[[Any], Floats]
    """Encoded rows to (n, n_features) float64 as the library compares them: missing as NaN, categories as codes."""
    columns: NDArray[Any]
    """(n_features,): the model's own column behind each column of `matrix`."""
    n_outputs: int
    start: Floats
    """(n_outputs,): what the model answers before the first tree."""
    codes: Mapping[int, int] = field(default_factory=dict)
    """Categorical column of `matrix` to its number of codes."""


def unreadable(reason: str) -> ExplainError:
    """Why a model's trees cannot be read; the words become a note beside the engine's name."""
    return ExplainError(f"its trees cannot be read: {reason}", hint="set explain.engine to auto or tree")
