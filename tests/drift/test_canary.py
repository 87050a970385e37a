"""The engine counts its own false alarms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from monitor.drift import canary
from monitor.settings import DriftSettings

NAMES = [f"f{j}" for j in range(10)]


def test_halves_of_one_holdout_seldom_alarm_and_every_comparison_is_counted() -> None:
    values = np.random.default_rng(0).normal(size=(400, 10))
    seen = canary(values, NAMES, settings=DriftSettings(canary_comparisons=40), seed=1)
    assert seen["comparisons"] == 40
    assert seen["severe"] <= seen["warning"] <= 6


def test_alarms_are_counted_where_thresholds_are_too_low() -> None:
    """The canary can sing: without evidence asked for, small halves differ by more than tiny floors."""
    values = np.random.default_rng(0).normal(size=(200, 10))
    loose = DriftSettings(
        canary_comparisons=10, alpha_warning=0.99, alpha_severe=0.99, ks_warning=1e-3, ks_severe=1e-3,
        psi_warning=1e-3, psi_severe=1e-3,
    )  # fmt: skip
    seen = canary(values, NAMES, settings=loose, seed=1)
    assert seen["severe"] >= 5


@pytest.mark.parametrize(("rows", "comparisons"), [(99, 4), (400, 0)])
def test_there_is_no_canary_where_halves_are_too_small_or_none_are_asked_for(rows: int, comparisons: int) -> None:
    values = np.random.default_rng(0).normal(size=(rows, 10))
    assert canary(values, NAMES, settings=DriftSettings(canary_comparisons=comparisons), seed=1) == {}


def test_the_seed_alone_decides_which_halves() -> None:
    values = np.random.default_rng(0).standard_t(2, size=(120, 10))
    loose = DriftSettings(canary_comparisons=30, alpha_warning=0.5, alpha_severe=0.2)
    found = [canary(values, NAMES, settings=loose, seed=seed) for seed in (1, 1, 2, 3, 4)]
    assert found[0] == found[1]
    assert len({tuple(one.values()) for one in found}) > 1


def test_a_monthly_budget_lowers_alphas_only_where_checks_are_frequent() -> None:
    weekly, hourly = DriftSettings().at_rate(4.35), DriftSettings().at_rate(730)
    assert (weekly.alpha_warning, weekly.alpha_severe) == (0.025, 0.005)
    assert hourly.alpha_severe * 730 == pytest.approx(0.1)
    assert hourly.alpha_warning * 730 == pytest.approx(1.0)
    minutely = DriftSettings(false_warnings_per_month=0.1, false_severe_per_month=0.1).at_rate(43_000)
    assert minutely.alpha_severe == minutely.alpha_warning


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"false_warnings_per_month": 0.01}, "a severe alarm is a warning too"),
        ({"false_severe_per_month": 1e-300}, "greater than or equal to"),
        ({"false_warnings_per_month": float("inf")}, "finite"),
        ({"groups": {"g": ["income"]}}, "group 'g' has the members income; two are needed"),
        ({"groups": {"g": ["income", "income"]}}, "two are needed"),
        ({"groups": {"g": []}}, "none; two are needed"),
        ({"groups": {"a": ["x", "y"], "b": ["y", "z"]}}, "feature 'y' is in the groups 'a' and 'b'"),
        ({"groups": {"": ["x", "y"]}}, "at least 1 character"),
    ],
)
def test_budgets_and_groups_that_cannot_hold_are_refused_when_the_file_is_read(wrong: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DriftSettings(**wrong)
