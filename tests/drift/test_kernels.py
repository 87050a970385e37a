"""The compiled kernels against their numpy forms and scipy, and both against the sizes and types they may meet."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import stats

from monitor.drift import distances as module
from monitor.drift import measure, prepare
from monitor.drift.distances import ascending, blocks, distances, table

Matrix = NDArray[np.float64]
tied = st.integers(-6, 6).map(lambda k: k / 4)
anything = st.floats(-1e9, 1e9, width=32, allow_nan=False, allow_infinity=False)


@st.composite
def sides(draw: st.DrawFn) -> tuple[Matrix, Matrix, Matrix]:
    """Two ascending (k, rows) sides and ascending (k, e) edges, often equal to values, some infinite."""
    k, values = draw(st.integers(1, 3)), draw(st.sampled_from([tied, anything]))
    shape = st.integers(1, 40)
    ref, cur = (np.sort(draw(hnp.arrays(np.float64, (k, draw(shape)), elements=values)), axis=1) for _ in range(2))
    edges = draw(hnp.arrays(np.float64, (k, draw(st.integers(0, 6))), elements=st.one_of(values, st.just(np.inf))))
    return ref, cur, np.sort(edges, axis=1)


@pytest.mark.parametrize(("left", "right"), [(8, 8), (4, 4), (4, 8), (8, 4)])
@settings(max_examples=30, deadline=None)
@given(given_sides=sides())
def test_the_compiled_walk_equals_its_numpy_form(left: int, right: int, given_sides: tuple[Matrix, ...]) -> None:
    ref, cur, edges = given_sides[0].astype(f"f{left}"), given_sides[1].astype(f"f{right}"), given_sides[2]
    for compiled, plain in zip(module._compiled(ref, cur, edges), module._by_numpy(ref, cur, edges), strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-12, atol=0)


@pytest.mark.parametrize("form", ["_compiled", "_by_numpy"])
@settings(max_examples=30, deadline=None)
@given(given_sides=sides())
def test_distances_follow_their_definition_and_counts_a_histogram(form: str, given_sides: tuple[Matrix, ...]) -> None:
    ref, cur, edges = given_sides
    gaps, areas, counts = getattr(module, form)(ref, cur, edges)
    scale = ref.shape[1] * cur.shape[1]
    for f in range(len(ref)):
        points = np.concatenate([ref[f], cur[f]])
        shares = [np.searchsorted(side[f], points, side="right") / side.shape[1] for side in (ref, cur)]
        assert gaps[f] / scale == pytest.approx(np.abs(shares[0] - shares[1]).max(), abs=1e-15)
        assert areas[f] / scale == pytest.approx(stats.wasserstein_distance(ref[f], cur[f]), rel=1e-9, abs=1e-12)
        assert (
            counts[f].tolist()
            == np.bincount(np.searchsorted(edges[f], cur[f], side="right"), minlength=edges.shape[1] + 1).tolist()
        )


def big(dtype: type, seed: int, rows: int = 30_000) -> NDArray[np.floating]:
    return np.random.default_rng(seed).standard_t(3, size=(rows, 20)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_samples_give_what_small_blocks_in_one_thread_give(dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads, blocks and the compiled form are about speed only."""
    ref, cur = big(dtype, 1), big(dtype, 2)
    edges = table(tuple(np.quantile(column, [0.2, 0.5, 0.9]) for column in ref.T))
    assert (len(ref) + len(cur)) * 20 >= module.COMPILED_FROM
    fast = distances(ascending(ref), cur, edges)
    monkeypatch.setattr(module, "COMPILED_FROM", 10**12)
    monkeypatch.setattr(module, "THREADS_FROM", 10**12)
    monkeypatch.setattr(module, "BLOCK_COLUMNS", 3)
    slow = distances(ascending(ref), cur, edges)
    assert fast.ks.tolist() == slow.ks.tolist()
    assert fast.counts.tolist() == slow.counts.tolist()
    for name in ("wasserstein", "importance", "variance"):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), rtol=1e-11)


def test_the_order_of_many_rows_changes_not_one_bit() -> None:
    ref, cur = big(np.float64, 1), big(np.float64, 2)
    prepared = prepare(ref, [f"f{j}" for j in range(20)])
    one, other = (measure(prepared, rows) for rows in (cur, np.asfortranarray(cur[::-1])))
    for name, value in one.statistics.items():
        assert value.tobytes() == other.statistics[name].tobytes(), name
    assert measure(prepared, ref[::-1]).statistics["stability"].tolist() == [0.0] * 20


def test_single_precision_is_read_in_place_and_agrees_with_double() -> None:
    ref, cur = big(np.float32, 1), big(np.float32, 2)
    names = [f"f{j}" for j in range(20)]
    prepared = prepare(ref, names)
    assert prepared.values is ref
    single, double = measure(prepared, cur), measure(prepare(ref.astype(float), names), cur.astype(float))
    for name, value in single.statistics.items():
        np.testing.assert_allclose(value, double.statistics[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_a_buffer_stays_bounded_whatever_the_number_of_rows() -> None:
    for rows in (10, 1_000_000, 50_000_000):
        pieces = list(blocks(rows, 30, 8))
        widths = [piece.stop - piece.start for piece in pieces]
        assert sum(widths) == 30
        assert max(widths) == 1 or max(widths) * rows * 8 <= module.BLOCK_BYTES


def test_a_failure_in_a_thread_is_raised_and_not_lost() -> None:
    def fail(at: slice) -> None:
        if at.start > 0:
            raise ValueError("column 8")

    with pytest.raises(ValueError, match="column 8"):
        module.over_blocks(fail, np.zeros((30_000, 20)))


def test_other_threads_run_while_a_large_sample_is_compared() -> None:
    """A scrape must not wait: the longest pause of a thread that wakes every millisecond stays short."""
    ref, cur = big(np.float64, 1, 400_000), big(np.float64, 2, 400_000)
    prepared = prepare(ref, [f"f{j}" for j in range(20)])
    done, woke = threading.Event(), [time.perf_counter()]

    def tick() -> None:
        while not done.is_set():
            time.sleep(0.001)
            woke.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    started = time.perf_counter()
    measure(prepared, cur)
    spent = time.perf_counter() - started
    done.set()
    thread.join()
    assert np.diff(woke).max() < max(0.25, spent / 2)
