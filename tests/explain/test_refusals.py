"""What is wrong or does not fit is refused or replaced, and said so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.errors import ConfigError, DataError, ExplainError
from monitor.explain import Explainer, additivity, prepare
from monitor.explain.forests import build
from monitor.settings import ExplainSettings

N = ["age", "income", "tenure", "balance"]


@pytest.fixture(scope="module")
def coded(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(region=rows["region"].cat.codes.astype(float))


@pytest.fixture(scope="module")
def categorical_histogram(coded: pd.DataFrame, binary: np.ndarray) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=30, categorical_features=[4], random_state=0).fit(coded, binary)


def test_histogram_boosting_with_categories_is_refused_by_the_additivity_check(
    coded: pd.DataFrame, categorical_histogram: Any, opened: Callable[..., Explainer]
) -> None:
    with pytest.raises(ExplainError, match="do not add up") as failure:
        opened(categorical_histogram, coded, engine="tree")
    message = str(failure.value)
    assert "counted from 0" in message
    assert "gap <= 0.001" in message
    assert "set explain.engine to permutation" in message


def test_a_background_without_rows_is_refused(
    coded: pd.DataFrame, categorical_histogram: Any, opened: Callable[..., Explainer]
) -> None:
    with pytest.raises(DataError, match="background; seen: 0 rows"):
        opened(categorical_histogram, coded[:0])


def test_without_a_background_the_same_model_is_refused_when_rows_are_explained(
    coded: pd.DataFrame, categorical_histogram: Any, opened: Callable[..., Explainer]
) -> None:
    explainer = opened(categorical_histogram, None, engine="tree")
    with pytest.raises(ExplainError, match="do not add up"):
        explainer.explain(coded)


def test_auto_explains_it_by_the_compiled_trees(
    coded: pd.DataFrame, categorical_histogram: Any, opened: Callable[..., Explainer]
) -> None:
    found = opened(categorical_histogram, coded, background_rows=10).explain(coded[:5])
    assert (found.explainer.engine, found.explainer.scale) == ("tree-compiled", "margin")
    assert found.predictions[:, 0] == pytest.approx(categorical_histogram.decision_function(coded[:5]))
    assert found.notes == ()


def test_without_the_compiled_trees_it_is_explained_by_permutation_and_the_reasons_are_said(
    coded: pd.DataFrame, categorical_histogram: Any, opened: Callable[..., Explainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_subject: Any) -> Any:
        raise ValueError("no such nodes")

    monkeypatch.setattr(build, "build", broken)
    found = opened(categorical_histogram, coded, background_rows=10).explain(coded[:5])
    assert found.explainer.engine == "permutation"
    assert any("engine tree-compiled is not used: ValueError: no such nodes" in note for note in found.notes)
    assert any("engine tree is not used" in note and "categorical" in note for note in found.notes)


def test_categories_as_pandas_columns_go_the_same_way(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(max_iter=10).fit(rows, binary)
    assert opened(model, rows, background_rows=5).explain(rows[:3]).explainer.engine == "tree-compiled"
    with pytest.raises(ExplainError):
        opened(model, rows, engine="tree")


def test_interventional_histogram_boosting_is_refused(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(max_iter=10).fit(rows[N], binary)
    with pytest.raises(ExplainError, match="does not add up on histogram gradient boosting"):
        opened(model, rows, engine="tree-interventional")


def test_auto_drops_an_engine_that_does_not_add_up(
    rows: pd.DataFrame, score: pd.Series, opened: Callable[..., Explainer]
) -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(loss="poisson", max_iter=10).fit(rows[N], score.abs())
    explainer = opened(model, rows, background_rows=10)
    assert explainer.ref.engine == "permutation"
    assert any("do not add up" in note for note in explainer.notes)


def test_where_shap_breaks_the_native_contributions_step_in(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    import xgboost

    model = xgboost.XGBClassifier(n_estimators=10, enable_categorical=True, n_jobs=1).fit(rows, binary)
    explainer = opened(model, rows, family="xgboost", engine="tree-interventional")
    assert explainer.ref.engine == "xgboost-native"
    assert any("tree-interventional failed" in n and "xgboost-native is used instead" in n for n in explainer.notes)


@pytest.mark.parametrize("engine", ["tree", "xgboost-native", "gradient", "deep"])
def test_an_engine_of_another_kind_of_model_is_a_configuration_mistake(
    engine: str, rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(ConfigError, match=f"explain.engine {engine} does not fit LogisticRegression"):
        opened(LogisticRegression().fit(rows[N], binary), rows, engine=engine)


def test_an_engine_that_needs_a_background_says_so(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(ConfigError, match="pass the holdout as background"):
        opened(LogisticRegression().fit(rows[N], binary), None)


def test_a_missing_column_is_named_with_its_nearest(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.linear_model import LogisticRegression

    explainer = opened(LogisticRegression().fit(rows[N], binary), rows)
    with pytest.raises(DataError, match=r"income \(nearest: incomes\)"):
        explainer.explain(rows.rename(columns={"income": "incomes"}))
    with pytest.raises(DataError, match="occur twice"):
        explainer.explain(pd.concat([rows, rows[["age"]]], axis=1))


def test_columns_of_a_nameless_model_are_never_guessed(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(rows[N].to_numpy(), binary)
    with pytest.raises(ConfigError, match="list them under features"):
        opened(model, rows)
    explainer = opened(model, rows, feature_names=N)
    assert explainer.input_features == tuple(N)
    assert explainer.predict(rows)[:, 0] == pytest.approx(model.decision_function(rows[N].to_numpy()))


def test_made_up_names_give_way_to_given_ones(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    import lightgbm

    model = lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(rows[N].to_numpy(), binary)
    found = opened(model, rows, family="lightgbm", feature_names=N).explain(rows[:5])
    assert found.feature_names == tuple(N)
    with pytest.raises(ConfigError, match="unnamed columns"):
        opened(model, rows, family="lightgbm", feature_names=N[:3])


def test_a_prediction_that_is_no_number_is_refused(rows: pd.DataFrame, opened: Callable[..., Explainer]) -> None:
    with pytest.raises(ExplainError, match="not a number"):
        opened(lambda x: ["yes"] * len(x), rows, family="callable")
    with pytest.raises(DataError, match="no finite number"):
        opened(lambda x: x["age"] * np.nan, rows, family="callable")
    with pytest.raises(ExplainError, match="wrong shape"):
        opened(lambda x: [1.0], rows, family="callable")


def test_an_untrained_model_is_refused(rows: pd.DataFrame, opened: Callable[..., Explainer]) -> None:
    from sklearn.ensemble import RandomForestClassifier

    with pytest.raises(ExplainError, match="NotFittedError"):
        opened(RandomForestClassifier(), rows, feature_names=N)


def test_a_classifier_of_several_targets_is_refused(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.tree import DecisionTreeClassifier

    model = DecisionTreeClassifier(max_depth=2).fit(rows[N], np.column_stack([binary, binary]))
    with pytest.raises(ExplainError, match="2 targets at once"):
        opened(model, rows)


def test_an_object_that_cannot_predict_is_refused(rows: pd.DataFrame, loaded: Callable[..., Any]) -> None:
    with pytest.raises(ExplainError, match="cannot predict"):
        prepare(
            loaded(object(), "callable"), feature_names=N, background=rows, settings=ExplainSettings(), scale="auto",
            class_index=None,
        )  # fmt: skip


def check(values: list[float], base: float, prediction: float, tolerance: float = 1e-3) -> float:
    return additivity.verify(
        np.array([values])[:, :, None], np.array([[base]]), np.array([[prediction]]), engine="tree", scale="margin",
        tolerance=tolerance,
    )  # fmt: skip


def test_the_gap_is_relative_only_above_one() -> None:
    assert check([0.1, 0.2], 0.0, 0.3005) == pytest.approx(0.0005)
    assert check([1000.0, 0.5], 0.0, 1000.0) == pytest.approx(0.0005)


def test_a_gap_at_the_tolerance_passes_and_beyond_it_does_not() -> None:
    assert check([0.25], 0.25, 0.75, tolerance=0.25) == 0.25
    with pytest.raises(ExplainError, match="1 of 1 rows over the tolerance"):
        check([0.25], 0.25, 0.75, tolerance=0.2499)


def test_one_bad_row_among_good_ones_is_found() -> None:
    values = np.zeros((50, 2, 1))
    values[37, 0] = 0.5
    with pytest.raises(ExplainError, match=r"row 37 \(counted from 0\).*1 of 50 rows"):
        additivity.verify(
            values, np.zeros((50, 1)), np.zeros((50, 1)), engine="tree", scale="margin", tolerance=1e-3
        )  # fmt: skip


def test_a_missing_attribution_is_refused() -> None:
    with pytest.raises(ExplainError, match="not finite"):
        check([np.nan], 0.0, 0.0)


def test_attributions_for_other_outputs_than_predicted_are_refused() -> None:
    with pytest.raises(ExplainError, match="wrong shape"):
        additivity.verify(
            np.zeros((5, 2, 2)), np.zeros((5, 2)), np.zeros((5, 1)), engine="tree", scale="margin", tolerance=1e-3
        )


def test_a_probability_beyond_one_is_refused(rows: pd.DataFrame, opened: Callable[..., Explainer]) -> None:
    explainer = opened(lambda x: x["age"] * 0 + 1.5, rows, family="callable", scale="probability", background_rows=5)
    with pytest.raises(ExplainError, match="not a probability"):
        explainer.explain(rows[:2])
