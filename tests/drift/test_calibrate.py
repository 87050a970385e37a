"""Natural variation: a season is not drift.

Synthetic year: every period moves each feature by an effect that follows its own past (AR(1), memory .6, .4
standard deviations). Measured over 100 new periods, d = 6, 26 reference periods of 40 rows: 2 % warn and none is
severe with periods; with thresholds from shuffled rows 31 % warn (19 % severe), with chance only 65 % (39 %).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from monitor.drift import compare, prepare
from monitor.drift.calibrate import Whole, _left_out
from monitor.drift.psi import psi_mean
from monitor.drift.stability import standard_error
from monitor.drift.variation import PRIOR_FREEDOM, freedom
from monitor.settings import DriftSettings

Matrix = NDArray[np.float64]
PERIODS, ROWS, D = 26, 40, 6
LABELS = [f"2013-W{k:02d}" for k in range(PERIODS) for _ in range(ROWS)]
SETTINGS = DriftSettings(min_rows=30)


def year(seed: int, size: float = 0.4, memory: float = 0.6) -> tuple[Matrix, Matrix]:
    """Reference periods, one below the other, and the period after them."""
    rng = np.random.default_rng(seed)
    effect, found = rng.normal(size=D) * size, []
    for _ in range(PERIODS + 1):
        effect = memory * effect + np.sqrt(1 - memory**2) * size * rng.normal(size=D)
        found.append(rng.normal(size=(ROWS, D)) + effect)
    return np.vstack(found[:-1]), found[-1]


def alarms(trials: int, labels: Sequence[str] | None, least: int = 1) -> int:
    pairs = (year(seed) for seed in range(trials))
    return sum(compare(*pair, periods=labels, settings=SETTINGS).level >= least for pair in pairs)


@pytest.mark.parametrize("trials", [25, pytest.param(400, marks=pytest.mark.slow)])
def test_ordinary_new_periods_seldom_alarm_while_shuffled_rows_cry_wolf(trials: int) -> None:
    shuffled = np.random.default_rng(0).permutation(LABELS).tolist()
    known = alarms(trials, LABELS)
    assert stats.binomtest(known, trials, 0.05, alternative="greater").pvalue > 1e-3
    assert alarms(trials, shuffled) > max(3 * known, trials // 8)
    assert alarms(trials, None) > trials // 3


def weeks(seed: int, kind: str, d: int, size: float) -> tuple[Matrix, Matrix, list[str]]:
    """20 weeks of 100 rows, and 300 rows of the next: every week and feature has a shift, or a scale, of its own."""
    rng = np.random.default_rng([seed, d])
    effects = size * rng.normal(size=(21, d))
    if kind == "shift":
        found = [effect + rng.normal(size=(100 if i < 20 else 300, d)) for i, effect in enumerate(effects)]
    else:
        found = [np.exp(effect) * rng.normal(size=(100 if i < 20 else 300, d)) for i, effect in enumerate(effects)]
    return np.vstack(found[:-1]), found[-1], [f"W{k:02d}" for k in range(20) for _ in range(100)]


@pytest.mark.parametrize("trials", [15, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("kind", "d", "size"), [("shift", 10, 0.5), ("shift", 30, 0.35), ("scale", 10, 0.25)])
def test_weeks_that_differ_in_many_features_stay_within_the_budget(kind: str, d: int, size: float, trials: int) -> None:
    seen = []
    for seed in range(trials):
        reference, current, labels = weeks(seed, kind, d, size)
        seen.append(compare(reference, current, periods=labels).level)
    for level, budget in ((1, 0.05), (2, 0.01)):
        hits = sum(one >= level for one in seen)
        print(f"{d} features, {kind} of {size}: level {level} in {hits} of {trials} ordinary weeks")  # noqa: T201 - the figures of docs/concepts.md
        assert stats.binomtest(hits, trials, budget, alternative="greater").pvalue > 1e-3, f"level {level}: {hits}"


def driven(seed: int, k: int, d: int, kind: str, size: float, small: bool) -> tuple[Matrix, Matrix, list[str]]:
    """k periods of 600 rows and the next: one cause, larger than the rows' own spread, moves all features at once.

    `small`: the periods have 200 rows, the next one 1,000.
    """
    before, after = (200, 1000) if small else (600, 600)
    rng = np.random.default_rng([seed, k, d])
    effects = size * rng.normal(size=k + 1)
    periods = [rng.normal(size=(before if i < k else after, d)) for i in range(k + 1)]
    moved = [
        rows + effect if kind == "shift" else rows * np.exp(effect)
        for rows, effect in zip(periods, effects, strict=True)
    ]
    return np.vstack(moved[:-1]), moved[-1], [f"W{i:02d}" for i in range(k) for _ in range(before)]


@pytest.mark.parametrize(
    ("k", "d", "kind", "size", "small", "trials"),
    [
        (4, 10, "shift", 0.8, False, 300),
        pytest.param(
            4, 10, "shift", 0.8, True, 3000,
            marks=(
                pytest.mark.slow,
                pytest.mark.xfail(reason="windows of five times a period's rows: over the budget, docs/concepts.md"),
            ),
        ),
        *(
            pytest.param(k, d, kind, size, False, 1000, marks=pytest.mark.slow)
            for k, d, kind, size in (
                (4, 1, "shift", 0.8), (4, 10, "shift", 0.8), (4, 10, "shift", 1.5), (6, 10, "shift", 0.8),
                (4, 10, "scale", 0.6),
            )
        ),
    ],
)  # fmt: skip
def test_few_periods_that_one_cause_moves_as_a_whole_stay_within_the_budget(
    k: int, d: int, kind: str, size: float, small: bool, trials: int
) -> None:
    """Ten features that move together tell no more of the next period than one does."""
    seen = []
    for seed in range(trials):
        reference, current, labels = driven(seed, k, d, kind, size, small)
        seen.append(compare(reference, current, periods=labels).level)
    for level, budget in ((1, 0.05), (2, 0.01)):
        hits = sum(one >= level for one in seen)
        print(f"{k} periods, {d} features, {kind} of {size}, small {small}: level {level} in {hits} of {trials}")  # noqa: T201 - the figures of docs/concepts.md
        assert stats.binomtest(hits, trials, budget, alternative="greater").pvalue > 1e-3, f"level {level}: {hits}"


def test_features_that_move_together_tell_as_much_of_the_next_period_as_one() -> None:
    rng = np.random.default_rng(1)
    alone, apart = rng.normal(size=(6, 1)), rng.normal(size=(6, 40))

    assert freedom(alone) == 5
    assert freedom(np.repeat(alone, 40, axis=1)) == pytest.approx(5)
    assert freedom(apart) == pytest.approx(5 + PRIOR_FREEDOM, abs=1)
    assert freedom(np.zeros((6, 40))) == pytest.approx(5 + PRIOR_FREEDOM * 39 / 40)


def test_leaving_a_period_out_needs_no_sorting_of_the_others() -> None:
    """Bounds from the whole equal those from the rest itself."""
    rng = np.random.default_rng(4)
    values, labels = rng.normal(size=(400, 3)) + np.repeat(rng.normal(size=(8, 3)), 50, axis=0), np.repeat(range(8), 50)
    prepared = prepare(values, ["a", "b", "c"])
    whole = Whole(
        columns=prepared.columns, masses=prepared.masses, edges=prepared.edge_table, counts=prepared.counts,
        widths=prepared.widths, importance=prepared.importance, variance=prepared.variance,
    )  # fmt: skip

    found = _left_out(values[labels == 5], whole)

    rest, part = values[labels != 5], values[labels == 5]
    d = np.array([stats.ks_2samp(rest[:, j], part[:, j]).statistic for j in range(3)])
    size = 1 / 350 + 1 / 50
    np.testing.assert_allclose(found["ks"].square, d**2 - np.pi**2 / 12 * size, atol=1e-12)
    before, now = np.abs(rest).mean(axis=0), np.abs(part).mean(axis=0)
    error = (standard_error(np.abs(rest).var(axis=0), 350, np.abs(part).var(axis=0), 50) / before) ** 2
    change = (now / before - 1) ** 2 - error
    np.testing.assert_allclose(found["stability"].square, change, rtol=1e-9)
    np.testing.assert_allclose(found["stability"].noise, 2 * error**2 + 4 * error * np.maximum(change, 0), rtol=1e-9)


@pytest.mark.parametrize("kind", ["normal", "heavy", "zero_inflated"])
@pytest.mark.parametrize("rows", [20, 60, 250])
def test_what_chance_does_to_small_periods_is_no_variation(kind: str, rows: int) -> None:
    """Squared distances beyond chance are centred at nothing, and vary as much as is said."""
    rng = np.random.default_rng(rows)
    values = rng.normal(size=(40 * rows, 3)) if kind != "heavy" else rng.standard_t(3, size=(40 * rows, 3))
    if kind == "zero_inflated":
        values[rng.random(values.shape) < 0.5] = 0
    prepared = prepare(values, ["a", "b", "c"])
    whole = Whole(
        columns=prepared.columns, masses=prepared.masses, edges=prepared.edge_table, counts=prepared.counts,
        widths=prepared.widths, importance=prepared.importance, variance=prepared.variance,
    )  # fmt: skip
    left_out = [_left_out(values[k * rows : (k + 1) * rows], whole) for k in range(40)]

    for test in ("psi", "ks", "stability"):
        squares = np.array([one[test].square for one in left_out]).ravel()
        noise = float(np.mean([one[test].noise for one in left_out]))
        error = np.sqrt(noise / len(squares))
        # Ties can only make D smaller; heavy tails make single changes larger than a normal law has them.
        low = -40 if test == "ks" and kind == "zero_inflated" else -5
        assert low * error < squares.mean() < 5 * error, test
        assert squares.std() < 2 * np.sqrt(noise), test


@pytest.mark.parametrize(("k", "rows"), [(52, 20), (20, 50), (8, 125)])
def test_a_reference_of_small_periods_is_not_deaf(k: int, rows: int) -> None:
    """Twenty rows a week are mostly chance, which is no variation."""
    labels = [f"W{week:02d}" for week in range(k) for _ in range(rows)]
    levels: dict[float, list[int]] = {0.6: [], 0.8: []}
    for seed in range(6):
        rng = np.random.default_rng(seed)
        reference, current = rng.normal(size=(k * rows, 10)), rng.normal(size=(1000, 10))
        for shift, found in levels.items():
            moved = current + shift * np.eye(10)[0]
            found.append(compare(reference, moved, periods=labels).level)
    assert sum(level >= 1 for level in levels[0.6]) >= 5, levels
    assert sum(level == 2 for level in levels[0.8]) >= 5, levels


def test_the_mean_of_psi_under_chance_is_what_simulation_finds() -> None:
    rng = np.random.default_rng(1)
    for shares in (np.full(10, 0.1), np.array([0.7, 0.06, 0.06, 0.06, 0.06, 0.06]), np.full(4, 0.25)):
        for m in (20, 60):
            counts = rng.multinomial(m, shares, size=4000)
            share = 0.5 / m
            p = (counts / m + share) / (1 + len(shares) * share)
            q = (shares + share) / (1 + len(shares) * share)
            found = ((p - q) * np.log(p / q)).sum(axis=1)
            (said,) = psi_mean(shares[None, :], np.array([len(shares)]), m)
            assert abs(found.mean() - said) < 5 * found.std() / np.sqrt(len(found)), (len(shares), m)


def test_a_break_larger_than_the_seasons_is_severe_in_spite_of_them() -> None:
    caught = 0
    for seed in range(20):
        reference, current = year(seed)
        found = compare(reference, current + np.array([3.0, 0, 0, 0, 0, 0]), periods=LABELS, settings=SETTINGS)
        caught += found.level == 2 and found.result.feature_levels[0] == 2
    assert caught >= 18


def test_calibrated_thresholds_are_wider_where_the_seasons_are_and_nowhere_under_chance() -> None:
    reference, _ = year(3)
    calm = np.random.default_rng(9).normal(size=reference.shape)
    mixed = np.hstack([reference[:, :1], calm[:, 1:]])
    names = [f"f{j}" for j in range(D)]
    bounds = prepare(mixed, names, periods=LABELS).natural.bounds
    for test, bound in bounds.items():
        assert (bound >= 0).all()
        assert (bound[1] >= bound[0]).all()
        if test != "stability":  # a moved mean hardly changes the mean abs value
            assert bound[0, 0] > 1.5 * bound[0, 1:].max(), test


def test_the_note_says_on_how_many_periods_thresholds_were_calibrated() -> None:
    reference, current = year(1)
    document = compare(reference, current, periods=LABELS, settings=SETTINGS).to_dict()
    assert document["calibration"] == "thresholds calibrated on 26 left-out periods"


@pytest.mark.parametrize(
    ("periods", "note"),
    [
        (None, "thresholds know chance only: the reference carries no time"),
        (["a", "b", "c"], "thresholds know chance only: 3 periods of 20 rows or more, 4 are needed"),
        ([f"day {k}" for k in range(60)], "thresholds know chance only: 0 periods of 20 rows or more, 4 are needed"),
    ],
)
def test_the_note_says_when_thresholds_know_chance_only_and_why(periods: list[str] | None, note: str) -> None:
    values = np.random.default_rng(1).normal(size=(600, 3))
    labels = None if periods is None else list(np.repeat(periods, 600 // len(periods)))
    assert compare(values, values, periods=labels).to_dict()["calibration"] == note


def test_thresholds_on_the_same_rows_are_the_floors() -> None:
    reference, _ = year(1)
    paired = compare(reference, reference, paired=True).to_dict()
    assert paired["calibration"] == ""
    assert {row["psi_threshold"] for row in paired["features"]} == {DriftSettings().psi_warning}


def test_a_feature_that_hardly_counts_does_not_widen_the_thresholds_of_the_others() -> None:
    """Relative changes of a nearly dead feature reach any size: shrinking to them switches the test off for all."""
    rng = np.random.default_rng(0)
    labels = [f"W{week:02d}" for week in np.repeat(np.arange(20), 200)]

    def draw(rows: int, factor: float = 1.0) -> Matrix:
        values = rng.normal(size=(rows, 5))
        values[:, 0] = rng.lognormal(0, 1, rows) * np.where(rng.random(rows) < 0.08, 8, 0) * factor
        values[:, 4] = 0.0
        return values

    reference, current = draw(4000), draw(3000, 6)
    waking = reference.copy()
    waking[250:290, 4], waking[900, 4] = 0.05, 0.002

    quiet, disturbed = (prepare(one, [f"f{j}" for j in range(5)], periods=labels) for one in (reference, waking))
    np.testing.assert_allclose(
        disturbed.natural.bounds["stability"][:, :4], quiet.natural.bounds["stability"][:, :4], rtol=0.2
    )
    assert compare(waking, current, periods=labels).level == 2
