"""From the base value to the prediction, one step per feature: what attributions add up to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

SHOWN = 12
"""Features with a step of their own; the others are summed, so that the steps still add up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; it starts where the one before it ended."""

    kind: Literal["base", "feature", "rest", "gap", "prediction"]
    """`gap`: what base value and attributions leave of the prediction: rounding, or the noise of an approximate
    explainer; left out where it is 0."""
    label: str
    value: float
    start: float
    end: float


def waterfall(base: float, values: Mapping[str, float], prediction: float) -> tuple[Step, ...]:
    """Base value, the largest attributions first, the rest summed, the prediction.

    The last step ends exactly at the prediction: what does not add up is a step of its own, never hidden in another.
    """
    ordered = sorted(values, key=lambda name: (-abs(values[name]), name))
    shown, rest = ordered[:SHOWN], ordered[SHOWN:]
    parts: list[tuple[Literal["feature", "rest"], str, float]] = [("feature", name, values[name]) for name in shown]
    if rest:
        parts.append(("rest", f"{len(rest)} others, summed", math.fsum(values[name] for name in rest)))
    steps = [Step(kind="base", label="base value", value=base, start=0.0, end=base)]
    before: list[float] = [base]
    for kind, label, value in parts:
        start = steps[-1].end
        before.append(value)
        steps.append(Step(kind=kind, label=label, value=value, start=start, end=math.fsum(before)))
    reached = steps[-1].end
    if reached != prediction:
        gap = math.fsum((prediction, *(-part for part in before)))
        steps.append(Step(kind="gap", label="does not add up", value=gap, start=reached, end=prediction))
    steps.append(Step(kind="prediction", label="prediction", value=prediction, start=0.0, end=prediction))
    return tuple(steps)
