"""All five model families, binary, multi-class and regression: attributions add up to what the model itself answers.

The expected answers are asked from the model here, through its public predict, and not from the code under test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.errors import ConfigError
from monitor.explain import Explainer

TASKS = ("binary", "multiclass", "regression")
N = ["age", "income", "tenure", "balance"]
TREES = 30


@dataclass(frozen=True)
class Case:
    """How a family is trained, and what it answers when asked directly."""

    family: str
    engine: str
    tolerance: float
    fit: Callable[[str, pd.DataFrame, Any], Any]
    ask: Callable[[str, Any, pd.DataFrame], Any]
    columns: tuple[str, ...] = (*N, "region")
    given_names: bool = False


def fit_xgboost(task: str, x: pd.DataFrame, y: Any) -> Any:
    import xgboost

    data = xgboost.DMatrix(x, label=y, enable_categorical=True)
    objective = {"binary": "binary:logistic", "multiclass": "multi:softprob", "regression": "reg:squarederror"}[task]
    params = {
        "objective": objective,
        "max_depth": 3,
        "nthread": 1,
        **({"num_class": 3} if task == "multiclass" else {}),
    }
    trained = xgboost.train(params, data, TREES)
    booster = xgboost.Booster()
    booster.load_model(trained.save_raw("json"))
    return booster


def ask_xgboost(task: str, model: Any, x: pd.DataFrame) -> Any:
    import xgboost

    return model.predict(xgboost.DMatrix(x, enable_categorical=True), output_margin=True)


def fit_lightgbm(task: str, x: pd.DataFrame, y: Any) -> Any:
    import lightgbm

    kind = lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier
    model = kind(n_estimators=TREES, num_leaves=7, min_child_samples=5, n_jobs=1, verbose=-1).fit(x, y)
    return lightgbm.Booster(model_str=model.booster_.model_to_string())


def fit_catboost(task: str, x: pd.DataFrame, y: Any) -> Any:
    import catboost

    kind = catboost.CatBoostRegressor if task == "regression" else catboost.CatBoostClassifier
    model = kind(iterations=TREES, depth=4, cat_features=["region"], thread_count=1, verbose=False,
                 allow_writing_files=False)  # fmt: skip
    return model.fit(x, y)


def fit_forest(task: str, x: pd.DataFrame, y: Any) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestRegressor if task == "regression" else RandomForestClassifier
    return kind(n_estimators=TREES, max_depth=4, random_state=0).fit(x, y)


def fit_boosting(task: str, x: pd.DataFrame, y: Any) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

    kind = GradientBoostingRegressor if task == "regression" else GradientBoostingClassifier
    return kind(n_estimators=TREES, max_depth=3, random_state=0).fit(x, y)


def fit_histogram(task: str, x: pd.DataFrame, y: Any) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    return kind(max_iter=TREES, max_leaf_nodes=7, random_state=0).fit(x, y)


def fit_linear(task: str, x: pd.DataFrame, y: Any) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge

    return Ridge().fit(x, y) if task == "regression" else LogisticRegression().fit(x, y)


def fit_onnx(task: str, x: pd.DataFrame, y: Any) -> Any:
    import onnxruntime
    from skl2onnx import to_onnx
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPRegressor if task == "regression" else MLPClassifier
    model = kind(hidden_layer_sizes=(6,), solver="lbfgs", max_iter=500, random_state=0, tol=1.0).fit(x.to_numpy(), y)
    exported = to_onnx(model, x.to_numpy(dtype=np.float32)[:1], options=None)
    return onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])


def ask_onnx(task: str, session: Any, x: pd.DataFrame) -> Any:
    answers = session.run(None, {session.get_inputs()[0].name: x.to_numpy(dtype=np.float32)})
    if task == "regression":
        return answers[0]
    table = pd.DataFrame(answers[1]).to_numpy() if isinstance(answers[1], list) else answers[1]
    return table[:, 1] if task == "binary" else table


def fit_callable(task: str, x: pd.DataFrame, y: Any) -> Any:
    weights = np.array([0.8, -0.5, 0.3, 0.1])

    def linear(frame: pd.DataFrame) -> np.ndarray:
        z = frame[N].to_numpy() @ weights + frame["age"].to_numpy() * frame["income"].to_numpy()
        return np.column_stack([z, -z, z / 2]) if task == "multiclass" else z

    return linear


def ask_scores(task: str, model: Any, x: pd.DataFrame) -> Any:
    return model.predict(x) if task == "regression" else model.decision_function(x)


def ask_shares(task: str, model: Any, x: pd.DataFrame) -> Any:
    if task == "regression":
        return model.predict(x)
    return model.predict_proba(x)[:, 1] if task == "binary" else model.predict_proba(x)


CASES = {
    "xgboost": Case("xgboost", "tree-compiled", 4e-6, fit_xgboost, ask_xgboost),
    "lightgbm": Case("lightgbm", "tree-compiled", 1e-12, fit_lightgbm, lambda t, m, x: m.predict(x, raw_score=True)),
    "catboost": Case(
        "catboost",
        "catboost-native",
        1e-12,
        fit_catboost,
        lambda t, m, x: m.predict(x, prediction_type="RawFormulaVal"),
    ),
    "forest": Case("sklearn", "tree-compiled", 1e-12, fit_forest, ask_shares, tuple(N)),
    "boosting": Case("sklearn", "tree-compiled", 1e-12, fit_boosting, ask_scores, tuple(N)),
    "histogram": Case("sklearn", "tree-compiled", 1e-12, fit_histogram, ask_scores, tuple(N)),
    "linear": Case("sklearn", "linear", 1e-12, fit_linear, ask_scores, tuple(N)),
    "onnx": Case("onnx", "permutation", 1e-12, fit_onnx, ask_onnx, tuple(N), given_names=True),
    "callable": Case("callable", "permutation", 1e-12, fit_callable, lambda t, m, x: m(x), tuple(N)),
}


@pytest.fixture(scope="module")
def target(binary: np.ndarray, three: np.ndarray, score: pd.Series) -> dict[str, Any]:
    return {"binary": binary, "multiclass": three, "regression": score.to_numpy()}


@pytest.fixture(scope="module")
def made(rows: pd.DataFrame, target: dict[str, Any], opened: Callable[..., Explainer]) -> Callable[[str, str], Any]:
    """(explainer, model) of a case, trained once for the module; multi-class ones explain every class."""
    known: dict[tuple[str, str], Any] = {}

    def make(name: str, task: str) -> Any:
        if (name, task) not in known:
            case = CASES[name]
            x = rows[list(case.columns)]
            model = case.fit(task, x, target[task])
            explainer = opened(
                model,
                x[:60],
                family=case.family,
                class_index="all" if task == "multiclass" else None,
                feature_names=case.columns if case.given_names else None,
                background_rows=20,
            )
            known[name, task] = explainer, model
        return known[name, task]

    return make


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", CASES)
def test_attributions_add_up_to_the_models_own_answer(name: str, task: str, made: Any, rows: pd.DataFrame) -> None:
    case = CASES[name]
    explainer, model = made(name, task)
    x = rows[list(case.columns)].iloc[100:140]
    found = explainer.explain(x)

    own = np.asarray(case.ask(task, model, x), dtype=float).reshape(len(x), -1)
    k = 3 if task == "multiclass" else 1
    total = found.base_values + found.values.reshape(len(x), len(case.columns), k).sum(axis=1)
    assert found.explainer.engine == case.engine
    assert found.predictions == pytest.approx(own, abs=1e-6)
    assert total == pytest.approx(own, abs=max(case.tolerance, 1e-6 if name == "onnx" else 0))
    assert found.additivity_gap <= case.tolerance
    assert np.abs(found.values).max() > 0.01


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", CASES)
def test_order_of_columns_and_further_columns_change_nothing(
    name: str, task: str, made: Any, rows: pd.DataFrame
) -> None:
    explainer, _ = made(name, task)
    x = rows[list(CASES[name].columns)].iloc[100:110]
    mixed = x[x.columns[::-1]].assign(unrelated=1.0)
    assert np.array_equal(explainer.explain(mixed).values, explainer.explain(x).values)
    assert np.array_equal(explainer.predict(mixed), explainer.predict(x))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", CASES)
def test_no_rows_give_an_empty_result(name: str, task: str, made: Any, rows: pd.DataFrame) -> None:
    explainer, _ = made(name, task)
    found = explainer.explain(rows.iloc[:0])
    k = 3 if task == "multiclass" else 1
    assert found.values.shape == (0, len(CASES[name].columns) * k)
    assert found.base_values.shape == found.predictions.shape == (0, k)
    assert np.isnan(found.additivity_gap)
    assert explainer.predict(rows.iloc[:0]).shape == (0, k)


@pytest.mark.parametrize("name", CASES)
def test_all_classes_get_a_column_each(name: str, made: Any, rows: pd.DataFrame) -> None:
    explainer, _ = made(name, "multiclass")
    found = explainer.explain(rows.iloc[:3])
    assert found.feature_names[:4] == ("age[0]", "age[1]", "age[2]", "income[0]")
    assert found.source_features[:4] == ("age", "age", "age", "income")
    assert found.explainer.class_index == (0, 1, 2)


@pytest.mark.parametrize("name", CASES)
def test_one_class_is_the_column_of_that_class(
    name: str, made: Any, rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    case = CASES[name]
    everything, model = made(name, "multiclass")
    x = rows[list(case.columns)]
    one = opened(
        model, x[:60], family=case.family, class_index=2, feature_names=case.columns if case.given_names else None,
        background_rows=20,
    ).explain(x[:5])  # fmt: skip
    assert one.feature_names == case.columns
    assert one.explainer.class_index == (2,)
    assert one.values == pytest.approx(everything.explain(x[:5]).values[:, 2::3], abs=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_several_classes_without_a_choice_are_refused_with_a_list(
    name: str, made: Any, rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    case = CASES[name]
    _, model = made(name, "multiclass")
    names = case.columns if case.given_names else None
    with pytest.raises(ConfigError, match=r"one of 0, 1, 2, or all"):
        opened(model, rows[list(case.columns)][:60], family=case.family, feature_names=names)
    with pytest.raises(ConfigError, match="has no class 3"):
        opened(model, rows[list(case.columns)][:60], family=case.family, feature_names=names, class_index=3)


@pytest.mark.parametrize("name", [name for name in CASES if name != "callable"])
def test_class_0_of_two_is_the_mirror_of_class_1(
    name: str, made: Any, rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    case = CASES[name]
    first, model = made(name, "binary")
    x = rows[list(case.columns)]
    zero = opened(
        model, x[:60], family=case.family, class_index=0, feature_names=case.columns if case.given_names else None,
        background_rows=20,
    ).explain(x[:5])  # fmt: skip
    one = first.explain(x[:5])
    whole = 1.0 if one.explainer.scale == "probability" else 0.0
    assert (one.explainer.class_index, zero.explainer.class_index) == ((1,), (0,))
    assert np.array_equal(zero.values, -one.values)
    assert zero.predictions == pytest.approx(whole - one.predictions)
    assert zero.base_values == pytest.approx(whole - one.base_values)


@pytest.mark.parametrize("name", CASES)
def test_a_class_of_a_regression_is_refused(
    name: str, made: Any, rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    case = CASES[name]
    _, model = made(name, "regression")
    names = case.columns if case.given_names else None
    with pytest.raises(ConfigError, match="the model has one output"):
        opened(model, rows[list(case.columns)][:60], family=case.family, feature_names=names, class_index=1)
