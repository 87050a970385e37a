"""Segments from the columns of a file to the verdict, the stored findings, the page and the metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.pipeline import create_reference, perform
from monitor.publish.segments import segment_rows
from monitor.store import Store
from monitor.types import Check
from tests.e2e.world import START, WEEK, World, build, slot

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def world(directory: Path, **columns: Any) -> World:
    return build(
        "xgboost",
        "binary",
        directory,
        holdout_rows=1500,
        weekly_rows=1000,
        sample={"rows": 900},
        predictions={
            "path": str(directory / "traffic.parquet"),
            "columns": {"time": "timestamp", "id": "row_id", "segments": ["region"], **columns},
        },
    )


def with_regions(directory: Path, *, holdout: bool = True) -> None:
    for name in ("holdout", "traffic"):
        rows = pd.read_parquet(directory / f"{name}.parquet")
        rows["region"] = np.random.default_rng(4).choice(
            ["north", "south", "east", "west"], len(rows), p=[0.4, 0.3, 0.2, 0.1]
        )
        if name == "traffic":
            second = rows["timestamp"] >= START + 9 * WEEK
            moved = second & (rows["region"] == "west")
            rows.loc[moved, "income"] = rows.loc[moved, "income"].to_numpy() * 0.4 + 1
        elif not holdout:
            rows = rows.drop(columns="region")
        rows.to_parquet(directory / f"{name}.parquet")


def checked(watched: World, store: Store, week: int) -> Check:
    claim = store.claim(watched.monitor.name, slot(week), owner="test|boot|1|1", lease=timedelta(minutes=5), now=NOW)
    assert claim is not None
    check = perform(watched.monitor, claim, store, clock=lambda: NOW)
    kept = store.check(check.id)
    assert kept is not None
    assert kept.findings == check.findings
    return kept


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        opened.upgrade()
        yield opened


def prepared(watched: World, store: Store) -> None:
    store.register(watched.monitor, cadence="weekly", interval_seconds=604800.0, config_digest="test", now=NOW)
    create_reference(watched.monitor, store, author="ada", reason="first", now=NOW)


def test_a_tenth_of_the_traffic_that_drifts_is_found_and_named(tmp_path: Path, store: Store) -> None:
    watched = world(tmp_path)
    with_regions(tmp_path)
    prepared(watched, store)
    before, after = checked(watched, store, 0), checked(watched, store, 1)
    assert (before.verdict, before.level) == ("none", 0)
    assert after.verdict == "data"
    assert "region=west" in after.sentence
    rows = {row.segment: row for row in segment_rows(after)}
    assert set(rows) == {"region=north", "region=south", "region=east", "region=west"}
    assert rows["region=west"].level
    assert rows["region=west"].feature == "income"
    assert [rows[f"region={name}"].level for name in ("north", "south", "east")] == [0, 0, 0]
    history = store.history(watched.monitor.name)
    assert set(history[-1].feature_levels) == {"income", "age", "debt", "tenure", "noise"}


def test_a_holdout_without_the_column_is_said_and_the_check_goes_on(tmp_path: Path, store: Store) -> None:
    watched = world(tmp_path)
    with_regions(tmp_path, holdout=False)
    prepared(watched, store)
    check = checked(watched, store, 0)
    assert check.verdict == "none"
    assert "segments of region are not judged: the holdout has no column region" in check.notes
    (row,) = segment_rows(check)
    assert (row.level, row.reason) == (None, "the holdout has no column region")


def test_a_segment_column_added_later_leaves_the_reference_valid(tmp_path: Path, store: Store) -> None:
    watched = world(tmp_path)
    with_regions(tmp_path, holdout=False)
    prepared(watched, store)
    with_regions(tmp_path)
    assert checked(watched, store, 0).outcome == "succeeded"
