"""Small samples: what permutation adds to the closed laws."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from monitor.drift import Measurement, compare, measure, permute, prepare
from monitor.drift.psi import psi_p_value

Matrix = NDArray[np.float64]


def measured(n: int, m: int, *, shift: float = 0.0, d: int = 200, seed: int = 0) -> Measurement:
    rng = np.random.default_rng(seed)
    reference, current = rng.standard_t(3, size=(n, d)), rng.standard_t(3, size=(m, d)) + shift
    return measure(prepare(reference, [f"f{j}" for j in range(d)]), current)


@pytest.mark.parametrize(
    ("n", "m", "asked"),
    [(60, 60, True), (199, 2000, True), (200, 200, False), (199, 2400, False)],
)
def test_small_samples_are_permuted_and_large_ones_follow_the_closed_laws(n: int, m: int, asked: bool) -> None:
    assert permute.wanted(n, m) == asked


@pytest.mark.parametrize("test", ["psi", "ks", "stability"])
@pytest.mark.parametrize(("n", "m"), [(60, 60), (1000, 60), (60, 1000)])
def test_p_values_by_permutation_are_honest(test: str, n: int, m: int) -> None:
    p = np.concatenate([measured(n, m, seed=seed).p_values[test] for seed in range(3)])
    for alpha in (0.1, 0.01):
        low = int((p <= alpha).sum())
        assert stats.binomtest(low, len(p), alpha, alternative="greater").pvalue > 1e-3, f"{low} of {len(p)}"


def test_where_sizes_differ_permutation_finds_shifts_that_the_closed_law_misses() -> None:
    seen = measured(60, 1000, shift=0.4)
    closed = psi_p_value(seen.statistics["psi"], 60, 1000, seen.freedom)
    assert (seen.p_values["psi"] <= 0.01).sum() > 1.25 * (closed <= 0.01).sum() > 0


def test_equal_data_give_equal_p_values_every_time_and_in_any_order_of_features() -> None:
    one, again = measured(60, 80), measured(60, 80)
    assert one.p_values["psi"].tolist() == again.p_values["psi"].tolist()
    rng = np.random.default_rng(1)
    reference, current = rng.normal(size=(60, 30)), rng.normal(size=(80, 30)) + 0.5
    straight = measure(prepare(reference, list(map(str, range(30)))), current)
    turned = measure(prepare(reference[:, ::-1], list(map(str, range(30)))), current[:, ::-1])
    for test in ("psi", "ks"):
        assert straight.p_values[test].tolist() == turned.p_values[test][::-1].tolist()


def test_the_order_of_rows_changes_no_p_value_of_a_small_sample() -> None:
    rng = np.random.default_rng(2)
    reference, current = rng.standard_t(2, size=(60, 20)), rng.standard_t(2, size=(80, 20)) * 1.5
    names = [f"f{j}" for j in range(20)]
    one = measure(prepare(reference, names), current)
    other = measure(prepare(reference[::-1], names), rng.permutation(current))
    for test, p in one.p_values.items():
        np.testing.assert_allclose(p, other.p_values[test], rtol=1e-6, err_msg=test)


def test_values_that_are_all_equal_are_no_evidence() -> None:
    same = np.zeros((60, 2))
    seen = measure(prepare(same, ["a", "b"]), same)
    assert {tuple(seen.p_values[test].tolist()) for test in ("psi", "ks", "stability")} == {(1.0, 1.0)}


def test_a_clear_shift_in_sixty_rows_is_severe_and_beyond_what_permutations_can_count() -> None:
    rng = np.random.default_rng(3)
    reference, current = rng.normal(size=(60, 10)), rng.normal(size=(60, 10))
    found = compare(reference, current + np.array([3.0, *np.zeros(9)]))
    assert found.level == 2
    assert found.result.measurement.p_values["ks"][0] < 1 / permute.PERMUTATIONS


def test_the_distance_of_every_permutation_is_compared_after_the_last_of_equal_values() -> None:
    rng = np.random.default_rng(0)
    ref, cur = rng.integers(0, 3, 40).astype(float), rng.integers(0, 3, 30).astype(float)
    _, null = permute._psi_and_ks(ref, cur, np.array([1.0, 2.0]))
    chosen = permute._labels(40, 30)[0][:, 7].astype(bool)
    pooled = np.sort(np.concatenate([ref, cur]))
    shares = [np.array([(side <= value).mean() for value in (0, 1, 2)]) for side in (pooled[chosen], pooled[~chosen])]
    assert null[7] == pytest.approx(np.abs(shares[0] - shares[1]).max())


def test_what_is_kept_between_checks_stays_small_whatever_sizes_come() -> None:
    """Segments have other sizes in every check."""
    import psutil

    rng = np.random.default_rng(0)
    reference = rng.normal(size=(2000, 3))
    compare(reference, rng.normal(size=(150, 3)) + 0.5)
    before = psutil.Process().memory_info().rss
    for rows in range(151, 163):
        compare(reference, rng.normal(size=(rows, 3)) + 0.5)

    assert psutil.Process().memory_info().rss - before < 60e6
