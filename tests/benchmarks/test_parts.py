"""The parts that benchmarks are made of: pools, bounds, seeds, results, detection."""

from __future__ import annotations

import ctypes
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmarks import bounds, explained, pools, results, shifts, tables
from benchmarks.detection import NULL, Case, Score, detected, limit_of, localisation
from benchmarks.parallel import Kept, generator, run
from benchmarks.peers import meter


def drawn(name: str, rows: int = 20_000, d: int = 12) -> np.ndarray:
    return pools.SYNTHETIC[name](np.random.default_rng(1), d)(rows)


def test_the_gaussian_pool_is_standard_normal() -> None:
    assert stats.kstest(drawn("gaussian")[:, 0], "norm").pvalue > 0.001


def test_the_heavy_pool_has_tails_without_variance() -> None:
    values = drawn("heavy")
    beyond = np.abs(values) > 10 * np.median(np.abs(values), axis=0)

    assert (beyond.mean(axis=0) > 0.005).all()  # a normal distribution has none


def test_in_the_lognormal_pool_one_row_in_a_hundred_holds_a_large_part_of_all_importance() -> None:
    ordered = np.sort(np.abs(drawn("lognormal")), axis=0)
    top = ordered[-len(ordered) // 100 :].sum(axis=0) / ordered.sum(axis=0)

    assert ((top > 0.12) & (top < 0.35)).all()


def test_the_zero_inflated_pool_is_mostly_zero() -> None:
    zero = (drawn("zero_inflated") == 0).mean(axis=0)

    assert zero.min() > 0.35
    assert zero.max() > 0.8


def test_every_third_feature_of_the_rare_pool_counts_in_one_row_of_a_hundred() -> None:
    held = (drawn("rare_flags") != 0).mean(axis=0)

    assert held[::3] == pytest.approx(0.01, abs=0.004)
    assert (np.delete(held, np.s_[::3]) > 0.99).all()


def test_features_of_the_correlated_pool_move_together() -> None:
    between = np.abs(np.corrcoef(drawn("correlated").T))[np.triu_indices(12, 1)]

    assert between.max() > 0.8
    assert between.mean() > 0.3


def test_the_tied_pool_has_few_values() -> None:
    assert len(np.unique(drawn("tied"))) < 25


def test_a_pool_of_rows_never_gives_one_twice_in_a_draw() -> None:
    values = np.arange(100.0)[:, None]

    rows = pools.of_rows(np.random.default_rng(0), values)(100)

    assert sorted(rows[:, 0]) == values[:, 0].tolist()


def test_the_explained_pool_has_rare_flags_and_dead_features() -> None:
    rng = np.random.default_rng(0)
    flags, shallow = explained.shap_flags(2000, rng), explained.shap_shallow(2000, rng)
    importance = np.abs(shallow).mean(axis=0)

    assert flags.shape == shallow.shape == (2000, explained.WIDTH)
    large = np.abs(flags[:, :10]) > 5 * np.abs(flags[:, :10]).mean(axis=0)
    assert (large.mean(axis=0) < 0.05).all()
    assert large.any(axis=0).sum() >= 8
    assert (importance < 0.002 * importance.sum()).sum() >= 20


@pytest.mark.parametrize(("hits", "trials"), [(0, 400), (4, 400), (200, 400), (400, 400)])
def test_bounds_are_those_of_clopper_and_pearson(hits: int, trials: int) -> None:
    exact = stats.binomtest(hits, trials).proportion_ci(0.95, method="exact")

    assert bounds.clopper_pearson(hits, trials) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_400_trials_without_a_hit_prove_less_than_one_percent() -> None:
    assert bounds.share(0, 400)["high"] < 0.01


@pytest.mark.parametrize(("hits", "trials"), [(1, 0), (-1, 3), (4, 3)])
def test_impossible_counts_are_refused(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match="hits of"):
        bounds.clopper_pearson(hits, trials)


def test_an_exponent_of_one_is_linear() -> None:
    assert bounds.exponent([10, 100, 1000], [0.2, 2.0, 20.0]) == pytest.approx(1.0)


def test_seeds_depend_on_their_words_alone() -> None:
    assert generator(1, "a").random() == generator(1, "a").random()
    assert generator(1, "a").random() != generator(2, "a").random()


def test_a_pause_is_seen_when_the_interpreter_lock_is_held_and_not_when_it_is_released() -> None:
    held = meter.longest_pause(lambda: ctypes.PyDLL(None).usleep(400_000))
    released = meter.longest_pause(lambda: ctypes.CDLL(None).usleep(400_000))

    assert held > 0.35
    assert released < held / 2


def double(value: int) -> int:
    return 2 * value


def test_work_keeps_its_order() -> None:
    assert run(double, [3, 1, 2], jobs=1, what="numbers") == [6, 2, 4]


def test_a_short_form_never_replaces_a_full_one(tmp_path) -> None:
    assert results.save("speed", {"value": np.float64(0.123456789)}, "full", tmp_path)
    assert not results.save("speed", {"value": 2}, "short", tmp_path)
    held = results.load("speed", tmp_path)
    assert held == {"name": "speed", "form": "full", "engine": results.engine_digest(), "value": 0.12346}


def test_a_result_of_another_engine_says_so(tmp_path) -> None:
    kept = {"name": "power", "form": "full", "environment": results.environment()}

    def told(**other: str) -> bool:
        return "earlier version of the drift engine" in tables.measured_with({**kept, **other})

    assert not told(engine=results.engine_digest())
    assert told(engine="0" * 12)
    assert not told(name="explain")


def test_undefined_numbers_become_null() -> None:
    text = results.dump({"a": float("nan"), "b": [np.int64(1), np.bool_(True)]})

    assert json.loads(text) == {"a": None, "b": [1, True]}


def test_the_common_rate_is_what_one_trial_in_a_hundred_exceeds() -> None:
    null = np.random.default_rng(0).permutation(1000).astype(float).tolist()

    assert sum(score > limit_of(null) for score in null) == 10


IMPORTANT = next(shift for shift in shifts.SHIFTS if shift.name == "important")


def test_the_smallest_shift_is_the_one_from_which_on_all_are_seen() -> None:
    null = Case(shift=None, size=0.0)
    todo = [null, *(Case(shift=IMPORTANT, size=size) for size in (0.1, 0.2, 0.3))]
    scores = {
        NULL: [Score(False, value / 100) for value in range(100)],
        "important_0.1": [Score(False, 2.0)] * 10,  # seen by luck: the next size is not
        "important_0.2": [Score(False, 0.0)] * 10,
        "important_0.3": [Score(True, 2.0)] * 9 + [Score(False, 0.0)],
    }

    found = detected("an engine", scores, todo)

    assert found["smallest"] == {"important": {"calibrated": 0.3, "default": 0.3}}
    assert [row["calibrated"]["share"] for row in found["cases"]] == pytest.approx([0.01, 1.0, 0.0, 0.9])


def test_localisation_counts_what_is_first_among_the_findings_of_large_shifts() -> None:
    todo = [Case(shift=IMPORTANT, size=size) for size in (0.1, 0.6)]
    psi = {"important_0.1": 0.1, "important_0.6": 0.4}
    scores = {
        "important_0.1": [Score(False, 0.0, None)] * 5,
        "important_0.6": [Score(True, 1.0, shifts.TOP)] * 3 + [Score(True, 1.0, 7)],
    }

    found = localisation(todo, psi, scores)

    assert (found["hits"], found["trials"]) == (3, 4)


def test_the_silent_shift_leaves_every_input_as_it_was_and_moves_attributions() -> None:
    silent = next(shift for shift in shifts.SHIFTS if shift.name == "silent")
    world = shifts.world(2000, np.random.default_rng(0))

    shifted = silent.apply(world, 0.9, np.random.default_rng(1))

    pairs = zip(world.X.T, shifted.X.T, strict=True)
    assert min(stats.ks_2samp(before, after).pvalue for before, after in pairs) > 0.05 / shifts.WIDTH
    second = shifts.PAIR[1]
    assert stats.ks_2samp(world.values[:, second], shifted.values[:, second]).pvalue < 1e-6


def test_trials_that_were_written_down_are_not_worked_out_again(tmp_path: Path) -> None:
    asked: list[int] = []

    def square(task: int) -> dict[str, int]:
        asked.append(task)
        return {"square": task * task}

    file = tmp_path / "kept.jsonl"
    first = run(square, [1, 2], jobs=1, what="squares", kept=Kept(file))
    file.write_text(file.read_text().splitlines()[0] + "\n")  # the process ended after the first
    second = run(square, [1, 2, 3], jobs=1, what="squares", kept=Kept(file))

    assert (first, second) == ([{"square": 1}, {"square": 4}], [{"square": 1}, {"square": 4}, {"square": 9}])
    assert asked == [1, 2, 2, 3]
