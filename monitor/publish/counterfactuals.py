"""The nearest real rows with another decision: what differs in them. Rows that were, not causes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.nearest import NAMED, Decision, Ruler, outputs
from monitor.publish.phrases import number
from monitor.types import AttributionRow

SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One input that differs."""

    column: str
    here: Any
    there: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterpart:
    """A real row with another decision."""

    row_id: str
    prediction: float | None
    probability: float | None
    """Of the prediction, where log-odds are explained and the decision is one of probabilities."""
    outcome: str
    distance: float
    """Mean over the inputs of difference over spread; 0 is the same row."""
    holdout: bool
    """A row of the holdout. Its inputs are not kept with checks: there only names of what differs are known."""
    differs: tuple[str, ...]
    """Columns, the farthest first; at most five."""
    values: tuple[Difference, ...]
    """Of the same columns."""
    others: int
    """Columns that differ beside those named."""

    @property
    def said(self) -> str:
        """`probability 0.33, below 0.5`: the value on the scale of the decision."""
        value = f"prediction {number(self.prediction)}"
        if self.probability is not None:
            value = f"probability {number(self.probability)}"
        return f"{value}, {self.outcome}" if self.outcome else value


def outcome_words(rule: Decision, row: AttributionRow) -> str:
    """The decision that a prediction stands for; empty where there is none."""
    side = int(rule.sides(outputs([row]))[0])
    if side < 0:
        return ""
    if rule.classes:
        return f"class {list(row.classes or {})[side]}"
    limit = rule.threshold if rule.probability is None else rule.probability
    return f"at or above {limit:g}" if side else f"below {limit:g}"


def counterparts(
    row: AttributionRow, candidates: Sequence[AttributionRow], rule: Decision, ruler: Ruler, *, holdout: bool
) -> tuple[Counterpart, ...]:
    """The nearest of the candidates that have another decision, nearest first; a row id counts once."""
    side = rule.sides(outputs([row]))[0]
    if side < 0 or not ruler.names:
        return ()
    sides = rule.sides(outputs(candidates)) if candidates else np.empty(0, np.int64)
    others = [one for one, theirs in zip(candidates, sides, strict=True) if theirs not in (-1, side)]
    values = ruler.read([row.inputs, *(one.inputs for one in others)])
    distances = ruler.distances(values[:1], values[1:])[0]
    found: dict[str, Counterpart] = {}
    for at in np.argsort(distances, kind="stable"):
        other = others[at]
        if other.row_id not in found:
            two = (values[0], values[1 + at])
            differs, every = ruler.differs(*two), int((ruler.parts(two[0], two[1][None, :])[0] > 0).sum())
            pairs = [(name, row.inputs.get(name), other.inputs.get(name)) for name in differs]
            found[other.row_id] = Counterpart(
                row_id=other.row_id,
                prediction=other.prediction,
                probability=rule.share(other.prediction),
                outcome=outcome_words(rule, other),
                distance=float(distances[at]),
                holdout=holdout,
                differs=differs,
                values=tuple(Difference(column=name, here=here, there=there) for name, here, there in pairs),
                others=max(0, every - NAMED),
            )
        if len(found) == SHOWN:
            break
    return tuple(found.values())


def remembered(row: AttributionRow, rule: Decision) -> tuple[Counterpart, ...]:
    """What the check itself found, where the row is one of the holdout: names without values."""
    told = row.nearest_other
    if told is None or not told.get("holdout"):
        return ()
    return (
        Counterpart(
            row_id=told["row_id"], prediction=told["prediction"], probability=rule.share(told["prediction"]),
            outcome="", distance=told["distance"], holdout=True, differs=tuple(told["differs"]), values=(), others=0,
        ),
    )  # fmt: skip
