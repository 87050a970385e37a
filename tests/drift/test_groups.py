"""Correlated features that swap credit, and the sums that show it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest

from monitor.drift import Part, assess, check_groups, compare, find_groups, group_sums, measure, prepare, settle
from monitor.errors import ConfigError
from monitor.settings import DriftSettings

Matrix = NDArray[np.float64]
NAMES = ["income", "salary", "age", "debt"]


def columns(seed: int = 0, rows: int = 500) -> dict[str, Matrix]:
    rng = np.random.default_rng(seed)
    income, age = rng.lognormal(size=rows), rng.normal(size=rows)
    salary = np.exp(np.log(income) + 0.2 * rng.normal(size=rows))
    return {"income": income, "salary": -salary, "age": age, "debt": rng.normal(size=rows)}


def test_columns_that_rank_alike_or_opposite_form_a_group_and_others_do_not() -> None:
    assert find_groups(columns(), 0.7) == {"income + salary": ("income", "salary")}
    assert find_groups(columns(), 0.999) == {}


def test_missing_and_constant_columns_join_no_group_by_accident() -> None:
    given = columns()
    given["salary"] = np.where(np.arange(500) % 10 == 0, np.nan, given["salary"])
    given["fixed"] = np.ones(500)
    given["empty"] = np.full(500, np.nan)
    assert find_groups(given, 0.7) == {"income + salary": ("income", "salary")}
    assert find_groups({"fixed": np.ones(500)}, 0.7) == {}


def test_a_long_group_is_named_by_its_first_members() -> None:
    base = np.random.default_rng(0).normal(size=200)
    assert list(find_groups({f"f{k}": base + 0.0 * k for k in range(6)}, 0.7)) == ["f0 + f1 + f2 + 3 more"]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_a_swap_inside_a_group_leaves_its_sum_as_it_was(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, moved = rng.normal(size=(50, 4)), rng.normal(size=50)
    swapped = values + np.stack([moved, -moved, 0 * moved, 0 * moved], axis=1)
    groups = {"money": ("income", "salary")}
    np.testing.assert_allclose(group_sums(values, NAMES, groups), group_sums(swapped, NAMES, groups), atol=1e-12)


GROUPS = {"money": ("income", "salary"), "rest": ("age", "debt")}


def settled(change: Matrix) -> tuple[list[int], list[int], tuple[str, ...]]:
    """Levels before, after, and the lines, when `change` (rows, 4) is added to 600 rows of noise with importances."""
    rng = np.random.default_rng(5)
    reference, current = rng.normal(size=(600, 4)) + 1, rng.normal(size=(600, 4)) + 1 + change
    sums = [group_sums(values, NAMES, GROUPS) for values in (reference, current)]
    one, other = prepare(reference, NAMES), prepare(sums[0], list(GROUPS))
    results = assess(
        {Part("traffic"): (one, measure(one, current)), Part("traffic", groups=True): (other, measure(other, sums[1]))},
        DriftSettings(),
    )
    before = results[Part("traffic")]
    after, lines = settle(before, results[Part("traffic", groups=True)], GROUPS)
    return before.feature_levels.tolist(), after.feature_levels.tolist(), lines


def test_members_that_swap_credit_are_a_warning_and_no_more() -> None:
    before, after, lines = settled(np.array([1.0, -1.0, 0.0, 0.0]))
    assert (before, after) == ([2, 2, 0, 0], [1, 1, 0, 0])
    assert lines == ("traffic view: credit moved inside group money (income, salary), its sum did not: warning only",)


def test_a_group_that_really_drifts_stays_severe_and_other_groups_are_left_alone() -> None:
    before, after, lines = settled(np.array([1.0, 0.2, 0.0, 0.0]))
    assert before == after
    assert before[0] == 2
    assert lines == ()


def test_small_moves_of_all_members_add_up_and_the_farthest_answers_for_them() -> None:
    """Two features that move together by less than either could be raised for."""
    rng = np.random.default_rng(1)
    common = rng.normal(size=600)
    reference = np.stack([common + 0.1 * rng.normal(size=600), -common + 0.1 * rng.normal(size=600)], axis=1)
    current = reference[rng.permutation(600)] + np.array([0.10, 0.14])
    names, groups = ["income", "salary"], {"money": ("income", "salary")}
    one, other = prepare(reference, names), prepare(group_sums(reference, names, groups), ["money"])
    results = assess(
        {
            Part("traffic"): (one, measure(one, current)),
            Part("traffic", groups=True): (other, measure(other, group_sums(current, names, groups))),
        },
        DriftSettings(),
    )
    assert results[Part("traffic")].level == 0
    after, lines = settle(results[Part("traffic")], results[Part("traffic", groups=True)], groups)
    assert after.feature_levels.tolist() == [0, 2]
    assert lines == ("traffic view: group money drifted as a whole, salary the farthest",)


def test_a_member_that_is_no_feature_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="names no feature of the model; seen: salery"):
        check_groups({"money": ("income", "salery")}, NAMES)


def test_the_library_call_tests_group_sums_too() -> None:
    rng = np.random.default_rng(5)
    reference = rng.normal(size=(600, 4)) + 1
    current = rng.normal(size=(600, 4)) + 1 + np.array([1.0, -1.0, 0.0, 0.0])
    settled = compare(reference, current, NAMES, settings=DriftSettings(groups=GROUPS))
    assert (compare(reference, current, NAMES).level, settled.level) == (2, 1)
    with pytest.raises(ConfigError, match="salery"):
        compare(reference, current, NAMES, settings=DriftSettings(groups={"money": ("income", "salery")}))


def world(rng: np.random.Generator, rows: int, weights: tuple[float, float], alike: float) -> Matrix:
    """Attributions of a linear model of two inputs that correlate, and of a third."""
    income = rng.normal(size=rows)
    salary = alike * income + np.sqrt(1 - alike**2) * rng.normal(size=rows)
    return np.stack([weights[0] * income, weights[1] * salary, 0.5 * rng.normal(size=rows)], axis=1)


def traffic(reference: Matrix, current: Matrix, marked: tuple[str, ...] = ()) -> tuple[list[int], list[int]]:
    """Levels of income and salary, before and after their group is settled."""
    names, groups = ["income", "salary", "age"], {"money": ("income", "salary")}
    sums = [group_sums(values, names, groups) for values in (reference, current)]
    one, other = prepare(reference, names), prepare(sums[0], ["money"])
    results = assess(
        {Part("traffic"): (one, measure(one, current)), Part("traffic", groups=True): (other, measure(other, sums[1]))},
        DriftSettings(),
    )
    before = results[Part("traffic")]
    after, _ = settle(before, results[Part("traffic", groups=True)], groups, marked)
    return before.feature_levels[:2].tolist(), after.feature_levels[:2].tolist()


@pytest.mark.parametrize("weight", [0.2, 0.3, -0.2])
@pytest.mark.parametrize("alike", [0.7, 0.9])
def test_a_small_member_that_is_lost_beside_a_large_one_stays_severe(weight: float, alike: float) -> None:
    """The large one carries the sum, which hardly moves; nobody gained what the small one lost."""
    for seed in range(30):
        rng = np.random.default_rng(seed)
        reference, current = world(rng, 3000, (1.0, weight), alike), world(rng, 1000, (1.0, 0.0), alike)
        before, after = traffic(reference, current)
        assert before[1] == 2
        assert before == after


@pytest.mark.parametrize("rows", [300, 1000])
@pytest.mark.parametrize("alike", [0.7, 0.9, 0.95])
def test_credit_that_moves_from_one_member_to_another_is_a_warning(rows: int, alike: float) -> None:
    severe, kept = 0, 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        reference, current = world(rng, 3000, (0.5, 0.5), alike), world(rng, rows, (0.9, 0.1), alike)
        before, after = traffic(reference, current)
        severe += max(before) == 2
        kept += max(after) == 2
    assert severe == 30
    assert binomtest(kept, 30, 0.05, alternative="greater").pvalue > 1e-3


def test_a_swap_beside_the_mark_of_a_broken_pipeline_stays_severe() -> None:
    rng = np.random.default_rng(0)
    reference, current = world(rng, 3000, (0.5, 0.5), 0.9), world(rng, 1000, (0.9, 0.1), 0.9)
    assert traffic(reference, current, ("age",)) == ([2, 2], [1, 1])
    assert traffic(reference, current, ("salary",)) == ([2, 2], [2, 2])
