"""A model file whose base value alone changed: the trees, and so all attributions, stay as they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from monitor.pipeline import create_reference, perform
from monitor.store import Store
from tests.e2e.world import build, slot

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def test_a_new_base_value_under_the_same_trees_is_the_models_and_raises_the_holdout(tmp_path: Path) -> None:
    watched = build("xgboost", "binary", tmp_path)
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        store.upgrade()
        store.register(watched.monitor, cadence="weekly", interval_seconds=604800, config_digest="c", now=NOW)
        create_reference(watched.monitor, store, author="ana", reason="first", now=NOW)
        _raise_base(Path(watched.monitor.model.path or ""), by=6.0)
        claim = store.claim(watched.monitor.name, slot(0), owner="t|1|1|1", lease=timedelta(minutes=5), now=NOW)
        assert claim is not None
        check = store.check(perform(watched.monitor, claim, store, clock=lambda: NOW).id)

    assert check is not None
    assert (check.verdict, check.level, check.levels["holdout"]) == ("model", 2, 2)
    assert not any(found.level for found in check.findings)
    assert "Every prediction on the holdout moved by +6" in check.sentence
    assert "the base value changed from" in check.sentence


def _raise_base(path: Path, *, by: float) -> None:
    """Write the model again with a base score that is `by` log-odds higher."""
    import xgboost as xgb

    booster = xgb.Booster(model_file=path)
    model = json.loads(booster.save_raw("json"))
    held = model["learner"]["learner_model_param"]
    odds = float(held["base_score"].strip("[]"))
    raised = 1 / (1 + np.exp(-(np.log(odds / (1 - odds)) + by)))
    held["base_score"] = f"[{raised:.9g}]" if held["base_score"].startswith("[") else f"{raised:.9g}"
    booster.load_model(bytearray(json.dumps(model).encode()))
    booster.save_model(path)
