"""Small models and rows shared by the room's tests. Models are built directly: loading them is another room's work."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.explain import Explainer, prepare
from monitor.settings import ExplainSettings
from monitor.types import Family, LoadedModel

# Thirty small trees gain nothing from threads, which wait for each other actively on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

NUMBERS = ["age", "income", "tenure", "balance"]


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    """240 rows: four numbers without gaps, one category."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(rng.normal(size=(240, 4)), columns=NUMBERS)
    frame["region"] = pd.Categorical(rng.choice(["north", "south", "west"], 240))
    return frame


@pytest.fixture(scope="session")
def gappy(rows: pd.DataFrame) -> pd.DataFrame:
    """The same rows with missing numbers."""
    holes = np.random.default_rng(8).random((len(rows), 4)) < 0.15
    return rows.assign(**rows[NUMBERS].mask(holes))


@pytest.fixture(scope="session")
def score(rows: pd.DataFrame) -> pd.Series:
    """What the models learn: two features together with the category."""
    return rows["age"] + rows["income"] * rows["tenure"] + 1.5 * (rows["region"] == "south") - 0.5


@pytest.fixture(scope="session")
def binary(score: pd.Series) -> np.ndarray:
    return (score > 0).astype(int).to_numpy()


@pytest.fixture(scope="session")
def three(score: pd.Series) -> np.ndarray:
    return np.digitize(score, [-0.6, 0.8])


@pytest.fixture(scope="session")
def loaded() -> Callable[..., LoadedModel]:
    def build(native: Any, family: Family = "sklearn", **fields: Any) -> LoadedModel:
        given = {"format": "test", "digest": "0" * 64, "version": "1", "feature_names": None, "libraries": {}}
        return LoadedModel(native=native, family=family, location="test", **{**given, **fields})

    return build


@pytest.fixture(scope="session")
def opened(loaded: Callable[..., LoadedModel]) -> Callable[..., Explainer]:
    """`opened(native, background, engine="auto", scale="auto", class_index=None, feature_names=None, **settings)`."""

    def build(native: Any, background: pd.DataFrame | None, **options: Any) -> Explainer:
        own = {key: options.pop(key) for key in ("scale", "class_index", "feature_names") if key in options}
        family = options.pop("family", "sklearn")
        return prepare(
            native if isinstance(native, LoadedModel) else loaded(native, family),
            feature_names=own.get("feature_names"),
            background=background,
            settings=ExplainSettings(**options),
            scale=own.get("scale", "auto"),
            class_index=own.get("class_index"),
        )

    return build
