"""The scale is the model's exact one unless asked otherwise, is recorded, and is never mixed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.errors import ConfigError
from monitor.explain import Explainer

N = ["age", "income", "tenure", "balance"]


@pytest.fixture(scope="module")
def models(rows: pd.DataFrame, binary: np.ndarray, three: np.ndarray) -> dict[str, Any]:
    import catboost
    import lightgbm
    import xgboost
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    x = rows[N]
    return {
        "xgboost": xgboost.XGBClassifier(n_estimators=20, max_depth=3, n_jobs=1).fit(x, binary),
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1).fit(x, binary),
        "catboost": catboost.CatBoostClassifier(
            iterations=20, thread_count=1, verbose=False, allow_writing_files=False
        ).fit(x, binary),
        "boosting": GradientBoostingClassifier(n_estimators=20).fit(x, binary),
        "logistic": LogisticRegression().fit(x, binary),
        "forest": RandomForestClassifier(n_estimators=20, max_depth=4).fit(x, binary),
        "xgboost 3": xgboost.XGBClassifier(n_estimators=10, max_depth=3, n_jobs=1).fit(x, three),
    }


@pytest.mark.parametrize("name", ["xgboost", "lightgbm", "catboost", "boosting", "logistic"])
def test_probability_on_request_is_the_models_own_and_noted(
    name: str, models: dict[str, Any], rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    model = models[name]
    found = opened(model, rows, scale="probability", background_rows=20).explain(rows[:10])
    assert found.explainer.scale == "probability"
    assert found.explainer.engine == ("permutation" if name == "logistic" else "tree-interventional")
    assert found.predictions[:, 0] == pytest.approx(model.predict_proba(rows[N][:10])[:, 1], abs=1e-6)
    assert found.base_values[:, 0] + found.values.sum(axis=1) == pytest.approx(found.predictions[:, 0], abs=1e-6)
    assert any("scale probability as configured" in note for note in found.notes)


def test_probability_of_several_classes_is_explained_by_permutation(
    models: dict[str, Any], rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    model = models["xgboost 3"]
    found = opened(model, rows, scale="probability", class_index="all", background_rows=10).explain(rows[:5])
    assert found.explainer.engine == "permutation"
    assert found.predictions == pytest.approx(model.predict_proba(rows[N][:5]), abs=1e-6)


def test_class_labels_stand_in_the_column_names(
    rows: pd.DataFrame, three: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(rows[N], np.array(["low", "middle", "high"])[three])
    found = opened(model, rows, class_index="all").explain(rows[:2])
    assert found.feature_names[:3] == ("age[high]", "age[low]", "age[middle]")


def test_a_forest_answers_in_probability_only(
    models: dict[str, Any], rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    assert opened(models["forest"], rows).ref.scale == "probability"
    with pytest.raises(ConfigError, match="does not answer in scale margin"):
        opened(models["forest"], rows, scale="margin")


def test_a_regression_has_no_probability(
    rows: pd.DataFrame, score: pd.Series, opened: Callable[..., Explainer]
) -> None:
    from sklearn.linear_model import Ridge

    with pytest.raises(ConfigError, match="does not answer in scale probability"):
        opened(Ridge().fit(rows[N], score), rows, scale="probability")


def test_an_engine_is_not_used_in_a_scale_it_does_not_explain(
    models: dict[str, Any], rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    with pytest.raises(ConfigError, match="explains the margin, not the probability"):
        opened(models["xgboost"], rows, engine="xgboost-native", scale="probability")


def test_a_function_with_two_columns_of_shares_is_binary_when_called_a_probability(
    rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    def shares(x: pd.DataFrame) -> np.ndarray:
        p = 1 / (1 + np.exp(-x["age"].to_numpy()))
        return np.column_stack([1 - p, p])

    found = opened(shares, rows, family="callable", scale="probability", background_rows=10).explain(rows[:4])
    assert found.explainer.class_index == (1,)
    assert found.predictions[:, 0] == pytest.approx(shares(rows[:4])[:, 1])
    with pytest.raises(ConfigError, match="has 2 outputs"):
        opened(shares, rows, family="callable")


def test_the_log_link_of_a_count_model_is_said(
    rows: pd.DataFrame, score: pd.Series, opened: Callable[..., Explainer]
) -> None:
    import xgboost

    model = xgboost.XGBRegressor(objective="count:poisson", n_estimators=5, n_jobs=1).fit(rows[N], score.abs())
    assert any("logarithm of the predicted value" in note for note in opened(model, rows).notes)
