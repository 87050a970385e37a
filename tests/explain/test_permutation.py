"""The permutation engine: exact where it should be, the same for equal rows, no random state but its own."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.explain import Explainer
from monitor.explain.permutation import build, rounds_for
from monitor.explain.subject import Subject, as_given


def subject(function: Callable[[pd.DataFrame], np.ndarray], columns: list[str]) -> Subject:
    return Subject(
        native=function, kind="callable", title="test", structure="other", features=tuple(columns), classes=None,
        n_outputs=1, scales=("margin",), encode=as_given,
        output=lambda rows, scale: np.asarray(function(rows), dtype=float).reshape(len(rows), -1),
    )  # fmt: skip


def exact_shapley(
    function: Callable[[pd.DataFrame], np.ndarray], row: pd.DataFrame, background: pd.DataFrame
) -> np.ndarray:
    """Over all coalitions, by the definition."""
    columns = list(row.columns)

    def worth(coalition: tuple[str, ...]) -> float:
        mixed = background.assign(**{name: row[name].iloc[0] for name in coalition})
        return float(np.mean(function(mixed)))

    values = []
    for name in columns:
        others = [c for c in columns if c != name]
        total = 0.0
        for size in range(len(columns)):
            weight = math.factorial(size) * math.factorial(len(columns) - size - 1) / math.factorial(len(columns))
            total += sum(weight * (worth((*s, name)) - worth(s)) for s in itertools.combinations(others, size))
        values.append(total)
    return np.array(values)


def test_interactions_of_two_features_are_exact(rows: pd.DataFrame) -> None:
    def model(x: pd.DataFrame) -> np.ndarray:
        return (x["age"] * x["income"] + x["tenure"] ** 2 - x["balance"] * (x["region"] == "south")).to_numpy()

    background = rows[:7].reset_index(drop=True)
    run = build(subject(model, list(rows.columns)), background, "margin", rounds=1, seed=3)
    values, base = run(rows[100:103])
    expected = [exact_shapley(model, rows[i : i + 1], background) for i in (100, 101, 102)]
    assert values[:, :, 0] == pytest.approx(np.array(expected), abs=1e-12)
    assert base[:, 0] == pytest.approx(model(background).mean())


def test_interactions_of_three_features_come_close_with_rounds(rows: pd.DataFrame) -> None:
    def model(x: pd.DataFrame) -> np.ndarray:
        return (x["age"] * x["income"] * x["tenure"] * x["balance"]).to_numpy()

    x = rows.drop(columns="region")
    background = x[:5].reset_index(drop=True)
    run = build(subject(model, list(x.columns)), background, "margin", rounds=2000, seed=3)
    assert run(x[100:101])[0][0, :, 0] == pytest.approx(exact_shapley(model, x[100:101], background), abs=0.02)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**63),
    d=st.integers(1, 6),
    b=st.integers(1, 5),
    n=st.integers(1, 4),
    levels=st.integers(1, 3),
)
def test_values_always_add_up(seed: int, d: int, b: int, n: int, levels: int) -> None:
    """Few levels make many cells equal to the background's, which the engine does not ask the model about."""
    rng = np.random.default_rng(seed)
    columns = [f"c{j}" for j in range(d)]
    x = pd.DataFrame(rng.integers(0, levels, (n + b, d)).astype(float), columns=columns)
    x = x.mask(rng.random(x.shape) < 0.2)
    table = rng.normal(size=(levels + 1,) * d)

    def model(frame: pd.DataFrame) -> np.ndarray:
        return table[tuple(frame[c].fillna(levels).astype(int) for c in columns)]

    run = build(subject(model, columns), x[n:].reset_index(drop=True), "margin", rounds=2, seed=seed)
    values, base = run(x[:n])
    assert base[:, 0] + values[:, :, 0].sum(axis=1) == pytest.approx(model(x[:n]), abs=1e-9)


def test_a_feature_that_the_model_ignores_gets_exactly_nothing(
    rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    found = opened(lambda x: x["age"] * x["income"], rows, family="callable", background_rows=10).explain(rows[:20])
    assert not found.values[:, 2:].any()


def test_a_batch_does_not_change_a_row(rows: pd.DataFrame, opened: Callable[..., Explainer]) -> None:
    def model(x: pd.DataFrame) -> pd.Series:
        return np.tanh(x["age"] * x["income"] * x["tenure"]) + (x["region"] == "south") * x["balance"]

    for engine in ("permutation", "kernel", "sampling"):
        options = {"family": "callable", "engine": engine, "background_rows": 5}
        if engine == "sampling":
            options["max_evals"] = 100
        explainer = opened(model, rows, **options)
        whole = explainer.explain(rows[:6]).values
        single = np.vstack([explainer.explain(rows[i : i + 1]).values for i in range(6)])
        again = opened(model, rows, **options, chunk_rows=2).explain(rows[:6]).values
        assert np.array_equal(single, whole), engine
        assert np.array_equal(again, whole), engine


def test_another_seed_gives_other_values(rows: pd.DataFrame, opened: Callable[..., Explainer]) -> None:
    def model(x: pd.DataFrame) -> pd.Series:
        return np.tanh(x["age"] * x["income"] * x["tenure"]) + (x["region"] == "south") * x["balance"]

    first, second = (
        opened(model, rows[:10], family="callable", max_evals=10, seed=seed).explain(rows[:6]).values for seed in (1, 2)
    )
    assert not np.array_equal(first, second)
    assert first.sum(axis=1) == pytest.approx(second.sum(axis=1))


@pytest.mark.parametrize("engine", ["permutation", "kernel", "sampling"])
def test_the_global_random_state_is_left_alone(
    engine: str, rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    explainer = opened(lambda x: x["age"] * x["income"], rows, family="callable", engine=engine, background_rows=3)
    explainer.explain(rows[:2])
    assert np.array_equal(np.random.random(3), expected)  # noqa: NPY002


def test_max_evals_counts_coalitions() -> None:
    assert rounds_for(50, 100, "auto") == 1
    assert rounds_for(50, 10, "auto") == 10
    assert rounds_for(50, 100, 500) == 5
    assert rounds_for(50, 100, 20) == 1


def test_columns_keep_their_types(opened: Callable[..., Explainer]) -> None:
    x = pd.DataFrame(
        {
            "flag": [True, False, True, False],
            "count": [1, 2, 3, 4],
            "name": ["a", "b", None, "d"],
            "kind": pd.Categorical(["u", "v", "u", "v"]),
            "small": pd.array([1, None, 3, 4], dtype="Int64"),
        }
    )

    def model(frame: pd.DataFrame) -> np.ndarray:
        assert dict(frame.dtypes) == dict(x.dtypes)
        return (frame["count"] * (frame["kind"] == "u") + frame["flag"]).to_numpy(dtype=float)

    found = opened(model, x[:2], family="callable").explain(x[2:].reset_index(drop=True))
    assert found.additivity_gap < 1e-12
