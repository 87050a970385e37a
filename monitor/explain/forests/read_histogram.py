"""Histogram gradient boosting of scikit-learn."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.explain.forests.ensemble import Ensemble, Tree
from monitor.explain.subject import Subject
from monitor.types import Floats

_CODES = 256
"""Room of the library's category sets."""


def read(subject: Subject) -> Ensemble:
    """Splits hold for x <= threshold, or for the categories in the node's set; categories that training did not know
    count as missing, and missing values go where the node says."""
    native = subject.native
    known = _known(native)
    stages = native._predictors
    n_outputs = len(stages[0]) if stages else native._baseline_prediction.size
    trees = [_tree(predictor, output, known) for stage in stages for output, predictor in enumerate(stage)]
    return Ensemble(
        trees=trees,
        matrix=partial(_matrix, native),
        columns=_columns(native),
        n_outputs=n_outputs,
        start=np.asarray(native._baseline_prediction, dtype=np.float64).ravel(),
        codes=dict.fromkeys(known, _CODES),
    )


def _tree(predictor: Any, output: int, known: dict[int, NDArray[np.bool_]]) -> Tree:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    missing_left = nodes["missing_go_to_left"].astype(bool)
    categories = {}
    for place in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf):
        node = nodes[place]
        listed = _flags(predictor.raw_left_cat_bitsets[node["bitset_idx"]])
        unknown = ~known[int(node["feature_idx"])] & ~listed
        table = np.where(unknown, missing_left[place], listed)
        categories[int(place)] = np.append(table, missing_left[place])
    return Tree(
        left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
        feature=nodes["feature_idx"].astype(np.int64),
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=missing_left,
        cover=nodes["count"].astype(np.float64),
        values=np.ascontiguousarray(nodes["value"], dtype=np.float64)[:, None],
        output=output,
        categories=categories,
    )


def _flags(words: Any) -> NDArray[np.bool_]:
    return np.unpackbits(np.ascontiguousarray(words, dtype=np.uint32).view(np.uint8), bitorder="little").astype(bool)


def _known(native: Any) -> dict[int, NDArray[np.bool_]]:
    """Categorical column of the library's matrix to the categories that training knew."""
    mapper = native._bin_mapper
    if mapper.is_categorical_ is None or not np.any(mapper.is_categorical_):
        return {}
    sets, place = mapper.make_known_categories_bitsets()
    return {int(j): _flags(sets[place[j]]) for j in np.flatnonzero(mapper.is_categorical_)}


def _columns(native: Any) -> NDArray[Any]:
    """The library puts categorical columns first."""
    if getattr(native, "_preprocessor", None) is None:
        return np.arange(int(native.n_features_in_))
    categorical = np.asarray(native.is_categorical_, dtype=bool)
    return np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)])


def _matrix(native: Any, encoded: Any) -> Floats:
    """Through the library's own encoding of categories."""
    return np.asarray(native._preprocess_X(encoded, reset=False), dtype=np.float64)
