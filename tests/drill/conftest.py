"""A monitor with labels, and traffic whose first week is another population."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.drill import Drill, run_drill
from monitor.drill.incident import Scene
from monitor.pipeline import build_reference, open_subject
from monitor.settings import Settings
from tests.e2e.world import START, WEEK, World, build, make_label, slot

NOW = datetime(2024, 6, 1, tzinfo=UTC)
OTHER_WEEK = f"{START + 8 * WEEK:%Y-%m-%dT%H:%MZ}..{START + 9 * WEEK:%Y-%m-%dT%H:%MZ}"
"""The week of traffic in which incomes are another population's."""
END = slot(4) + timedelta(minutes=1)


def make_world(directory: Path, family: str = "xgboost", task: Any = "binary", **monitor: Any) -> World:
    world = build(family, task, directory, weeks=5, **monitor)
    holdout = pd.read_parquet(directory / "holdout.parquet")
    holdout.assign(label=make_label(holdout, task)).to_parquet(directory / "holdout.parquet")
    traffic = pd.read_parquet(directory / "traffic.parquet")
    other = (traffic["timestamp"] < START + 9 * WEEK).to_numpy()
    traffic["income"] = np.where(other, traffic["income"] * 0.35 + 1, traffic["income"])
    traffic.to_parquet(directory / "traffic.parquet")
    labelled = world.monitor.holdout.model_copy(update={"label": "label"})
    return World(world.monitor.model_copy(update={"holdout": labelled}), directory, 5)


def settings_of(world: World, url: str | None = None) -> Settings:
    return Settings(store={"url": url or f"sqlite:///{world.directory}/store.db"}, monitors=(world.monitor,))


def drill(world: World, inject: str, *, quiet: int = 1, checks: int = 1, url: str | None = None) -> Drill:
    settings = settings_of(world, url)
    return run_drill(settings, world.monitor.name, inject, quiet=quiet, checks=checks, until=END, clock=lambda: NOW)


def scene_of(world: World, directory: Path) -> Scene:
    subject = open_subject(world.monitor)
    reference = build_reference(world.monitor, subject, author="ada", reason="test", now=NOW)
    return Scene(monitor=world.monitor, subject=subject, reference=reference, directory=directory)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("drill"))


@pytest.fixture(scope="session")
def scene(world: World, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return scene_of(world, tmp_path_factory.mktemp("scene"))
