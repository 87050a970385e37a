"""Attributions of single rows, reference against now: what the beeswarm draws. Values of inputs become ranks here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from monitor.reports.charts import SWARMED
from monitor.reports.model import Swarm, SwarmSide
from monitor.store.reported import SwarmRow
from monitor.types import Floats, Reference

POINTS = 250
"""Rows drawn on each side."""


def swarms(reference: Reference, rows: Sequence[SwarmRow]) -> tuple[Swarm, ...]:
    """The features that count most on either side, the most important first.

    Reference rows have no ranks: the store keeps their attributions, not their inputs.
    """
    names = reference.attributions.feature_names
    step = max(1, -(-reference.attributions.n // POINTS))
    then: Floats = reference.attributions.values[::step]
    now = np.array([[row.values.get(name, math.nan) for name in names] for row in rows]).reshape(len(rows), len(names))
    weight = np.maximum(np.abs(then).mean(axis=0), np.nan_to_num(np.nanmean(np.abs(now), axis=0)))
    chosen = np.argsort(-weight, kind="stable")[:SWARMED]
    return tuple(
        Swarm(
            feature=names[j],
            then=SwarmSide(values=tuple(then[:, j].tolist()), ranks=(None,) * len(then)),
            now=_side(now[:, j], [row.inputs for row in rows], names[j]),
        )
        for j in chosen
    )


def _side(values: Floats, inputs: Sequence[Mapping[str, Any]], name: str) -> SwarmSide:
    kept = np.isfinite(values)
    found = [_number(row.get(name)) for row in inputs]
    ranks = _ranks([value for value, keep in zip(found, kept, strict=True) if keep])
    return SwarmSide(values=tuple(values[kept].tolist()), ranks=tuple(ranks))


def _number(value: Any) -> float | None:
    """None for what has no order: text, which redacted, hashed and masked values are too."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(float(value)):
        return None
    return float(value)


def _ranks(values: Sequence[float | None]) -> list[float | None]:
    """0 for the lowest, 1 for the highest, equal values alike; None for those without one, and where all are equal."""
    known = sorted(value for value in values if value is not None)
    if not known or known[0] == known[-1]:
        return [None] * len(values)
    array = np.array(known)
    return [
        None if value is None else float(np.searchsorted(array, value, "left") + np.searchsorted(array, value, "right"))
        / (2 * len(known))
        for value in values
    ]  # fmt: skip
