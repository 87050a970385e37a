"""A model seen from outside: which columns it takes, which outputs it gives, in which scales."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from monitor.types import Floats, Scale

Kind = Literal["xgboost", "lightgbm", "catboost", "sklearn", "onnx", "torch", "callable"]
Structure = Literal["tree", "linear", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One model, or the last step of a pipeline, behind one interface."""

    native: Any
    """The object that predicts."""
    kind: Kind
    title: str
    """Name for messages: the class of the model, with its objective where that matters."""
    structure: Structure
    """`tree` and `linear` models have an exact explanation, `other` models do not."""
    features: tuple[str, ...]
    """Columns of the rows, in the order in which the model takes them."""
    classes: tuple[str, ...] | None
    """Class labels; None for regression."""
    n_outputs: int | None
    """Columns that `output` returns: 1 for regression and binary models (class 1); None until the model was asked."""
    scales: tuple[Scale, ...]
    """What the model can answer in; first the one in which its exact explanation lives."""
    encode: Callable[[Any], Any]
    """Rows (a DataFrame with `features`) to what the model's own predict takes."""
    output: Callable[[Any, Scale], Floats]
    """(encoded rows, scale) -> (n, n_outputs), by the model's own predict."""
    threads: bool = False
    """The model's predict uses several cores by itself."""
    categories: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Column to the categories that the model was trained on; others count as missing."""
    notes: tuple[str, ...] = ()

    def predict(self, rows: pd.DataFrame, scale: Scale) -> Floats:
        """(n, n_outputs) in `scale`."""
        return self.output(self.encode(rows), scale)


def lineage(native: Any) -> frozenset[str]:
    """`package.Class` of the object's class and all its bases: a type test that imports nothing."""
    return frozenset(f"{base.__module__.partition('.')[0]}.{base.__qualname__}" for base in type(native).__mro__)


def as_given(rows: Any) -> Any:
    """Encoding of a pipeline's last step: its rows come ready from the step before."""
    return rows


def binary_or_many(classes: tuple[str, ...] | None) -> int | None:
    """Outputs of a classifier: one for two classes, else one each; None for regression."""
    if classes is None:
        return None
    return 1 if len(classes) <= 2 else len(classes)
