"""An ensemble as the flat arrays that the kernels walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.explain.forests import kernels, layout
from monitor.explain.forests.ensemble import Ensemble, Tree, unreadable
from monitor.types import Floats

_ANY = np.iinfo(np.int32).max
"""Above every code."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forest:
    """Numbers only; the arrays are documented in `kernels`."""

    nodes: NDArray[Any]
    steps: NDArray[Any]
    parts: NDArray[Any]
    """One for each tree and output it adds to, in the order of the trees."""
    leaves: Floats
    tables: NDArray[np.uint8]
    grid: Floats
    starts: NDArray[np.int64]
    codes: NDArray[np.int64]
    points: Floats
    levels: int
    n_outputs: int
    base: Floats
    """(n_outputs,): mean of the leaves over the training rows, with what the model adds before its trees."""
    tree_of: NDArray[np.int64]
    """(parts,): the tree behind each part."""

    @property
    def n_features(self) -> int:
        return len(self.codes)

    def attribute(self, x: Floats, values: Floats, parts: NDArray[Any] | None = None) -> None:
        """Add the Shapley values of rows x (n, d) to values (n, d, outputs); of some parts only, where given."""
        kernels.attribute(
            x, values, self.nodes, self.steps, self.parts if parts is None else parts, self.leaves, self.tables,
            self.grid, self.starts, self.codes, self.points, self.levels,
        )  # fmt: skip


def plant(ensemble: Ensemble) -> Forest:
    """Raises ExplainError for trees without training weights."""
    d = len(ensemble.columns)
    codes = np.full(d, -1, dtype=np.int64)
    for column, number in ensemble.codes.items():
        codes[column] = number
    grids = _grids(ensemble, d)
    starts = np.concatenate([[0], np.cumsum([len(grid) for grid in grids])]).astype(np.int64)
    laid = [_Laid.of(tree) for tree in ensemble.trees]
    grid = np.concatenate([*grids, np.empty(0)])
    nodes, leaves, parts, tables, tree_of = [], [], [], [], []
    base = np.array(ensemble.start, dtype=np.float64)
    at = {"step": 0, "node": 0, "leaf": 0, "table": 0}
    for number, (tree, one) in enumerate(zip(ensemble.trees, laid, strict=True)):
        filled, table = _splits(tree, one, grid, starts, at["table"])
        nodes.append(filled)
        tables.append(table)
        at["table"] += len(table)
        base += _mean(tree, one, ensemble.n_outputs)
        for column in range(tree.values.shape[1]):
            if len(filled):
                parts.append((
                    at["step"], at["step"] + len(one.steps), at["node"], at["node"] + len(filled),
                    at["leaf"] - at["node"], max(1, -(-one.most // 2)), column if tree.output is None else tree.output,
                ))  # fmt: skip
                tree_of.append(number)
                leaves.append(np.where(one.is_leaf, tree.values[one.sources[:, 1:], column], 0.0).T)
                at["leaf"] += len(filled)
        one.steps["node"] += at["node"]
        at["step"] += len(one.steps)
        at["node"] += len(filled)
    most = max((one.most for one in laid), default=0)
    return Forest(
        nodes=np.concatenate([*nodes, np.empty(0, kernels.NODE)]),
        steps=np.concatenate([*(one.steps for one in laid), np.empty(0, kernels.STEP)]),
        parts=np.array(parts, dtype=kernels.PART),
        leaves=np.ascontiguousarray(np.concatenate([*leaves, np.empty((2, 0))], axis=1)),
        tables=np.concatenate([*tables, np.empty(0, np.uint8)]),
        grid=grid,
        starts=starts,
        codes=codes,
        points=_quadrature(max(1, -(-most // 2))),
        levels=max((one.levels for one in laid), default=0),
        n_outputs=ensemble.n_outputs,
        base=base,
        tree_of=np.array(tree_of, dtype=np.int64),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Laid:
    """One tree in the order of its walk."""

    nodes: NDArray[Any]
    sources: NDArray[np.int64]
    steps: NDArray[Any]
    reach: Floats
    levels: int
    most: int
    is_leaf: NDArray[np.bool_]
    """(splits, 2): whether first and second child are leaves."""

    @classmethod
    def of(cls, tree: Tree) -> _Laid:
        left = np.asarray(tree.left, dtype=np.int64)
        inner = left >= 0
        cover = np.asarray(tree.cover, dtype=np.float64)
        if not (np.isfinite(cover).all() and (cover >= 0).all() and (cover[inner] > 0).all()):
            raise unreadable("a split has no training weight")
        n = int(inner.sum())
        nodes = np.zeros(n, dtype=kernels.NODE)
        sources = np.zeros((n, 3), dtype=np.int64)
        steps = np.zeros(3 * n, dtype=kernels.STEP)
        reach = np.zeros(len(left))
        n_nodes, n_steps, levels, most = layout.lay_out(
            left, np.asarray(tree.right, dtype=np.int64), np.asarray(tree.feature, dtype=np.int64), cover, nodes,
            sources, steps, reach,
        )  # fmt: skip
        sources = sources[:n_nodes]  # nodes cut off from the root are left out
        return cls(
            nodes=nodes[:n_nodes], sources=sources, steps=steps[:n_steps], reach=reach, levels=levels, most=most,
            is_leaf=left[sources[:, 1:]] < 0,
        )  # fmt: skip


def _grids(ensemble: Ensemble, d: int) -> list[Floats]:
    """The thresholds of each feature in order, each once."""
    features, thresholds = [np.empty(0, np.int64)], [np.empty(0)]
    for tree in ensemble.trees:
        numeric = tree.left >= 0
        numeric[list(tree.categories)] = False
        features.append(np.asarray(tree.feature[numeric], dtype=np.int64))
        thresholds.append(np.asarray(tree.threshold[numeric], dtype=np.float64))
    feature, threshold = np.concatenate(features), np.concatenate(thresholds)
    order = np.argsort(feature, kind="stable")
    cuts = np.searchsorted(feature[order], np.arange(d + 1))
    return [np.unique(threshold[order[cuts[f] : cuts[f + 1]]]) for f in range(d)]


def _splits(
    tree: Tree, laid: _Laid, grid: Floats, starts: Any, table_at: int
) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """The nodes with what their splits compare, and the tables of those that split on categories."""
    nodes = laid.nodes
    source, swapped = laid.sources[:, 0], laid.sources[:, 1] != tree.left[laid.sources[:, 0]]
    rank = np.zeros(len(nodes), dtype=np.int64)
    for f in np.unique(nodes["feature"]):
        here = nodes["feature"] == f
        rank[here] = np.searchsorted(grid[starts[f] : starts[f + 1]], tree.threshold[source[here]])
    nodes["low"] = np.where(swapped, rank, -1)
    nodes["high"] = np.where(swapped, _ANY, rank)
    nodes["missing"] = np.asarray(tree.missing_left, dtype=bool)[source] != swapped
    nodes["table"] = -1
    tables = [np.empty(0, np.uint8)]
    at = table_at
    for place in np.flatnonzero(np.isin(source, list(tree.categories))):
        nodes["table"][place] = at
        tables.append((tree.categories[int(source[place])] != swapped[place]).astype(np.uint8))
        at += len(tables[-1])
    return nodes, np.concatenate(tables)


def _mean(tree: Tree, laid: _Laid, n_outputs: int) -> Floats:
    leaf = np.asarray(tree.left) < 0
    mean = laid.reach[leaf] @ tree.values[leaf]
    if tree.output is None:
        return np.asarray(mean, dtype=np.float64)
    found = np.zeros(n_outputs)
    found[tree.output] = mean[0]
    return found


def _quadrature(most: int) -> Floats:
    """(2, most, most): points and weights on (0, 1) for 1 to `most` points."""
    table = np.zeros((2, most, most))
    for m in range(1, most + 1):
        points, weights = np.polynomial.legendre.leggauss(m)
        table[0, m - 1, :m], table[1, m - 1, :m] = (points + 1) / 2, weights / 2
    return table
