"""Correlated features that swap credit, and the sums that show it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.drift.groups import check_groups, find_groups, group_sums
from monitor.errors import ConfigError

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


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"money": ("income", "salery")}, "names no feature of the model; seen: salery"),
        ({"money": ("income",)}, "two features or more"),
        ({"a": ("income", "age"), "b": ("age", "debt")}, "'age' is in two groups; seen: a, b"),
    ],
)
def test_groups_that_do_not_fit_the_model_are_refused_by_name(groups: dict[str, tuple[str, ...]], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_groups(groups, NAMES)
