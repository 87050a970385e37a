"""What must hold for all attributions, not only for the ones somebody thought of."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import stats

from monitor.drift import TESTS, Measurement, decompose, measure, prepare
from monitor.drift.adjust import benjamini_hochberg
from monitor.drift.binning import bin_counts, quantile_edges
from monitor.drift.psi import js, kl, proportions, psi
from monitor.drift.ranking import cosine, importance_change, ndcg, top_k_overlap

Matrix = NDArray[np.float64]
STATISTICS = tuple(test.name for test in TESTS if not test.paired)
# Statistics that see only the order of values, or ratios: another unit of the output leaves them alone.
UNIT_FREE = ("psi", "ks", "stability", "js", "kl")

fast = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Few distinct values give ties and point masses, many everything else. Values nearer to each other than what counts as
# rounding are the subject of test_rounding.py.
tied = st.integers(-6, 6).map(lambda k: k / 4)
anything = st.integers(-20_000, 20_000).map(lambda k: k * 50_000.0)


@st.composite
def matrices(draw: st.DrawFn, elements: st.SearchStrategy[float] | None = None, columns: int | None = None) -> Matrix:
    rows = draw(st.integers(1, 60))
    width = columns or draw(st.integers(1, 4))
    chosen = elements if elements is not None else draw(st.sampled_from([tied, anything]))
    return draw(hnp.arrays(np.float64, (rows, width), elements=chosen))


@st.composite
def pairs(draw: st.DrawFn, elements: st.SearchStrategy[float] | None = None) -> tuple[Matrix, Matrix]:
    chosen = elements if elements is not None else draw(st.sampled_from([tied, anything]))
    reference = draw(matrices(chosen))
    return reference, draw(matrices(chosen, columns=reference.shape[1]))


def compared(reference: Matrix, current: Matrix, *, paired: bool = False) -> Measurement:
    names = [f"f{j}" for j in range(reference.shape[1])]
    return measure(prepare(reference, names), current, paired=paired)


def column(*values: float) -> Matrix:
    return np.array(values, dtype=np.float64)[:, None]


# --- nothing changed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paired", [False, True])
@fast
@given(values=matrices())
def test_a_sample_against_itself_is_exactly_zero_in_every_statistic(paired: bool, values: Matrix) -> None:
    seen = compared(values, values, paired=paired).statistics
    change = seen.pop("change")
    assert {name: value.tolist() for name, value in seen.items()} == dict.fromkeys(STATISTICS, [0.0] * values.shape[1])
    assert (change == 0).all() if paired else np.isnan(change).all()


@fast
@given(values=matrices())
def test_a_sample_against_two_copies_of_itself_is_no_drift(values: Matrix) -> None:
    """Unequal sizes alone move nothing: smoothing treats both sides alike."""
    seen = compared(values, np.vstack([values, values])).statistics
    for name, value in ((name, seen[name]) for name in STATISTICS):
        np.testing.assert_allclose(value, 0, atol=1e-7 if name == "js" else 1e-12, err_msg=name)


@fast
@given(pair=pairs(), seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(pair: tuple[Matrix, Matrix], seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference, current = pair
    plain = compared(reference, current)
    shuffled = compared(rng.permutation(reference), rng.permutation(current))
    for name in STATISTICS:
        np.testing.assert_allclose(shuffled.statistics[name], plain.statistics[name], rtol=1e-9, atol=1e-12)


@fast
@given(pair=pairs(), seed=st.integers(0, 2**32 - 1))
def test_the_order_of_features_changes_nothing(pair: tuple[Matrix, Matrix], seed: int) -> None:
    reference, current = pair
    order = np.random.default_rng(seed).permutation(reference.shape[1])
    plain, turned = compared(reference, current), compared(reference[:, order], current[:, order])
    for name in STATISTICS:
        np.testing.assert_allclose(turned.statistics[name], plain.statistics[name][order], rtol=1e-12, atol=1e-15)
        if name in plain.p_values:
            np.testing.assert_allclose(turned.p_values[name], plain.p_values[name][order], rtol=1e-12, atol=1e-300)


@fast
@given(pair=pairs(), others=matrices(columns=3))
def test_more_features_leave_the_statistics_of_the_others_alone(pair: tuple[Matrix, Matrix], others: Matrix) -> None:
    reference, current = pair
    d = reference.shape[1]
    wide_ref = np.hstack([reference, np.resize(others, (len(reference), 3))])
    wide_cur = np.hstack([current, np.resize(others[::-1], (len(current), 3))])
    plain, wide = compared(reference, current), compared(wide_ref, wide_cur)
    for name in STATISTICS:
        np.testing.assert_allclose(wide.statistics[name][:d], plain.statistics[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("factor", [2.0**-20, 0.25, 2.0, 1024.0])
@fast
@given(pair=pairs(st.integers(-2000, 2000).map(float)))
def test_another_unit_of_the_output_scales_wasserstein_and_nothing_else(
    factor: float, pair: tuple[Matrix, Matrix]
) -> None:
    reference, current = pair
    plain, scaled = compared(reference, current), compared(reference * factor, current * factor)
    for name in UNIT_FREE:
        np.testing.assert_array_equal(scaled.statistics[name], plain.statistics[name])
    np.testing.assert_array_equal(scaled.statistics["wasserstein"], plain.statistics["wasserstein"] * factor)


def test_every_statistic_is_in_one_of_the_two_unit_classes() -> None:
    assert {*UNIT_FREE, "wasserstein"} == set(STATISTICS)


# --- against independent implementations -----------------------------------------------------------------------


@fast
@given(pair=pairs())
def test_ks_equals_scipy_with_ties_and_unequal_sizes(pair: tuple[Matrix, Matrix]) -> None:
    reference, current = pair
    ours = compared(reference, current).statistics["ks"]
    with np.errstate(divide="ignore"):  # scipy's p-value of two single rows
        theirs = [stats.ks_2samp(r, c, method="asymp").statistic for r, c in zip(reference.T, current.T, strict=True)]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@fast
@given(pair=pairs())
def test_wasserstein_equals_scipy_with_ties_and_unequal_sizes(pair: tuple[Matrix, Matrix]) -> None:
    reference, current = pair
    ours = compared(reference, current).statistics["wasserstein"]
    theirs = [stats.wasserstein_distance(r, c) for r, c in zip(reference.T, current.T, strict=True)]
    scale = max(1.0, float(np.abs(reference).max()), float(np.abs(current).max()))
    np.testing.assert_allclose(ours / scale, np.array(theirs) / scale, rtol=1e-12, atol=1e-12)


def plain_psi(reference: Matrix, current: Matrix, edges: Matrix) -> float:
    """PSI of one column from its definition: loops, half a row of the smaller side added per bin to both."""
    bounds = [-np.inf, *edges.tolist(), np.inf]
    extra = 0.5 / min(len(reference), len(current))
    spans = list(itertools.pairwise(bounds))
    before = [np.mean([low <= v < high for v in reference]) + extra for low, high in spans]
    now = [np.mean([low <= v < high for v in current]) + extra for low, high in spans]
    p = [share / sum(before) for share in before]
    q = [share / sum(now) for share in now]
    return float(sum((b - a) * np.log(b / a) for a, b in zip(p, q, strict=True)))


@fast
@given(pair=pairs())
def test_psi_equals_its_definition_on_the_same_edges(pair: tuple[Matrix, Matrix]) -> None:
    reference, current = pair
    prepared = prepare(reference, [f"f{j}" for j in range(reference.shape[1])])
    ours = measure(prepared, current).statistics["psi"]
    theirs = [plain_psi(reference[:, j], current[:, j], prepared.edges[j]) for j in range(prepared.d)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@fast
@given(pair=pairs())
def test_jensen_shannon_and_kl_equal_scipy_on_the_same_bins(pair: tuple[Matrix, Matrix]) -> None:
    from scipy.spatial.distance import jensenshannon

    reference, current = pair
    prepared = prepare(reference, [f"f{j}" for j in range(reference.shape[1])])
    measured = measure(prepared, current)
    for j, width in enumerate(prepared.widths):
        extra = 0.5 / min(prepared.n, measured.m)
        p = prepared.counts[j, :width] / prepared.n + extra
        q = measured.counts_cur[j, :width] / measured.m + extra
        expected = jensenshannon(p, q, base=2)
        # Near zero scipy takes the root of rounding errors, hence the absolute tolerance.
        assert measured.statistics["js"][j] == pytest.approx(expected, rel=1e-9, abs=1e-7)
        assert measured.statistics["kl"][j] == pytest.approx(stats.entropy(q, p), rel=1e-9, abs=1e-12)


@fast
@given(p=hnp.arrays(np.float64, st.integers(1, 80), elements=st.floats(0, 1)))
def test_adjusted_p_values_equal_scipy(p: Matrix) -> None:
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p, method="bh"), rtol=1e-12)


@fast
@given(p=hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1)), q=st.floats(0.001, 0.5))
def test_adjusted_p_values_reject_what_the_step_up_procedure_rejects(p: Matrix, q: float) -> None:
    """Benjamini and Hochberg's own words: the largest k with p(k) <= k q / m; reject the k smallest."""
    ordered = np.sort(p)
    allowed = [k for k in range(1, len(p) + 1) if ordered[k - 1] <= k * q / len(p)]
    expected = p <= ordered[max(allowed) - 1] if allowed else np.zeros(len(p), bool)
    adjusted = benjamini_hochberg(p)
    borderline = np.isclose(adjusted, q, rtol=1e-9)  # where only rounding decides
    np.testing.assert_array_equal((adjusted <= q)[~borderline], expected[~borderline])


@fast
@given(p=hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(0, 1)), extra=st.integers(1, 20))
def test_unknown_p_values_do_not_count_as_tests(p: Matrix, extra: int) -> None:
    padded = np.concatenate([p, np.full(extra, np.nan)])
    adjusted = benjamini_hochberg(padded)
    np.testing.assert_array_equal(adjusted[: len(p)], benjamini_hochberg(p))
    assert np.isnan(adjusted[len(p) :]).all()


def test_ndcg_of_the_college_example_by_hand() -> None:
    """SAT .70, GPA .50, rank .05 in training; live order rank, GPA, SAT.

    (.05/log2 2 + .50/log2 3 + .70/log2 4) / (.70/log2 2 + .50/log2 3 + .05/log2 4) = .71546 / 1.04046.
    """
    training, live = np.array([0.70, 0.50, 0.05]), np.array([0.10, 0.20, 0.70])
    assert ndcg(training, live) == pytest.approx(0.71546 / 1.04046, abs=1e-5)
    assert round(ndcg(training, live), 3) == 0.688


def test_ndcg_is_blind_to_magnitude_and_its_companion_is_not() -> None:
    importance = np.array([3.0, 2.0, 1.0])
    assert ndcg(importance, importance / 10) == 1.0
    assert importance_change(importance, importance / 10) == pytest.approx(0.9)


@fast
@given(importance=hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1e6)))
def test_model_numbers_of_equal_importances_are_perfect_or_undefined(importance: Matrix) -> None:
    some = importance.sum() > 0
    assert ndcg(importance, importance) == 1.0 if some else np.isnan(ndcg(importance, importance))
    norm = float(np.linalg.norm(importance))
    assert cosine(importance, importance) == 1.0 if norm**2 > 0 else np.isnan(cosine(importance, importance))
    assert top_k_overlap(importance, importance, 5) == 1.0
    change = importance_change(importance, importance)
    assert change == 0.0 if some else np.isnan(change)


# --- histograms ------------------------------------------------------------------------------------------------


@fast
@given(pair=pairs())
def test_psi_and_jensen_shannon_are_symmetric_on_the_same_bins(pair: tuple[Matrix, Matrix]) -> None:
    reference, current = pair
    prepared = prepare(reference, [f"f{j}" for j in range(reference.shape[1])])
    p, q = proportions(prepared.counts, measure(prepared, current).counts_cur, prepared.widths)
    np.testing.assert_allclose(psi(p, q), psi(q, p), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(js(p, q), js(q, p), rtol=1e-9, atol=1e-8)


def test_kl_has_a_direction() -> None:
    p, q = np.array([[0.9, 0.1]]), np.array([[0.5, 0.5]])
    assert kl(p, q)[0] == pytest.approx(0.5 * np.log(5 / 9) + 0.5 * np.log(5))
    assert kl(q, p)[0] == pytest.approx(0.9 * np.log(9 / 5) + 0.1 * np.log(1 / 5))
    assert kl(p, q)[0] != pytest.approx(kl(q, p)[0], rel=0.05)


@fast
@given(pair=pairs(), away=st.sampled_from([0.0, 1e12, -1e12]))
def test_every_current_row_is_counted_even_where_all_leave_the_reference_range(
    pair: tuple[Matrix, Matrix], away: float
) -> None:
    reference, current = pair
    measured = compared(reference, current + away)
    assert measured.counts_cur.sum(axis=1).tolist() == [len(current)] * current.shape[1]


def test_leaving_the_reference_range_altogether_is_the_largest_psi() -> None:
    reference = np.linspace(-1, 1, 500)[:, None]
    gone = compared(reference, reference + 1e9).statistics
    half = compared(reference, np.where(reference > 0, 1e9, reference)).statistics
    assert gone["psi"][0] > half["psi"][0] > 1
    assert gone["ks"][0] == 1.0


@fast
@given(values=matrices(columns=1), bins=st.integers(2, 20))
def test_bins_partition_the_line_and_heavy_values_stand_alone(values: Matrix, bins: int) -> None:
    ordered = np.sort(values[:, 0])
    edges = quantile_edges(ordered, bins)
    assert (np.diff(edges) > 0).all()
    counts = bin_counts(ordered, edges)
    assert counts.sum() == len(ordered)
    distinct, repeats = np.unique(ordered, return_counts=True)
    if len(ordered) < bins:
        return
    for value in distinct[repeats * bins >= len(ordered)]:
        own = int(np.searchsorted(edges, value, side="right"))
        assert counts[own] == repeats[distinct == value][0]


def test_zeros_of_a_zero_inflated_feature_have_a_bin_of_their_own() -> None:
    rng = np.random.default_rng(1)
    values = np.where(rng.random(1000) < 0.8, 0.0, rng.normal(size=1000))
    edges = quantile_edges(np.sort(values), 10)
    counts = bin_counts(np.sort(values), edges)
    assert (values == 0).sum() in counts.tolist()
    assert len(edges) >= 3  # and the rest is still resolved


def test_only_bins_that_any_row_fell_into_count_as_degrees_of_freedom() -> None:
    values = np.repeat([0.0, 1.0, 2.0], 50)[:, None]
    assert compared(values, values).freedom.tolist() == [2]
    assert compared(values, np.vstack([values, [[1.5]]])).freedom.tolist() == [3]


def test_a_reference_without_ties_has_equally_full_bins() -> None:
    edges = quantile_edges(np.arange(1000.0), 10)
    assert bin_counts(np.arange(1000.0), edges).tolist() == [100] * 10


# --- point masses and constants --------------------------------------------------------------------------------


def test_rare_values_that_become_six_times_as_frequent_move_every_statistic() -> None:
    """99.5 % zeros, then 97 %: common libraries answer no drift."""
    reference, current = np.zeros((1000, 1)), np.zeros((1000, 1))
    reference[:5], current[:30] = 1.0, 1.0
    measured = compared(reference, current)
    assert measured.statistics["stability"][0] == pytest.approx(5.0)
    assert measured.statistics["ks"][0] == pytest.approx(0.025)
    assert measured.statistics["psi"][0] == pytest.approx(0.0437, abs=0.002)
    assert measured.p_values["psi"][0] < 1e-4
    assert measured.p_values["stability"][0] < 1e-4


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.5), (0.5, 0.0), (-1.0, 1.0), (2.0, 2.0001)])
def test_a_constant_that_becomes_another_constant_is_drift(before: float, after: float) -> None:
    measured = compared(np.full((200, 1), before), np.full((200, 1), after))
    assert measured.statistics["psi"][0] > 5
    assert measured.statistics["ks"][0] == 1.0
    assert measured.statistics["wasserstein"][0] == pytest.approx(abs(after - before))


def test_a_constant_reference_keeps_every_statistic_finite_but_the_ratio_to_nothing() -> None:
    measured = compared(np.zeros((200, 1)), np.random.default_rng(0).normal(size=(200, 1)))
    for name in STATISTICS:
        value = measured.statistics[name][0]
        assert value == np.inf if name == "stability" else np.isfinite(value) and value > 0, name


def test_one_emptied_decile_does_not_explode() -> None:
    """A vanishing pseudo-count would add 1.2 and more, growing without bound."""
    reference = np.arange(1000.0)[:, None]
    current = reference[(reference[:, 0] < 400) | (reference[:, 0] >= 500)]
    assert 0.3 < compared(reference, current).statistics["psi"][0] < 0.8


# --- growing drift ---------------------------------------------------------------------------------------------

SHAPES: dict[str, Callable[[Matrix], Matrix]] = {
    "normal": stats.norm.ppf,
    "heavy tails": lambda u: stats.t.ppf(u, 2),
    "skewed": stats.expon.ppf,
    "two humps": lambda u: stats.norm.ppf(u) + np.where(u > 0.5, 3.0, -3.0),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["psi", "ks", "wasserstein", "js", "kl"])
def test_a_growing_shift_never_looks_smaller(name: str, shape: str) -> None:
    reference = SHAPES[shape]((np.arange(400) + 0.5) / 400)[:, None]
    seen = [float(compared(reference, reference + s).statistics[name][0]) for s in np.linspace(0, 4, 30)]
    assert seen[0] == 0.0
    assert seen[-1] > seen[1] > 0
    assert (np.diff(seen) >= -1e-3 * max(seen)).all(), seen


@fast
@given(values=matrices(st.floats(0.125, 1e6), columns=1), small=st.floats(1, 5), more=st.floats(0, 5))
def test_stability_is_the_relative_change_of_importance(values: Matrix, small: float, more: float) -> None:
    one = compared(values, values * small).statistics["stability"][0]
    two = compared(values, values * (small + more)).statistics["stability"][0]
    assert one == pytest.approx(small - 1, rel=1e-4, abs=1e-4)  # but for what counts as rounding
    assert two >= one - 1e-4


# --- decomposition ---------------------------------------------------------------------------------------------

importances = hnp.arrays(np.float64, 4, elements=st.floats(0, 1e12))


@fast
@given(reference=importances, holdout=importances, current=importances)
def test_model_part_and_data_part_add_up_to_the_change(reference: Matrix, holdout: Matrix, current: Matrix) -> None:
    for part in decompose("abcd", reference=reference, holdout=holdout, current=current, levels={}):
        change = part.importance_current - part.importance_reference
        largest = max(part.importance_reference, part.importance_holdout, part.importance_current)
        assert abs(change - (part.model_part + part.data_part)) <= 4 * np.spacing(largest)


@fast
@given(reference=importances, current=importances)
def test_an_unchanged_model_has_a_model_part_of_exactly_zero(reference: Matrix, current: Matrix) -> None:
    parts = decompose("abcd", reference=reference, holdout=reference, current=current, levels={})
    assert [part.model_part for part in parts] == [0.0] * 4


@fast
@given(reference=importances, current=importances)
def test_shares_add_up_to_one_where_there_is_any_importance(reference: Matrix, current: Matrix) -> None:
    parts = decompose("abcd", reference=reference, holdout=reference, current=current, levels={})
    for importance, share in (
        (reference, [part.share_reference for part in parts]),
        (current, [part.share_current for part in parts]),
    ):
        assert sum(share) == pytest.approx(1.0 if importance.sum() > 0 else 0.0)
