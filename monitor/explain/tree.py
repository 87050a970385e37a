"""TreeSHAP by shap's TreeExplainer: path dependent, or interventional over a background."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from monitor.errors import ExplainError
from monitor.explain import catboost_models, sklearn_models, xgboost_models
from monitor.explain.columns import numeric
from monitor.explain.shap_library import load_shap
from monitor.explain.subject import Subject, lineage
from monitor.explain.tasks import Run
from monitor.types import Floats, Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRun:
    """shap's explainer behind one shape of answer."""

    explainer: Any
    subject: Subject
    dense: bool
    """shap's own code reads a bare matrix; otherwise it passes the model library's own kind of rows on."""

    def __call__(self, rows: Any) -> tuple[Floats, Floats]:
        encoded = self.subject.encode(rows)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="LightGBM binary classifier with TreeExplainer")
            values = self.explainer.shap_values(self._matrix(encoded), check_additivity=False)
        values = np.asarray(values, dtype=np.float64)
        values = values[:, :, None] if values.ndim == 2 else values
        # Native libraries state the expected value with the rows, so it is read after them. Five shapes are known.
        base = np.atleast_1d(np.asarray(self.explainer.expected_value, dtype=np.float64)).ravel()
        if values.shape[2] == 2 and self.subject.n_outputs == 1:  # a binary forest answers for both classes
            values, base = values[:, :, 1:], base[1:]
        return values, np.tile(base, (len(values), 1))

    def _matrix(self, encoded: Any) -> Any:
        if self.dense:
            return numeric(encoded)
        if self.subject.kind == "xgboost":
            return xgboost_models.matrix(encoded, getattr(self.subject.native, "missing", np.nan))
        return catboost_models.pool(self.subject.native, encoded) if self.subject.kind == "catboost" else encoded


def build_path_dependent(subject: Subject) -> Run:
    """Exact in the model's native scale; raises what shap raises when it cannot read the model."""
    shap = load_shap()
    model: Any = subject.native
    if is_stage_per_class(model):
        model = _boosted_trees(subject)
    explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
    return TreeRun(explainer=explainer, subject=subject, dense=subject.kind == "sklearn")


def build_interventional(subject: Subject, background: Any, scale: Scale) -> Run:
    """Exact over `background` rows, in the model's native scale or, for binary models, in probability."""
    if sklearn_models.is_hist(subject.native):
        raise ExplainError(
            "engine tree-interventional does not add up on histogram gradient boosting (a defect of shap)",
            seen=subject.title, expected="another tree model", hint="use explain.engine tree or permutation",
        )  # fmt: skip
    matrix = numeric(subject.encode(background), what="background")
    shap = load_shap()
    masker = shap.maskers.Independent(matrix, max_samples=len(matrix))  # a bare matrix would be cut to 100 rows
    model: Any = subject.native
    if is_stage_per_class(model):
        model = _boosted_trees(subject)
    explainer = shap.TreeExplainer(
        model,
        data=masker,
        feature_perturbation="interventional",
        model_output="raw" if scale == subject.scales[0] else scale,
    )
    return TreeRun(explainer=explainer, subject=subject, dense=True)


def is_stage_per_class(native: Any) -> bool:
    """Gradient boosting that shap refuses, though its trees are plain: several classes, or no initial estimator."""
    if not lineage(native) & {"sklearn.GradientBoostingClassifier", "sklearn.GradientBoostingRegressor"}:
        return False
    return bool(native.estimators_.shape[1] > 1 or native.init == "zero")


def _boosted_trees(subject: Subject) -> dict[str, Any]:
    """shap's plain description of the trees. Stage by stage, one tree per class, which counts for that class only."""
    native = subject.native
    n_outputs = native.estimators_.shape[1]
    trees = []
    for stage in native.estimators_:
        for output, estimator in enumerate(stage):
            nodes = estimator.tree_
            values = np.zeros((nodes.node_count, n_outputs))
            values[:, output] = nodes.value[:, 0, 0] * native.learning_rate
            go_left = np.asarray(getattr(nodes, "missing_go_to_left", np.zeros(nodes.node_count)), dtype=bool)
            trees.append(
                {
                    "children_left": nodes.children_left,
                    "children_right": nodes.children_right,
                    "children_default": np.where(go_left, nodes.children_left, nodes.children_right),
                    "features": nodes.feature,
                    "thresholds": nodes.threshold,
                    "values": values,
                    "node_sample_weight": nodes.weighted_n_node_samples,
                }
            )
    # What the model adds before the first tree is its answer for any row less what the trees say to it.
    origin = np.zeros((1, native.n_features_in_))
    leaves = np.array([[tree.predict(origin)[0] for tree in stage] for stage in native.estimators_]).sum(axis=0)
    names = getattr(native, "feature_names_in_", None)
    asked = origin if names is None else pd.DataFrame(origin, columns=names)
    start = sklearn_models.output(native, asked, subject.scales[0])[0] - native.learning_rate * leaves
    return {"trees": trees, "base_offset": start, "input_dtype": np.float32, "internal_dtype": np.float64}
