"""The engines, one literal table: what each fits, how it is built, and every setting that can change its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import pandas as pd

from monitor.errors import ConfigError
from monitor.explain import (
    catboost_models,
    columns,
    lightgbm_models,
    linear,
    permutation,
    shap_sampling,
    torch_models,
    tree,
    xgboost_models,
)
from monitor.explain.subject import Subject
from monitor.explain.tasks import Run
from monitor.settings import ExplainSettings
from monitor.types import Floats, Scale

Build = Callable[[Subject, "Context"], tuple[Run, Mapping[str, Any]]]
Unfit = Callable[[Subject, Scale], str | None]
Verify = Callable[[Any, Subject, Any, Floats], None]
"""(run, subject, rows, values)"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Context:
    """What engines are built with."""

    scale: Scale
    settings: ExplainSettings
    source: pd.DataFrame | None
    """The background in source columns."""
    transform: Any = None
    """Source columns to what a pipeline's last step takes."""

    def all_rows(self) -> tuple[Any, dict[str, Any]]:
        """The whole background and what to record of it."""
        return self._background(self._given())

    def drawn_rows(self) -> tuple[Any, dict[str, Any]]:
        """`background_rows` of the background, drawn by seed, and what to record of them."""
        return self._background(columns.draw(self._given(), self.settings.background_rows, self.settings.seed))

    def _given(self) -> pd.DataFrame:
        if self.source is None or self.source.empty:
            raise ConfigError(
                "this engine integrates over background rows", seen="no background",
                expected="rows with the model's columns", hint="pass the holdout as background",
            )  # fmt: skip
        return self.source

    def _background(self, rows: pd.DataFrame) -> tuple[Any, dict[str, Any]]:
        record = {"background": columns.digest(rows), "background_rows": len(rows)}
        return (rows if self.transform is None else self.transform(rows)), record


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One way to explain."""

    name: str
    exact: bool
    looks_inside: bool
    """Reads the model itself (of a pipeline its last step); otherwise it only asks it."""
    unfit: Unfit
    """Why it does not fit a model in a scale; None when it does."""
    build: Build
    task_rows: int
    """Rows of one task: few for slow engines, so that several cores find work."""
    uses_shap: bool = False
    threaded: bool = False
    """Uses several cores by itself."""
    one_core: bool = False
    """Computes on one core even where the model's own predict uses several."""
    verify: Verify | None = None
    """Compares what the engine gave for some rows with an independent witness; raises ExplainError."""


def _of_kind(kind: str) -> Unfit:
    def unfit(subject: Subject, scale: Scale) -> str | None:
        if subject.kind != kind:
            return f"it reads {kind} models, this is {subject.title}"
        if subject.structure != "tree":
            part = " with linear leaves" if kind == "lightgbm" else " by trees"
            return f"{kind} does not explain {subject.title}{part}"
        return None if scale == "margin" else "it explains the margin, not the probability"

    return unfit


def _not_tree(subject: Subject, scale: Scale) -> str | None:
    if subject.structure != "tree":
        return f"it reads tree models, this is {subject.title}"
    return None if scale == subject.scales[0] else f"it explains the {subject.scales[0]} of this model, not the {scale}"


def _not_compiled(subject: Subject, scale: Scale) -> str | None:
    if subject.kind == "catboost":
        return "CatBoost's own contributions are faster"
    return _not_tree(subject, scale)


def _not_interventional(subject: Subject, scale: Scale) -> str | None:
    if subject.structure != "tree":
        return f"it reads tree models, this is {subject.title}"
    if scale != subject.scales[0] and subject.n_outputs != 1:
        return "it explains probabilities of binary models only"
    return None


def _not_linear(subject: Subject, scale: Scale) -> str | None:
    if subject.structure != "linear":
        return f"it reads linear models, this is {subject.title}"
    return None if scale == "margin" else "it explains the margin, not the probability"


def _not_torch(subject: Subject, _scale: Scale) -> str | None:
    return None if subject.kind == "torch" else f"it reads torch modules, this is {subject.title}"


def _fits(_subject: Subject, _scale: Scale) -> str | None:
    return None


def _native(build: Callable[[Subject], Run], calculation: str, subject: Subject, _context: Context) -> Any:
    return build(subject), {"calculation": calculation, "perturbation": "tree_path_dependent"}


def _compiled(subject: Subject, _context: Context) -> tuple[Run, dict[str, Any]]:
    from monitor.explain.forests.build import build

    return build(subject), {"perturbation": "tree_path_dependent"}


def _verify_compiled(run: Any, subject: Subject, rows: Any, values: Floats) -> None:
    from monitor.explain.forests.build import verify

    verify(run, subject, rows, values)


def _tree(subject: Subject, _context: Context) -> tuple[Run, dict[str, Any]]:
    return tree.build_path_dependent(subject), {"perturbation": "tree_path_dependent"}


def _interventional(subject: Subject, context: Context) -> tuple[Run, dict[str, Any]]:
    rows, record = context.drawn_rows()
    run = tree.build_interventional(subject, rows, context.scale)
    return run, {"perturbation": "interventional", "seed": context.settings.seed, **record}


def _linear(subject: Subject, context: Context) -> tuple[Run, dict[str, Any]]:
    rows, record = context.all_rows()
    return linear.build(subject, rows), {"perturbation": "interventional", **record}


def _permutation(subject: Subject, context: Context) -> tuple[Run, dict[str, Any]]:
    rows, record = context.drawn_rows()
    rounds = permutation.rounds_for(len(subject.features), len(rows), context.settings.max_evals)
    run = permutation.build(subject, rows, context.scale, rounds=rounds, seed=context.settings.seed)
    return run, {"perturbation": "interventional", "seed": context.settings.seed, "rounds": rounds, **record}


def _sampled(method: Literal["kernel", "sampling"], subject: Subject, context: Context) -> tuple[Run, dict[str, Any]]:
    rows, record = context.drawn_rows()
    settings = context.settings
    run = shap_sampling.SampledRun(
        subject=subject, scale=context.scale, background=rows, method=method, samples=settings.max_evals,
        seed=settings.seed,
    )  # fmt: skip
    return run, {"perturbation": "interventional", "seed": settings.seed, "samples": settings.max_evals, **record}


def _torch(method: Literal["gradient", "deep"], subject: Subject, context: Context) -> tuple[Run, dict[str, Any]]:
    rows, record = context.drawn_rows()
    chosen = context.settings.max_evals
    samples = torch_models.GRADIENT_SAMPLES if isinstance(chosen, str) else chosen
    run = torch_models.build(subject, rows, method, samples=samples, seed=context.settings.seed)
    drawn = {"samples": samples} if method == "gradient" else {}
    return run, {"seed": context.settings.seed, **drawn, **record}


ENGINES: tuple[Engine, ...] = (
    Engine(
        name="tree-compiled", exact=True, looks_inside=True, unfit=_not_compiled, task_rows=100_000, build=_compiled,
        threaded=True, verify=_verify_compiled,
    ),
    Engine(
        name="xgboost-native", exact=True, looks_inside=True, unfit=_of_kind("xgboost"), task_rows=100_000,
        build=partial(_native, xgboost_models.build_native, "pred_contribs"),
    ),
    Engine(
        name="lightgbm-native", exact=True, looks_inside=True, unfit=_of_kind("lightgbm"), task_rows=100_000,
        build=partial(_native, lightgbm_models.build_native, "pred_contrib"),
    ),
    Engine(
        name="catboost-native", exact=True, looks_inside=True, unfit=_of_kind("catboost"), task_rows=100_000,
        build=partial(_native, catboost_models.build_native, "ShapValues"),
    ),
    Engine(
        name="tree", exact=True, looks_inside=True, unfit=_not_tree, task_rows=250, build=_tree, uses_shap=True,
    ),
    Engine(
        name="tree-interventional", exact=True, looks_inside=True, unfit=_not_interventional, task_rows=100,
        build=_interventional, uses_shap=True, one_core=True,
    ),
    Engine(
        name="linear", exact=True, looks_inside=True, unfit=_not_linear, task_rows=100_000, build=_linear,
    ),
    Engine(
        name="permutation", exact=False, looks_inside=False, unfit=_fits, task_rows=50, build=_permutation,
    ),
    Engine(
        name="kernel", exact=False, looks_inside=False, unfit=_fits, task_rows=10, build=partial(_sampled, "kernel"),
        uses_shap=True,
    ),
    Engine(
        name="sampling", exact=False, looks_inside=False, unfit=_fits, task_rows=5, build=partial(_sampled, "sampling"),
        uses_shap=True,
    ),
    Engine(
        name="gradient", exact=False, looks_inside=True, unfit=_not_torch, task_rows=100,
        build=partial(_torch, "gradient"), uses_shap=True,
    ),
    Engine(
        name="deep", exact=False, looks_inside=True, unfit=_not_torch, task_rows=100, build=partial(_torch, "deep"),
        uses_shap=True,
    ),
)  # fmt: skip
BY_NAME: Mapping[str, Engine] = {engine.name: engine for engine in ENGINES}
