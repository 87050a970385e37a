"""Slow Shapley values of some trees, by another way than the kernels go: the witness that an engine is right.

Additivity does not show that attributions are: shap's on histogram gradient boosting with categories add up and are
wrong. Here every leaf's path is followed down the tree, and the weights of the coalitions are counted by size, as in
the definition of Shapley (1953).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ExplainError
from monitor.explain.forests.ensemble import Ensemble, Tree
from monitor.types import Floats

if TYPE_CHECKING:
    from monitor.explain.forests.run import CompiledRun

_LEAVES = 400
"""Leaves of the trees compared, unless one tree has more: well under a tenth of a second."""

_Path = dict[int, tuple[float, NDArray[np.bool_]]]
"""Feature to z (the share of training rows) and o (whether each row meets the splits)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Some trees as they were read."""

    trees: Mapping[int, Tree]
    """By their place in the ensemble."""
    columns: NDArray[Any]
    """The model's own column behind each column of the trees."""


def draw(ensemble: Ensemble) -> Sample:
    """Trees spread evenly over the ensemble, with not many more than _LEAVES leaves together."""
    trees = ensemble.trees
    if not trees:
        return Sample(trees={}, columns=ensemble.columns)
    size = np.mean([int((np.asarray(tree.left) < 0).sum()) for tree in trees])
    wanted = int(np.clip(_LEAVES // size, 1, len(trees)))
    places = np.unique(np.linspace(0, len(trees) - 1, wanted).astype(int))
    return Sample(trees={int(place): trees[place] for place in places}, columns=ensemble.columns)


def compare(sample: Sample, run: CompiledRun, rows: Any) -> None:
    """Raises ExplainError unless `run` gives the trees of the sample the values that they have."""
    x = run.matrix(run.encode(rows))
    expected = np.zeros((*x.shape, run.forest.n_outputs))
    for tree in sample.trees.values():
        add_values(tree, x, expected)
    back = np.empty_like(expected)
    back[:, sample.columns] = expected
    parts = run.forest.parts[np.isin(run.forest.tree_of, list(sample.trees))]
    _same(run.attributions(rows, parts), back, 1e-9, f"{len(sample.trees)} of its trees computed by slow code")


def agree(values: Floats, native: Floats, *, single: bool) -> None:
    """Raises ExplainError unless the library's own contributions, in single precision or not, are `values`."""
    _same(values, native, 1e-3 if single else 1e-6, "the library's own contributions")


def _same(found: Floats, expected: Floats, tolerance: float, witness: str) -> None:
    scale = max(float(np.abs(expected).max(initial=0.0)), float(np.abs(found).max(initial=0.0)))
    gaps = np.abs(found - expected)
    if not gaps.max(initial=0.0) <= tolerance * scale:  # NaN differs
        worst = int(np.nanargmax(gaps)) if np.isfinite(gaps).any() else 0
        column = np.unravel_index(worst, gaps.shape)[1]
        raise ExplainError(
            f"engine tree-compiled differs from {witness}",
            seen=f"{found.ravel()[worst]:.6g} for column {column} (counted from 0)",
            expected=f"{expected.ravel()[worst]:.6g}",
            hint="set explain.engine to auto",
        )  # fmt: skip


def add_values(tree: Tree, x: Floats, values: Floats) -> None:
    """Add the tree's Shapley values of rows x (n, d) to values (n, d, outputs)."""
    by_length: dict[int, list[tuple[int, _Path]]] = {}
    left, right = np.asarray(tree.left), np.asarray(tree.right)
    waiting: list[tuple[int, _Path]] = [(0, {})]
    while waiting:
        node, path = waiting.pop()
        if left[node] < 0:
            by_length.setdefault(len(path), []).append((node, path))
            continue
        feature = int(tree.feature[node])
        goes_left = _goes_left(tree, node, x[:, feature])
        z, met = path.get(feature, (1.0, np.ones(len(x), dtype=bool)))
        for child, holds in ((int(left[node]), goes_left), (int(right[node]), ~goes_left)):
            share = float(tree.cover[child]) / float(tree.cover[node])
            waiting.append((child, {**path, feature: (z * share, met & holds)}))
    for k, leaves in by_length.items():
        if k:
            _add_leaves(tree, leaves, values)


def _goes_left(tree: Tree, node: int, x: Floats) -> NDArray[np.bool_]:
    missing = np.isnan(x)
    table = tree.categories.get(node)
    if table is None:
        holds = x <= tree.threshold[node]
    else:
        codes = np.where(missing | (x < 0) | (x >= len(table) - 1), len(table) - 1, x).astype(int)
        holds = table[codes]
    return np.where(missing, bool(tree.missing_left[node]), holds)


def _add_leaves(tree: Tree, leaves: list[tuple[int, _Path]], values: Floats) -> None:
    """Leaves with k features on their path each. A coalition of s of them weighs s! (k - s - 1)! / k!."""
    k = len(leaves[0][1])
    features = np.array([list(path) for _, path in leaves])  # (leaves, k)
    z = np.array([[z for z, _ in path.values()] for _, path in leaves])[:, :, None]  # (leaves, k, 1)
    met = np.array([[met for _, met in path.values()] for _, path in leaves])  # (leaves, k, rows)
    worth = tree.values[[leaf for leaf, _ in leaves]]  # (leaves, outputs)
    weights = np.array([1.0 / (k * comb(k - 1, s)) for s in range(k)])
    outputs = range(worth.shape[1]) if tree.output is None else [tree.output]
    rows = np.arange(met.shape[2])
    for j in range(k):
        # by_size[s]: over all coalitions of s other features, the sum of the products of their o and the others' z
        by_size = np.zeros((k, len(leaves), met.shape[2]))
        by_size[0] = 1.0
        for other in range(k):
            if other != j:
                by_size[1:] = by_size[1:] * z[:, other] + by_size[:-1] * met[:, other]
                by_size[0] *= z[:, other]
        share = np.tensordot(weights, by_size, axes=1) * (met[:, j] - z[:, j])  # (leaves, rows)
        for place, output in enumerate(outputs):
            np.add.at(values[:, :, output], (rows[None, :], features[:, j, None]), share * worth[:, place, None])
