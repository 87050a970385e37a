"""Engine tree-compiled gives the exact values: those of the libraries, of shap where it is right, of brute force."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from math import factorial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ExplainError
from monitor.explain import Explainer, forests, warm
from monitor.explain.forests import build, kernels, proof
from monitor.explain.forests.ensemble import Ensemble, Tree
from monitor.explain.forests.forest import plant
from monitor.explain.forests.run import CompiledRun
from monitor.explain.shap_library import load_shap

N = ["age", "income", "tenure", "balance"]


def expected_leaf(tree: Tree, x: np.ndarray, known: frozenset[int], node: int = 0) -> np.ndarray:
    """The value function in one row: down by the row where the feature is known, else both ways by training weight."""
    if tree.left[node] < 0:
        return tree.values[node]
    left, right, feature = int(tree.left[node]), int(tree.right[node]), int(tree.feature[node])
    if feature not in known:
        shares = tree.cover[[left, right]] / tree.cover[node]
        return shares[0] * expected_leaf(tree, x, known, left) + shares[1] * expected_leaf(tree, x, known, right)
    value = x[feature]
    if np.isnan(value):
        goes_left = bool(tree.missing_left[node])
    elif node in tree.categories:
        table = tree.categories[node]
        goes_left = bool(table[int(value) if 0 <= value < len(table) - 1 else -1])
    else:
        goes_left = value <= tree.threshold[node]
    return expected_leaf(tree, x, known, left if goes_left else right)


def brute_force(trees: list[Tree], x: np.ndarray, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Shapley values of one row by their definition, (d, outputs), and the value of knowing nothing."""
    d = len(x)

    def worth(known: frozenset[int]) -> np.ndarray:
        total = np.zeros(outputs)
        for tree in trees:
            total[slice(None) if tree.output is None else tree.output] += np.squeeze(expected_leaf(tree, x, known))
        return total

    worths = {s: worth(frozenset(s)) for k in range(d + 1) for s in itertools.combinations(range(d), k)}
    phi = np.zeros((d, outputs))
    for j in range(d):
        for s, value in worths.items():
            if j not in s:
                weight = factorial(len(s)) * factorial(d - len(s) - 1) / factorial(d)
                phi[j] += weight * (worths[tuple(sorted((*s, j)))] - value)
    return phi, worths[()]


def run_of(ensemble: Ensemble) -> CompiledRun:
    return CompiledRun.of(ensemble, lambda rows: rows)


def grow(rng: np.random.Generator, d: int, depth: int, outputs: int, coded: frozenset[int]) -> Tree:
    """A random tree that splits again and again on few features, some on categories, with leaves of uneven weight."""
    nodes: list[dict[str, Any]] = []
    categories = {}

    def make(level: int) -> int:
        at = len(nodes)
        nodes.append({"left": -1, "right": -1, "feature": -2, "threshold": 0.0, "missing": False, "cover": 0.0})
        if level < depth and rng.random() < 0.85:
            feature = int(rng.integers(d))
            if feature in coded:
                categories[at] = rng.random(5) < 0.5
            left, right = make(level + 1), make(level + 1)
            nodes[at] = {
                "left": left, "right": right, "feature": feature, "threshold": float(rng.integers(-2, 3)) / 2,
                "missing": bool(rng.random() < 0.5), "cover": nodes[left]["cover"] + nodes[right]["cover"],
            }  # fmt: skip
        else:
            nodes[at]["cover"] = float(rng.integers(1, 100))
        return at

    make(0)
    column = {key: np.array([node[key] for node in nodes]) for key in nodes[0]}
    output = None if rng.random() < 0.5 else int(rng.integers(outputs))
    return Tree(
        left=column["left"], right=column["right"], feature=column["feature"], threshold=column["threshold"],
        missing_left=column["missing"], cover=column["cover"],
        values=rng.normal(size=(len(nodes), outputs if output is None else 1)), output=output, categories=categories,
    )  # fmt: skip


def random_ensemble(seed: int, d: int = 4, depth: int = 5, outputs: int = 2, trees: int = 3) -> Ensemble:
    rng = np.random.default_rng(seed)
    coded = frozenset({0})
    return Ensemble(
        trees=[grow(rng, d, depth, outputs, coded) for _ in range(trees)], matrix=lambda rows: rows,
        columns=np.arange(d), n_outputs=outputs, start=np.array([0.5] * outputs), codes=dict.fromkeys(coded, 4),
    )  # fmt: skip


def random_rows(seed: int, n: int, d: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, (n, d)) / 2.0
    x[:, 0] = rng.integers(-1, 6, n)  # categories, two of them unknown
    return np.where(rng.random((n, d)) < 0.15, np.nan, x)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), depth=st.integers(0, 7), outputs=st.integers(1, 3))
def test_random_forests_get_their_shapley_values_by_definition(seed: int, depth: int, outputs: int) -> None:
    ensemble = random_ensemble(seed, depth=depth, outputs=outputs)
    x = random_rows(seed + 1, 3)
    values, base = run_of(ensemble)(x)
    for row in range(3):
        phi, nothing = brute_force(list(ensemble.trees), x[row], outputs)
        assert values[row] == pytest.approx(phi, abs=1e-12)
        assert base[row] == pytest.approx(nothing + 0.5, abs=1e-12)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_the_witness_agrees_with_brute_force(seed: int) -> None:
    ensemble = random_ensemble(seed)
    x = random_rows(seed + 1, 2)
    values = np.zeros((2, 4, 2))
    for tree in ensemble.trees:
        proof.add_values(tree, x, values)
    for row in range(2):
        assert values[row] == pytest.approx(brute_force(list(ensemble.trees), x[row], 2)[0], abs=1e-12)


def test_deep_paths_of_many_features_stay_exact() -> None:
    """30 distinct features on one path: the published unwinding loses digits there, quadrature does not."""
    d = 30
    size = 2 * d + 1
    left, right = np.full(size, -1), np.full(size, -1)
    left[: 2 * d : 2], right[: 2 * d : 2] = np.arange(1, size, 2), np.arange(2, size, 2)
    cover = np.empty(size)
    cover[0::2] = 0.9 ** np.arange(d + 1)
    cover[1::2] = cover[0:-2:2] - cover[2::2]
    tree = Tree(
        left=left, right=right, feature=np.append(np.repeat(np.arange(d), 2), -2), threshold=np.zeros(size),
        missing_left=np.zeros(size, dtype=bool), cover=cover, values=np.eye(1, size, size - 1).T, output=0,
    )  # fmt: skip
    ensemble = Ensemble(
        trees=[tree], matrix=lambda rows: rows, columns=np.arange(d), n_outputs=1, start=np.zeros(1)
    )  # fmt: skip
    values, base = run_of(ensemble)(np.ones((1, d)))
    # By symmetry every feature has an equal part of the way from the mean to 1.
    assert base[0, 0] == pytest.approx(0.9**d, rel=1e-13)
    assert values[0, :, 0] == pytest.approx(np.full(d, (1 - 0.9**d) / d), rel=1e-12)


@pytest.fixture(scope="module")
def trained(gappy: pd.DataFrame, rows: pd.DataFrame, binary: np.ndarray, three: np.ndarray, score: pd.Series) -> Any:
    """name -> (model, rows it takes, family)."""
    import lightgbm
    import xgboost
    from sklearn import ensemble, tree

    codes = gappy.assign(region=gappy["region"].cat.codes.astype(float))
    zeros = gappy[N].fillna(0.0).round(0)
    early = xgboost.XGBClassifier(n_estimators=60, early_stopping_rounds=2, learning_rate=0.9, n_jobs=1)
    early.fit(rows[N][:120], binary[:120], eval_set=[(rows[N][120:], binary[120:])], verbose=False)
    seen = lightgbm.Dataset(rows[N][:120], binary[:120])
    stopped = lightgbm.train(
        {"objective": "binary", "learning_rate": 0.9, "num_threads": 1, "verbose": -1}, seen, 60,
        valid_sets=[lightgbm.Dataset(rows[N][120:], binary[120:], reference=seen)],
        callbacks=[lightgbm.early_stopping(2, verbose=False)],
    )  # fmt: skip
    xgb = {"n_estimators": 20, "n_jobs": 1}
    lgb = {"n_estimators": 20, "n_jobs": 1, "verbose": -1, "min_child_samples": 5}
    made = {
        "xgboost": (xgboost.XGBClassifier(**xgb).fit(gappy[N], binary), gappy[N]),
        "xgboost categories": (xgboost.XGBClassifier(enable_categorical=True, **xgb).fit(gappy, binary), gappy),
        "xgboost many categories": (
            xgboost.XGBClassifier(enable_categorical=True, max_cat_to_onehot=1, **xgb).fit(gappy, binary), gappy,
        ),
        "xgboost three": (xgboost.XGBClassifier(**xgb).fit(gappy[N], three), gappy[N]),
        "xgboost dart": (xgboost.XGBClassifier(booster="dart", rate_drop=0.3, **xgb).fit(gappy[N], binary), gappy[N]),
        "xgboost forest": (xgboost.XGBRFRegressor(**xgb).fit(gappy[N], score * 1000), gappy[N]),
        "xgboost parallel": (xgboost.XGBClassifier(num_parallel_tree=3, **xgb).fit(gappy[N], three), gappy[N]),
        "xgboost poisson": (
            xgboost.XGBRegressor(objective="count:poisson", **xgb).fit(gappy[N], score.abs()), gappy[N],
        ),
        "xgboost early": (early, rows[N]),
        "lightgbm": (lightgbm.LGBMClassifier(**lgb).fit(gappy, binary), gappy),
        "lightgbm three": (lightgbm.LGBMClassifier(**lgb).fit(gappy[N], three), gappy[N]),
        "lightgbm codes": (lightgbm.LGBMRegressor(**lgb).fit(codes, score, categorical_feature=[4]), codes),
        "lightgbm zero": (lightgbm.LGBMClassifier(zero_as_missing=True, **lgb).fit(zeros, binary), zeros),
        "lightgbm no missing": (lightgbm.LGBMClassifier(use_missing=False, **lgb).fit(gappy[N], binary), gappy[N]),
        "lightgbm early": (stopped, rows[N]),
        "forest": (ensemble.RandomForestClassifier(30, max_depth=8, random_state=0).fit(gappy[N], binary), gappy[N]),
        "forest three": (ensemble.RandomForestClassifier(20, random_state=0).fit(gappy[N], three), gappy[N]),
        "forest weighted": (
            ensemble.RandomForestRegressor(20, random_state=0).fit(rows[N], score, np.linspace(0.1, 2, len(rows))),
            rows[N],
        ),
        "extra trees": (ensemble.ExtraTreesRegressor(20, random_state=0).fit(gappy[N], score), gappy[N]),
        "tree": (tree.DecisionTreeClassifier(max_depth=6, random_state=0).fit(gappy[N], binary), gappy[N]),
        "tree regressor": (tree.DecisionTreeRegressor(max_depth=6, random_state=0).fit(gappy[N], score), gappy[N]),
        "boosting": (ensemble.GradientBoostingClassifier(n_estimators=20).fit(rows[N], binary), rows[N]),
        "boosting three": (ensemble.GradientBoostingClassifier(n_estimators=20).fit(rows[N], three), rows[N]),
        "boosting zero": (ensemble.GradientBoostingRegressor(init="zero", max_depth=4).fit(rows[N], score), rows[N]),
        "histogram": (ensemble.HistGradientBoostingClassifier(max_iter=20).fit(gappy[N], binary), gappy[N]),
        "histogram three": (ensemble.HistGradientBoostingClassifier(max_iter=20).fit(gappy[N], three), gappy[N]),
    }  # fmt: skip
    return {name: (model, x, name.split()[0]) for name, (model, x) in made.items()}


NATIVE = (
    "xgboost", "xgboost categories", "xgboost many categories", "xgboost three", "xgboost dart", "xgboost forest",
    "xgboost parallel", "xgboost poisson", "xgboost early", "lightgbm", "lightgbm three", "lightgbm codes",
    "lightgbm zero", "lightgbm no missing", "lightgbm early",
)  # fmt: skip
BY_SHAP = (
    "forest", "forest three", "forest weighted", "extra trees", "tree", "tree regressor", "boosting", "boosting three",
    "boosting zero", "histogram", "histogram three",
)  # fmt: skip


def options_of(name: str, family: str) -> dict[str, Any]:
    several = {"class_index": "all"} if name.endswith(("three", "parallel")) else {}
    return {"family": family if family in ("xgboost", "lightgbm") else "sklearn", **several}


@pytest.mark.parametrize("name", NATIVE)
def test_boosters_get_the_librarys_own_contributions(name: str, trained: Any, opened: Callable[..., Explainer]) -> None:
    model, x, family = trained[name]
    ours = opened(model, x, engine="tree-compiled", **options_of(name, family)).explain(x)
    native = opened(model, x, engine=f"{family}-native", **options_of(name, family)).explain(x)
    scale = np.abs(native.values).max()
    tolerance = (1e-5 if family == "xgboost" else 1e-9) * max(1.0, scale)
    assert scale > 0.01
    assert ours.values == pytest.approx(native.values, abs=tolerance)
    assert ours.base_values == pytest.approx(native.base_values, abs=tolerance)


@pytest.mark.parametrize("name", BY_SHAP)
def test_scikit_learns_trees_get_shaps_values(name: str, trained: Any, opened: Callable[..., Explainer]) -> None:
    load_shap()
    model, x, family = trained[name]
    ours = opened(model, x, engine="tree-compiled", **options_of(name, family)).explain(x)
    shaps = opened(model, x, engine="tree", **options_of(name, family)).explain(x)
    assert np.abs(shaps.values).max() > 0.01
    assert ours.values == pytest.approx(shaps.values, abs=1e-9)
    assert ours.base_values == pytest.approx(shaps.base_values, abs=1e-9)
    assert ours.additivity_gap < 1e-12


@pytest.mark.parametrize("named", [True, False])
def test_histogram_boosting_on_categories_gets_its_shapley_values(
    named: bool, gappy: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    """shap's add up here and are wrong."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    codes = gappy["region"].cat.codes.to_numpy(dtype=float)
    turned = gappy[["age", "region", "income"]]
    x = turned if named else turned.assign(region=np.where(np.arange(240) % 11 == 0, np.nan, codes * 3))
    marked = "from_dtype" if named else [1]
    model = HistGradientBoostingClassifier(max_iter=10, categorical_features=marked, min_samples_leaf=3)
    model.fit(x, binary)
    asked = x if named else x.assign(region=np.where(np.arange(240) % 7 == 0, 200.0, x["region"]))
    explainer = opened(model, x)
    found = explainer.explain(asked)
    assert found.explainer.engine == "tree-compiled"
    assert np.abs(found.values[:, 1]).max() > 0.1
    subject = explainer._work.subject
    ensemble = build._reader(subject)(subject)
    matrix = ensemble.matrix(subject.encode(asked))
    for row in range(0, 240, 24):
        phi, nothing = brute_force(list(ensemble.trees), matrix[row], 1)
        assert found.values[row, ensemble.columns] == pytest.approx(phi[:, 0], abs=1e-12)
        assert nothing[0] + ensemble.start[0] == pytest.approx(found.base_values[row, 0], abs=1e-12)
        told = brute_force(list(ensemble.trees), matrix[row], 1)[0].sum() + nothing[0] + ensemble.start[0]
        assert told == pytest.approx(model.decision_function(asked[row : row + 1])[0], abs=1e-12)


def test_a_model_with_categories_is_explained_by_auto_without_permutation(
    trained: Any, opened: Callable[..., Explainer]
) -> None:
    for name in ("xgboost categories", "lightgbm", "forest", "boosting", "histogram"):
        model, x, family = trained[name]
        explainer = opened(model, x, **options_of(name, family))
        assert (explainer.ref.engine, explainer.notes) == ("tree-compiled", ())
        assert explainer.ref.exact


def test_absent_cells_of_sparse_rows_are_what_the_library_takes_them_for(
    rows: pd.DataFrame, binary: np.ndarray, opened: Callable[..., Explainer]
) -> None:
    """Missing to XGBoost, zero to LightGBM and scikit-learn."""
    import lightgbm
    import xgboost
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    lasts = {
        "xgboost": xgboost.XGBClassifier(n_estimators=10, n_jobs=1),
        "forest": RandomForestClassifier(10, random_state=0),
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=10, n_jobs=1, verbose=-1, min_child_samples=5),
    }
    x = rows[["region", "age"]].assign(age=rows["age"].round(0))
    for last in lasts.values():
        model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), last).fit(x, binary)
        found = opened(model, x).explain(x)
        assert found.explainer.engine == "tree-compiled"
        assert found.additivity_gap < 1e-5


def test_values_depend_neither_on_threads_nor_on_the_rows_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    run = run_of(random_ensemble(5, depth=6, trees=10))
    x = random_rows(6, 1500)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    alone = run(x)[0]
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(5)))
    assert np.array_equal(run(x)[0], alone)
    assert np.array_equal(run(x[1000:1003])[0], alone[1000:1003])
    assert np.array_equal(np.concatenate([run(x[:777])[0], run(x[777:])[0]]), alone)
    assert run(x[:0])[0].shape == (0, 4, 2)


def test_other_threads_run_while_rows_are_explained() -> None:
    run = run_of(random_ensemble(5, depth=9, trees=120))
    x = random_rows(6, kernels.LANES * 8)  # one call of the kernel for each thread
    parts = np.tile(run.forest.parts, 60)
    run.attributions(x[:1])
    ticks: list[float] = []
    done = threading.Event()

    def tick() -> None:
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.005)

    watch = threading.Thread(target=tick)
    watch.start()
    started = time.perf_counter()
    run.attributions(x, parts)
    took = time.perf_counter() - started
    done.set()
    watch.join()
    assert took > 0.3  # long enough to tell, also on a fast machine
    assert max(np.diff(ticks)) < took / 2


def swapped(run: CompiledRun) -> CompiledRun:
    nodes = run.forest.nodes.copy()
    names = nodes["feature"].copy()
    nodes["feature"] = np.where(names == 0, 1, np.where(names == 1, 0, names))
    return replace(run, forest=replace(run.forest, nodes=nodes))


def misweighed(run: CompiledRun) -> CompiledRun:
    """Covers of the last split of every tree exchanged: values still add up, to a wrong base."""
    nodes = run.forest.nodes.copy()
    for part in run.forest.parts:
        last = part["last_node"] - 1
        for pair in (("z_first", "z_second"), ("share_first", "share_second")):
            nodes[pair[0]][last], nodes[pair[1]][last] = nodes[pair[1]][last], nodes[pair[0]][last]
    return replace(run, forest=replace(run.forest, nodes=nodes))


def renamed(run: CompiledRun) -> CompiledRun:
    """The attributions of two columns exchanged: they add up to the model's output on every row."""
    return replace(run, columns=run.columns[[1, 0, *range(2, len(run.columns))]])


@pytest.mark.parametrize("name", ["xgboost", "lightgbm", "forest", "boosting", "histogram"])
@pytest.mark.parametrize("corrupt", [swapped, misweighed, renamed])
def test_a_wrong_engine_is_caught_before_it_is_used_and_named(
    corrupt: Callable[[CompiledRun], CompiledRun], name: str, trained: Any, opened: Callable[..., Explainer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    model, x, family = trained[name]
    right = build.build
    monkeypatch.setattr(build, "build", lambda subject: corrupt(right(subject)))
    with pytest.raises(ExplainError, match="engine tree-compiled"):
        opened(model, x, engine="tree-compiled", **options_of(name, family))
    fallen = opened(model, x, **options_of(name, family))
    assert fallen.ref.engine == (f"{family}-native" if family in ("xgboost", "lightgbm") else "tree")
    assert any("engine tree-compiled is not used: " in note for note in fallen.notes)


def test_the_witness_sees_what_additivity_does_not(trained: Any, opened: Callable[..., Explainer]) -> None:
    model, x, _ = trained["forest"]
    run = opened(model, x)._work.run
    wrong = renamed(run)
    right_values, wrong_values = run(x)[0], wrong(x)[0]
    assert wrong_values.sum(axis=1) == pytest.approx(right_values.sum(axis=1), abs=1e-12)
    subject = opened(model, x)._work.subject
    with pytest.raises(ExplainError, match=r"differs from .* trees computed by slow code"):
        build.verify(wrong, subject, x[:4], wrong_values[:4])
    build.verify(run, subject, x[:4], right_values[:4])


def test_trees_without_training_weight_are_refused_with_the_reason() -> None:
    tree = Tree(
        left=np.array([1, -1, -1]), right=np.array([2, -1, -1]), feature=np.array([0, -2, -2]), threshold=np.zeros(3),
        missing_left=np.zeros(3, dtype=bool), cover=np.zeros(3), values=np.ones((3, 1)), output=0,
    )  # fmt: skip
    with pytest.raises(ExplainError, match="no training weight"):
        plant(Ensemble(trees=[tree], matrix=lambda rows: rows, columns=np.arange(1), n_outputs=1, start=np.zeros(1)))


def test_leaves_of_several_values_fall_back_with_the_reason(
    rows: pd.DataFrame, score: pd.Series, opened: Callable[..., Explainer]
) -> None:
    import xgboost

    model = xgboost.XGBRegressor(multi_strategy="multi_output_tree", tree_method="hist", n_estimators=3, n_jobs=1)
    model.fit(rows[N], np.column_stack([score, -score]))
    explainer = opened(model, rows, family="xgboost", class_index="all", background_rows=5)
    assert explainer.ref.engine != "tree-compiled"
    assert any("tree-compiled is not used" in note and "leaves of several values" in note for note in explainer.notes)


def test_warming_compiles_the_kernels_once() -> None:
    warm()
    started = time.perf_counter()
    warm()
    assert time.perf_counter() - started < 0.5
    assert forests.__doc__
