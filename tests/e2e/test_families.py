"""Every model family goes from its file to a saved verdict through the same pipeline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from monitor.pipeline import create_reference, perform
from monitor.store import Store
from monitor.types import Check
from tests.e2e.world import FEATURES, START, WEEK, World, build, fit, make_label, make_rows, slot

FAMILIES = ("xgboost", "lightgbm", "catboost", "sklearn_forest", "sklearn_boosting", "sklearn_linear", "onnx")
TASKS = ("binary", "multiclass", "regression")
NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        opened.upgrade()
        yield opened


def prepare(store: Store, world: World) -> None:
    store.register(world.monitor, cadence="weekly", interval_seconds=604800.0, config_digest="test", now=NOW)
    create_reference(world.monitor, store, author="ada", reason="first", now=NOW)


def run(store: Store, world: World, week: int) -> Check:
    claim = store.claim(world.monitor.name, slot(week), owner="test|boot|1|1", lease=timedelta(minutes=5), now=NOW)
    assert claim is not None
    return perform(world.monitor, claim, store, clock=lambda: NOW)


def farthest(check: Check) -> str | None:
    """The feature whose attributions moved most in the traffic view, in output units."""
    moved = [f for f in check.findings if f.view == "traffic" and f.test == "wasserstein"]
    return max(moved, key=lambda f: f.statistic or 0).feature


def retrain(world: World, family: str, task: str) -> None:
    """The same kind of model on a label that another feature decides, saved over the first."""
    train = make_rows(1500, seed=7)
    y = make_label(train.assign(income=train["tenure"] * 3, tenure=train["income"] / 3), task)
    fit(family, task, train[list(FEATURES)], y, world.directory)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_quiet_without_change_and_names_data_then_model(
    family: str, task: str, store: Store, tmp_path: Path
) -> None:
    world = build(family, task, tmp_path)
    traffic = pd.read_parquet(tmp_path / "traffic.parquet")
    second = (traffic["timestamp"] >= START + 9 * WEEK) & (traffic["timestamp"] < START + 10 * WEEK)
    traffic.loc[second, "income"] = traffic.loc[second, "income"].to_numpy() * 0.35 + 1
    traffic.to_parquet(tmp_path / "traffic.parquet")
    prepare(store, world)

    quiet, shifted = run(store, world, 0), run(store, world, 1)
    retrain(world, family, task)
    replaced = run(store, world, 2)

    assert (quiet.verdict, quiet.level, quiet.holdout_skipped) == ("none", 0, True)
    assert shifted.verdict in ("data", "pipeline")
    assert farthest(shifted) == "income"
    assert all(c.model_part == 0 for c in shifted.contributions)
    assert replaced.verdict == "model"
    assert replaced.level == 2
    assert "silent retrain" in replaced.sentence
    assert replaced.additivity_gap is not None
    assert replaced.additivity_gap < 1e-3
    for c in replaced.contributions:
        assert c.importance_current - c.importance_reference == pytest.approx(c.model_part + c.data_part, abs=1e-12)
    assert store.check(replaced.id) == replaced
