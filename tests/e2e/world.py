"""A small world for end-to-end tests: rows with time, a model file of any family, a config, a store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from monitor.settings import MonitorSettings

Task = Literal["binary", "multiclass", "regression"]
FEATURES = ("income", "age", "debt", "tenure", "noise")
START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
WEEK = timedelta(weeks=1)


def make_rows(n: int, seed: int, *, start: datetime = START, weeks: int = 8) -> pd.DataFrame:
    """n rows spread evenly over the weeks, features of different kinds of distribution."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": rng.lognormal(3, 0.5, n),
            "age": rng.integers(18, 80, n).astype(float),
            "debt": np.where(rng.random(n) < 0.6, 0.0, rng.exponential(5, n)),
            "tenure": rng.normal(10, 3, n),
            "noise": rng.normal(size=n),
        }
    )
    step = weeks * WEEK / n
    frame["timestamp"] = [start + i * step for i in range(n)]
    frame["row_id"] = [f"r{seed}-{i:06d}" for i in range(n)]
    return frame


def make_label(frame: pd.DataFrame, task: Task, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    score = 0.1 * frame["income"] - 0.03 * frame["age"] - 0.15 * frame["debt"] + 0.05 * frame["tenure"]
    score = score + rng.normal(0, 0.3, len(frame))
    if task == "regression":
        return score.to_numpy()
    if task == "binary":
        return (score > score.median()).astype(int).to_numpy()
    return pd.qcut(score, 3, labels=False).astype(int)


def fit(family: str, task: Task, X: pd.DataFrame, y: np.ndarray, directory: Path, *, seed: int = 0) -> dict[str, Any]:
    """Train a small model, save it in the family's safe format, and return the `model:` section."""
    return globals()[f"_fit_{family}"](task, X, y, directory, seed)


def _fit_xgboost(task: Task, X: pd.DataFrame, y: np.ndarray, directory: Path, seed: int) -> dict[str, Any]:
    import xgboost as xgb

    kind = xgb.XGBRegressor if task == "regression" else xgb.XGBClassifier
    model = kind(n_estimators=30, max_depth=3, random_state=seed, n_jobs=1).fit(X, y)
    path = directory / "model.ubj"
    model.save_model(path)
    return {"path": str(path)}


def _fit_lightgbm(task: Task, X: pd.DataFrame, y: np.ndarray, directory: Path, seed: int) -> dict[str, Any]:
    import lightgbm as lgb

    kind = lgb.LGBMRegressor if task == "regression" else lgb.LGBMClassifier
    model = kind(n_estimators=30, max_depth=3, random_state=seed, n_jobs=1, verbose=-1).fit(X, y)
    path = directory / "model.txt"
    model.booster_.save_model(path)
    return {"path": str(path)}


def _fit_catboost(task: Task, X: pd.DataFrame, y: np.ndarray, directory: Path, seed: int) -> dict[str, Any]:
    import catboost

    kind = catboost.CatBoostRegressor if task == "regression" else catboost.CatBoostClassifier
    options = {"iterations": 30, "depth": 3, "random_seed": seed, "thread_count": 1, "verbose": False}
    model = kind(**options, allow_writing_files=False).fit(X, y)
    path = directory / "model.cbm"
    model.save_model(str(path))
    return {"path": str(path)}


def _fit_sklearn_forest(task: Task, X: pd.DataFrame, y: np.ndarray, directory: Path, seed: int) -> dict[str, Any]:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestRegressor if task == "regression" else RandomForestClassifier
    return _skops(kind(n_estimators=15, max_depth=4, random_state=seed).fit(X, y), directory)


def _fit_sklearn_boosting(task: Task, X: pd.DataFrame, y: np.ndarray, directory: Path, seed: int) -> dict[str, Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    return _skops(kind(max_iter=20, max_depth=3, random_state=seed).fit(X, y), directory)


def _fit_sklearn_linear(task: Task, X: pd.DataFrame, y: np.ndarray, directory: Path, seed: int) -> dict[str, Any]:
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    last = Ridge() if task == "regression" else LogisticRegression(max_iter=500)
    return _skops(make_pipeline(StandardScaler(), last).fit(X, y), directory)


def _skops(model: Any, directory: Path) -> dict[str, Any]:
    import skops.io

    path = directory / "model.skops"
    skops.io.dump(model, path)
    return {"path": str(path)}


def _fit_onnx(task: Task, X: pd.DataFrame, y: np.ndarray, directory: Path, seed: int) -> dict[str, Any]:
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression, Ridge

    model = (Ridge() if task == "regression" else LogisticRegression(max_iter=5000)).fit(X.to_numpy(), y)
    options = None if task == "regression" else {id(model): {"zipmap": False}}
    path = directory / "model.onnx"
    path.write_bytes(to_onnx(model, X.to_numpy()[:1].astype(np.float32), options=options).SerializeToString())
    return {"path": str(path)}


@dataclass(frozen=True)
class World:
    monitor: MonitorSettings
    directory: Path
    traffic_weeks: int


def build(
    family: str,
    task: Task,
    directory: Path,
    *,
    holdout_rows: int = 400,
    weeks: int = 3,
    weekly_rows: int = 300,
    **monitor: Any,
) -> World:
    """Model, holdout (eight weeks from START) and traffic (the weeks behind it) on disk, and the settings for them."""
    train = make_rows(1500, seed=1)
    X = train[list(FEATURES)]
    model = fit(family, task, X, make_label(train, task), directory)
    holdout = make_rows(holdout_rows, seed=2)
    holdout.to_parquet(directory / "holdout.parquet")
    traffic = make_rows(weeks * weekly_rows, seed=3, start=START + 8 * WEEK, weeks=weeks)
    traffic.to_parquet(directory / "traffic.parquet")
    if task == "multiclass":
        model["class_index"] = 2
    settings = {
        "name": f"{family.replace('_', '-')}-{task}",
        "owner": "risk-team",
        "model": {"version": "1", **model},
        "features": FEATURES,
        "holdout": {"path": str(directory / "holdout.parquet"), "id": "row_id", "time": "timestamp"},
        "predictions": {
            "path": str(directory / "traffic.parquet"),
            "columns": {"time": "timestamp", "id": "row_id"},
        },
        "schedule": {"every": "1w"},
        "sample": {"rows": 250},
    }
    return World(
        monitor=MonitorSettings.model_validate(settings | monitor),
        directory=directory,
        traffic_weeks=weeks,
    )


def slot(week: int) -> datetime:
    """End of the given week of traffic, 0 the first after the holdout's eight."""
    return START + (9 + week) * WEEK
