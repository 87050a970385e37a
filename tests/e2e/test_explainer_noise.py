"""An approximate explainer gives other numbers with another seed; that is noise, not drift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.pipeline import create_reference, perform
from monitor.store import Store
from monitor.types import Check
from tests.e2e.world import World, build, slot

NOW = datetime(2024, 6, 1, tzinfo=UTC)
NOISY = {"engine": "permutation", "background_rows": 2, "max_evals": 12}
"""Two background rows say little about a population: another two, another explanation."""


def checked_with_another_seed(directory: Path, runs: int) -> tuple[Store, Check]:
    world: World = build("xgboost", "binary", directory, explain={**NOISY, "noise_runs": runs})
    store = Store.open(f"sqlite:///{directory / 'store.db'}")
    store.upgrade()
    store.register(world.monitor, cadence="weekly", interval_seconds=604800.0, config_digest="test", now=NOW)
    create_reference(world.monitor, store, author="ada", reason="first", now=NOW)
    reseeded = world.monitor.model_copy(update={"explain": world.monitor.explain.model_copy(update={"seed": 99})})
    claim = store.claim(reseeded.name, slot(0), owner="test|boot|1|1", lease=timedelta(minutes=5), now=NOW)
    assert claim is not None
    return store, perform(reseeded, claim, store, clock=lambda: NOW)


@pytest.mark.parametrize(("runs", "severe"), [(6, False), (0, True)])
def test_another_seed_alone_is_severe_only_where_the_reference_did_not_learn_the_noise(
    tmp_path: Path, runs: int, severe: bool
) -> None:
    store, check = checked_with_another_seed(tmp_path, runs)
    with store:
        assert (check.levels["holdout"] == 2) == severe
        noise = store.active_reference(check.monitor).noise
    if not runs:
        assert noise is None
        return
    assert {len(bound) for two in noise.values() for bound in two} == {5}
    assert all(severe >= warning >= 0 for two in noise.values() for warning, severe in zip(*two, strict=True))
    limits = [f for f in check.findings if f.view == "holdout" and f.test == "ks"]
    assert [f.threshold for f in limits] == [max(0.1, bound) for bound in noise["ks"][0]]


def test_exact_explainers_have_no_noise_to_learn(tmp_path: Path) -> None:
    world = build("xgboost", "binary", tmp_path)
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as store:
        store.upgrade()
        store.register(world.monitor, cadence="weekly", interval_seconds=604800.0, config_digest="test", now=NOW)
        assert create_reference(world.monitor, store, author="ada", reason="first", now=NOW).noise is None
