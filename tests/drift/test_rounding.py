"""Last digits are no drift: another precision, library or file format changes them in every row at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.drift import compare, measure, prepare
from monitor.drift.binning import point_masses, snap, snapped

RNG = np.random.default_rng(3)
LEAVES = np.array([0.3, -0.2, 0.1, 0.0])
REFERENCE, CURRENT = LEAVES[RNG.integers(0, 4, (3000, 4))], LEAVES[RNG.integers(0, 4, (2000, 4))]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (REFERENCE, CURRENT.astype(np.float32)),
        (REFERENCE.astype(np.float32), CURRENT),
        (REFERENCE, CURRENT * (1 + 1e-8)),
        (REFERENCE, CURRENT + 1e-9),
        (REFERENCE, np.array([[float(f"{value:.6g}") for value in row] for row in CURRENT * (1 + 3e-7)])),
        (REFERENCE[:160], CURRENT[:180] * (1 + 1e-8)),
    ],
    ids=["current single", "reference single", "last digits", "an offset", "six digits in a file", "few rows"],
)
def test_attributions_of_few_values_that_differ_in_the_last_digits_are_the_same(before, after):
    assert compare(before, after).level == 0
    exact = compare(before.astype(np.float64).round(1), after.astype(np.float64).round(1)).result.measurement
    seen = compare(before, after).result.measurement
    for name in ("psi", "ks"):
        np.testing.assert_allclose(seen.statistics[name], exact.statistics[name], atol=1e-12)


def test_a_change_of_a_thousandth_of_every_leaf_is_seen_for_what_it_is():
    """Not rounding: the values themselves are others. What counts is that nobody calls a millionth drift."""
    assert compare(REFERENCE, CURRENT * 1.001).level == 2


def test_continuous_attributions_are_left_alone():
    values = RNG.normal(size=(2000, 3))
    prepared = prepare(values, ["a", "b", "c"])

    assert [held.size for held in prepared.masses] == [0, 0, 0]
    np.testing.assert_array_equal(prepared.columns, np.sort(values.T, axis=1))


def test_neighbours_within_reach_of_each_other_are_one_point_mass_the_heaviest():
    column = np.sort(np.concatenate([np.full(40, 1.0), np.full(50, 1.000001), np.full(50, 3.0)]))

    held, low, high = point_masses(column, 1.0)

    assert held.tolist() == [1.000001, 3.0]
    np.testing.assert_allclose(low, [1 - 1e-5, 3 - 3e-5], rtol=1e-9)
    np.testing.assert_allclose(high, [1.000001 + 1e-5, 3 + 3e-5], rtol=1e-9)


@pytest.mark.parametrize("near", [1e-17, 1e-9, 1e-7])
@pytest.mark.parametrize("left", [0.0, 0.1, 0.8])
def test_rows_that_change_between_two_values_next_to_each_other_have_not_changed(near, left):
    def side(zeros, rows):
        u = RNG.random(rows)
        return np.column_stack([np.where(u < zeros, 0.0, np.where(u < 0.8, near, RNG.normal(size=rows))), u])

    assert compare(side(0.6, 3000), side(left, 3000)).level == 0


@settings(max_examples=50, deadline=None)
@given(
    held=st.lists(st.integers(-50, 50), min_size=1, max_size=8, unique=True),
    places=st.lists(st.tuples(st.integers(0, 7), st.floats(-1e-6, 1e-6)), min_size=1, max_size=60),
    others=st.lists(st.integers(-500, 500), max_size=20),
)
def test_snapping_keeps_the_order_and_moves_only_what_is_next_to_a_point_mass(held, places, others):
    masses = point_masses(np.sort(np.repeat(np.array(held, dtype=np.float64), 5)), 1.0)
    values = np.array([held[at % len(held)] + off for at, off in places] + [k + 0.5 for k in others])
    column = np.sort(values)

    snap(column, masses)

    assert (np.diff(column) >= 0).all()
    np.testing.assert_array_equal(column, np.sort(snapped(values, masses)))
    assert set(column) <= {*held, *(k + 0.5 for k in others)}


def test_a_sample_against_itself_stays_exactly_zero_with_values_next_to_a_point_mass():
    values = np.concatenate([np.zeros(100), RNG.normal(size=100) * 1e-7, RNG.normal(size=800)])[:, None]
    seen = measure(prepare(values, ["a"]), np.vstack([values, values])).statistics

    assert seen["ks"].tolist() == [0.0]
    assert seen["wasserstein"].tolist() == [0.0]
