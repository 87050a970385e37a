"""Which of a model's outputs is explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.errors import ConfigError
from monitor.types import Floats, Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The explained outputs, as columns of the model's own."""

    index: tuple[int, ...] | None
    """Explained classes; None for one-output models."""
    columns: tuple[int, ...]
    """Columns of the model's output."""
    mirrored: bool = False
    """Class 0 of a binary model: the complement of class 1."""
    suffixes: tuple[str, ...] | None = None
    """Class labels when several outputs are explained."""

    def of_values(self, values: Floats) -> Floats:
        """(n, d, K) to (n, d, k)."""
        picked: Floats = values[:, :, list(self.columns)]
        return -picked if self.mirrored else picked

    def of_outputs(self, outputs: Floats, scale: Scale) -> Floats:
        """Predictions or base values, (n, K) to (n, k)."""
        picked: Floats = outputs[:, list(self.columns)]
        if not self.mirrored:
            return picked
        return 1.0 - picked if scale == "probability" else -picked

    def names(self, features: Sequence[str]) -> tuple[str, ...]:
        """Attribution columns: the features, or `feature[class]` feature by feature."""
        if self.suffixes is None:
            return tuple(features)
        return tuple(f"{feature}[{suffix}]" for feature in features for suffix in self.suffixes)

    def sources(self, features: Sequence[str]) -> tuple[str, ...]:
        """The input column behind each attribution column."""
        return tuple(feature for feature in features for _ in self.columns)


def choose(
    title: str, classes: tuple[str, ...] | None, n_outputs: int, class_index: int | Literal["all"] | None
) -> Chosen:
    """Raises ConfigError when a model of several outputs is given none, or one that it does not have."""
    binary = n_outputs == 1 and classes is not None
    if n_outputs == 1 and class_index in (None, "all"):
        return Chosen(index=(1,) if binary else None, columns=(0,))
    names = classes if classes and (binary or len(classes) == n_outputs) else tuple(str(i) for i in range(n_outputs))
    listed = ", ".join(f"{i} ({name})" if name != str(i) else name for i, name in enumerate(names))
    if class_index is None:
        raise ConfigError(
            f"{title} has {n_outputs} outputs; model.class_index must name the explained class", seen="no class_index",
            expected=f"one of {listed}, or all", hint="set model.class_index",
        )  # fmt: skip
    if class_index == "all":
        suffixes = names if len(set(names)) == len(names) else tuple(str(i) for i in range(n_outputs))
        return Chosen(index=tuple(range(n_outputs)), columns=tuple(range(n_outputs)), suffixes=suffixes)
    if not 0 <= class_index < (2 if binary else n_outputs) or (n_outputs == 1 and not binary):
        raise ConfigError(
            f"{title} has no class {class_index}", seen=f"class_index {class_index}",
            expected="none: the model has one output" if n_outputs == 1 and not binary else f"one of {listed}",
            hint="set model.class_index",
        )  # fmt: skip
    if binary:
        return Chosen(index=(class_index,), columns=(0,), mirrored=class_index == 0)
    return Chosen(index=(class_index,), columns=(class_index,))
