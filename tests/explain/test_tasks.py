"""Rows in pieces, on threads, in other processes: the same values."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from monitor.explain import Explainer, tasks

N = ["age", "income", "tenure", "balance"]


@pytest.fixture(scope="module")
def forest(rows: pd.DataFrame, binary: np.ndarray) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=20, max_depth=4, random_state=0, n_jobs=1).fit(rows[N], binary)


@pytest.mark.parametrize("engine", ["tree-compiled", "tree", "permutation"])
def test_pieces_give_what_the_whole_gives(
    engine: str, forest: Any, rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    options = {"engine": engine, "background_rows": 10}
    whole = opened(forest, rows, **options).explain(rows[:40])
    pieces = opened(forest, rows, **options, chunk_rows=7).explain(rows[:40])
    assert np.array_equal(pieces.values, whole.values)
    assert pieces.additivity_gap == whole.additivity_gap


def test_an_active_joblib_backend_is_used_and_changes_nothing(
    forest: Any, rows: pd.DataFrame, opened: Callable[..., Explainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    explainer = opened(forest, rows, engine="tree", chunk_rows=20)
    expected = explainer.explain(rows).values
    calls = []
    real = joblib.Parallel
    monkeypatch.setattr(joblib, "Parallel", lambda *a, **k: calls.append(k) or real(*a, **k))
    with joblib.parallel_config(backend="threading", n_jobs=2):
        found = explainer.explain(rows).values
    assert calls == [{}]  # no number of jobs of our own: the configured backend decides
    assert np.array_equal(found, expected)


def test_slow_work_is_spread_over_the_cores(
    forest: Any, rows: pd.DataFrame, opened: Callable[..., Explainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    explainer = opened(forest, rows, engine="tree", chunk_rows=20)
    expected = explainer.explain(rows).values
    monkeypatch.setattr(tasks, "PAYS_SECONDS", -1.0)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    calls = []
    real = joblib.Parallel
    monkeypatch.setattr(
        joblib, "Parallel", lambda *a, **k: calls.append(k) or real(*a, **{**k, "backend": "threading"})
    )
    assert np.array_equal(explainer.explain(rows).values, expected)
    assert calls == [{"n_jobs": 2}]


@pytest.mark.parametrize("engine", ["tree-compiled", "tree", "tree-interventional", "permutation", "kernel"])
def test_work_can_be_sent_to_another_process(
    engine: str, forest: Any, rows: pd.DataFrame, opened: Callable[..., Explainer]
) -> None:
    explainer = opened(forest, rows, engine=engine, background_rows=5)
    sent = pickle.loads(pickle.dumps(explainer._work))
    for mine, theirs in zip(explainer._work(rows[N][:3]), sent(rows[N][:3]), strict=True):
        assert np.array_equal(mine, theirs)


def test_work_that_cannot_be_sent_stays_here(rows: pd.DataFrame, opened: Callable[..., Explainer]) -> None:
    class Held:
        def __call__(self, x: pd.DataFrame) -> Any:
            return x["age"] * x["income"]

        def __reduce__(self) -> Any:
            raise TypeError("an open connection")

    explainer = opened(Held(), rows, family="callable", background_rows=5, chunk_rows=5)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        assert explainer.explain(rows[:20]).n == 20


def test_libraries_with_threads_of_their_own_are_not_spread(
    rows: pd.DataFrame, binary: np.ndarray, forest: Any, opened: Callable[..., Explainer]
) -> None:
    import lightgbm

    model = lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(rows[N], binary)
    assert not opened(model, rows)._spread
    assert not opened(model, rows, engine="permutation")._spread
    assert opened(model, rows, engine="tree-interventional")._spread
    assert opened(forest, rows, engine="tree")._spread
    assert not opened(forest, rows)._spread
