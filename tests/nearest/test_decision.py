from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.nearest import Decision, decision

TWO, THREE = ("no", "yes"), ("a", "b", "c")


def test_a_binary_classifier_decides_at_one_half_in_either_scale() -> None:
    assert decision(None, scale="probability", classes=TWO, outputs=1) == Decision(threshold=0.5)
    assert decision(None, scale="margin", classes=TWO, outputs=1) == Decision(threshold=0.0, probability=0.5)


@given(st.floats(0.001, 0.999), st.floats(-30, 30))
def test_a_probability_decides_alike_whether_log_odds_or_probabilities_are_explained(share: float, odds: float) -> None:
    probability = 1 / (1 + math.exp(-odds))
    in_odds = decision(share, scale="margin", classes=TWO, outputs=1).sides(np.array([[odds]]))
    in_shares = decision(share, scale="probability", classes=TWO, outputs=1).sides(np.array([[probability]]))

    assert in_odds == in_shares or math.isclose(probability, share, rel_tol=1e-9)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 3.0])
def test_a_threshold_that_is_no_probability_gives_no_decision_and_says_so(share: float) -> None:
    found = decision(share, scale="margin", classes=TWO, outputs=1)

    assert not found.known
    assert found.reason == f"predictions.threshold {share:g} is no probability between 0 and 1"


def test_a_regression_has_a_decision_only_where_one_is_set() -> None:
    without = decision(None, scale="margin", classes=None, outputs=1)

    assert not without.known
    assert "set predictions.threshold" in str(without.reason)
    assert decision(250.0, scale="margin", classes=None, outputs=1) == Decision(threshold=250.0)


def test_one_of_several_classes_has_no_decision_of_its_own() -> None:
    found = decision(None, scale="margin", classes=THREE, outputs=1)

    assert not found.known
    assert found.reason == "one of 3 classes is explained: set predictions.threshold, or model.class_index: all"
    assert decision(-1.5, scale="margin", classes=THREE, outputs=1) == Decision(threshold=-1.5)


def test_of_all_classes_the_largest_output_decides() -> None:
    found = decision(0.9, scale="margin", classes=THREE, outputs=3)

    assert found.sides(np.array([[1, 2, 0], [3, 2, 1], [0, 0, 1.0]])).tolist() == [1, 0, 2]


def test_several_outputs_that_are_no_classes_have_no_decision() -> None:
    assert not decision(None, scale="margin", classes=None, outputs=3).known


def test_at_the_threshold_is_above_it_and_what_is_not_finite_is_neither() -> None:
    found = Decision(threshold=0.25).sides(np.array([[0.25], [0.2499], [np.nan], [np.inf], [9.0]]))

    assert found.tolist() == [1, 0, -1, -1, 1]


def test_a_decision_comes_back_from_its_record() -> None:
    for made in (Decision(threshold=-0.5, probability=0.3), Decision(classes=True), Decision(reason="none here")):
        assert Decision.of({**made.record(), "left_out": ["name"]}) == made
    assert "older" in str(Decision.of({}).reason)
