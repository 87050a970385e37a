"""The explainer's identity: equal when values must be equal, another when anything that can change them is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.explain import Explainer, explain
from monitor.explain.engines import ENGINES
from monitor.settings import ExplainSettings

N = ["age", "income", "tenure", "balance"]


@pytest.fixture(scope="module")
def logistic(rows: pd.DataFrame, binary: np.ndarray) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(rows[N], binary)


def test_the_same_preparation_has_the_same_digest(
    rows: pd.DataFrame, logistic: Any, opened: Callable[..., Explainer]
) -> None:
    first, second = (opened(logistic, rows[:50], engine="permutation").ref for _ in range(2))
    assert first == second
    assert len(first.digest) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"engine": "kernel"},
        {"scale": "probability"},
        {"class_index": 0},
        {"seed": 1},
        {"background_rows": 20},
        {"max_evals": 4000},
    ],
)
def test_every_setting_that_can_change_a_value_changes_the_digest(
    change: dict[str, Any], rows: pd.DataFrame, logistic: Any, opened: Callable[..., Explainer]
) -> None:
    given = {"engine": "permutation"}
    first = opened(logistic, rows[:50], **given).ref
    assert opened(logistic, rows[:50], **{**given, **change}).ref.digest != first.digest


def test_another_background_changes_the_digest(
    rows: pd.DataFrame, logistic: Any, opened: Callable[..., Explainer]
) -> None:
    assert opened(logistic, rows[:50]).ref.digest != opened(logistic, rows[1:51]).ref.digest


@pytest.mark.parametrize("change", [{"chunk_rows": 10}, {"tolerance": 0.01}])
def test_settings_that_change_no_value_leave_the_digest(
    change: dict[str, Any], rows: pd.DataFrame, logistic: Any, opened: Callable[..., Explainer]
) -> None:
    assert opened(logistic, rows[:50], **change).ref.digest == opened(logistic, rows[:50]).ref.digest


def test_seed_and_background_do_not_matter_to_native_contributions(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    import lightgbm

    model = lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(rows, binary)
    first = opened(model, rows[:50], family="lightgbm").ref
    assert opened(model, rows[50:], family="lightgbm", seed=1, background_rows=3).ref.digest == first.digest
    assert first.libraries["lightgbm"] == lightgbm.__version__


def test_another_library_version_changes_the_digest(
    rows: pd.DataFrame, logistic: Any, opened: Callable[..., Explainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(logistic, rows[:50]).ref
    monkeypatch.setattr("sklearn.__version__", "99.0")
    second = opened(logistic, rows[:50]).ref
    assert second.libraries == {**first.libraries, "scikit-learn": "99.0"}
    assert second.digest != first.digest


def test_versions_of_what_loaded_the_model_are_part_of_the_digest(
    rows: pd.DataFrame, logistic: Any, loaded: Callable[..., Any], opened: Callable[..., Explainer]
) -> None:
    first, second = (opened(loaded(logistic, libraries={"skops": v}), rows[:50]).ref for v in ("0.15", "0.16"))
    assert first.digest != second.digest


def test_shap_is_listed_where_it_computes(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(n_estimators=5).fit(rows[N], binary)
    assert set(opened(model, rows).ref.libraries) == {"scikit-learn"}
    assert set(opened(model, rows, engine="tree").ref.libraries) == {"scikit-learn", "shap"}
    assert set(opened(model, rows, engine="permutation").ref.libraries) == {"scikit-learn", "numpy"}


def test_every_configurable_engine_exists() -> None:
    configurable = set(ExplainSettings.model_json_schema()["properties"]["engine"]["enum"])
    assert {engine.name for engine in ENGINES} == configurable - {"auto"}


def test_explain_is_prepare_and_explain(
    rows: pd.DataFrame, logistic: Any, loaded: Callable[..., Any], opened: Callable[..., Explainer]
) -> None:
    found = explain(
        loaded(logistic), rows, feature_names=None, background=rows, settings=ExplainSettings(), scale="auto",
        class_index=None,
    )  # fmt: skip
    assert np.array_equal(found.values, opened(logistic, rows).explain(rows).values)


def test_importing_the_room_imports_no_heavy_library() -> None:
    code = (
        "import sys, monitor.explain\n"
        "heavy = {'shap', 'sklearn', 'xgboost', 'lightgbm', 'catboost', 'onnxruntime', 'torch', 'mlflow', 'numba'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
