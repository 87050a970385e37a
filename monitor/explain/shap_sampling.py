"""Kernel SHAP and sampling, by shap, for anything that predicts.

shap compares and mixes cells as numbers, so it is given codes: which value of the column a cell holds. The model is
asked with the real rows behind the codes, types and categories kept. Each row starts from the same seed, so values do
not depend on the batch a row comes in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from monitor.explain.shap_library import drawing, load_shap, quiet, reseed
from monitor.explain.subject import Subject
from monitor.explain.swap import Pool
from monitor.types import Floats, Scale

_BLOCK_ROWS = 65_536


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampledRun:
    """One of shap's two model-agnostic explainers over a background."""

    subject: Subject
    scale: Scale
    background: pd.DataFrame
    method: Literal["kernel", "sampling"]
    samples: int | str
    """Coalitions (kernel) or draws (sampling) per row; `auto` is shap's own choice."""
    seed: int

    def __call__(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        shap = load_shap()
        pool = Pool.of(self.background, rows)
        b = len(self.background)
        codes = pool.codes.astype(np.float64)
        with quiet():
            if self.method == "kernel":
                explainer = shap.KernelExplainer(self._model(pool), codes[:b])
            else:
                explainer = shap.SamplingExplainer(self._model(pool), codes[:b])
        values = []
        with drawing():
            for row in codes[b:]:
                reseed(self.seed)
                values.append(self._explain(explainer, row[None, :]))
        base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64))
        return np.concatenate(values), np.tile(base, (len(rows), 1))

    def _explain(self, explainer: Any, row: Floats) -> Floats:
        options: dict[str, Any] = {"nsamples": self.samples, "silent": True}
        if self.method == "kernel":
            options["l1_reg"] = 0  # shap's default keeps ten features only and calls the rest zero
        values = np.asarray(explainer.shap_values(row, **options), dtype=np.float64)
        return values[:, :, None] if values.ndim == 2 else values

    def _model(self, pool: Pool) -> Callable[[Floats], Floats]:
        """Codes (m, d) to outputs (m,) or (m, K)."""
        first = [np.unique(pool.codes[:, j], return_index=True)[1] for j in range(pool.codes.shape[1])]

        def ask(codes: Floats) -> Floats:
            wanted = codes.astype(np.int64)
            parts = []
            for start in range(0, len(wanted), _BLOCK_ROWS):
                block = wanted[start : start + _BLOCK_ROWS]
                source = np.stack([first[j][block[:, j]] for j in range(block.shape[1])])
                parts.append(self.subject.predict(pool.frame(source), self.scale))
            outputs = np.concatenate(parts)
            return outputs[:, 0] if outputs.shape[1] == 1 else outputs

        return ask
