"""scikit-learn pipelines: explained in what the last step sees, summed back to the columns that came in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from monitor.explain import mapping, sklearn_models
from monitor.explain.subject import Subject
from monitor.explain.tasks import Run
from monitor.types import Floats, Scale


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """A model, and where it is a pipeline what stands inside."""

    whole: Subject
    """Takes the source columns."""
    last: Subject
    """The last step, which takes what the steps before it put out; `whole` again for a model without steps."""
    transform: Any = None
    """Source rows to what the last step takes; None for a model without steps."""
    folding: Floats | None = None
    """(transformed columns, source columns); None for a model without steps and where steps mix columns."""
    reason: str | None = None
    """Why the last step's attributions cannot be summed back to source columns."""

    def folded(self, inner: Run) -> Run:
        """An engine's run on the last step, as a run on source columns."""
        if self.transform is None:
            return inner
        assert self.folding is not None  # engines that look inside are refused without it
        return FoldedRun(inner=inner, transform=self.transform, folding=self.folding)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoldedRun:
    """An engine on the last step, its attributions summed to source columns."""

    inner: Run
    transform: Any
    folding: Floats

    def __call__(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        values, base = self.inner(self.transform(rows))
        return np.einsum("ntk,td->ndk", values, self.folding), base


def whole_pipeline(native: Any, last: Subject, features: tuple[str, ...]) -> Subject:
    """The pipeline as one model, predicting through its own methods where it has them."""
    names = getattr(native, "feature_names_in_", None)
    return replace(
        last,
        native=native,
        title=f"pipeline ending in {last.title}",
        features=features,
        encode=partial(sklearn_models.encode, names),
        output=partial(_output, native, last),
    )


def take_apart(native: Any, last: Subject, features: tuple[str, ...], background: pd.DataFrame | None) -> Opened:
    """`last` was opened on the last step. Without a background the mapping cannot be checked, hence is not used."""
    whole = whole_pipeline(native, last, features)
    transform = partial(_transform, native, whole.encode)
    folding, reason = None, None
    try:
        if background is None:
            raise mapping.MixedColumnsError("there is no background to check the column mapping on")
        sources = mapping.source_positions(native[:-1], features)
        mapping.verify(transform, sources, background)
        folding = mapping.folding(sources, len(features))
    except mapping.MixedColumnsError as error:
        reason = str(error)
    return Opened(whole=whole, last=last, transform=transform, folding=folding, reason=reason)


def _transform(native: Any, encode: Any, rows: pd.DataFrame) -> Any:
    return native[:-1].transform(encode(rows))


def _output(native: Any, last: Subject, encoded: Any, scale: Scale) -> Floats:
    """The last step's own predict, reached through the pipeline wherever it offers the scale."""
    n = encoded.shape[0]
    if last.kind == "sklearn":
        return sklearn_models.output(native, encoded, scale)
    if scale == "probability" and hasattr(native, "predict_proba"):
        shares = np.asarray(native.predict_proba(encoded), dtype=np.float64).reshape(n, -1)
        return shares[:, 1:] if shares.shape[1] == 2 else shares
    return last.output(native[:-1].transform(encoded), scale)
