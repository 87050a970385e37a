"""A retrain on the holdout: where it can be done, and what is said where it cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor import sources
from monitor.drill.kinds import kind_of
from monitor.drill.models import retrain
from monitor.errors import ConfigError, ModelError
from monitor.pipeline import open_subject

from .conftest import make_world, scene_of

FAMILIES = ("xgboost", "lightgbm", "sklearn_forest", "sklearn_boosting", "sklearn_linear")
TASKS = ("binary", "multiclass", "regression")
ALWAYS = {("xgboost", "multiclass"), ("lightgbm", "multiclass"), ("sklearn_linear", "regression")}
"""The other combinations take the same ways."""
CASES = [
    pytest.param(family, task, marks=() if (family, task) in ALWAYS else pytest.mark.slow)
    for family in FAMILIES
    for task in TASKS
]


@pytest.mark.parametrize(("family", "task"), CASES)
def test_a_retrained_model_takes_the_same_columns_and_answers_differently(
    family: str, task: Any, tmp_path: Path
) -> None:
    world = make_world(tmp_path, family, task)
    scene = scene_of(world, tmp_path)

    again = open_subject(retrain("3", scene).monitor)

    assert again.model.digest != scene.subject.model.digest
    assert (again.model.version, again.explainer.input_features) == ("1", scene.subject.explainer.input_features)
    assert again.explainer.ref.digest == scene.subject.explainer.ref.digest
    rows = scene.subject.holdout.rows
    one, two = (subject.explainer.explain(rows).predictions[:, 0] for subject in (scene.subject, again))
    assert np.abs(one - two).max() > 1e-3
    assert np.corrcoef(one, two)[0, 1] > 0.6


def test_a_seed_decides_the_bootstrap(tmp_path: Path) -> None:
    scene = scene_of(make_world(tmp_path), tmp_path)

    digests = [sources.load_model(retrain(seed, scene).monitor.model).digest for seed in ("1", "1", "2")]

    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("family", ["catboost", "onnx"])
def test_a_model_that_cannot_be_fitted_here_is_refused_with_another_way(family: str, tmp_path: Path) -> None:
    scene = scene_of(make_world(tmp_path, family), tmp_path)

    with pytest.raises(ConfigError, match=r"cannot be retrained here.*model:PATH"):
        kind_of("retrain")[0].prepare("", scene)


def test_labels_are_needed(tmp_path: Path) -> None:
    scene = scene_of(make_world(tmp_path), tmp_path)
    labels = scene.subject.holdout.labels
    assert labels is not None
    unlabelled = replace(scene.subject.holdout, labels=None)
    few = replace(scene.subject.holdout, labels=np.where(np.arange(len(labels)) < 49, labels, np.nan))
    words = replace(scene.subject.holdout, labels=np.array(["yes", "no"] * (len(labels) // 2), dtype=object))

    for holdout, kind, said in (
        (unlabelled, ConfigError, "needs labels; seen: no holdout.label.*model:PATH"),
        (few, ConfigError, "needs more labels; seen: 49 of 400"),
        (words, ModelError, "cannot be fitted on the holdout.*model:PATH"),
    ):
        with pytest.raises(kind, match=said):
            retrain("", replace(scene, subject=replace(scene.subject, holdout=holdout)))
