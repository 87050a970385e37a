"""base + sum(attributions) == the model's own output, on every row, or an error. Never repaired."""

from __future__ import annotations

import numpy as np

from monitor.errors import ExplainError
from monitor.types import Floats, Scale


def verify(values: Floats, base: Floats, predictions: Floats, *, engine: str, scale: Scale, tolerance: float) -> float:
    """The largest gap, relative to max(1, abs(prediction)).

    values (n, d, k), base (n, k), predictions (n, k) as the model's own predict gives them in `scale`; n >= 1. Raises
    ExplainError when shapes disagree, a number is not finite, or a gap is over `tolerance`.
    """
    if (
        values.shape[0] != len(predictions)
        or values.shape[2] != predictions.shape[1]
        or base.shape != predictions.shape
    ):
        raise ExplainError(
            f"attributions of engine {engine} have the wrong shape",
            seen=f"values {values.shape}, base {base.shape}",
            expected=f"rows and outputs of the model's prediction {predictions.shape}",
        )
    _finite(predictions, f"the model's own output in scale {scale}", "check the rows for values the model cannot take")
    _finite(base, f"the base value of engine {engine}", "choose another engine under explain.engine")
    _finite(
        values.reshape(len(values), -1),
        f"attributions of engine {engine}",
        "choose another engine under explain.engine",
    )
    if scale == "probability" and (predictions.min() < -1e-9 or predictions.max() > 1 + 1e-9):
        raise ExplainError(
            "the model's output is not a probability", seen=f"{predictions.min():.6g} to {predictions.max():.6g}",
            expected="0 to 1", hint="set model.scale to margin",
        )  # fmt: skip
    total = base + values.sum(axis=1)
    gaps = np.abs(total - predictions) / np.maximum(1.0, np.abs(predictions))
    worst = float(gaps.max())
    if worst > tolerance:
        row, column = (int(place) for place in np.unravel_index(gaps.argmax(), gaps.shape))
        over = int((gaps.max(axis=1) > tolerance).sum())
        raise ExplainError(
            f"attributions of engine {engine} do not add up to the model's {scale}",
            seen=f"row {row} (counted from 0): base + sum = {total[row, column]:.6g}, model = "
            f"{predictions[row, column]:.6g}, relative gap {worst:.3g}; {over} of {len(gaps)} rows over the tolerance",
            expected=f"gap <= {tolerance:g}",
            hint=_next_step(engine),
        )
    return worst


def _finite(numbers: Floats, thing: str, hint: str) -> None:
    bad = np.flatnonzero((~np.isfinite(numbers)).any(axis=1))
    if len(bad):
        raise ExplainError(
            f"{thing}: not finite", seen=f"{len(bad)} of {len(numbers)} rows, first row {bad[0]} (counted from 0)",
            expected="finite numbers", hint=hint,
        )  # fmt: skip


def _next_step(engine: str) -> str:
    if engine == "gradient":
        return "raise explain.max_evals (gradient samples), or explain.tolerance to what you accept, or use engine deep"
    return "set explain.engine to permutation, which adds up by construction, or raise explain.tolerance"
