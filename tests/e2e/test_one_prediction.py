"""One prediction, from a real check to what is told of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from monitor.pipeline import create_reference, perform
from monitor.pipeline.one import explain_now, locate
from monitor.publish.explanation import Explanation
from monitor.publish.predictions import explain_kept, explanation_record
from monitor.settings import MonitorSettings
from monitor.store import Store
from monitor.types import QUANTILE_GRID, Check, Profile, Window
from tests.e2e import world

NOW = datetime(2024, 6, 1, tzinfo=UTC)
EVER = Window(start=datetime(2020, 1, 1, tzinfo=UTC), end=NOW)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    store.upgrade()
    return store


def checked(monitor: MonitorSettings, store: Store, week: int = 0) -> Check:
    store.register(monitor, cadence="weekly", interval_seconds=604800.0, config_digest="c0ffee", now=NOW)
    if store.active_reference(monitor.name) is None:
        create_reference(monitor, store, author="ada", reason="first", now=NOW)
    claim = store.claim(monitor.name, world.slot(week), owner="t|b|1|1", lease=timedelta(minutes=5), now=NOW)
    assert claim is not None
    found = perform(monitor, claim, store, clock=lambda: NOW)
    assert found.outcome == "succeeded", found.error
    return found


def told(store: Store, check: Check, row_id: str) -> Explanation:
    return explain_kept(store, store.kept_predictions(row_id, check_id=check.id))


def apart(one: Mapping[str, Any], other: Mapping[str, Any], profiles: Mapping[str, Profile]) -> float:
    """The distance as the documentation defines it, from stored values and the reference's quartiles."""
    q1, q3 = QUANTILE_GRID.index(0.25), QUANTILE_GRID.index(0.75)
    total = 0.0
    for name, profile in profiles.items():
        x, y = one[name], other[name]
        if x is None or y is None:
            total += float((x is None) != (y is None))
            continue
        middle = profile.quantiles[q3] - profile.quantiles[q1]
        total += abs(x - y) / middle
    return total / len(profiles)


def test_the_nearest_row_kept_has_the_other_decision_and_no_kept_row_is_nearer(store: Store, tmp_path: Path) -> None:
    built = world.build("xgboost", "binary", tmp_path)
    traffic = pd.read_parquet(tmp_path / "traffic.parquet")
    traffic.loc[traffic.index % 9 == 0, "tenure"] = np.nan
    traffic.to_parquet(tmp_path / "traffic.parquet")
    check = checked(built.monitor, store)
    profiles = {one.feature: one for one in store.input_profiles(check) if one.side == "reference"}
    above = {row.row_id: (row.prediction or 0.0) >= 0.0 for row in check.rows}

    assert 0.2 < np.mean(list(above.values())) < 0.8
    for row in check.rows[::10]:
        others = [other for other in check.rows if above[other.row_id] != above[row.row_id]]
        distances = [apart(row.inputs, other.inputs, profiles) for other in others]
        best = int(np.argmin(distances))
        assert row.nearest_other is not None
        assert row.nearest_other["row_id"] == others[best].row_id
        assert row.nearest_other["distance"] == pytest.approx(distances[best], rel=1e-12)
        assert not row.nearest_other["holdout"]
        shown = told(store, check, row.row_id).counterparts[0]
        assert (shown.row_id, shown.differs) == (others[best].row_id, tuple(row.nearest_other["differs"]))
        assert shown.distance == row.nearest_other["distance"], "the page finds what the check found"


def test_no_value_is_in_what_is_kept_of_the_nearest_row(store: Store, tmp_path: Path) -> None:
    check = checked(world.build("xgboost", "binary", tmp_path).monitor, store)

    for row in check.rows:
        assert row.nearest_other is not None
        assert set(row.nearest_other) == {"row_id", "distance", "prediction", "differs", "holdout"}
        assert set(row.nearest_other["differs"]) <= set(world.FEATURES)


def test_where_no_kept_row_has_another_decision_the_holdout_is_asked(store: Store, tmp_path: Path) -> None:
    built = world.build("xgboost", "binary", tmp_path)
    traffic = pd.read_parquet(tmp_path / "traffic.parquet")
    traffic.assign(income=0.1, age=79.0).to_parquet(tmp_path / "traffic.parquet")
    check = checked(built.monitor, store)

    assert {(row.prediction or 0.0) >= 0 for row in check.rows} == {False}
    holdout = set(pd.read_parquet(tmp_path / "holdout.parquet")["row_id"])
    for row in check.rows[:20]:
        assert row.nearest_other is not None
        assert row.nearest_other["holdout"]
        assert row.nearest_other["row_id"] in holdout
        assert row.nearest_other["prediction"] >= 0
        (shown,) = told(store, check, row.row_id).counterparts
        assert (shown.holdout, shown.values) == (True, ())


def test_a_threshold_moves_the_line_between_decisions(store: Store, tmp_path: Path) -> None:
    built = world.build("xgboost", "binary", tmp_path)
    predictions = built.monitor.predictions.model_copy(update={"threshold": 0.9})
    check = checked(built.monitor.model_copy(update={"predictions": predictions}), store)

    assert check.decision["threshold"] == pytest.approx(math.log(9))
    for row in check.rows[:30]:
        assert row.nearest_other is not None
        share = 1 / (1 + math.exp(-row.nearest_other["prediction"]))
        assert (share >= 0.9) != (1 / (1 + math.exp(-(row.prediction or 0.0))) >= 0.9)


@pytest.mark.parametrize(("task", "said"), [("regression", "set predictions.threshold"), ("multiclass", "3 classes")])
def test_without_a_decision_nothing_is_near_and_the_reason_is_kept(
    store: Store, tmp_path: Path, task: world.Task, said: str
) -> None:
    check = checked(world.build("xgboost", task, tmp_path).monitor, store)

    assert {row.nearest_other is None for row in check.rows} == {True}
    assert said in check.decision["reason"]
    assert said in str(told(store, check, check.rows[0].row_id).no_counterpart)


def test_of_all_classes_the_one_decided_for_adds_up(store: Store, tmp_path: Path) -> None:
    built = world.build("xgboost", "multiclass", tmp_path)
    model = built.monitor.model.model_copy(update={"class_index": "all"})
    check = checked(built.monitor.model_copy(update={"model": model}), store)

    for row in check.rows[:20]:
        assert row.classes is not None
        best = max(row.classes, key=lambda name: row.classes[name][1])  # type: ignore[index]
        shown = told(store, check, row.row_id)
        assert (shown.explained_class, shown.prediction) == (best, row.classes[best][1])
        assert shown.adds_up
        assert {one.column for one in shown.features} == set(world.FEATURES)
        assert shown.counterparts[0].outcome not in ("", f"class {best}")
        assert row.nearest_other is not None
        assert row.nearest_other["row_id"] == shown.counterparts[0].row_id


@pytest.mark.parametrize("kind", ["parquet", "sqlite"])
def test_explained_now_is_what_the_check_kept(store: Store, tmp_path: Path, kind: str) -> None:
    built = world.build("xgboost", "binary", tmp_path)
    monitor = built.monitor
    if kind == "sqlite":
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'log.db'}")
        log = pd.read_parquet(tmp_path / "traffic.parquet")
        log.assign(timestamp=[one.isoformat() for one in log["timestamp"]]).to_sql("log", engine, index=False)
        engine.dispose()
        moved = {"path": None, "url": f"sqlite:///{tmp_path / 'log.db'}", "table": "log"}
        monitor = monitor.model_copy(update={"predictions": monitor.predictions.model_copy(update=moved)})
    check = checked(monitor, store)
    row = check.rows[17]

    at = locate(monitor, row.row_id, EVER)
    assert at == row.time
    now = explain_now(monitor, store, row.row_id, at)
    kept = told(store, check, row.row_id)

    assert now.about.check is None
    assert (now.prediction, now.base_value, now.outcome) == (kept.prediction, kept.base_value, kept.outcome)
    assert now.features == kept.features
    assert [one.row_id for one in now.counterparts] == [one.row_id for one in kept.counterparts]
    assert now.looked_among == f"the rows that check {check.id} kept"
    assert explanation_record(now)["check"] is None


def test_explained_now_without_any_check_compares_with_the_holdout(store: Store, tmp_path: Path) -> None:
    monitor = world.build("xgboost", "binary", tmp_path).monitor
    row_id = pd.read_parquet(tmp_path / "traffic.parquet")["row_id"][5]
    at = locate(monitor, row_id, EVER)
    assert at is not None
    now = explain_now(monitor, store, row_id, at)

    assert now.looked_among == "the holdout"
    assert {one.holdout for one in now.counterparts} == {True}
    assert now.counterparts[0].values, "the holdout is at hand, so its values can be shown"
    assert all(one.standing.rank is not None for one in now.features)
    assert store.checks() == [], "nothing was stored"


def test_an_id_out_of_the_span_is_not_found(tmp_path: Path) -> None:
    monitor = world.build("xgboost", "binary", tmp_path).monitor
    row_id = pd.read_parquet(tmp_path / "traffic.parquet")["row_id"][5]

    assert locate(monitor, row_id, Window(start=NOW, end=NOW + timedelta(days=1))) is None
    assert locate(monitor, "nobody", EVER) is None
