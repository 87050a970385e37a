"""Numbers about the whole model: how alike are two importance vectors?"""

from __future__ import annotations

import numpy as np

from monitor.types import Floats


def ndcg(importance_ref: Floats, importance_cur: Floats) -> float:
    """Normalised discounted cumulative gain: reference importances as gains, in the order of the current ones.

    1 when the order is unchanged; blind to magnitude (all attributions ten times smaller still give 1), so it
    is never shown without `importance_change`. Ties in the current order keep the reference's order. NaN when
    the reference has no importance at all.
    """
    discount: Floats = 1 / np.log2(np.arange(2, len(importance_ref) + 2))
    ideal = float(np.dot(np.sort(importance_ref)[::-1], discount))
    order = np.lexsort((-importance_ref, -importance_cur))
    gain = float(np.dot(importance_ref[order], discount))
    return gain / ideal if ideal > 0 else float("nan")


def cosine(importance_ref: Floats, importance_cur: Floats) -> float:
    """Cosine of the two importance vectors; NaN when one of them is all zero."""
    norm = np.linalg.norm(importance_ref) * np.linalg.norm(importance_cur)
    if norm == 0:
        return float("nan")
    if np.array_equal(importance_ref, importance_cur):
        return 1.0
    return min(float(np.dot(importance_ref, importance_cur)) / float(norm), 1.0)


def top_k_overlap(importance_ref: Floats, importance_cur: Floats, k: int) -> float:
    """Share of the reference's k most important features that are still among the k most important."""
    k = min(k, len(importance_ref))
    top_ref = set(np.argsort(-importance_ref, kind="stable")[:k].tolist())
    top_cur = set(np.argsort(-importance_cur, kind="stable")[:k].tolist())
    return len(top_ref & top_cur) / k


def importance_change(importance_ref: Floats, importance_cur: Floats) -> float:
    """Sum of abs importance changes over the sum of reference importances: the magnitude-aware companion."""
    total = importance_ref.sum()
    with np.errstate(over="ignore"):  # next to nothing before: infinite, like from nothing
        return float(np.abs(importance_cur - importance_ref).sum() / total) if total > 0 else float("nan")


def model_numbers(importance_ref: Floats, importance_cur: Floats, k: int) -> dict[str, float]:
    """All model-level numbers; NaN where one is undefined."""
    return {
        "ndcg": ndcg(importance_ref, importance_cur),
        "cosine": cosine(importance_ref, importance_cur),
        "top_k_overlap": top_k_overlap(importance_ref, importance_cur, k),
        "importance_change": importance_change(importance_ref, importance_cur),
    }
