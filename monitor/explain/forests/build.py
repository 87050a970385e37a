"""From a subject to a run: which reader, and the proof that what was read is what the library means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from monitor.explain import lightgbm_models, sklearn_models, xgboost_models
from monitor.explain.forests import proof, read_histogram, read_lightgbm, read_sklearn, read_xgboost
from monitor.explain.forests.ensemble import Ensemble, Tree
from monitor.explain.forests.run import CompiledRun
from monitor.explain.subject import Subject, as_given
from monitor.types import Floats


def build(subject: Subject) -> CompiledRun:
    """Raises ExplainError when the trees cannot be read."""
    return CompiledRun.of(_reader(subject)(subject), subject.encode)


def verify(run: CompiledRun, subject: Subject, rows: Any, values: Floats) -> None:
    """Compare `values`, what `run` gives for `rows`, with slow code that shares nothing with the kernels.

    A sample of the trees against `proof`; XGBoost and LightGBM also against the library's own contributions. Raises
    ExplainError for a difference.
    """
    proof.compare(run.sample, run, rows)
    if subject.kind == "xgboost":
        proof.agree(values, xgboost_models.build_native(subject)(rows)[0], single=True)
    elif subject.kind == "lightgbm":
        proof.agree(values, lightgbm_models.build_native(subject)(rows)[0], single=False)


def _reader(subject: Subject) -> Callable[[Subject], Ensemble]:
    if subject.kind == "xgboost":
        return read_xgboost.read
    if subject.kind == "lightgbm":
        return read_lightgbm.read
    return read_histogram.read if sklearn_models.is_hist(subject.native) else read_sklearn.read


def warm() -> None:
    """Compile the kernels, or load their machine code, by explaining one row of one small tree."""
    stump = Tree(
        left=np.array([1, -1, -1]), right=np.array([2, -1, -1]), feature=np.array([0, -1, -1]), threshold=np.zeros(3),
        missing_left=np.zeros(3, dtype=bool), cover=np.array([2.0, 1.0, 1.0]), values=np.ones((3, 1)), output=0,
    )  # fmt: skip
    ensemble = Ensemble(trees=[stump], matrix=as_given, columns=np.arange(1), n_outputs=1, start=np.zeros(1))
    CompiledRun.of(ensemble, as_given)(np.zeros((1, 1)))
