"""Thin, dirty and degenerate data: what every test of the table does with it. A new row of TESTS cannot skip this."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from monitor.drift import TESTS, DriftTest, compare
from monitor.drift.catalogue import JUDGED, PAIRED, floors
from monitor.errors import DataError
from monitor.settings import DriftSettings

Matrix = NDArray[np.float64]
NAMES = ["age", "income", "tenure", "visits"]

in_the_table = pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
# What is asked of the same rows only has its own cases in test_change.py.
every_test = pytest.mark.parametrize("test", [test for test in TESTS if not test.paired], ids=lambda test: test.name)
judged_tests = pytest.mark.parametrize("name", [name for name in JUDGED if name not in PAIRED])


def noise(seed: int, rows: int = 1000, d: int = 4) -> Matrix:
    return np.random.default_rng(seed).normal(size=(rows, d))


def features(reference: Matrix, current: Matrix, **options: Any) -> dict[str, dict[str, Any]]:
    """Feature name to its row of the JSON document."""
    document = compare(reference, current, NAMES[: reference.shape[1]], **options).to_dict()
    return {row["feature"]: row for row in document["features"]}


# --- the table itself ------------------------------------------------------------------------------------------


@in_the_table
def test_a_judged_test_has_floors_and_a_reported_one_has_none(test: DriftTest) -> None:
    assert test.judged == (test.floor is not None)
    if test.judged:
        warning, severe = floors(DriftSettings(), test.name)
        assert 0 < warning <= severe


@every_test
def test_a_judged_test_can_raise_a_level_and_a_reported_one_cannot(test: DriftTest) -> None:
    row = features(noise(1), noise(2) * [1, 3, 1, 1] + np.array([0, 3, 0, 0]))["income"]
    assert row[test.name] > 0
    assert row.get(f"{test.name}_level") == (2 if test.judged else None)
    assert (row[f"{test.name}_threshold"] is not None) == test.judged


# --- thin data -------------------------------------------------------------------------------------------------


@every_test
@pytest.mark.parametrize(("n", "m"), [(5, 500), (500, 5), (5, 5), (49, 500), (1, 1)])
def test_too_few_rows_are_unknown_with_the_count_and_no_level(test: DriftTest, n: int, m: int) -> None:
    seen = compare(noise(1, n), noise(2, m) + 100, NAMES)
    mine = [finding for finding in seen.findings if finding.test == test.name]
    assert (seen.verdict, seen.level) == ("unknown", 0)
    assert [finding.level for finding in mine] == [0] * 4
    assert {finding.reason for finding in mine} == {f"{min(n, m)} rows, 50 are needed"}
    assert {(finding.n_reference, finding.n_current) for finding in mine} == {(n, m)}
    assert all(finding.p_adjusted is None for finding in mine)


def test_one_row_more_than_too_few_is_judged() -> None:
    assert compare(noise(1, 50), noise(2, 50) + 100, NAMES).verdict == "drift"
    assert compare(noise(1, 49), noise(2, 50) + 100, NAMES).verdict == "unknown"


def test_the_minimum_number_of_rows_is_a_setting() -> None:
    assert compare(noise(1, 20), noise(2, 20) + 100, NAMES, settings=DriftSettings(min_rows=20)).verdict == "drift"


# --- dirty data ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["reference", "current"])
def test_numbers_that_are_not_finite_are_refused_naming_feature_and_count(value: float, side: str) -> None:
    sides = {"reference": noise(1), "current": noise(2)}
    sides[side][[3, 14, 159], 2] = value
    with pytest.raises(DataError, match=rf"{side} attributions of feature 'tenure'.*3 NaN or infinite of 1000 rows"):
        compare(sides["reference"], sides["current"], NAMES)


@pytest.mark.parametrize(
    ("current", "message"),
    [
        (np.zeros((100, 3)), "100 rows x 3 columns; expected: at least one row x 4 columns"),
        (np.zeros((0, 4)), "0 rows x 4 columns"),
        (np.zeros(100), "1 dimensions"),
        (np.full((100, 4), "x"), "not numbers"),
    ],
)
def test_a_matrix_of_another_shape_or_kind_is_refused(current: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        compare(noise(1), current, NAMES)


# --- constants and ties ----------------------------------------------------------------------------------------


@every_test
def test_a_constant_on_both_sides_is_exactly_no_drift(test: DriftTest) -> None:
    reference, current = noise(1), noise(2)
    reference[:, 1] = current[:, 1] = 0.7
    row = features(reference, current)["income"]
    assert row[test.name] == 0.0
    assert row["level"] == 0


@every_test
@pytest.mark.parametrize(
    ("before", "after"),
    [(0.0, 0.5), (0.5, -0.5), (0.5, None), (None, 0.5)],
    ids=["woke up constant", "other sign", "was constant", "became constant"],
)
def test_a_constant_on_one_side_or_another_constant_is_drift(
    test: DriftTest, before: float | None, after: float | None
) -> None:
    reference, current = noise(1), noise(2)
    for side, value in ((reference, before), (current, after)):
        if value is not None:
            side[:, 1] = value
    row = features(reference, current)["income"]
    assert row["level"] == 2
    if test.name == "stability":
        # A ratio: blind to the sign, without a value when the reference is 0.
        expected = None if before == 0 else abs(row["importance_current"] / row["importance_reference"] - 1)
        assert row["stability"] == (None if expected is None else pytest.approx(expected))
    else:
        assert row[test.name] > 0.1


@every_test
def test_ties_without_drift_are_quiet_and_a_shift_of_tied_values_is_seen(test: DriftTest) -> None:
    reference, current = np.round(noise(1) * 2) / 2, np.round(noise(2) * 2) / 2
    quiet, moved = features(reference, current), features(reference, current + np.array([0, 0.5, 0, 0]))
    assert [row["level"] for row in quiet.values()] == [0] * 4
    assert moved["income"]["level"] == 2
    assert moved["income"][test.name] > quiet["income"][test.name]


@every_test
@pytest.mark.parametrize(("n", "m"), [(2000, 100), (100, 2000), (999, 1000)])
def test_unequal_sizes_are_no_drift_and_hide_none(test: DriftTest, n: int, m: int) -> None:
    quiet, moved = features(noise(1, n), noise(2, m)), features(noise(1, n), noise(2, m) + np.array([0, 1, 0, 0]))
    assert [row["level"] for row in quiet.values()] == [0] * 4
    assert moved["income"]["level"] == 2
    assert moved["income"][test.name] > quiet["income"][test.name]


# --- outliers --------------------------------------------------------------------------------------------------


@every_test
@pytest.mark.parametrize("side", ["reference", "current"])
@pytest.mark.parametrize("column", [1, 2], ids=["same feature", "another feature"])
@pytest.mark.parametrize("outlier", [1e6, -1e6])
def test_one_absurd_outlier_neither_raises_a_severe_level_nor_hides_a_shift(
    test: DriftTest, side: str, column: int, outlier: float
) -> None:
    sides = {"reference": noise(1), "current": noise(2)}
    sides[side][500, column] = outlier
    alone = features(sides["reference"], sides["current"])
    shifted = features(sides["reference"], sides["current"] + np.array([0, 0.5, 0, 0]))
    assert all(row.get(f"{test.name}_level", 0) < 2 for row in alone.values())
    assert shifted["income"]["level"] == 2


def test_one_outlier_on_the_same_rows_does_not_pass_real_changes_off_as_rounding() -> None:
    reference = noise(1)
    reference[0] = 1e6
    assert compare(reference, reference + np.array([0, 0, 0.9, 0]), NAMES, paired=True).level == 2


# --- what may not alarm ----------------------------------------------------------------------------------------


@every_test
def test_a_dead_feature_never_alarms(test: DriftTest) -> None:
    reference, current = noise(1), noise(2) + np.array([0, 0, 2, 0])
    reference[:, 1] = current[:, 1] = 0.0
    row = features(reference, current)["income"]
    assert (row[test.name], row["level"], row["material"]) == (0.0, 0, False)


@every_test
def test_everything_dead_is_no_drift(test: DriftTest) -> None:
    seen = compare(np.zeros((100, 4)), np.zeros((200, 4)), NAMES)
    assert seen.verdict == "none"
    assert [row[test.name] for row in seen.to_dict()["features"]] == [0.0] * 4


@judged_tests
def test_a_feature_that_wakes_up_is_caught_as_soon_as_it_matters(name: str) -> None:
    reference, current = noise(1), noise(2)
    reference[:, 1] = 0.0
    awake = features(reference, current)["income"]
    assert awake[f"{name}_level"] == 2
    current[:, 1] *= 0.01  # 0.3 % of all importance
    asleep = features(reference, current)["income"]
    assert (asleep[f"{name}_level"], asleep["material"]) == (0, False)


@judged_tests
def test_a_feature_of_no_importance_then_or_now_never_alarms(name: str) -> None:
    small = np.array([1, 0.001, 1, 1])
    row = features(noise(1) * small, (noise(2) * 3 + 3) * small)["income"]
    assert row[name] > row[f"{name}_threshold_severe"]
    assert (row[f"{name}_level"], row["material"]) == (0, False)
    assert row[f"{name}_p_adjusted"] is None  # not asked, so it takes nothing from the others' budget


@judged_tests
def test_an_effect_without_evidence_and_evidence_without_an_effect_raise_nothing(name: str) -> None:
    few = [row for seed in range(5) for row in features(noise(seed, 60), noise(seed + 10, 60)).values()]
    assert max(row[name] for row in few) > floors(DriftSettings(), name)[0]
    assert {row[f"{name}_level"] for row in few} == {0}
    many = features(noise(1, 50_000), noise(2, 50_000) * [1, 1.05, 1, 1] + np.array([0, 0.05, 0, 0]))["income"]
    assert many[f"{name}_p_adjusted"] < 0.01
    assert many[f"{name}_level"] == 0


@judged_tests
def test_thresholds_know_the_sample_size_and_the_number_of_features(name: str) -> None:
    floor = floors(DriftSettings(), name)
    few, many = (features(noise(1, n), noise(2, n))["age"] for n in (60, 100_000))
    wide = compare(noise(1, 60, d=40), noise(2, 60, d=40)).to_dict()["features"][0]
    assert floor[0] < few[f"{name}_threshold"] < few[f"{name}_threshold_severe"]
    assert (many[f"{name}_threshold"], many[f"{name}_threshold_severe"]) == floor
    assert wide[f"{name}_threshold"] > few[f"{name}_threshold"]


def test_the_psi_threshold_of_few_rows_is_what_chance_exceeds_once_in_alpha_over_features() -> None:
    seen = features(noise(1, 200), noise(2, 200))["age"]["psi_threshold"]
    assert seen == pytest.approx(stats.chi2.isf(DriftSettings().alpha_warning / 4, 9) * (1 / 200 + 1 / 200))


def test_a_sign_flip_is_invisible_to_stability_and_severe_all_the_same() -> None:
    reference = np.abs(noise(1)) + np.array([0, 1, 0, 0])
    row = features(reference, np.abs(noise(2)) * [1, -1, 1, 1] + np.array([0, -1, 0, 0]))["income"]
    assert row["stability_level"] == 0
    assert (row["psi_level"], row["ks_level"]) == (2, 2)


# --- same rows -------------------------------------------------------------------------------------------------


@every_test
def test_float32_rounding_of_the_same_rows_is_exactly_nothing(test: DriftTest) -> None:
    reference = noise(1)
    reference[:, 1] = np.where(reference[:, 1] > 0, 0.0, reference[:, 1])
    rounded = reference.astype(np.float32).astype(np.float64) + 1e-7
    seen = features(reference, rounded, paired=True)
    assert [row[test.name] for row in seen.values()] == [0.0] * 4
    assert [row["level"] for row in seen.values()] == [0] * 4


def test_paired_sides_need_equally_many_rows() -> None:
    with pytest.raises(DataError, match="999 rows x 4 columns; expected: 1000 rows x 4 columns"):
        compare(noise(1), noise(2, 999), NAMES, paired=True)
