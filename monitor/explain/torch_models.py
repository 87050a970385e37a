"""PyTorch modules over one float tensor of all columns, where torch is installed: expected gradients and DeepLIFT."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from monitor.errors import ConfigError
from monitor.explain.columns import numeric
from monitor.explain.shap_library import drawing, load_shap
from monitor.explain.subject import Subject
from monitor.explain.tasks import Run
from monitor.types import Floats, Scale

LIBRARY = "torch"
GRADIENT_SAMPLES = 1000
"""shap's default of 200 leaves gaps of several percent."""


def open_model(native: Any, features: tuple[str, ...]) -> Subject:
    """The module is put into evaluation mode: dropout would make every answer a different one."""
    native.eval()
    return Subject(
        native=native,
        kind="torch",
        title=f"torch module {type(native).__name__}",
        structure="other",
        features=features,
        classes=None,
        n_outputs=None,
        scales=("margin", "probability"),
        encode=numeric,
        output=partial(_output, native),
        threads=True,
    )


def require_torch(engine: str) -> Any:
    """The torch module. Raises ConfigError where it is not installed."""
    try:
        import torch
    except ImportError as error:
        raise ConfigError(
            f"explain.engine {engine} needs PyTorch", seen="torch is not installed", expected="an installed torch",
            hint="pip install torch, or use explain.engine permutation",
        ) from error  # fmt: skip
    return torch


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TorchRun:
    """shap's gradient or deep explainer; one row at a time, each from the same seed."""

    subject: Subject
    background: Floats
    method: Literal["gradient", "deep"]
    samples: int
    seed: int

    def __call__(self, rows: Any) -> tuple[Floats, Floats]:
        torch = require_torch(self.method)
        shap = load_shap()
        module = _with_columns(torch, self.subject.native)
        kind = _dtype(self.subject.native)
        given = torch.tensor(self.background, dtype=kind)
        encoded = torch.tensor(self.subject.encode(rows), dtype=kind)
        if self.method == "deep":
            values = shap.DeepExplainer(module, given).shap_values(encoded, check_additivity=False)
        else:
            explainer = shap.GradientExplainer(module, given)
            with drawing():
                parts = [
                    explainer.shap_values(encoded[i : i + 1], nsamples=self.samples, rseed=self.seed % 2**32)
                    for i in range(len(encoded))
                ]
            values = np.concatenate(parts)
        values = np.asarray(values, dtype=np.float64)
        values = values[:, :, None] if values.ndim == 2 else values
        base = self.subject.output(self.background, "margin").mean(axis=0)
        return values, np.tile(base, (len(values), 1))


def build(subject: Subject, background: Any, method: Literal["gradient", "deep"], *, samples: int, seed: int) -> Run:
    """Approximate (gradient) or by DeepLIFT's rules (deep), over `background`; in the module's own output."""
    require_torch(method)
    return TorchRun(subject=subject, background=subject.encode(background), method=method, samples=samples, seed=seed)


def _output(native: Any, encoded: Floats, _scale: Scale) -> Floats:
    import torch

    with torch.no_grad():
        answer = native(torch.tensor(encoded, dtype=_dtype(native)))
    return np.asarray(answer.detach().cpu().numpy(), dtype=np.float64).reshape(len(encoded), -1)


def _dtype(native: Any) -> Any:
    import torch

    return next((parameter.dtype for parameter in native.parameters()), torch.float32)


def _with_columns(torch: Any, native: Any) -> Any:
    """shap needs outputs of two dimensions; many modules squeeze the last one away."""

    class Columns(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = native

        def forward(self, rows: Any) -> Any:
            answer = self.inner(rows)
            return answer[:, None] if answer.ndim == 1 else answer

    return Columns().eval()
