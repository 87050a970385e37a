"""Feature groups and seasons in a whole check, from the configuration to the stored findings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor import drift
from monitor.drift import ViewResult
from monitor.errors import ConfigError
from monitor.pipeline import create_reference, perform
from monitor.store import Store
from monitor.types import Check
from tests.e2e.world import FEATURES, START, WEEK, World, build, fit, make_rows, slot

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def checked(world: World, directory: Path, change: Any = None, week: int = 0) -> Check:
    with Store.open(f"sqlite:///{directory / 'store.db'}") as store:
        store.upgrade()
        store.register(world.monitor, cadence="weekly", interval_seconds=604800.0, config_digest="test", now=NOW)
        create_reference(world.monitor, store, author="ada", reason="first", now=NOW)
        if change is not None:
            change()
        claim = store.claim(world.monitor.name, slot(week), owner="test|boot|1|1", lease=timedelta(minutes=5), now=NOW)
        assert claim is not None
        check = perform(world.monitor, claim, store, clock=lambda: NOW)
        assert store.check(check.id).findings == check.findings
        return check


def twin_world(directory: Path, how: dict[str, Any]) -> World:
    """`debt` is a noisy copy of `income` everywhere; the model uses income until it is trained again on debt."""
    world = build("xgboost", "regression", directory, drift=how)
    for name in ("holdout", "traffic"):
        rows = pd.read_parquet(directory / f"{name}.parquet")
        rows["debt"] = rows["income"] * np.exp(0.02 * np.random.default_rng(9).normal(size=len(rows)))
        rows.to_parquet(directory / f"{name}.parquet")
    _train(directory, used="income")
    return world


def _train(directory: Path, used: str) -> None:
    rows = make_rows(1500, seed=1)
    rows["debt"] = rows["income"] * np.exp(0.02 * np.random.default_rng(8).normal(size=len(rows)))
    other = "debt" if used == "income" else "income"
    label = 0.1 * rows["income"] - 0.03 * rows["age"]
    fit("xgboost", "regression", rows[list(FEATURES)].assign(**{other: 0.0}), label.to_numpy(), directory)


@pytest.mark.parametrize(
    ("how", "level"), [({}, 2), ({"groups": {"money": ["income", "debt"]}}, 1), ({"find_groups": 0.7}, 1)]
)
def test_a_retrain_that_moves_credit_to_a_twin_is_severe_only_without_groups(
    tmp_path: Path, how: dict[str, Any], level: int
) -> None:
    world = twin_world(tmp_path, how)
    check = checked(world, tmp_path, change=lambda: _train(tmp_path, used="debt"))
    assert check.levels["holdout"] == level
    lines = [line for line in check.evidence if "credit moved inside group" in line]
    assert bool(lines) == bool(how)
    tested = {finding.feature for finding in check.findings if (finding.feature or "").startswith("group ")}
    assert tested == ({f"group {'money' if 'groups' in how else 'income + debt'}"} if how else set())


def test_groups_are_settled_with_the_marks_on_the_inputs_of_new_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = twin_world(tmp_path, {"groups": {"money": ["income", "debt"]}})
    rows = pd.read_parquet(tmp_path / "traffic.parquet")
    rows.assign(income=np.nan).to_parquet(tmp_path / "traffic.parquet")
    told, settle = {}, drift.settle

    def spy(result: ViewResult, *rest: Any) -> Any:
        told[result.view] = rest[-1]
        return settle(result, *rest)

    monkeypatch.setattr(drift, "settle", spy)
    check = checked(world, tmp_path)
    assert (check.verdict, check.level) == ("pipeline", 2)
    assert told == {"holdout": frozenset(), "traffic": {"income"}, "total": {"income"}}


def test_a_group_with_a_misspelt_member_is_refused_by_name(tmp_path: Path) -> None:
    world = build("xgboost", "regression", tmp_path, drift={"groups": {"money": ["income", "dept"]}})
    check = checked(world, tmp_path)
    assert check.outcome == "failed"
    assert check.reason == ConfigError.reason
    assert "drift.groups.money names no feature of the model; seen: dept" in (check.error or "")


def test_a_window_is_compared_with_the_same_season_where_the_holdout_spans_a_year(tmp_path: Path) -> None:
    world = build("xgboost", "binary", tmp_path)
    year = make_rows(900, seed=2, start=START - 52 * WEEK, weeks=60)
    year.to_parquet(tmp_path / "holdout.parquet")
    check = checked(world, tmp_path)
    assert any("same season of the reference" in note for note in check.notes)
    plain = world.monitor.model_copy(update={"drift": world.monitor.drift.model_copy(update={"season_matched": False})})
    other = tmp_path / "other"
    other.mkdir()
    check = checked(World(monitor=plain, directory=tmp_path, traffic_weeks=3), other)
    assert not any("same season" in note for note in check.notes)
