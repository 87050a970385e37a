"""One prediction's logged attributions against the recomputed ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitor.publish.phrases import percent
from monitor.types import AttributionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """Logged attributions against recomputed ones."""

    features: int
    """Compared: logged and known to the model."""
    gap: float
    """Sum of absolute differences over the sum of absolute recomputed attributions."""
    tolerance: float | None
    agrees: bool | None
    """None where nobody says how far apart they may be, or the explainer here is approximate."""
    unknown: tuple[str, ...]
    """Logged features that the model does not have."""


def logged_gap(row: AttributionRow, *, tolerance: float | None, exact: bool) -> Logged | None:
    """None where nothing was logged. `exact`: of the explainer here; an approximate one settles nothing."""
    if row.logged_values is None:
        return None
    both = [name for name in row.logged_values if name in row.values]
    apart = math.fsum(abs(row.logged_values[name] - row.values[name]) for name in both)
    size = math.fsum(abs(row.values[name]) for name in both)
    gap = apart / size if size else (0.0 if apart == 0 else math.inf)
    return Logged(
        features=len(both),
        gap=gap,
        tolerance=tolerance,
        agrees=gap <= tolerance if tolerance is not None and exact and both else None,
        unknown=tuple(sorted(set(row.logged_values) - set(row.values))),
    )


def logged_words(logged: Logged) -> str:
    """The comparison in one sentence."""
    if not logged.features:
        said = "The serving system logged attributions, of no feature that the model has"
    else:
        apart = f" by {percent(logged.gap)} of the total size of the recomputed ones"
        if math.isinf(logged.gap):
            apart = ", which are all 0"
        said = f"{logged.features} logged attributions differ from the recomputed ones{apart}"
    if logged.agrees is not None and logged.tolerance is not None:
        said += f", {'within' if logged.agrees else 'beyond'} the tolerance of {percent(logged.tolerance)}"
    if logged.unknown:
        said += f"; logged and unknown to the model: {', '.join(logged.unknown)}"
    return f"{said}."
