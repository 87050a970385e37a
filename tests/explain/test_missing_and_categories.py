"""Missing values and categories, in every family that takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.errors import DataError
from monitor.explain import Explainer
from monitor.explain.xgboost_models import _as_category


@pytest.fixture(scope="module")
def boosters(gappy: pd.DataFrame, binary: np.ndarray) -> dict[str, Any]:
    import catboost
    import lightgbm
    import xgboost

    as_text = gappy.assign(region=gappy["region"].astype(str))
    return {
        "xgboost": xgboost.XGBClassifier(n_estimators=30, max_depth=3, enable_categorical=True, n_jobs=1).fit(
            gappy, binary
        ),
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=30, num_leaves=7, n_jobs=1, verbose=-1).fit(gappy, binary),
        "catboost": catboost.CatBoostClassifier(
            iterations=30, depth=4, cat_features=["region"], thread_count=1, verbose=False, allow_writing_files=False
        ).fit(as_text, binary),
    }


FAMILIES = ("xgboost", "lightgbm", "catboost")


@pytest.mark.parametrize("family", FAMILIES)
def test_missing_numbers_and_categories_are_explained(
    family: str, boosters: dict[str, Any], gappy: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    found = opened(boosters[family], gappy, family=family).explain(gappy)
    assert found.explainer.engine == ("catboost-native" if family == "catboost" else "tree-compiled")
    assert found.additivity_gap < 1e-5
    assert np.abs(found.values[:, 4]).max() > 0.01  # the category counts


@pytest.mark.parametrize("family", FAMILIES)
def test_a_category_read_as_text_or_in_another_order_is_the_same_category(
    family: str, boosters: dict[str, Any], gappy: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    explainer = opened(boosters[family], gappy, family=family)
    expected = explainer.explain(gappy).values
    text = gappy.assign(region=gappy["region"].astype(str))
    turned = gappy.assign(region=gappy["region"].cat.reorder_categories(["west", "south", "north"]))
    assert np.array_equal(explainer.explain(text).values, expected)
    assert np.array_equal(explainer.explain(turned).values, expected)


def test_lightgbm_takes_a_category_that_came_back_as_numbers(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    import lightgbm

    codes = pd.Categorical(rows["region"].cat.codes.to_numpy() * 10)
    trained = rows.assign(region=codes)
    model = lightgbm.LGBMClassifier(n_estimators=30, n_jobs=1, verbose=-1).fit(trained, binary)
    explainer = opened(model, trained, family="lightgbm")
    plain = trained.assign(region=codes.astype(int))
    assert np.array_equal(explainer.explain(plain).values, explainer.explain(trained).values)


@pytest.mark.parametrize("new", ["aaa", "moon", "zzz"])
@pytest.mark.parametrize("family", ["xgboost", "lightgbm"])
def test_a_new_category_counts_as_missing_and_is_noted(
    family: str, new: str, boosters: dict[str, Any], gappy: pd.DataFrame, loaded: Callable[..., Any],
    opened: Callable[..., Explainer],
) -> None:  # fmt: skip
    """xgboost 3.2 refuses only names that sort last, and takes others for a neighbour."""
    known = {"region": ("north", "south", "west")} if family == "lightgbm" else {}
    explainer = opened(loaded(boosters[family], family, categories=known), gappy)
    strange = gappy.assign(region=gappy["region"].astype(str).replace("west", new))
    gone = gappy.assign(region=gappy["region"].where(gappy["region"] != "west"))
    found = explainer.explain(strange)
    assert np.array_equal(found.values, explainer.explain(gone).values)
    assert any(f"not trained on ({new})" in note for note in found.notes)
    assert explainer.explain(gappy).notes == explainer.notes


def test_a_missing_category_is_not_invented_for_catboost(
    boosters: dict[str, Any], gappy: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    explainer = opened(boosters["catboost"], gappy, family="catboost")
    with pytest.raises(DataError, match="region"):
        explainer.explain(gappy.assign(region=gappy["region"].where(gappy.index > 3)))


def test_text_is_no_category_for_an_xgboost_that_forgets_their_names() -> None:
    with pytest.raises(DataError, match=r"xgboost 3\.1"):
        _as_category(pd.Series(["a", "b"], name="region"), known=None)


def test_text_in_a_numeric_column_is_refused(
    boosters: dict[str, Any], gappy: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    explainer = opened(boosters["xgboost"], gappy, family="xgboost")
    with pytest.raises(DataError, match="age"):
        explainer.explain(gappy.assign(age="1.5"))


@pytest.mark.parametrize("kind", ["RandomForestClassifier", "HistGradientBoostingClassifier"])
def test_missing_numbers_in_scikit_learn_trees_are_explained(
    kind: str, gappy: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    import sklearn.ensemble

    x = gappy.drop(columns="region")
    model = getattr(sklearn.ensemble, kind)(random_state=0).set_params(
        **({"n_estimators": 30} if kind.startswith("Random") else {"max_iter": 30})
    )
    found = opened(model.fit(x, binary), x).explain(x)
    assert found.explainer.engine == "tree-compiled"
    assert found.additivity_gap < 1e-12


def test_a_value_that_means_missing_to_the_wrapper_means_missing_here(
    gappy: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    import xgboost

    x = gappy.drop(columns="region").fillna(-999.0)
    model = xgboost.XGBClassifier(n_estimators=10, missing=-999.0, n_jobs=1).fit(x, binary)
    found = opened(model, x, family="xgboost").explain(x)
    assert found.predictions[:, 0] == pytest.approx(model.predict(x, output_margin=True), abs=1e-6)


def test_early_stopping_is_respected(rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]) -> None:
    import xgboost

    x = rows.drop(columns="region")
    model = xgboost.XGBClassifier(n_estimators=60, early_stopping_rounds=2, learning_rate=0.9, n_jobs=1)
    model.fit(x[:120], binary[:120], eval_set=[(x[120:], binary[120:])], verbose=False)
    stopped = opened(model, x, family="xgboost").explain(x)
    assert stopped.predictions[:, 0] == pytest.approx(model.predict(x, output_margin=True), abs=1e-6)
    booster = opened(model.get_booster(), x, family="xgboost")
    assert any("would stop at the best" in note for note in booster.notes)
