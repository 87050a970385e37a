"""What a verdict rests on beside the statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.drift.inputs import InputDrift
from monitor.drift.served import Served
from monitor.drift.shift import CommonShift
from monitor.types import Level

SAME_ANSWER = 1e-5
"""Predictions on the holdout that moved less than this, relative to their spread, did not move (float32)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known beside the statistics."""

    model_changed: bool
    """The model's content digest differs from the reference's."""
    version_changed: bool
    """Its version label differs."""
    labelled: bool
    """The model has a version label of its own, not only the digits of its digest."""
    explainer_changed: bool
    """The explainer's digest differs: settings or library versions."""
    changes: tuple[str, ...]
    """Each changed setting or library in words: `xgboost 2.1 -> 3.2`."""
    prediction_shift: float | None
    """Mean abs change of predictions on the holdout over their standard deviation; None when not comparable."""
    inputs: Mapping[str, InputDrift]
    """Source column to its drift."""
    source_of: Mapping[str, str]
    """Attribution column to source column."""
    settled: tuple[str, ...] = ()
    """What feature groups changed in the levels, one line each."""
    thin: str | None = None
    """Why traffic could not be judged; None when it could."""
    served: Served | None = None
    """Logged attributions against recomputed ones; None where none are logged."""
    shift: CommonShift | None = None
    """What all predictions on the holdout moved by together; None when not comparable."""

    @property
    def moved(self) -> bool:
        """Predictions on the holdout did."""
        return self.prediction_shift is not None and self.prediction_shift > SAME_ANSWER

    @property
    def shifted(self) -> Level:
        """Level of what predictions on the holdout moved by together."""
        return self.shift.level if self.shift else 0

    @property
    def gap(self) -> Level:
        """Level of the gap between what was served and what is recomputed."""
        return self.served.level if self.served else 0
