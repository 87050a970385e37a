"""A prediction log stored in every kind of source, and small trained models."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from monitor.settings import ColumnSettings, PredictionSettings
from monitor.types import Window

START = datetime(2024, 1, 3, 5, tzinfo=UTC)
WINDOW = Window(start=START, end=START + timedelta(days=7))
FEATURES = ("income", "age", "kind")
COLUMNS = ColumnSettings(
    id="id", model_version="version", prediction="score", label="outcome", segments=("region",), priority="flag"
)


@pytest.fixture(scope="session")
def log() -> pd.DataFrame:
    """3,000 predictions over two weeks; times in microseconds, two on the very edges of WINDOW, some of them equal."""
    rng, n = np.random.default_rng(1), 3000
    offsets = rng.integers(0, 14 * 86_400_000_000, n)
    offsets[1000:1100] = offsets[1000]
    times = pd.Series(pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(offsets, unit="us")).dt.as_unit("us")
    times[0], times[1] = pd.Timestamp(WINDOW.start), pd.Timestamp(WINDOW.end)
    times[2] = pd.Timestamp(WINDOW.end) - pd.Timedelta(1, "us")
    return pd.DataFrame(
        {
            "id": [f"p{number}" for number in rng.permutation(n)],
            "timestamp": times,
            "income": np.where(rng.random(n) < 0.05, np.nan, rng.normal(size=n)),
            "age": rng.integers(18, 90, n),
            "kind": rng.choice(["house", "flat", "boat"], n),
            "version": rng.choice(["7", "8"], n),
            "score": rng.random(n),
            "outcome": rng.integers(0, 2, n),
            "region": rng.choice(["north", "süd"], n),
            "flag": rng.random(n) < 0.05,
        }
    )


def store(log: pd.DataFrame, kind: str, folder: Path, url: str | None = None) -> PredictionSettings:
    """The log written as `kind`; settings that read it back."""
    if kind == "parquet":
        log.to_parquet(folder / "log.parquet", row_group_size=500)
        return PredictionSettings(path=str(folder / "log.parquet"), columns=COLUMNS)
    if kind == "csv":
        log.to_csv(folder / "log.csv", index=False)
        return PredictionSettings(path=str(folder / "log.csv"), columns=COLUMNS)
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'log.db'}"
        log = log.assign(timestamp=[one.isoformat() for one in log["timestamp"]])
    assert url is not None
    write_table(log, url)
    return PredictionSettings(url=url, table="log", columns=COLUMNS)


def write_table(log: pd.DataFrame, url: str, **options: Any) -> None:
    engine = sa.create_engine(url)
    try:
        log.to_sql("log", engine, index=False, **options)
    finally:
        engine.dispose()


@pytest.fixture
def stored(log: pd.DataFrame, tmp_path: Path) -> Callable[[str], PredictionSettings]:
    return lambda kind: store(log, kind, tmp_path)


@pytest.fixture(scope="session")
def training() -> tuple[pd.DataFrame, pd.Series]:
    """Two numbers and a binary target."""
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"income": rng.normal(size=300), "age": rng.normal(size=300)})
    return rows, (rows["income"] + 0.5 * rows["age"] + rng.normal(size=300) / 4 > 0).astype(int)


@pytest.fixture(scope="session")
def coded_training() -> tuple[pd.DataFrame, pd.Series]:
    """A number and a category whose codes are not in sorted order."""
    rng = np.random.default_rng(3)
    kind = pd.Categorical(rng.choice(["house", "flat", "boat"], 600), categories=["house", "boat", "flat"])
    rows = pd.DataFrame({"income": rng.normal(size=600), "kind": kind})
    return rows, ((rows["kind"] == "boat") * 2 + rows["income"] + rng.normal(size=600) / 4 > 1).astype(int)
