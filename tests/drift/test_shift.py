"""Predictions on the holdout that moved together: a new base value is seen, a refit's scatter is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.drift import common_shift
from monitor.drift.shift import SHIFT_SEVERE, SHIFT_WARNING
from monitor.types import Attributions, Floats
from tests.drift.test_served import attributions


def moved(found: Attributions, by: float | Floats, *, base: float = 0.0) -> Attributions:
    return replace(found, predictions=found.predictions + by, base_values=found.base_values + base)


def in_sd(found: Attributions, share: float) -> float:
    return share * float(found.predictions.std())


@given(share=st.floats(-3, 3, allow_nan=False))
def test_a_new_base_value_has_the_level_of_its_size_in_standard_deviations(share: float) -> None:
    found = attributions()
    delta = in_sd(found, share)

    shift = common_shift(found, moved(found, delta, base=delta))

    assert shift is not None
    assert shift.size == pytest.approx(abs(share), abs=1e-9)
    if min(abs(shift.size - SHIFT_WARNING), abs(shift.size - SHIFT_SEVERE)) > 1e-6:
        assert shift.level == (abs(share) > SHIFT_WARNING) + (abs(share) > SHIFT_SEVERE)


def test_a_base_value_that_explains_the_shift_is_told_then_and_now() -> None:
    found = attributions()

    shift = common_shift(found, moved(found, 6.0, base=6.0))

    assert shift is not None
    assert shift.text == (
        f"every prediction on the holdout moved by +6, {shift.size:.2g} of their standard deviation: "
        "the base value changed from 0.25 to 6.25"
    )


def test_a_base_value_that_stayed_is_not_named() -> None:
    found = attributions()

    shift = common_shift(found, moved(found, 6.0))

    assert shift is not None
    assert shift.base_values is None
    assert shift.text.endswith("of their standard deviation")


def test_a_new_background_moves_the_base_value_and_no_prediction() -> None:
    found = attributions()

    shift = common_shift(found, moved(found, 0.0, base=6.0))

    assert shift is not None
    assert (shift.level, shift.base_values) == (0, None)


def test_predictions_that_scatter_or_some_rows_that_moved_are_no_common_shift() -> None:
    found = attributions(1000)
    rng = np.random.default_rng(1)
    scatter = rng.normal(0, in_sd(found, 1.0), size=(1000, 1))
    some = np.where(rng.random((1000, 1)) < 0.4, in_sd(found, 5.0), 0.0)

    for change in (scatter, some):
        shift = common_shift(found, moved(found, change))
        assert shift is not None
        assert shift.level == 0


def refits(pairs: int, seed: int, *, trees: bool = False) -> Floats:
    """Common shifts, (pairs,), of two models fitted to 4,000 rows each of one world."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(seed)
    weights = np.r_[1, 0.7, 0.5, 0.3, 0.2, np.zeros(5)]
    holdout, found = rng.normal(size=(1000, 10)), []
    for _ in range(pairs):
        answers = []
        for _ in range(2):
            x = rng.normal(size=(4000, 10))
            y = rng.random(4000) < 1 / (1 + np.exp(-x @ weights))
            model = HistGradientBoostingClassifier(max_iter=60) if trees else LogisticRegression()
            answers.append(model.fit(x, y).decision_function(holdout)[:, None])
        rows = attributions(1000)
        shift = common_shift(replace(rows, predictions=answers[0]), replace(rows, predictions=answers[1]))
        assert shift is not None
        found.append(shift.size)
    return np.array(found)


def test_refits_move_by_less_than_a_warning() -> None:
    assert refits(20, seed=0).max() < SHIFT_WARNING


@pytest.mark.slow
@pytest.mark.parametrize(("pairs", "trees"), [(150, False), (20, True)])
def test_refits_move_by_less_than_a_warning_measured(pairs: int, trees: bool) -> None:
    found = refits(pairs, seed=0, trees=trees)
    print(f"trees {trees}: median {np.median(found):.3f}, largest {found.max():.3f}")  # noqa: T201 - shown with -s
    assert found.max() < SHIFT_WARNING


def test_most_rows_are_not_called_every_row() -> None:
    found = attributions(1000)
    change = in_sd(found, 1.0) * np.where(np.arange(1000) < 50, 0.0, 1.0)[:, None]

    shift = common_shift(found, moved(found, change))

    assert shift is not None
    assert (shift.level, shift.alike) == (2, False)
    assert shift.text.startswith("predictions on the holdout moved together by")


def test_of_several_outputs_the_one_that_moved_farthest_speaks() -> None:
    found = attributions(classes=3)
    outputs = np.repeat(found.predictions, 3, axis=1)[:, :3]
    before = replace(found, predictions=outputs)
    after = replace(found, predictions=outputs + np.array([0.0, -6.0, 1.0]))

    shift = common_shift(before, after)

    assert shift is not None
    assert shift.amount == pytest.approx(-6.0)
