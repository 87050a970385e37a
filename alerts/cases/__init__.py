"""What the rules must do, as tables; generate.py makes promtool unit tests of them."""

from __future__ import annotations

from alerts.cases import checks, drift, events, health, intervals, monitors, naming, pages, platform, serving, tickets
from alerts.cases.model import Case

CASES: dict[str, tuple[Case, ...]] = {
    "monitors": monitors.CASES,
    "events": events.CASES,
    "health": health.CASES,
    "pages": pages.CASES,
    "tickets": tickets.CASES,
    "serving": serving.CASES,
    "drift": drift.CASES,
    "naming": naming.CASES,
    "intervals": intervals.CASES,
    "checks": checks.CASES,
    "platform": platform.CASES,
}
"""Topic to its cases."""
