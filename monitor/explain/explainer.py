"""The room's front: an explainer built once per model, asked for many rows."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Literal

import numpy as np
import pandas as pd

from monitor.errors import DataError, ExplainError
from monitor.explain import additivity, columns, opening, outputs, tasks
from monitor.explain.choice import Choice, choose
from monitor.explain.engines import Context
from monitor.explain.outputs import Chosen
from monitor.explain.pipelines import Opened
from monitor.explain.subject import Subject
from monitor.explain.tasks import Piece, Run
from monitor.settings import ExplainSettings
from monitor.types import Attributions, ExplainerRef, Floats, LoadedModel, Scale

_LIBRARIES = {
    "xgboost": ("xgboost", "xgboost"),
    "lightgbm": ("lightgbm", "lightgbm"),
    "catboost": ("catboost", "catboost"),
    "sklearn": ("scikit-learn", "sklearn"),
    "onnx": ("onnxruntime", "onnxruntime"),
    "torch": ("torch", "torch"),
}
"""Kind of model to the name and the module of the library that runs it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explainer:
    """A model, an engine and a scale, ready. Made by `prepare`."""

    ref: ExplainerRef
    input_features: tuple[str, ...]
    """Columns that rows must have, in any order; further columns are ignored."""
    notes: tuple[str, ...]
    """Fallbacks taken and other things a person should know; also on every result."""
    _work: _Work
    _settings: ExplainSettings
    _task_rows: int
    _spread: bool

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Class labels of the model; None for regression."""
        return self._work.subject.classes

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Attribution columns of every result: the features, or `feature[class]` where classes are explained."""
        return self._work.chosen.names(self.input_features)

    def explain(self, rows: pd.DataFrame) -> Attributions:
        """Attributions of every row, checked against the model's own output.

        Values do not depend on the order of the columns nor on how rows are batched. No rows give an empty result with
        gap NaN. Raises DataError when columns are missing or hold numbers too large for the model, ExplainError when
        the model refuses the rows, a value is not finite, or base + sum differs from the model's output by more than
        the tolerance.
        """
        rows = columns.select(rows, self.input_features, what="rows to explain")
        notes = (*self.notes, *columns.unknown_categories(rows, self._work.subject.categories))
        if rows.empty:
            d, k = len(self.input_features), len(self._work.chosen.columns)
            return self._attributions((np.empty((0, d, k)), np.empty((0, k)), np.empty((0, k))), float("nan"), notes)
        try:
            with opening.library_errors(f"engine {self.ref.engine} failed on {len(rows)} rows"):
                piece = tasks.explain_rows(self._work, rows, task_rows=self._task_rows, spread=self._spread)
        except ExplainError as error:
            columns.refuse_too_large(rows, error)
            raise
        gap = additivity.verify(
            *piece, engine=self.ref.engine, scale=self.ref.scale, tolerance=self._settings.tolerance
        )
        return self._attributions(piece, gap, notes)

    def predict(self, rows: pd.DataFrame) -> Floats:
        """(n, k): the model's own output in the explained scale, for the explained outputs."""
        rows = columns.select(rows, self.input_features, what="rows to predict")
        if rows.empty:
            return np.empty((0, len(self._work.chosen.columns)))
        with opening.library_errors(f"{self._work.subject.title} failed on {len(rows)} rows"):
            return self._work.predict(rows)

    def _attributions(self, piece: Piece, gap: float, notes: tuple[str, ...]) -> Attributions:
        values, base, predictions = piece
        chosen = self._work.chosen
        return Attributions(
            values=values.reshape(len(values), values.shape[1] * values.shape[2]),
            base_values=base,
            predictions=predictions,
            feature_names=self.feature_names,
            explainer=self.ref,
            additivity_gap=gap,
            source_features=chosen.sources(self.input_features),
            notes=notes,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Work:
    """What one task does; at module level so that joblib can send it to another process."""

    run: Run
    subject: Subject
    scale: Scale
    chosen: Chosen

    def __call__(self, rows: pd.DataFrame) -> Piece:
        values, base = self.run(rows)
        chosen = self.chosen
        return chosen.of_values(values), chosen.of_outputs(base, self.scale), self.predict(rows)

    def predict(self, rows: pd.DataFrame) -> Floats:
        return self.chosen.of_outputs(self.subject.predict(rows, self.scale), self.scale)


def prepare(
    model: LoadedModel,
    *,
    feature_names: Sequence[str] | None,
    background: pd.DataFrame | None,
    settings: ExplainSettings,
    scale: Scale | Literal["auto"],
    class_index: int | Literal["all"] | None,
) -> Explainer:
    """Open the model, choose the engine, try it on the background, and fix what makes results comparable.

    feature_names: columns in the model's order, for models that do not know them. background: rows (the holdout) for
    engines that integrate over some and for trying the engine; without it only engines that need none work. Raises
    ConfigError for settings that do not fit the model, DataError for a background without rows or without its columns,
    ExplainError when the model cannot be explained so that attributions add up.
    """
    if background is not None and not len(background):
        raise DataError(
            "background", seen="0 rows", expected="at least one row with the model's columns",
            hint="give rows of the holdout, or none at all for engines that need none",
        )  # fmt: skip
    opened = opening.open_model(model, feature_names, background)
    features = opened.whole.features
    source = None if background is None else columns.select(background, features, what="background")
    opened, known_scale, answer = opening.settle(opened, scale, source)
    whole = opened.whole
    if answer is not None and not np.isfinite(answer).all():
        bad = int((~np.isfinite(answer)).any(axis=1).sum())
        raise DataError(
            f"{whole.title} predicts no finite number for some background rows", seen=f"{bad} of {len(answer)} rows",
            expected="finite predictions", hint="check missing and extreme values in the holdout",
        )  # fmt: skip
    chosen = outputs.choose(whole.title, whole.classes, whole.n_outputs or 1, class_index)
    context = Context(scale=known_scale, settings=settings, source=source)
    choice = choose(opened, context, answer)
    return Explainer(
        ref=_reference(model, opened, choice, known_scale, chosen),
        input_features=features,
        notes=(*whole.notes, *choice.notes, *_scale_notes(whole, known_scale, choice)),
        _work=_Work(run=choice.run, subject=whole, scale=known_scale, chosen=chosen),
        _settings=settings,
        _task_rows=min(settings.chunk_rows, choice.engine.task_rows),
        _spread=choice.engine.one_core or not (whole.threads or choice.engine.threaded),
    )


def explain(model: LoadedModel, rows: pd.DataFrame, **options: Any) -> Attributions:
    """`prepare(model, **options).explain(rows)`, for a single use."""
    return prepare(model, **options).explain(rows)


def _scale_notes(whole: Subject, scale: Scale, choice: Choice) -> tuple[str, ...]:
    if scale == whole.scales[0] or whole.structure == "other":
        return ()
    return (
        f"scale {scale} as configured, by engine {choice.engine.name}; {whole.title} is explained in {whole.scales[0]}",
    )


def _reference(model: LoadedModel, opened: Opened, choice: Choice, scale: Scale, chosen: Chosen) -> ExplainerRef:
    """What identifies the explainer; its digest changes with anything that can change a value."""
    engine = choice.engine
    libraries = {**model.libraries, **_libraries(opened, engine.uses_shap, engine.exact)}
    content: dict[str, Any] = {
        "engine": engine.name,
        "exact": engine.exact,
        "scale": scale,
        "class_index": chosen.index,
        "config": choice.config,
        "libraries": libraries,
    }
    return ExplainerRef(**content, digest=_digest(content))


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _libraries(opened: Opened, uses_shap: bool, exact: bool) -> dict[str, str]:
    """Versions of whatever computes: the model's library, shap where it is used, numpy where it draws."""
    modules = [_LIBRARIES[kind] for kind in {opened.whole.kind, opened.last.kind} if kind in _LIBRARIES]
    if opened.transform is not None:
        modules.append(_LIBRARIES["sklearn"])
    found = {name: str(importlib.import_module(module).__version__) for name, module in modules}
    if uses_shap:
        found["shap"] = metadata.version("shap")  # importing it takes seconds and is the engine's business
    if not exact:
        found["numpy"] = np.__version__
    return found
