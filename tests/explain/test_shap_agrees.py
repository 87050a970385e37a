"""Where shap is right, our values are shap's; tolerances as measured in benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.explain import Explainer, tree
from monitor.explain.shap_library import load_shap
from monitor.explain.sklearn_models import open_model

N = ["age", "income", "tenure", "balance"]


@pytest.fixture(scope="module")
def shap() -> Any:
    return load_shap()


def test_xgboost_contributions(
    shap: Any, gappy: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    import xgboost

    x = gappy[N]
    model = xgboost.XGBClassifier(n_estimators=30, max_depth=3, n_jobs=1).fit(x, binary)
    expected = shap.TreeExplainer(model).shap_values(x)
    assert opened(model, x, family="xgboost").explain(x).values == pytest.approx(expected, abs=4e-6)


def test_lightgbm_contributions(
    shap: Any, gappy: pd.DataFrame, three: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    import lightgbm

    x = gappy[N]
    model = lightgbm.LGBMClassifier(n_estimators=30, num_leaves=7, n_jobs=1, verbose=-1).fit(x, three)
    expected = shap.TreeExplainer(model).shap_values(x)
    found = opened(model, x, family="lightgbm", class_index="all").explain(x)
    assert found.values.reshape(len(x), 4, 3) == pytest.approx(expected, abs=1e-12)


def test_catboost_contributions(
    shap: Any, gappy: pd.DataFrame, score: pd.Series, opened: Callable[..., Explainer]
) -> None:
    import catboost

    x = gappy[N]
    model = catboost.CatBoostRegressor(iterations=30, thread_count=1, verbose=False, allow_writing_files=False)
    model.fit(x, score)
    expected = shap.TreeExplainer(model).shap_values(x)
    assert opened(model, x, family="catboost").explain(x).values == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("asked", ["xgboost", "lightgbm", "catboost"])
def test_the_tree_engine_gives_the_native_contributions(
    asked: str, gappy: pd.DataFrame, three: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    import catboost
    import lightgbm
    import xgboost

    model = {
        "xgboost": xgboost.XGBClassifier(n_estimators=10, enable_categorical=True, n_jobs=1),
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=10, n_jobs=1, verbose=-1),
        "catboost": catboost.CatBoostClassifier(
            iterations=10, cat_features=["region"], thread_count=1, verbose=False, allow_writing_files=False
        ),
    }[asked].fit(gappy, three)
    by_shap = opened(model, gappy, family=asked, class_index=1, engine="tree").explain(gappy)
    native = opened(model, gappy, family=asked, class_index=1, engine=f"{asked}-native").explain(gappy)
    assert (by_shap.explainer.engine, native.explainer.engine) == ("tree", f"{asked}-native")
    assert by_shap.values == pytest.approx(native.values, abs=1e-12)


def test_a_forest_is_explained_for_class_1(
    shap: Any, rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(n_estimators=30, max_depth=4, random_state=0).fit(rows[N], binary)
    expected = shap.TreeExplainer(model).shap_values(rows[N])[:, :, 1]
    assert opened(model, rows).explain(rows).values == pytest.approx(expected, abs=1e-12)


def test_the_linear_closed_form(
    shap: Any, rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(rows[N], binary)
    masker = shap.maskers.Independent(rows[N].to_numpy(), max_samples=len(rows))
    expected = shap.LinearExplainer((model.coef_[0], model.intercept_[0]), masker).shap_values(rows[N].to_numpy())
    assert opened(model, rows).explain(rows).values == pytest.approx(expected, abs=1e-12)


def test_our_reading_of_gradient_boosting_is_shaps_where_shap_reads_it(
    shap: Any, gappy: pd.DataFrame, rows: pd.DataFrame, binary: np.ndarray
) -> None:
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(n_estimators=30, random_state=0).fit(rows[N], binary)
    expected = shap.TreeExplainer(model)
    ours = shap.TreeExplainer(tree._boosted_trees(open_model(model, tuple(N))))
    values = rows[N].to_numpy()
    assert np.squeeze(ours.shap_values(values)) == pytest.approx(expected.shap_values(values), abs=1e-12)
    assert np.ravel(ours.expected_value) == pytest.approx(np.ravel(expected.expected_value), abs=1e-12)


def test_interventional_trees_use_the_whole_background(
    shap: Any, rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(n_estimators=30, random_state=0).fit(rows[N], binary)
    found = opened(model, rows, engine="tree-interventional", background_rows=240).explain(rows[:20])
    assert found.base_values[0, 0] == pytest.approx(model.decision_function(rows[N]).mean(), abs=1e-6)
    assert found.explainer.config["background_rows"] == 240


@pytest.mark.parametrize("engine", ["kernel", "permutation"])
def test_model_agnostic_engines_agree_with_interventional_trees(
    engine: str, rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(n_estimators=30, max_depth=2, random_state=0).fit(rows[N], binary)
    exact = opened(model, rows, engine="tree-interventional", background_rows=30).explain(rows[:8])
    found = opened(model, rows, engine=engine, background_rows=30).explain(rows[:8])
    # Trees of depth 2 hold interactions of two features at most: both engines are then exact.
    assert found.values == pytest.approx(exact.values, abs=1e-6)
    assert found.base_values == pytest.approx(exact.base_values, abs=1e-6)
