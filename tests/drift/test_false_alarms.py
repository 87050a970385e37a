"""How often the engine alarms when nothing drifted: at most 1 check in 100 severe, at most 5 in 100 a warning.

Every test demands that the alarms seen are not significantly more than the budget (binomial test, one in a
thousand). Small seeded forms run always; `pytest -m slow` runs every cell.

docs/benchmarks.md holds what every cell measured.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from scipy import stats

from benchmarks.pools import SYNTHETIC, Pool
from monitor.drift import assess, compare, measure, prepare
from monitor.settings import DriftSettings

SEVERE, ANY = 0.01, 0.05


def levels(pool: Pool, *, n: int, m: int, d: int, trials: int, seed: int) -> list[int]:
    """Highest level of each of `trials` checks without drift."""
    seen = []
    for rng in (np.random.default_rng([seed, trial]) for trial in range(trials)):
        draw = pool(rng, d)
        seen.append(compare(draw(n), draw(m)).level)
    return seen


def within_budget(seen: list[int]) -> None:
    for level, budget in ((2, SEVERE), (1, ANY)):
        alarms = sum(one >= level for one in seen)
        test = stats.binomtest(alarms, len(seen), budget, alternative="greater")
        assert test.pvalue > 1e-3, f"level {level}: {alarms} of {len(seen)}, budget {budget:.0%}"


@pytest.mark.parametrize(
    ("n", "m", "d", "trials"), [(60, 60, 10, 40), (200, 200, 10, 40), (200, 1000, 10, 40), (200, 200, 50, 8)]
)
def test_few_checks_alarm_without_drift(pools: Mapping[str, Pool], n: int, m: int, d: int, trials: int) -> None:
    within_budget(
        [level for k, pool in enumerate(pools.values()) for level in levels(pool, n=n, m=m, d=d, trials=trials, seed=k)]
    )


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SYNTHETIC)
@pytest.mark.parametrize("d", [10, 50])
@pytest.mark.parametrize(("n", "m"), [(60, 60), (100, 100), (200, 200), (1000, 200), (200, 1000), (1000, 1000)])
def test_few_checks_alarm_without_drift_in_any_pool(
    pools: Mapping[str, Pool], name: str, d: int, n: int, m: int
) -> None:
    within_budget(levels(pools[name], n=n, m=m, d=d, trials=400, seed=1))


@pytest.mark.parametrize(("n", "m"), [(60, 60), (1000, 200), (200, 1000)])
@pytest.mark.parametrize("test", ["psi", "ks", "stability"])
def test_raw_p_values_of_single_features_are_honest(pools: Mapping[str, Pool], test: str, n: int, m: int) -> None:
    """Without drift p <= .01 happens to at most one feature in a hundred, in every pool of independent features."""
    for seed, pool in enumerate(pool for name, pool in pools.items() if name != "correlated"):
        draw = pool(np.random.default_rng(seed), 300)
        p = measure(prepare(draw(n), [f"f{j}" for j in range(300)]), draw(m)).p_values[test]
        low = int((p <= 0.01).sum())
        assert stats.binomtest(low, 300, 0.01, alternative="greater").pvalue > 1e-3, f"{pool.__name__}: {low} of 300"


@pytest.mark.parametrize(("n", "rare"), [(100, 10), (60, 10), (100, 13), (300, 12)])
def test_rare_flags_that_fall_on_one_side_by_chance_are_no_severe_drift(n: int, rare: int) -> None:
    """Ten equal values in equal samples: all on one side happens once in 600 times, and 30 features are looked at."""
    seen = []
    for trial in range(40):
        rng = np.random.default_rng([rare, trial])
        pool = np.zeros((2 * n, 30))
        for column in pool.T:
            column[rng.choice(2 * n, rare, replace=False)] = 0.7
        seen.append(compare(pool[:n], pool[n:]).level)
    within_budget(seen)


def test_no_p_value_is_smaller_than_the_probability_of_what_was_seen() -> None:
    reference, current = np.zeros((100, 1)), np.zeros((100, 1))
    current[:10] = 0.7
    exact = 2 * stats.hypergeom.pmf(10, 200, 10, 100)
    assert exact / 2 <= measure(prepare(reference, ["flag"]), current).p_values["psi"][0] < 3 * exact


def test_looking_at_three_views_does_not_multiply_the_alarms(pools: Mapping[str, Pool]) -> None:
    """Traffic, total and trend of one check are one family of tests."""
    seen = []
    for trial in range(120):
        draw = pools["gaussian"](np.random.default_rng(trial), 10)
        names = [f"f{j}" for j in range(10)]
        current = draw(200)
        sides = {view: prepare(draw(200), names) for view in ("traffic", "total", "trend")}
        results = assess({view: (ref, measure(ref, current)) for view, ref in sides.items()}, DriftSettings())
        seen.append(max(result.level for result in results.values()))
    within_budget(seen)


def test_the_usual_rule_without_adjustment_would_break_this_budget(pools: Mapping[str, Pool]) -> None:
    """The test above can fail: KS p < .05 per feature, as commonly done, alarms in most checks."""
    seen = []
    for trial in range(40):
        draw = pools["gaussian"](np.random.default_rng(trial), 50)
        ref = prepare(draw(200), [f"f{j}" for j in range(50)])
        seen.append(2 if measure(ref, draw(200)).p_values["ks"].min() < 0.05 else 0)
    with pytest.raises(AssertionError, match="level 2"):
        within_budget(seen)


def test_a_harmless_refit_does_not_make_chance_findings_of_other_rows_pass() -> None:
    """Every attribution of the same rows moved, for certain and by next to nothing: that says nothing about traffic."""
    rng = np.random.default_rng(11)
    names, reference, traffic = [f"f{j}" for j in range(10)], rng.normal(size=(500, 10)), rng.normal(size=(500, 10))
    prepared, settings = prepare(reference, names), DriftSettings()
    refit = measure(prepared, reference * (1 + 0.02 * rng.normal(size=reference.shape)), paired=True, exact=True)
    assert (refit.p_values["change"] == 0).all()
    pair = (prepared, measure(prepared, traffic))

    alone = assess({"traffic": pair}, settings)["traffic"]
    beside = assess({"holdout": (prepared, refit), "traffic": pair}, settings)["traffic"]

    for test in ("psi", "ks", "stability"):
        np.testing.assert_array_equal(beside.p_adjusted[test], alone.p_adjusted[test])
