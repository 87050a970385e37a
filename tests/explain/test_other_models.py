"""ONNX with a column per input, objects that predict, torch modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.errors import ConfigError, DataError, ExplainError
from monitor.explain import Explainer

N = ["age", "income", "tenure", "balance"]


@pytest.fixture(scope="module")
def session(rows: pd.DataFrame, binary: np.ndarray) -> Any:
    """A pipeline exported with one input per column, class probabilities as one dictionary per row."""
    import onnxruntime
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    encode = make_column_transformer((OneHotEncoder(), ["region"]), remainder="passthrough")
    model = make_pipeline(encode, LogisticRegression()).fit(rows.assign(region=rows["region"].astype(object)), binary)
    kinds = [(name, FloatTensorType([None, 1])) for name in N] + [("region", StringTensorType([None, 1]))]
    exported = to_onnx(model, initial_types=kinds, options={"zipmap": True})
    session = onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])
    return session, model


def test_onnx_inputs_are_matched_by_name(session: Any, rows: pd.DataFrame, opened: Callable[..., Explainer]) -> None:
    onnx, model = session
    explainer = opened(onnx, rows, family="onnx", background_rows=10)
    found = explainer.explain(rows[rows.columns[::-1]][:10])
    assert explainer.input_features == (*N, "region")
    assert found.explainer.scale == "probability"
    own = model.predict_proba(rows.assign(region=rows["region"].astype(object))[:10])[:, 1]
    assert found.predictions[:, 0] == pytest.approx(own, abs=1e-5)
    assert np.abs(found.values[:, 4]).max() > 0


def test_text_for_a_numeric_onnx_input_is_refused(
    session: Any, rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    explainer = opened(session[0], rows, family="onnx", background_rows=10)
    with pytest.raises(DataError, match="age"):
        explainer.explain(rows.assign(age="young")[:5])


def test_an_object_with_predict_proba_is_a_classifier(rows: pd.DataFrame, opened: Callable[..., Explainer]) -> None:
    class Scorer:
        def predict_proba(self, x: pd.DataFrame) -> np.ndarray:
            p = 1 / (1 + np.exp(-x["age"].to_numpy() * x["income"].to_numpy()))
            return np.column_stack([1 - p, p])

    found = opened(Scorer(), rows, family="callable", background_rows=10).explain(rows[:5])
    assert (found.explainer.scale, found.explainer.class_index) == ("probability", (1,))
    assert found.predictions[:, 0] == pytest.approx(Scorer().predict_proba(rows[:5])[:, 1])


def test_an_object_with_predict_is_explained_by_its_value(rows: pd.DataFrame, opened: Callable[..., Explainer]) -> None:
    class Served:
        """The shape of MLflow's pyfunc."""

        def predict(self, data: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.Series:
            return data["age"] - data["income"]

    found = opened(Served(), rows, family="callable", background_rows=10).explain(rows[:5])
    assert (found.explainer.scale, found.explainer.class_index) == ("margin", None)


def test_other_scikit_learn_models_are_explained_in_probability(
    rows: pd.DataFrame, three: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.naive_bayes import GaussianNB

    found = opened(GaussianNB().fit(rows[N], three), rows, class_index=1, background_rows=10).explain(rows[:5])
    assert (found.explainer.engine, found.explainer.scale) == ("permutation", "probability")


def test_lightgbm_with_linear_leaves_is_explained_from_outside(
    rows: pd.DataFrame, score: pd.Series, opened: Callable[..., Explainer]
) -> None:
    import lightgbm

    model = lightgbm.LGBMRegressor(n_estimators=5, linear_tree=True, n_jobs=1, verbose=-1).fit(rows[N], score)
    explainer = opened(model, rows, background_rows=10)
    assert explainer.ref.engine == "permutation"
    assert any("linear leaves" in note for note in explainer.notes)


@pytest.fixture(scope="module")
def network() -> Any:
    torch = pytest.importorskip("torch", reason="torch is not installed: engines gradient and deep are NOT tested")
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(6, 2)
    )  # fmt: skip


@pytest.mark.parametrize(("engine", "tolerance"), [("deep", 1e-3), ("gradient", 0.1), ("permutation", 1e-6)])
def test_a_torch_module_is_explained(
    engine: str, tolerance: float, network: Any, rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    explainer = opened(
        network, rows, family="callable", engine=engine, tolerance=tolerance, feature_names=N, class_index=1,
        background_rows=20,
    )  # fmt: skip
    found = explainer.explain(rows[:6])
    single = np.vstack([explainer.explain(rows[i : i + 1]).values for i in range(6)])
    assert found.explainer.engine == engine
    assert found.additivity_gap < tolerance
    assert single == pytest.approx(found.values, abs=1e-6)


def test_gradient_samples_that_do_not_add_up_are_refused(
    network: Any, rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    explainer = opened(network, rows, family="callable", engine="gradient", max_evals=3, feature_names=N, class_index=1)
    with pytest.raises(ExplainError, match=r"raise explain\.max_evals"):
        explainer.explain(rows[:6])


def test_without_torch_its_engines_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from monitor.explain.torch_models import require_torch

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ConfigError, match="pip install torch"):
        require_torch("deep")


@pytest.mark.parametrize("engine", ["auto", "permutation"])
def test_a_linear_xgboost_booster_is_explained_by_asking_it(
    engine: str, rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from xgboost import XGBClassifier

    frame = rows[N]
    model = XGBClassifier(booster="gblinear", n_estimators=5, n_jobs=1).fit(frame, binary)
    explainer = opened(model, frame, family="xgboost", engine=engine, background_rows=len(frame))
    found = explainer.explain(frame[:20])
    assert found.explainer.engine == "permutation"
    exact = (frame[:20].to_numpy() - frame.to_numpy().mean(axis=0)) * model.coef_
    assert found.values == pytest.approx(exact, abs=1e-5)


def test_a_tree_engine_asked_for_a_linear_booster_is_refused_by_its_name(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from xgboost import XGBClassifier

    model = XGBClassifier(booster="gblinear", n_estimators=5, n_jobs=1).fit(rows[N], binary)
    with pytest.raises(ConfigError, match="XGBoost linear model"):
        opened(model, rows[N], family="xgboost", engine="xgboost-native")
