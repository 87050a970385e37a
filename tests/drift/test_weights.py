"""The false alarms allowed are dealt out by importance: more of them for what moves predictions, never too few."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.bounds import share as bounded
from monitor.drift import compare
from monitor.drift.catalogue import JUDGED, PAIRED
from monitor.drift.weights import EVENLY, allotted

SCALES = np.array([4.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
NAMES = [f"f{j}" for j in range(len(SCALES))]


@given(st.integers(1, 40).flatmap(lambda d: st.tuples(
    arrays(np.float64, d, elements=st.floats(0, 1e6)), arrays(np.bool_, d),
)))  # fmt: skip
def test_weights_are_one_on_average_over_what_is_tested_and_none_is_under_a_half(drawn):
    share, tested = drawn
    weights = allotted(share, tested)
    assert np.isnan(weights[~tested]).all()
    if tested.any():
        assert np.mean(weights[tested]) == pytest.approx(1.0)
        assert weights[tested].min() >= EVENLY
        assert (np.diff(weights[tested][np.argsort(share[tested], kind="stable")]) >= -1e-12).all()


def test_features_of_equal_importance_have_equal_parts():
    np.testing.assert_array_equal(allotted(np.full(7, 0.1), np.ones(7, bool)), np.ones(7))


def drawn(seed: int, rows: int = 1000) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, len(SCALES))) * SCALES


def adjusted(current: np.ndarray, feature: str, *, kind: str = "p_adjusted") -> dict[str, float]:
    (row,) = [
        row for row in compare(drawn(1), current, NAMES).to_dict()["features"] if row["feature"] == feature
    ]  # fmt: skip
    return {name: row[f"{name}_{kind}"] for name in JUDGED if name not in PAIRED}


@pytest.mark.parametrize("column", [0, 5])
def test_the_same_shift_is_surer_of_a_feature_that_counts_more(column):
    shift = np.zeros(len(SCALES))
    shift[column] = 0.15 * SCALES[column]
    reference, current = drawn(1), drawn(2)
    current[:, column] = drawn(3)[:, 0] / SCALES[0] * SCALES[column] + shift[column]
    reference[:, column] = drawn(1)[:, 0] / SCALES[0] * SCALES[column]
    (row,) = [r for r in compare(reference, current, NAMES).to_dict()["features"] if r["feature"] == f"f{column}"]
    # 30 tests of one family: alone beyond chance, the smallest p-value is multiplied by 30 and divided by its weight.
    weight = 0.5 + 0.5 * 10 * SCALES[column] ** 2 / (SCALES**2).sum()
    assert row["ks_p_adjusted"] == pytest.approx(30 * row["ks_p_value"] / weight, rel=0.1)


def test_an_adjusted_p_value_is_never_under_its_own():
    current = drawn(2) + 0.3 * SCALES  # everything moved, so that nothing is lost by asking much
    for feature in NAMES:
        raw, after = adjusted(current, feature, kind="p_value"), adjusted(current, feature)
        assert all(after[name] >= raw[name] for name in raw)


def test_false_alarms_are_as_many_as_allowed_where_one_feature_holds_most_of_the_importance():
    alarms = 0
    for seed in range(300):
        rng = np.random.default_rng(1000 + seed)
        reference, current = (rng.standard_t(4, size=(300, len(SCALES))) * SCALES for _ in range(2))
        rows = compare(reference, current, NAMES).to_dict()["features"]
        alarms += any((row[f"{name}_p_adjusted"] or 1.0) <= 0.05 for row in rows for name in ("psi", "ks", "stability"))
    assert bounded(alarms, 300)["low"] <= 0.05
