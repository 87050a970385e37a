"""The same rows explained again: what only a comparison row by row can see, and what must stay quiet there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.drift import compare, measure, noise_bounds, prepare
from monitor.drift.assess import Part, assess
from monitor.settings import DriftSettings

RNG = np.random.default_rng(7)
SYMMETRIC = RNG.normal(size=(2000, 4)) * [4, 2, 1, 1]
NAMES = ["income", "age", "debt", "visits"]


def change(current, reference=SYMMETRIC):
    prepared = prepare(reference, NAMES[: reference.shape[1]])
    return measure(prepared, current, paired=True, exact=True).statistics["change"]


@pytest.mark.parametrize(
    ("what", "after"),
    [
        ("every sign changed", -SYMMETRIC),
        ("credit moved between rows", RNG.permutation(SYMMETRIC)),
        ("two features of one shape swapped", SYMMETRIC[:, [0, 1, 3, 2]]),
    ],
)
def test_a_change_that_leaves_every_distribution_as_it_was_is_severe_on_the_same_rows(what, after):
    seen = compare(SYMMETRIC, after, NAMES, paired=True)

    assert seen.level == 2, what
    assert {finding.test for finding in seen.findings if finding.level} == {"change"}
    # Other rows of the same distributions are no drift: this is what the same rows are for.
    assert compare(SYMMETRIC[:1000], after[1000:], NAMES).level == 0


def test_it_is_the_mean_change_over_the_mean_size_of_an_attribution():
    after = SYMMETRIC.copy()
    after[:500, 0] *= -1
    after[:, 1] *= 1.25

    by_hand = np.abs(after - SYMMETRIC).mean(axis=0) / np.abs(SYMMETRIC).mean(axis=0)

    np.testing.assert_allclose(change(after), by_hand, rtol=1e-12)
    assert by_hand[1] == pytest.approx(0.25)
    assert change(-SYMMETRIC) == pytest.approx(2.0)


def test_rounding_of_single_precision_is_no_change():
    assert (change(SYMMETRIC.astype(np.float32)) == 0).all()
    assert compare(SYMMETRIC, SYMMETRIC.astype(np.float32), NAMES, paired=True).level == 0


def test_a_small_refit_is_under_the_floor_and_a_large_one_is_not():
    noisy = SYMMETRIC + RNG.normal(size=SYMMETRIC.shape) * np.abs(SYMMETRIC).mean(axis=0) * 0.3
    rebuilt = SYMMETRIC * 0.5 + RNG.normal(size=SYMMETRIC.shape) * np.abs(SYMMETRIC).mean(axis=0)

    assert (change(noisy) < DriftSettings().change_warning).all()
    assert (change(rebuilt) > DriftSettings().change_warning).all()
    assert compare(SYMMETRIC, rebuilt, NAMES, paired=True).level >= 1


@pytest.mark.parametrize("rows", [1, 5, 49])
def test_too_few_rows_are_unknown_and_no_level(rows):
    seen = compare(SYMMETRIC[:rows], -SYMMETRIC[:rows], NAMES, paired=True)

    mine = [finding for finding in seen.findings if finding.test == "change"]
    assert seen.verdict == "unknown"
    assert {finding.reason for finding in mine} == {f"{rows} rows, 50 are needed"}
    assert {finding.level for finding in mine} == {0}


def test_constants_dead_and_waking_features_are_defined():
    reference = np.column_stack([SYMMETRIC[:, 0], np.full(2000, 1.5), np.zeros(2000), np.zeros(2000)])
    current = np.column_stack([SYMMETRIC[:, 0], np.full(2000, -1.5), np.zeros(2000), SYMMETRIC[:, 1]])

    np.testing.assert_array_equal(change(current, reference), [0.0, 2.0, 0.0, np.inf])
    levels = compare(reference, current, NAMES, paired=True).result.levels["change"].tolist()
    # From nothing to something has no ratio: the other tests see a feature that wakes up.
    assert levels[:3] == [0, 2, 0]
    assert compare(reference, current, NAMES, paired=True).result.feature_levels[3] == 2


def test_a_feature_without_importance_never_alarms():
    reference = SYMMETRIC * [1, 1, 1, 1e-4]

    assert compare(reference, reference * [1, 1, 1, -1], NAMES, paired=True).level == 0


def test_one_absurd_row_raises_no_severe_level_and_hides_no_change():
    absurd = SYMMETRIC.copy()
    absurd[0, 0] = 1e3
    assert compare(SYMMETRIC, absurd, NAMES, paired=True).level < 2

    flipped = -SYMMETRIC
    flipped[0, 0] = 1e6
    assert compare(SYMMETRIC, flipped, NAMES, paired=True).level == 2


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), factor=st.sampled_from([2.0**-10, 4.0, 1024.0]))
def test_neither_the_order_of_rows_nor_the_unit_of_the_output_matters(seed, factor):
    rng = np.random.default_rng(seed)
    reference, current = rng.normal(size=(80, 3)), rng.normal(size=(80, 3))
    order = rng.permutation(80)

    plain = change(current, reference)
    np.testing.assert_allclose(change(current[order], reference[order]), plain, rtol=1e-12)
    np.testing.assert_allclose(change(current * factor, reference * factor), plain, rtol=1e-12)


def sampled(seed, size=0.1):
    """What an approximate explainer gives for the same rows under another seed."""
    return SYMMETRIC + np.random.default_rng(seed).normal(size=SYMMETRIC.shape) * size


def approximate(current, noise):
    prepared = prepare(sampled(100, 1.0), NAMES, noise=noise)
    measured = measure(prepared, current, paired=True)
    view = Part("holdout")
    return assess({view: (prepared, measured)}, DriftSettings())[view]


def test_an_approximate_explainer_is_judged_beyond_what_its_seed_does():
    prepared = prepare(sampled(100, 1.0), NAMES)
    noise = noise_bounds([measure(prepared, sampled(seed, 1.0), paired=True).statistics for seed in range(3)])

    levels = [approximate(sampled(seed, 1.0), noise).level for seed in range(10, 40)]
    assert max(levels) < 2
    assert sum(levels) <= 3, "three runs of noise are all that is known"
    assert approximate(-sampled(50, 1.0), noise).level == 2


def test_without_known_noise_a_change_of_sampled_attributions_is_not_judged_but_a_shift_is():
    flipped = compare(SYMMETRIC, -sampled(1), NAMES, paired=True, exact=False)
    shifted = compare(SYMMETRIC[:100], sampled(1)[:100] + np.array([2, 0, 0, 0]), NAMES, paired=True, exact=False)

    assert {f.p_value for f in flipped.findings if f.test == "change"} == {None}
    assert flipped.level == 0
    assert shifted.level >= 1, "every row moved by half a standard deviation"
