"""XGBoost's trees, from the model in its own JSON format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.explain.columns import numeric
from monitor.explain.forests.ensemble import Ensemble, Tree, unreadable
from monitor.explain.subject import Subject
from monitor.explain.xgboost_models import matrix as own_matrix
from monitor.explain.xgboost_models import parts
from monitor.types import Floats


def read(subject: Subject) -> Ensemble:
    """Splits hold for x < threshold in float32; categories listed in a node go right, all others left.

    Raises ExplainError for linear boosters and for trees whose leaves hold several values.
    """
    booster, missing, rounds = parts(subject.native)
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    boosted = learner["gradient_booster"]
    weights = boosted.get("weight_drop")
    boosted = boosted.get("gbtree", boosted)
    if "model" not in boosted or "trees" not in boosted["model"]:
        raise unreadable(f"booster {learner['gradient_booster'].get('name')}")
    model = boosted["model"]
    used = model["iteration_indptr"][rounds[1]] if rounds[1] else len(model["trees"])
    if any(int(tree["tree_param"].get("size_leaf_vector", 1)) > 1 for tree in model["trees"][:used]):
        raise unreadable("leaves of several values")
    kinds = booster.feature_types or []
    categorical = [j for j, kind in enumerate(kinds) if kind == "c"]
    codes = {j: _codes(model["trees"], j) for j in categorical}
    trees = [
        _tree(tree, output, 1.0 if weights is None else float(weights[i]), codes)
        for i, (tree, output) in enumerate(zip(model["trees"][:used], model["tree_info"], strict=False))
    ]
    n_outputs = max(
        1, int(learner["learner_model_param"]["num_class"]), int(learner["learner_model_param"].get("num_target", 1))
    )
    d = int(learner["learner_model_param"]["num_feature"])
    found = Ensemble(
        trees=trees, matrix=partial(_matrix, float(missing)), columns=np.arange(d), n_outputs=n_outputs,
        start=np.zeros(n_outputs), codes=codes,
    )  # fmt: skip
    return _started(found, _base_scores(learner, n_outputs), booster, rounds, d)


def _tree(raw: dict[str, Any], output: int, weight: float, codes: dict[int, int]) -> Tree:
    left = np.array(raw["left_children"], dtype=np.int64)
    feature = np.array(raw["split_indices"], dtype=np.int64)
    conditions = np.array(raw["split_conditions"], dtype=np.float32)
    categories = {}
    ends = zip(raw["categories_nodes"], raw["categories_segments"], raw["categories_sizes"], strict=True)
    for node, start, size in ends:
        table = np.ones(codes[int(feature[node])] + 1, dtype=bool)
        table[raw["categories"][start : start + size]] = False
        categories[int(node)] = table
    return Tree(
        left=left,
        right=np.array(raw["right_children"], dtype=np.int64),
        feature=feature,
        threshold=np.nextafter(conditions, np.float32(-np.inf)).astype(np.float64),
        missing_left=np.array(raw["default_left"], dtype=bool),
        cover=np.array(raw["sum_hessian"], dtype=np.float64),
        values=conditions.astype(np.float64)[:, None] * weight,
        output=int(output),
        categories=categories,
    )


def _codes(trees: Sequence[dict[str, Any]], column: int) -> int:
    """One more than the largest category that any tree asks for."""
    most = -1
    for raw in trees:
        for node, start, size in zip(
            raw["categories_nodes"], raw["categories_segments"], raw["categories_sizes"], strict=True
        ):
            if raw["split_indices"][node] == column and size:
                most = max(most, *raw["categories"][start : start + size])
    return most + 1


def _base_scores(learner: dict[str, Any], n_outputs: int) -> Floats:
    text = str(learner["learner_model_param"]["base_score"]).strip("[]")
    return np.broadcast_to(np.array([float(part) for part in text.split(",")]), (n_outputs,)).astype(np.float64)


def _started(ensemble: Ensemble, scores: Floats, booster: Any, rounds: tuple[int, int], d: int) -> Ensemble:
    """With what the booster answers before its first tree, in margin.

    Models keep it in the scale of the label; which link leads from there is the objective's business, so the booster
    is asked, and the link whose answer it is taken for the exact figure.
    """
    from dataclasses import replace

    origin = np.zeros((1, d))
    asked = own_matrix(origin) if booster.feature_names is None else None
    if asked is None:
        import xgboost

        asked = xgboost.DMatrix(origin, feature_names=booster.feature_names, feature_types=booster.feature_types)
    answer = np.asarray(booster.predict(asked, output_margin=True, iteration_range=rounds), dtype=np.float64).ravel()
    told = np.zeros(ensemble.n_outputs)
    for tree in ensemble.trees:
        assert tree.output is not None
        told[tree.output] += tree.values[_leaf_of_zeros(tree), 0]
    start = answer - told
    with np.errstate(divide="ignore", invalid="ignore"):
        links = [scores, np.log(scores), np.log(scores / (1 - scores))]
    near = [link for link in links if np.all(np.abs(link - start) <= 1e-4 * np.maximum(1.0, np.abs(answer)))]
    if not near:
        raise unreadable(f"unknown link of base score {scores.tolist()}")
    nearest = min(near, key=lambda link: float(np.abs(link - start).max()))
    return replace(ensemble, start=nearest)


def _leaf_of_zeros(tree: Tree) -> int:
    node = 0
    while tree.left[node] >= 0:
        table: NDArray[np.bool_] | None = tree.categories.get(node)
        holds = tree.threshold[node] >= 0 if table is None else table[0]
        node = int(tree.left[node] if holds else tree.right[node])
    return node


def _matrix(missing: float, encoded: Any) -> Floats:
    """As DMatrix reads rows: single precision, the value that means missing as NaN, absent cells of sparse rows too."""
    if hasattr(encoded, "tocsr"):
        sparse = encoded.tocsr()
        x = np.full(sparse.shape, np.nan)
        at = np.repeat(np.arange(sparse.shape[0]), np.diff(sparse.indptr))
        x[at, sparse.indices] = sparse.data
    elif isinstance(encoded, pd.DataFrame):
        x = np.column_stack([_column(encoded[name]) for name in encoded.columns])
    else:
        x = numeric(encoded)
    x = x.astype(np.float32).astype(np.float64)
    if not np.isnan(missing):
        x[x == np.float64(np.float32(missing))] = np.nan
    return x


def _column(column: pd.Series[Any]) -> Floats:
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy(dtype=np.float64)
        return np.where(codes < 0, np.nan, codes)
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
