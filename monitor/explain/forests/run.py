"""The engine at work: rows in blocks, on as many threads as there are cores for us."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.explain.forests import kernels, proof
from monitor.explain.forests.ensemble import Ensemble
from monitor.explain.forests.forest import Forest, plant
from monitor.explain.forests.proof import Sample
from monitor.types import Floats

_BLOCKS = 8
"""Blocks of lanes that one call of the kernel takes: what a tree costs once is shared by them."""
_NUMBERS = 4_000_000
"""Attributions that a thread holds at once, where rows are very wide."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompiledRun:
    """A forest, and how encoded rows become its matrix."""

    forest: Forest
    encode: Callable[[Any], Any]
    matrix: Callable[[Any], Floats]
    columns: NDArray[Any]
    """(forest.n_features,): the model's own column behind each column of the forest."""
    sample: Sample
    """Trees as read, for `verify` to compare with."""

    @classmethod
    def of(cls, ensemble: Ensemble, encode: Callable[[Any], Any]) -> CompiledRun:
        """Raises ExplainError for trees without training weights."""
        return cls(
            forest=plant(ensemble), encode=encode, matrix=ensemble.matrix, columns=ensemble.columns,
            sample=proof.draw(ensemble),
        )  # fmt: skip

    def __call__(self, rows: Any) -> tuple[Floats, Floats]:
        values = self.attributions(rows)
        return values, np.tile(self.forest.base, (len(values), 1))

    def attributions(self, rows: Any, parts: NDArray[Any] | None = None) -> Floats:
        """(n, d, outputs), by all trees or by some parts of the forest only.

        Every row is summed up by itself, tree after tree: neither blocks nor threads change a value.
        """
        x = np.ascontiguousarray(self.matrix(self.encode(rows)), dtype=np.float64)
        values = np.zeros((*x.shape, self.forest.n_outputs))
        places = _pieces(len(x), x.shape[1] * self.forest.n_outputs)
        if len(places) == 1:
            self.forest.attribute(x, values, parts)
        elif places:
            with ThreadPoolExecutor(min(_cores(), len(places))) as pool:
                list(pool.map(lambda at: self.forest.attribute(x[at], values[at], parts), places))
        if np.array_equal(self.columns, np.arange(x.shape[1])):
            return values
        sorted_back = np.empty_like(values)
        sorted_back[:, self.columns] = values
        return sorted_back


def _pieces(n: int, numbers: int) -> list[slice]:
    """Rows of one call each: alike, whole blocks, and one for every core at least."""
    blocks = -(-n // kernels.LANES)
    most = max(1, min(_BLOCKS, _NUMBERS // max(1, numbers * kernels.LANES)))
    calls = max(-(-blocks // most), min(_cores(), blocks))
    size = -(-blocks // max(calls, 1)) * kernels.LANES
    return [slice(start, min(start + size, n)) for start in range(0, n, size)] if n else []


def _cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
