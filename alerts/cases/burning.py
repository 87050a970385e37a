"""Objectives that burn, for the cases of pages and of tickets."""

from __future__ import annotations

from alerts.cases.model import Series, covered, info, join, objective, on, renamed

SLOTH = {"slo": "coverage", "sloth_id": "m1-coverage", "sloth_service": "m1", "sloth_slo": "coverage"}
"""Labels of an alert on the coverage of m1."""
EVERY = ("coverage", "latency", "errors")


def three(events: str, bad: str) -> Series:
    """The same events, and bad ones among them, for coverage, latency and errors of m1."""
    return join(
        covered(events, bad),
        {
            on("xdrift_explanations_total"): events,
            on("xdrift_explanations_slow_total"): bad,
            on("xdrift_explanation_errors_total", 'reason="memory"'): bad,
        },
        *(renamed(objective(slo, 0.99)) for slo in EVERY),
    )


def one(monitor: str, ratio: float = 0.99, *, days: float = 30, cadence: str = "hourly") -> dict[str, str | float]:
    return join(info(monitor, cadence=cadence), renamed(objective("coverage", ratio, days=days, monitor=monitor)))


def well(monitor: str) -> Series:
    """Explanations without errors, so that one objective of a monitor burns and another does not."""
    events = {on("xdrift_explanations_total", monitor=monitor): "0+20x{n}"}
    none = {on("xdrift_explanation_errors_total", 'reason="memory"', monitor=monitor): 0}
    return join(renamed(objective("errors", 0.99, monitor=monitor)), events, none)
