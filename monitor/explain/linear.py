"""Linear models: w_j * (x_j - mean_j), exact and in closed form.

Lundberg and Lee (2017), A Unified Approach to Interpreting Model Predictions, corollary 1 (Linear SHAP), with the
mean taken over the whole background.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.explain.columns import numeric
from monitor.explain.subject import Subject
from monitor.explain.tasks import Run
from monitor.types import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearRun:
    """Coefficients (k, d), mean (d,) and base value (k,)."""

    subject: Subject
    coefficients: Floats
    mean: Floats
    base: Floats

    def __call__(self, rows: Any) -> tuple[Floats, Floats]:
        centred = numeric(self.subject.encode(rows)) - self.mean
        values = centred[:, :, None] * self.coefficients.T[None, :, :]
        return values, np.tile(self.base, (len(values), 1))


def build(subject: Subject, background: Any) -> Run:
    """Exact in margin (the value itself for regressors)."""
    native = subject.native
    found = native.coef_.toarray() if hasattr(native.coef_, "toarray") else native.coef_  # after sparsify()
    coefficients = np.atleast_2d(np.asarray(found, dtype=np.float64))
    mean = numeric(subject.encode(background), what="background").mean(axis=0)
    intercept = np.broadcast_to(np.asarray(native.intercept_, dtype=np.float64), len(coefficients))
    return LinearRun(subject=subject, coefficients=coefficients, mean=mean, base=intercept + coefficients @ mean)
