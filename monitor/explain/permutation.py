"""Shapley values by permutation sampling, for anything that predicts.

Interventional Shapley values over a background, estimated by antithetic permutations (Castro, Gomez and Tejada 2009,
Polynomial calculation of the Shapley value based on sampling; Mitchell, Cooper, Frank and Holmes 2022, Sampling
Permutations for Shapley Value Estimation). Every background row is paired with a permutation of its own and its
reverse, which for the same number of model evaluations leaves less noise than one permutation over all of them, and
makes values exact for interactions of two features.

The permutations are drawn once and are the same for every row: equal rows get equal values, in whatever batch they
come, and two models or two periods are compared under the same noise. Values add up by construction.
Our own code and not shap's: shap's draws from numpy's global generator in row order, converts mixed columns to
objects, and compiles for ten seconds in every new process.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from monitor.explain.subject import Subject
from monitor.explain.swap import Pool
from monitor.types import Floats, Ints, Scale

_AUTO_PAIRS = 100
"""Antithetic permutations per row that `max_evals: auto` asks for, counted over all background rows."""
_BLOCK_ROWS = 65_536
"""Rows given to the model at once."""
_BLOCK_CELLS = 8_000_000
"""Cells held at once while mixed rows are put together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PermutationRun:
    """Everything that decides the values: model, scale, background, seed and number of rounds."""

    subject: Subject
    scale: Scale
    background: pd.DataFrame
    """(b, d)."""
    orders: Ints
    """(rounds * b, d): the order in which features switch from background to row; pair p belongs to row p % b."""

    def __call__(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        pool = Pool.of(self.background, rows)
        b, d, n = len(self.background), self.orders.shape[1], len(rows)
        ends = self._predict(pool.frame())  # background rows, then the explained rows
        base = np.tile(ends[:b].mean(axis=0), (n, 1))
        values = np.zeros((n, d, ends.shape[1]))
        pairs = len(self.orders)
        block = max(1, min(_BLOCK_ROWS // max(1, 2 * (d - 1)), _BLOCK_CELLS // max(1, 2 * d * d)))
        for start in range(0, n * pairs, block):
            flat = np.arange(start, min(start + block, n * pairs))
            row, pair = flat // pairs, flat % pairs
            steps = self._steps(pool, ends, row + b, pair % b, self.orders[pair])
            np.add.at(values, row, steps)
        return values / pairs, base

    def _steps(self, pool: Pool, ends: Floats, at: Ints, other: Ints, order: Ints) -> Floats:
        """(m, d, K): what each feature adds when it switches, averaged over `order` and its reverse."""
        d = order.shape[1]
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.arange(d)[None, :], axis=1)
        differs = pool.codes[at] != pool.codes[other]
        forward = self._path(pool, ends, at, other, place, np.take_along_axis(differs, order, axis=1))
        back = self._path(pool, ends, at, other, d - 1 - place, np.take_along_axis(differs, order[:, ::-1], axis=1))
        lift = np.take_along_axis(np.diff(forward, axis=1), place[:, :, None], axis=1)
        lift_back = np.take_along_axis(np.diff(back, axis=1), (d - 1 - place)[:, :, None], axis=1)
        return np.asarray((lift + lift_back) / 2)

    def _path(self, pool: Pool, ends: Floats, at: Ints, other: Ints, place: Ints, changes: Ints) -> Floats:
        """(m, d + 1, K): outputs from the background row to the explained row, one feature after the other.

        `changes` (m, d): whether the switch at each step alters the row at all; the model is asked only where it does.
        """
        m, d = place.shape
        outputs = np.empty((m, d + 1, ends.shape[1]))
        outputs[:, 0], outputs[:, d] = ends[other], ends[at]
        if d == 1:
            return outputs
        asked = changes[:, : d - 1]  # step t leads to point t + 1; the last point is known
        path, step = np.nonzero(asked)
        source = np.tile(other[path], (d, 1))
        for column, when in zip(source, np.ascontiguousarray(place.T), strict=True):
            np.copyto(column, at[path], where=when[path] <= step)
        fresh = self._predict(pool.frame(source)) if len(path) else np.empty((0, ends.shape[1]))
        known = np.concatenate([ends[other], fresh])
        position = np.zeros((m, d), dtype=np.int64)
        position[:, 0] = np.arange(m)
        position[:, 1:][asked] = m + np.arange(len(path))
        # Between two changes the answer stays: the latest position, which grows within a path.
        outputs[:, :d] = known[np.maximum.accumulate(position, axis=1)]
        return outputs

    def _predict(self, frame: pd.DataFrame) -> Floats:
        parts = [
            self.subject.predict(frame.iloc[start : start + _BLOCK_ROWS].reset_index(drop=True), self.scale)
            for start in range(0, len(frame), _BLOCK_ROWS)
        ]
        return np.concatenate(parts)


def rounds_for(n_features: int, n_background: int, max_evals: int | str) -> int:
    """Rounds over the background. `max_evals` counts evaluated coalitions per row, each over all of the background."""
    if isinstance(max_evals, str):
        return -(-_AUTO_PAIRS // n_background)
    return max(1, max_evals // (2 * n_features))


def build(subject: Subject, background: pd.DataFrame, scale: Scale, *, rounds: int, seed: int) -> PermutationRun:
    """`background` (b, d): the rows to integrate over, in the model's columns."""
    rng = np.random.default_rng(seed)
    d = len(subject.features)
    orders = rng.permuted(np.tile(np.arange(d), (rounds * len(background), 1)), axis=1)
    return PermutationRun(subject=subject, scale=scale, background=background, orders=orders)
