"""Null distributions of small samples, by permutation.

With few rows, unequal sizes or many ties the closed laws of PSI, KS and the stability score are too wide: small
p-values come up less often than they should. That costs power, and here permutations cost little: all features share
the same random relabellings of the pooled rows. Beyond the anchor quantile too few permutations are left to count: the
closed law goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from monitor.drift.distances import Matrix
from monitor.drift.psi import proportions, psi
from monitor.types import Floats, Ints

SMALL_SIDE = 200
"""From so many rows on the smaller side the closed laws hold (measured down to p = 1e-4)."""
MOST_ROWS = 2500
"""Pooled rows above which permuting is left out: memory and time grow with it."""
PERMUTATIONS = 2000
ANCHOR = 0.02
"""Probability at which the closed law takes over from counting."""

TAIL_RANGE = (1e-3, 10.0)
MAYBE = 0.1
"""Features whose closed p-values all lie above this cannot alarm and are not permuted."""

Law = Callable[[int, float], float]
"""Feature number and value of a statistic to the closed law's probability of at least that much without drift."""


def wanted(n: int, m: int) -> bool:
    """Whether samples of these sizes are permuted."""
    return min(n, m) < SMALL_SIDE and n + m <= MOST_ROWS


def refine(
    ref: Matrix,
    cur: Matrix,
    edges: Sequence[Floats],
    *,
    seen: Mapping[str, Floats],
    closed: Mapping[str, Floats],
    laws: Mapping[str, Law],
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """p-values of psi, ks and stability by permutation, and by how much each closed law's tail must be multiplied.

    Args:
        ref: (n, d) values; cur: (m, d).
        edges: inner bin edges per feature.
        seen: statistic per test, (d,); for stability the abs change of mean abs value.
        closed: p-value by the closed law per test, (d,).
    """
    p = {name: values.copy() for name, values in closed.items()}
    tails = {name: np.ones(len(values)) for name, values in closed.items()}
    maybe = np.flatnonzero(np.min(list(closed.values()), axis=0) < MAYBE)
    changes = _mean_changes(ref[:, maybe], cur[:, maybe])
    for k, j in enumerate(maybe.tolist()):
        null_psi, null_ks = _psi_and_ks(ref[:, j], cur[:, j], edges[j])
        for name, null in (("psi", null_psi), ("ks", null_ks), ("stability", changes[:, k])):
            p[name][j], tails[name][j] = _anchored(null, float(seen[name][j]), partial(laws[name], j))
    return p, tails


def _anchored(null: Floats, seen: float, law: Callable[[float], float]) -> tuple[float, float]:
    """p-value of `seen` under the permuted values, and the tail factor of the closed law beyond their anchor."""
    high = float(np.quantile(null, 1 - ANCHOR, method="higher"))
    tail = float(np.clip(ANCHOR / max(law(high), np.finfo(np.float64).tiny), *TAIL_RANGE))
    slack = 1e-9 * abs(seen)  # the same value reached by other sums
    as_large = int((null >= seen - slack).sum())
    if seen > high:
        # Where few values are possible the law falls faster than the permutations do: what was counted stands.
        return min(max(tail * law(seen), as_large / (1 + len(null))), ANCHOR), tail
    return (1 + as_large) / (1 + len(null)), tail


@lru_cache(maxsize=2)
def _labels(n: int, m: int) -> tuple[NDArray[np.int8], NDArray[np.int16]]:
    """Random choices of the m current rows among n + m pooled ones, (n + m, PERMUTATIONS), and how many of them lie
    before each place, (n + m + 1, PERMUTATIONS). The same for all features and checks of these sizes: reproducible.
    """
    chosen = np.zeros((n + m, PERMUTATIONS), dtype=np.int8)
    chosen[:m] = 1
    np.random.default_rng([n, m]).permuted(chosen, axis=0, out=chosen)
    before = np.zeros((n + m + 1, PERMUTATIONS), dtype=np.int16)  # MOST_ROWS fit
    np.cumsum(chosen, axis=0, dtype=np.int16, out=before[1:])
    return chosen, before


def _psi_and_ks(ref: Matrix, cur: Matrix, edges: Floats) -> tuple[Floats, Floats]:
    """Both statistics of every permutation, (PERMUTATIONS,) each; ref (n,) and cur (m,) in any order."""
    n, m = len(ref), len(cur)
    _, before = _labels(n, m)
    pooled = np.sort(np.concatenate([ref, cur]))
    bounds = np.concatenate([[0], np.searchsorted(pooled, edges), [n + m]])
    counts = np.diff(before[bounds], axis=0).T.astype(np.int64)
    widths = np.full(len(counts), counts.shape[1], dtype=np.int64)
    null_psi = psi(*proportions(np.diff(bounds) - counts, counts, widths))
    ends = np.flatnonzero(np.diff(pooled) > 0) + 1
    return null_psi, _every_place(n, m) if len(ends) == n + m - 1 else _largest_gap(before, ends, n, m)


@lru_cache(maxsize=32)
def _every_place(n: int, m: int) -> Floats:
    """D of every permutation where no value comes twice: the same for all such features."""
    return _largest_gap(_labels(n, m)[1], np.arange(1, n + m), n, m)


def _largest_gap(before: NDArray[np.int16], ends: Ints, n: int, m: int) -> Floats:
    """D of every permutation: shares are compared after the last of equal values only. Exact, in whole numbers."""
    largest = np.zeros(before.shape[1], dtype=np.int32)
    for place in ends.tolist():
        np.maximum(largest, np.abs(before[place] * np.int32(n + m) - np.int32(place * m)), out=largest)
    return largest / (n * m)


def _mean_changes(ref: Matrix, cur: Matrix) -> Floats:
    """Abs change of mean abs value of every permutation, (PERMUTATIONS, d); ref (n, d), cur (m, d).

    Values are put in order first, so that the order of rows decides nothing.
    """
    n, m = len(ref), len(cur)
    chosen, _ = _labels(n, m)
    pooled = np.sort(np.abs(np.concatenate([ref, cur]).astype(np.float64)), axis=0)
    pooled -= pooled.mean(axis=0)
    changes: Floats = np.abs(chosen.T.astype(np.float64) @ pooled) * (1 / m + 1 / n)
    return changes
