"""scikit-learn's trees: single ones, forests, gradient boosting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from monitor.explain import sklearn_models
from monitor.explain.columns import numeric
from monitor.explain.forests.ensemble import Ensemble, Tree
from monitor.explain.subject import Subject, lineage
from monitor.types import Floats

_BOOSTING = frozenset({"sklearn.GradientBoostingClassifier", "sklearn.GradientBoostingRegressor"})
_SINGLE = frozenset({"sklearn.DecisionTreeClassifier", "sklearn.DecisionTreeRegressor"})


def read(subject: Subject) -> Ensemble:
    """Splits hold for x <= threshold, x in single precision."""
    native = subject.native
    d = int(native.n_features_in_)
    start = np.zeros(1)
    if lineage(native) & _BOOSTING:
        n_outputs = native.estimators_.shape[1]
        trees = [
            _tree(one.tree_, one.tree_.value[:, 0, :1] * native.learning_rate, output)
            for stage in native.estimators_
            for output, one in enumerate(stage)
        ]
        start = _start(subject, trees, n_outputs)
    else:
        estimators = [native] if lineage(native) & _SINGLE else list(native.estimators_)
        trees = [_tree(one.tree_, _answers(one) / len(estimators), None) for one in estimators]
        n_outputs = trees[0].values.shape[1]
        start = np.zeros(n_outputs)
    return Ensemble(trees=trees, matrix=_matrix, columns=np.arange(d), n_outputs=n_outputs, start=start)


def _tree(nodes: Any, values: Floats, output: int | None) -> Tree:
    go_left = getattr(nodes, "missing_go_to_left", None)  # before scikit-learn 1.3 there was none
    return Tree(
        left=nodes.children_left,
        right=nodes.children_right,
        feature=nodes.feature,
        threshold=nodes.threshold,
        missing_left=np.zeros(nodes.node_count, dtype=bool) if go_left is None else np.asarray(go_left, dtype=bool),
        cover=nodes.weighted_n_node_samples,
        values=np.ascontiguousarray(values, dtype=np.float64),
        output=output,
    )


def _answers(estimator: Any) -> Floats:
    """(nodes, outputs): the value, or the share of each class; of two classes the second."""
    found = np.asarray(estimator.tree_.value, dtype=np.float64)
    if sklearn_models.classes_of(estimator) is None:
        return np.asarray(found[:, :, 0])
    shares = found[:, 0, :] / found[:, 0, :].sum(axis=1, keepdims=True)
    return np.asarray(shares[:, 1:] if shares.shape[1] == 2 else shares)


def _start(subject: Subject, trees: list[Tree], n_outputs: int) -> Floats:
    """What the model answers before its first tree: its answer for any row, less what the trees say to that row."""
    native = subject.native
    origin = np.zeros((1, int(native.n_features_in_)))
    names = getattr(native, "feature_names_in_", None)
    asked = origin if names is None else pd.DataFrame(origin, columns=names)
    told = np.zeros(n_outputs)
    for one, tree in zip(native.estimators_.ravel(), trees, strict=True):
        told[tree.output] += tree.values[one.apply(origin)[0], 0]
    answer = sklearn_models.output(native, asked, subject.scales[0])[0]
    return np.asarray(answer - told)


def _matrix(encoded: Any) -> Floats:
    return numeric(encoded).astype(np.float32).astype(np.float64)
