"""Features too small to alarm by themselves can hold half of a model: together they alarm."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.drift import compare, lesser
from monitor.settings import DriftSettings

RNG = np.random.default_rng(5)
SIZES = np.full(30, 0.42 / 29)
SIZES[0] = 0.58
NAMES = [f"f{j}" for j in range(30)]


def draw(rows=3000):
    return RNG.normal(size=(rows, 30)) * SIZES


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("left", [0.0, 0.3])
def test_half_of_all_importance_cannot_vanish_unseen(left, paired):
    reference = draw()
    current = (reference if paired else draw()).copy()
    current[:, 1:] *= left

    seen = compare(reference, current, NAMES, paired=paired)

    assert seen.level == 2
    raised = {finding.feature for finding in seen.findings if finding.level}
    assert len(raised) == 1, "lent to the one that moved farthest"
    assert raised != {"f0"}


def test_the_same_features_are_quiet_without_drift():
    levels = [compare(draw(800), draw(800), NAMES).level for _ in range(60)]

    assert sum(level > 0 for level in levels) <= 6  # 5 % of 60, and twice that


def test_one_of_them_alone_cannot_alarm():
    reference, current = draw(), draw()
    current[:, 7] = 0.0

    assert compare(reference, current, NAMES).level == 0


def places(*samples):
    settings = DriftSettings()
    return lesser([(np.abs(sample).mean(axis=0), len(sample)) for sample in samples], settings)


def test_they_are_not_asked_where_they_hold_next_to_nothing():
    reference = draw() * np.where(np.arange(30) < 20, 1.0, 0.02)

    assert len(places(reference, reference)) == 0
    assert len(places(draw(), draw())) == 29
    assert len(places(draw()[:, :1], draw()[:, :1])) == 0


def test_both_sides_together_choose_them_by_rows():
    small, large = np.full((100, 2), [1.0, 0.001]), np.full((100, 2), [1.0, 0.1])

    for before, after in ((small, large), (large, small)):
        assert places(before, after).tolist() == places(after, before).tolist()
    few = np.full((10, 30), 0.1)
    assert len(places(np.full((1000, 30), 1.0) * SIZES, few)) == 29
    assert len(places(np.full((10, 30), 1.0) * SIZES, np.full((1000, 30), 0.1))) == 0


def test_features_that_were_rare_by_luck_do_not_come_back_as_drift():
    """Chosen by the reference alone, the sum would rise: by the next sample the luck is gone."""

    def flags():
        return np.where(RNG.random((1000, 100)) < 0.005, 10.0, 0.0)

    levels = [compare(flags(), flags()).level for _ in range(20)]

    assert sum(level > 0 for level in levels) <= 4
    assert max(levels) < 2
