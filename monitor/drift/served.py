"""Logged against recomputed: did people see the explanations that the model and the logged inputs give?

The serving system logs attributions of predictions; the monitor recomputes them from the inputs it finds. With an exact
explainer both are the same numbers. Where they are not, either the model was served other inputs than those found here
(then its output differs as well), or what explains in the serving system differs (then the outputs agree).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from monitor.types import Level

SHOWN = 3
"""Features named in a line."""

Cause = Literal["pipeline", "explainer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRow:
    """What the serving system logged for one prediction."""

    values: Mapping[str, float]
    """Feature to attribution."""
    base_value: float | None
    version: str | None
    """Model version that the explanation is of."""
    served_version: str | None
    """Model version that predicted."""
    approximate: bool
    """From an approximate or fallback source: not held against exact attributions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Logged attributions against recomputed ones, of the same predictions."""

    logged: int
    """Sampled predictions with logged attributions."""
    rows: int
    """Of these, compared: exact source, model version watched, features of the model."""
    beyond: int
    """Compared rows whose gap is over the tolerance."""
    tolerance: float
    features: Mapping[str, float]
    """Feature to mean abs gap over the sum of all mean abs attributions, largest first."""
    approximate: int
    stale: int
    """Explanations of another model version than the one that predicted."""
    other_version: int
    """Explanations of a model version that is not the one watched."""
    unknown_features: tuple[str, ...]
    """Logged features that the model does not have."""
    absent_features: tuple[str, ...]
    """Features of the model that no record has."""
    outputs_moved: float | None
    """Share of the rows beyond whose output differs as well; None where no output can be told from the log."""
    factor: float | None
    """One factor that explains the whole gap, where there is one: another scale."""
    level: Level
    cause: Cause
    reason: str | None = None
    """Why nothing was compared."""

    @property
    def text(self) -> str:
        """One line for the evidence."""
        if self.reason:
            return f"logged attributions not compared: {self.reason}"
        if not self.beyond and not self.unknown_features and not self.stale:
            return f"{self.rows} logged attributions agree with recomputed ones"
        parts = [
            f"{self.beyond} of {self.rows} logged attributions differ from recomputed ones by over {self.tolerance:.0%}"
        ]
        if self.factor is not None:
            parts.append(f"by the factor {self.factor:.3g}, as on another scale")
        elif self.beyond:
            named = [f"{name} by {gap:.1%} of all importance" for name, gap in list(self.features.items())[:SHOWN]]
            parts.append("mostly " + ", ".join(named))
        if self.outputs_moved is not None and self.beyond:
            moved = self.outputs_moved >= 0.5
            parts.append("the served outputs differ as well" if moved else "the served outputs agree")
        if self.stale:
            parts.append(f"{self.stale} explain another model version than the one that predicted")
        if self.unknown_features:
            parts.append(f"logged features unknown to the model: {', '.join(self.unknown_features[:SHOWN])}")
        return "; ".join(parts)
