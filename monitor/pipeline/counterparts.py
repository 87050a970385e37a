"""The nearest real row with another decision, for every row that a check keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from monitor.nearest import Decision, Ruler, decision, nearest_other, outputs, taken
from monitor.pipeline.record import holdout_rows
from monitor.pipeline.subject import Subject
from monitor.privacy import Keeper
from monitor.settings import MonitorSettings
from monitor.types import AttributionRow, Attributions, Reference


def decision_of(monitor: MonitorSettings, subject: Subject) -> Decision:
    """How predictions of the model in force become decisions."""
    ref = subject.explainer.ref
    return decision(
        monitor.predictions.threshold,
        scale=ref.scale,
        classes=subject.explainer.classes,
        outputs=len(ref.class_index or (0,)),
    )


def with_counterparts(
    monitor: MonitorSettings,
    rows: tuple[AttributionRow, ...],
    *,
    subject: Subject,
    reference: Reference,
    holdout: Attributions,
    keeper: Keeper,
) -> tuple[tuple[AttributionRow, ...], Mapping[str, Any]]:
    """Rows as they are kept, each with its nearest row of another decision, and the decision as the check keeps it.

    Rows of the same check come first, whose inputs are kept and can be shown. Only where none of them has another
    decision the holdout is asked. Columns that are kept back count neither way.
    """
    if not rows:
        return rows, {}
    rule, left_out = decision_of(monitor, subject), sorted(keeper.columns & set(rows[0].inputs))
    record = {**rule.record(), "left_out": left_out}
    if not rule.known:
        return rows, record
    ruler = Ruler.of(reference.input_profiles, left_out=left_out)
    places = taken(len(rows), len(ruler.names))
    some = [rows[i] for i in places]
    sides = rule.sides(outputs(some))
    others: Sequence[AttributionRow] = some
    alone = len(np.unique(sides[sides >= 0])) < 2
    if alone:
        others = holdout_rows(subject, holdout, keeper)
    values = ruler.read([row.inputs for row in (*some, *(others if alone else ()))])
    mine, theirs = values[: len(some)], values[len(some) :] if alone else values
    found = nearest_other(ruler, mine, sides, theirs, rule.sides(outputs(others)) if alone else sides)
    kept = list(rows)
    for i, at, distance, one in zip(places, *found, mine, strict=True):
        if at >= 0:
            kept[i] = replace(kept[i], nearest_other=_told(others[at], distance, ruler.differs(one, theirs[at]), alone))
    return tuple(kept), record


def _told(row: AttributionRow, distance: float, differs: tuple[str, ...], holdout: bool) -> dict[str, Any]:
    """Names only: values stay in the row itself."""
    return {
        "row_id": row.row_id,
        "distance": float(distance),
        "prediction": row.prediction,
        "differs": list(differs),
        "holdout": holdout,
    }
