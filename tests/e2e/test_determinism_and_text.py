"""Same slot, same findings; text columns and missing values all the way through."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.pipeline import create_reference, perform
from monitor.settings import MonitorSettings, SampleSettings
from monitor.store import Store
from monitor.types import Check
from tests.e2e.world import START, WEEK, build, make_rows, slot

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def run(url: str, monitor: MonitorSettings, weeks: list[int]) -> list[Check]:
    with Store.open(url) as store:
        store.upgrade()
        store.register(monitor, cadence="weekly", interval_seconds=604800.0, config_digest="test", now=NOW)
        create_reference(monitor, store, author="ada", reason="first", now=NOW)
        checks = []
        for week in weeks:
            claim = store.claim(monitor.name, slot(week), owner="t|b|1|1", lease=timedelta(minutes=5), now=NOW)
            assert claim is not None
            checks.append(perform(monitor, claim, store, clock=lambda: NOW))
        return [stored for check in checks if (stored := store.check(check.id)) is not None]


def essence(check: Check) -> tuple[Any, ...]:
    """All that a verdict consists of, floats to the last bit."""
    return (
        check.id, check.verdict, check.level, check.sentence, check.evidence, check.seed, check.n_seen,
        [repr(finding) for finding in check.findings], [repr(part) for part in check.contributions],
        [row.row_id for row in check.rows],
    )  # fmt: skip


def test_one_slot_gives_the_same_findings_in_two_stores(tmp_path: Path) -> None:
    world = build("xgboost", "binary", tmp_path)
    first = run(f"sqlite:///{tmp_path / 'one.db'}", world.monitor, [0, 1])
    second = run(f"sqlite:///{tmp_path / 'two.db'}", world.monitor, [0, 1])
    assert [essence(check) for check in first] == [essence(check) for check in second]


@pytest.mark.postgres
def test_one_slot_gives_the_same_findings_in_sqlite_and_postgresql(tmp_path: Path, postgres_url: str) -> None:
    world = build("lightgbm", "regression", tmp_path)
    sqlite = run(f"sqlite:///{tmp_path / 'one.db'}", world.monitor, [0])
    postgres = run(postgres_url, world.monitor, [0])
    assert [essence(check) for check in sqlite] == [essence(check) for check in postgres]


@pytest.mark.parametrize("kind", ["parquet", "csv", "sqlite"])
def test_a_check_keeps_the_time_of_the_newest_prediction_drawn_or_not(tmp_path: Path, kind: str) -> None:
    world = build("xgboost", "binary", tmp_path, weeks=1)
    rows = pd.read_parquet(tmp_path / "traffic.parquet")
    source: dict[str, str | None] = {"path": str(tmp_path / f"traffic.{kind}")}
    if kind == "csv":
        rows.to_csv(str(source["path"]), index=False)
    if kind == "sqlite":
        source = {"path": None, "url": f"sqlite:///{tmp_path / 'traffic.db'}", "table": "traffic"}
        texts = rows.assign(timestamp=[one.isoformat() for one in rows["timestamp"]])
        with closing(sqlite3.connect(tmp_path / "traffic.db")) as connection:
            texts.to_sql("traffic", connection, index=False)
    few = SampleSettings(rows=120, min_rows=100)
    predictions = world.monitor.predictions.model_copy(update=source)
    monitor = world.monitor.model_copy(update={"predictions": predictions, "sample": few})
    (check,) = run(f"sqlite:///{tmp_path / 'store.db'}", monitor, [0])
    assert check.newest_at == rows["timestamp"].max()
    assert max(row.time for row in check.rows if row.time) < check.newest_at


def with_text(n: int, seed: int, **when: Any) -> pd.DataFrame:
    rows = make_rows(n, seed, **when)
    rng = np.random.default_rng(seed + 100)
    rows["region"] = rng.choice(["north", "south", "east", "west"], n, p=[0.4, 0.3, 0.2, 0.1])
    rows.loc[rng.random(n) < 0.1, "tenure"] = np.nan
    rows.loc[rng.random(n) < 0.05, "region"] = None
    return rows


FEATURES = ("income", "debt", "tenure", "region")


def train(family: str, rows: pd.DataFrame, directory: Path) -> dict[str, Any]:
    X = rows[list(FEATURES)].assign(region=rows["region"].astype("category"))
    lift = rows["region"].map({"north": 2.0, "south": 0.0, "east": -1.0, "west": -2.0}).fillna(0)
    y = ((0.05 * rows["income"] + lift + np.random.default_rng(5).normal(0, 0.5, len(rows))) > 1).astype(int)
    if family == "xgboost":
        import xgboost as xgb

        model = xgb.XGBClassifier(n_estimators=30, max_depth=3, enable_categorical=True, n_jobs=1).fit(X, y)
        model.save_model(directory / "model.json")
        return {"path": str(directory / "model.json")}
    if family == "catboost":
        import catboost

        filled = X.assign(region=X["region"].astype(object).where(X["region"].notna(), "missing"))
        cat = catboost.CatBoostClassifier(
            iterations=30, depth=3, thread_count=1, verbose=False, allow_writing_files=False
        )
        cat.fit(filled, y, cat_features=["region"]).save_model(str(directory / "model.cbm"))
        return {"path": str(directory / "model.cbm")}
    import lightgbm as lgb

    booster = lgb.LGBMClassifier(n_estimators=30, max_depth=3, n_jobs=1, verbose=-1).fit(X, y).booster_
    booster.save_model(directory / "model.txt")
    return {"path": str(directory / "model.txt")}


@pytest.mark.parametrize("family", ["xgboost", "lightgbm", "catboost"])
def test_text_columns_and_missing_values_go_through_and_new_words_are_named(family: str, tmp_path: Path) -> None:
    model = train(family, with_text(2000, 1), tmp_path)
    holdout, traffic = with_text(500, 2), with_text(600, 3, start=START + 8 * WEEK, weeks=2)
    if family == "catboost":  # it knows no missing text
        holdout["region"] = holdout["region"].fillna("missing")
        traffic["region"] = traffic["region"].fillna("missing")
    renamed = traffic["timestamp"] >= START + 9 * WEEK
    traffic.loc[renamed, "region"] = traffic.loc[renamed, "region"].str.upper()
    holdout.to_csv(tmp_path / "holdout.csv", index=False)
    traffic.to_parquet(tmp_path / "traffic.parquet")
    monitor = MonitorSettings.model_validate(
        {
            "name": f"text-{family}",
            "owner": "risk",
            "model": {"version": "1", **model},
            "features": FEATURES,
            "holdout": {"path": str(tmp_path / "holdout.csv"), "id": "row_id", "time": "timestamp"},
            "predictions": {"path": str(tmp_path / "traffic.parquet"), "columns": {"id": "row_id"}},
            "schedule": {"every": "1w"},
        }
    )
    quiet, broken = run(f"sqlite:///{tmp_path / 'store.db'}", monitor, [0, 1])
    assert (quiet.outcome, quiet.verdict, quiet.error) == ("succeeded", "none", None)
    assert (broken.verdict, broken.level) == ("pipeline", 2), broken.evidence
    assert "region holds values unknown to the reference" in broken.sentence
