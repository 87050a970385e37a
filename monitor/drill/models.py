"""Incidents in the model: the rows stay as they are, their answers do not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor import sources
from monitor.drill.grammar import number, wrong
from monitor.drill.incident import Incident, Scene
from monitor.drill.refit import refit
from monitor.errors import ConfigError
from monitor.pipeline import Subject
from monitor.pipeline.subject import Explains
from monitor.settings import MonitorSettings
from monitor.types import Attributions, ExplainerRef

if TYPE_CHECKING:
    import pandas as pd


def scale(rest: str, scene: Scene) -> Incident:
    """scale:FEATURE:FACTOR."""
    name, _, by = rest.rpartition(":")
    feature = scene.feature(name or rest)
    factor = number("scale", by if name else "")
    if factor == 1:
        raise wrong("scale", rest, "a factor other than 1")
    made = scene.reference.attributions
    source_of = dict(zip(made.feature_names, made.source_features or made.feature_names, strict=True))
    return Incident(
        words=f"the model counts {feature} {factor:g} times as much",
        monitor=scene.monitor,
        columns=(source_of.get(feature, feature),),
        subject=partial(_scaled, feature, factor),
    )


def model(rest: str, scene: Scene) -> Incident:
    """model:PATH."""
    if not rest:
        raise wrong("model", rest, "a model file, as in model:candidate.ubj")
    monitor = _with_model(scene.monitor, {"path": rest})
    loaded = sources.load_model(monitor.model)
    if loaded.digest == scene.subject.model.digest:
        raise ConfigError(
            f"model {rest} is the model in force",
            seen=f"sha256 {loaded.digest[:12]} for both",
            expected="another model",
            hint="inject retrain to have one made",
        )
    return Incident(words=f"{rest} is in force instead of {scene.subject.model.location}", monitor=monitor)


def retrain(rest: str, scene: Scene) -> Incident:
    """retrain[:SEED]."""
    seed = number("retrain", rest) if rest else 0.0
    if seed < 0 or seed != int(seed):
        raise wrong("retrain", rest, "a seed: a whole number, 0 or more")
    made = refit(scene.subject, directory=scene.directory, seed=int(seed), title=f"monitor {scene.monitor.name!r}")
    return Incident(
        words=f"the model is refitted on a bootstrap of {made.rows} labelled rows of the holdout, seed {int(seed)}",
        monitor=_with_model(scene.monitor, made.settings),
        notes=made.notes,
    )


def _with_model(monitor: MonitorSettings, given: Mapping[str, Any]) -> MonitorSettings:
    """The monitor with another model file under the same version label, as a silent replacement leaves it."""
    nothing = {"path": None, "uri": None, "factory": None, "format": "auto", "trust": False, "sha256": None}
    return monitor.model_copy(update={"model": monitor.model.model_copy(update={**nothing, **given})})


def _scaled(feature: str, factor: float, subject: Subject) -> Subject:
    """The subject as if its model counted a feature more or less; its digest says that the model is another one."""
    digest = hashlib.sha256(f"{subject.model.digest} {feature} times {factor!r}".encode()).hexdigest()
    explainer = ScaledExplainer(inner=subject.explainer, feature=feature, factor=factor)
    return replace(subject, model=replace(subject.model, digest=digest), explainer=explainer)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledExplainer:
    """An explainer of a model that counts one feature `factor` times as much.

    Attributions of the feature are multiplied, and what that adds goes into the prediction: base value plus
    attributions still equal the output of the model that is played here.
    """

    inner: Explains
    feature: str
    """Attribution column, or input column: then all attribution columns made from it."""
    factor: float

    @property
    def ref(self) -> ExplainerRef:
        return self.inner.ref

    @property
    def input_features(self) -> tuple[str, ...]:
        return self.inner.input_features

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self.inner.feature_names

    @property
    def classes(self) -> tuple[str, ...] | None:
        return self.inner.classes

    def explain(self, rows: pd.DataFrame) -> Attributions:
        found = self.inner.explain(rows)
        values, predictions = found.values.copy(), found.predictions.copy()
        names = zip(found.feature_names, found.source_features or found.feature_names, strict=True)
        for column, (name, source) in enumerate(names):
            if self.feature in (name, source):
                added = (self.factor - 1) * values[:, column]
                values[:, column] += added
                # Attribution columns of several classes alternate: feature by feature, one column per class.
                predictions[:, column % predictions.shape[1]] += added
        return replace(found, values=np.asarray(values), predictions=np.asarray(predictions))
