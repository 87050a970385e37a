"""How much do attributions change when only the explainer's seed does? Asked once, when a reference is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor import drift
from monitor.pipeline.subject import reseeded

if TYPE_CHECKING:
    from monitor.pipeline.subject import Subject
    from monitor.settings import MonitorSettings
    from monitor.types import Attributions

Noise = dict[str, tuple[tuple[float, ...], tuple[float, ...]]]


def explainer_noise(monitor: MonitorSettings, subject: Subject, attributions: Attributions) -> Noise | None:
    """Upper bounds per judged test, warning and severe, in feature order; None for exact explainers, or fewer than two
    runs. Explains the holdout `explain.noise_runs` times more, each time with another seed and background.
    """
    runs = monitor.explain.noise_runs
    if attributions.explainer.exact or runs < 2:
        return None
    names = attributions.feature_names
    prepared = drift.prepare(attributions.values, names, settings=monitor.drift)
    found = []
    for run in range(1, runs + 1):
        other = reseeded(monitor, subject, seed=monitor.explain.seed + run).explain(subject.holdout.rows)
        found.append(drift.measure(prepared, other.values, paired=True).statistics)
    bounds = drift.noise_bounds(found)
    return {name: (tuple(bound[0].tolist()), tuple(bound[1].tolist())) for name, bound in bounds.items()}
