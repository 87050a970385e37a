"""Prometheus and the daemon call the same minutes bad: one story of two days, told to both."""

from __future__ import annotations

import shutil
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest

from alerts.cases.model import M1, Case, Series, checked, drifted, info, join, objective, on
from alerts.generate import LINKS
from alerts.promtool import run
from alerts.render import prometheus
from monitor.slo import COUNTED, Buckets, CheckFact, Facts, budgets

STEP, HOUR, END = 300, 3600, 42 * 3600
INTERVAL, PERIOD = 3 * HOUR, 30 * 86400
OBJECTIVES = {"coverage": 0.95, "latency": 0.95, "errors": 0.99, "freshness": 0.99, "drift": 0.95, "explanations": 0.95}
MAINTENANCE = ((28.5 * HOUR, 29.5 * HOUR),)
FAILED, SEVERE, ABSENT = (5, 6, 7), (22, 23, 24, 27, 28, 29, 30), range(12, 20)
"""Hours: three failed checks are no incident while a verdict is recent enough."""
CHECKS = tuple(
    CheckFact(hour * HOUR, hour * HOUR, "failed", (None, None, None))
    if hour in FAILED
    else CheckFact(hour * HOUR, hour * HOUR, "succeeded", (0, 2 if hour in SEVERE else 0, 0))
    for hour in range(END // HOUR)
    if hour not in ABSENT
)


def counts(start: int) -> tuple[int, ...]:
    """Of five minutes, in the order of COUNTED."""
    unexplained = 50 if 33 <= start / HOUR < 34 else 20
    slow, errors = (35 if 35 <= start / HOUR < 36 else 25), (10 if 37 <= start / HOUR < 38 else 4)
    if start >= 39 * HOUR:
        # A quiet night: one request, all of it bad, is no incident; four are.
        few = {39 * HOUR: 2, 40 * HOUR: 4}.get(start, 0)
        return few, few, few, few, few, 0
    return 100, unexplained, 100, errors, slow, 0


LOG = np.array([counts(start) for start in range(0, END, STEP)])
FACTS = Facts(
    created_at=0.0,
    interval_seconds=INTERVAL,
    checks=CHECKS,
    maintenance=MAINTENANCE,
    buckets=Buckets(numbers=np.arange(END // STEP), counts=LOG),
)


def values(known: list[float]) -> str:
    """One value per step, as promtool reads them."""
    return " ".join(f"{value:g}" for value in known)


def exported() -> Series:
    """What the daemon shows at each step."""
    times = range(0, END + STEP, STEP)
    known = [[check for check in CHECKS if check.finished_at <= now] for now in times]
    judged = [[check.levels[1] for check in found if check.outcome == "succeeded"] for found in known]
    succeeded = [max(check.finished_at for check in found if check.outcome == "succeeded") for found in known]
    failures = [next((n for n, check in enumerate(reversed(found)) if check.outcome != "failed"), 0) for found in known]
    streaks = [len(list(next(groupby(reversed(levels)))[1])) for levels in judged]
    before = [np.sum(LOG[: now // STEP], axis=0) for now in times]
    totals = {word: values([row[number] for row in before]) for number, word in enumerate(COUNTED)}
    return join(
        info(),
        checked(success=values(succeeded), failures=values(failures), interval=INTERVAL),
        drifted(values([levels[-1] or 0 for levels in judged]), values(streaks)),
        {on("xdrift_monitor_maintenance"): values([any(a <= now < b for a, b in MAINTENANCE) for now in times])},
        {
            on("xdrift_predictions_total"): totals["predictions"],
            on("xdrift_predictions_unexplained_total", 'reason="timeout"'): totals["unexplained"],
            on("xdrift_explanations_total"): totals["explanations"],
            on("xdrift_explanations_slow_total"): totals["slow"],
            on("xdrift_explanation_errors_total", 'reason="memory"'): totals["errors"],
        },
        *(objective(slo, ratio) for slo, ratio in OBJECTIVES.items()),
    )


def good() -> dict[str, list[bool]]:
    """Objective to whether the daemon burned none of its budget in the five minutes before each step."""
    times = range(0, END + STEP, STEP)
    found = [{one.slo: one for one in budgets(FACTS, OBJECTIVES, period_seconds=PERIOD, now=now)} for now in times]
    return {
        slo: [
            after[slo].remaining == pytest.approx(before[slo].remaining, abs=1e-9) for before, after in pairwise(found)
        ]
        for slo in STRETCHES
    }


STRETCHES = {"freshness": 1, "drift": 3, "explanations": 8}
"""Objective to the bad stretches that the story has."""


@pytest.mark.promtool
@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed; apt-get install prometheus")
def test_minutes_that_burn_the_daemons_budget_are_bad_in_prometheus_and_no_others(tmp_path: Path) -> None:
    expected = []
    for slo, daemon in good().items():
        # Spans are exact and samples are not: edges are a step or two apart.
        steady = [step for step in range(3, len(daemon) - 3) if len(set(daemon[step - 2 : step + 3])) == 1]
        expr = f'sum(monitor_slo:xdrift_healthy:bool{{{M1}, slo="{slo}"}})'
        expected += [(f"{(step + 1) * STEP // 60}m", expr, float(daemon[step])) for step in steady[::2]]
        assert sum(not state for state, _ in groupby(daemon)) == STRETCHES[slo]
        assert len(steady) > 0.85 * len(daemon)
    case = Case(name="story", interval="5m", series=exported(), values=tuple(expected), behind=False, twins=False)

    assert run(case, prometheus(LINKS), tmp_path) == ""
