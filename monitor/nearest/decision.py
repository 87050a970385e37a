"""Which decision a prediction stands for: a threshold on one output, or the largest of several classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.types import AttributionRow, Floats, Ints, Scale

USUAL = 0.5
"""Probability from which on a binary classifier decides for class 1, unless the configuration says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How predictions of one check become decisions. Stored with the check as `record()`."""

    threshold: float | None = None
    """In the unit of the explained output: at or above it is one decision, below it the other."""
    probability: float | None = None
    """The same as a probability, where log-odds are explained."""
    classes: bool = False
    """All classes are explained: the largest output decides."""
    reason: str | None = None
    """Why there is no decision."""

    @property
    def known(self) -> bool:
        return self.classes or self.threshold is not None

    def record(self) -> dict[str, Any]:
        """As the check keeps it."""
        return {
            "threshold": self.threshold, "probability": self.probability, "classes": self.classes,
            "reason": self.reason,
        }  # fmt: skip

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Decision:
        """From a stored check; checks of older versions have none."""
        if not record:
            return cls(reason="the check is older than decisions: none was recorded")
        return cls(**{name: record.get(name) for name in ("threshold", "probability", "reason")}, classes=bool(
            record.get("classes")
        ))  # fmt: skip

    def share(self, output: float | None) -> float | None:
        """An explained output on the scale of `probability`; None where that is not given. Safe for large outputs."""
        if output is None or self.probability is None:
            return None
        small = math.exp(-abs(output))
        return 1 / (1 + small) if output >= 0 else small / (1 + small)

    def sides(self, outputs: Floats) -> Ints:
        """(n,) the decision of each row of (n, k) outputs: 1 at or above the threshold, else 0; the class's number
        where all are explained. Rows without a finite output are -1, and so are all where there is no decision."""
        if not self.known:
            return np.full(len(outputs), -1, dtype=np.int64)
        finite = np.isfinite(outputs).all(axis=1)
        if self.classes:
            found = np.where(np.isfinite(outputs), outputs, -np.inf).argmax(axis=1)
        else:
            found = outputs[:, 0] >= float(self.threshold or 0.0)
        return np.where(finite, found, -1).astype(np.int64)


def outputs(rows: Sequence[AttributionRow]) -> Floats:
    """(n, k) explained outputs of kept rows, NaN where a row has none."""
    told = [[two[1] for two in row.classes.values()] if row.classes else [row.prediction] for row in rows]
    return np.array(told, dtype=np.float64).reshape(len(rows), -1 if rows else 1)


def decision(given: float | None, *, scale: Scale, classes: Sequence[str] | None, outputs: int) -> Decision:
    """The rule for a model.

    Args:
        given: `predictions.threshold`.
        scale: of the explained output.
        classes: class labels of the model; None for regression.
        outputs: how many outputs are explained.
    """
    if outputs > 1:
        if classes is None:
            return Decision(reason="several outputs are explained, and they are no classes")
        return Decision(classes=True)
    if classes is not None and len(classes) <= 2:
        return _binary(USUAL if given is None else given, scale)
    if given is not None:
        return Decision(threshold=given)
    if classes is None:
        return Decision(reason="the model is no classifier: set predictions.threshold to the value that decides")
    return Decision(
        reason=f"one of {len(classes)} classes is explained: set predictions.threshold, or model.class_index: all"
    )


def _binary(share: float, scale: Scale) -> Decision:
    """A threshold given as probability; where log-odds are explained, their value there."""
    if not 0 < share < 1:
        return Decision(reason=f"predictions.threshold {share:g} is no probability between 0 and 1")
    if scale == "probability":
        return Decision(threshold=share)
    return Decision(threshold=math.log(share / (1 - share)), probability=share)
