"""Pipelines are explained inside and summed back to source columns, or honestly from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.errors import ConfigError
from monitor.explain import Explainer
from monitor.explain.mapping import MixedColumnsError, source_positions, verify

N = ["age", "income", "tenure", "balance"]


def preprocessing(dense: bool = True) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer, OneHotEncoder, StandardScaler

    bins = KBinsDiscretizer(3, encode="onehot-dense" if dense else "onehot", quantile_method="averaged_inverted_cdf")
    return ColumnTransformer(
        [
            ("region", OneHotEncoder(drop="first", sparse_output=not dense), ["region"]),
            ("filled", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), ["tenure", "age"]),
            ("bins", make_pipeline(SimpleImputer(), bins), [1]),
            (
                "rest",
                make_pipeline(SimpleImputer(), FunctionTransformer(np.tanh, feature_names_out="one-to-one")),
                slice("balance", "balance"),
            ),
        ],
        sparse_threshold=0.0 if dense else 1.0,
    )


def finals() -> dict[str, Any]:
    import catboost
    import lightgbm
    import xgboost
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    return {
        "linear": LogisticRegression(max_iter=500),
        "forest": RandomForestClassifier(n_estimators=20, max_depth=4, random_state=0),
        "boosting": GradientBoostingClassifier(n_estimators=20, random_state=0),
        "xgboost": xgboost.XGBClassifier(n_estimators=20, max_depth=3, n_jobs=1),
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1),
        "catboost": catboost.CatBoostClassifier(
            iterations=20, thread_count=1, verbose=False, allow_writing_files=False
        ),
    }


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("name", ["linear", "forest", "boosting", "xgboost", "lightgbm", "catboost"])
def test_attributions_inside_are_summed_back_to_source_columns(
    name: str, task: str, gappy: pd.DataFrame, binary: np.ndarray, three: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.pipeline import Pipeline

    framed = name == "lightgbm"  # the others get a sparse matrix
    steps = preprocessing(dense=framed).set_output(transform="pandas" if framed else "default")
    model = Pipeline([("prepare", steps), ("model", finals()[name])])
    model.fit(gappy, binary if task == "binary" else three)
    found = opened(model, gappy, class_index=None if task == "binary" else "all").explain(gappy[:40])

    assert found.explainer.engine == {"linear": "linear", "catboost": "catboost-native"}.get(name, "tree-compiled")
    assert found.explainer.config["summed_to_source"] is True
    assert dict.fromkeys(found.source_features) == dict.fromkeys(gappy.columns)
    shares = model.predict_proba(gappy[:40])
    if found.explainer.scale == "margin":
        odds = np.log(shares / shares[:, :1])  # log-odds against class 0, whatever constant a margin carries
        own = found.predictions if task == "binary" else found.predictions - found.predictions[:, :1]
        assert own == pytest.approx(odds[:, 1:] if task == "binary" else odds, abs=2e-4)
    else:
        assert found.predictions == pytest.approx(shares[:, 1:] if task == "binary" else shares, abs=1e-9)
    assert found.additivity_gap < 1e-5


def test_the_sum_is_the_sum_of_a_columns_own_outputs(
    gappy: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    model = Pipeline([("prepare", preprocessing()), ("model", LogisticRegression(max_iter=500))]).fit(gappy, binary)
    found = opened(model, gappy).explain(gappy)
    inside = np.asarray(model[:-1].transform(gappy))
    parts = (inside - inside.mean(axis=0)) * model[-1].coef_[0]
    names = [str(name) for name in model[:-1].get_feature_names_out()]
    for j, column in enumerate(gappy.columns):
        mine = [i for i, name in enumerate(names) if column in name]
        assert found.values[:, j] == pytest.approx(parts[:, mine].sum(axis=1), abs=1e-12)


@pytest.mark.parametrize("mixing", ["pca", "normaliser", "function"])
def test_steps_that_mix_columns_are_explained_from_outside(
    mixing: str, rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, Normalizer

    step = {"pca": PCA(2), "normaliser": Normalizer(), "function": FunctionTransformer(np.cumsum, kw_args={"axis": 1})}
    model = make_pipeline(step[mixing], LogisticRegression()).fit(rows[N], binary)
    found = opened(model, rows, background_rows=10).explain(rows[:5])
    assert found.explainer.engine == "permutation"
    assert found.predictions[:, 0] == pytest.approx(model.decision_function(rows[N][:5]))
    assert any("cannot be summed back to source columns" in note for note in found.notes)
    with pytest.raises(ConfigError, match="cannot be summed back"):
        opened(model, rows, engine="linear")


def test_a_function_that_says_one_to_one_and_is_not_is_caught_by_its_behaviour(rows: pd.DataFrame) -> None:
    from sklearn.preprocessing import FunctionTransformer

    step = FunctionTransformer(lambda x: x - x.mean(axis=1).to_numpy()[:, None], feature_names_out="one-to-one")
    step.fit(rows[N])
    sources = source_positions(step, N)
    with pytest.raises(MixedColumnsError, match="also moves output column"):
        verify(step.transform, sources, rows[N])


def test_rare_categories_and_selected_columns_are_followed(rows: pd.DataFrame, binary: np.ndarray) -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.feature_selection import SelectKBest
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, SplineTransformer

    sizes = pd.Series(["s", "m", "l", "xl", "xxl"] * 48)
    frame = rows.assign(size=sizes.where(rows.index > 20, "odd").to_numpy())
    step = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(min_frequency=25), ["region", "size"]),
            (make_union(MinMaxScaler(), SplineTransformer(3)), N),
            remainder="drop",
        ),
        SelectKBest(k=12),
    ).fit(frame, binary)
    sources = source_positions(step, list(frame.columns))
    assert len(sources) == 12
    verify(step.transform, sources, frame)


def test_a_search_is_explained_as_its_best_model(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(rows[N], binary)
    assert opened(search, rows).explain(rows).predictions[:, 0] == pytest.approx(search.decision_function(rows[N]))


def test_probability_of_a_pipeline_is_the_pipelines_own(
    gappy: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.pipeline import Pipeline

    model = Pipeline([("prepare", preprocessing()), ("model", finals()["xgboost"])]).fit(gappy, binary)
    found = opened(model, gappy, scale="probability", background_rows=20).explain(gappy[:5])
    assert found.predictions[:, 0] == pytest.approx(model.predict_proba(gappy[:5])[:, 1], abs=1e-6)
