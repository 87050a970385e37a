from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.drift import input_drift, input_profile
from monitor.publish.standing import histogram, standing
from monitor.types import Profile

ROWS = np.array([1.0, 2.0, 2.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, np.nan])
NUMBERS = input_profile("age", ROWS, "reference")
MANY = input_profile(
    "counts", np.r_[np.zeros(711), np.full(300, 5.0), np.linspace(6, 90, 294), np.full(195, 100.0)], "reference"
)
FEW = input_profile("few", np.r_[np.zeros(7), np.arange(1.0, 94.0)], "reference")
WORDS = input_profile("kind", ["flat"] * 6 + ["house"] * 3 + [None], "reference")


@pytest.mark.parametrize(
    ("profile", "value", "words"),
    [
        (NUMBERS, 0.5, "below every row of the reference, from 1.00 on"),
        (NUMBERS, 8, "above every row of the reference, up to 7.00"),
        (NUMBERS, 3.0, "above about 50% of the reference"),
        (NUMBERS, 1, "the lowest value of the reference"),
        (NUMBERS, 7, "the highest value of the reference"),
        (MANY, 0, "the lowest value, shared by 47% of the reference"),
        (MANY, 5, "above 47% of the reference, the same as 20%"),
        (MANY, 100, "the highest value, shared by 13% of the reference"),
        (input_profile("one", np.full(20, 3.0), "reference"), 3, "the only value in the reference"),
        (FEW, 0, "the lowest value, shared by about 5.0% of the reference"),
        (NUMBERS, None, "missing, as in 10% of the reference"),
        (
            input_profile("age", np.array([1.0, 2.0]), "reference"),
            None,
            "missing, which it is in no row of the reference",
        ),
        (NUMBERS, "text", "the reference has no value to compare with"),
        (WORDS, "flat", "in 60% of the reference"),
        (WORDS, "boat", "in no row of the reference"),
        (WORDS, None, "missing, as in 10% of the reference"),
        (None, 3.0, "no distribution is kept of this column"),
    ],
)
def test_where_a_value_lies_in_words(profile: Profile | None, value: Any, words: str) -> None:
    assert standing(profile, value).words == words


def test_rare_categories_are_told_together() -> None:
    names = [f"k{i % 60}" for i in range(600)]
    assert standing(input_profile("kind", names, "reference"), "k59").words == "rare: with 17% of the reference"


@given(st.integers(0, 2**32 - 1))
def test_the_rank_is_about_the_share_of_rows_below(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.normal(size=500) if seed % 2 else rng.integers(0, 12, 500).astype(float))
    profile = input_profile("x", rows, "reference")
    for value in rng.choice(rows, 5):
        found = standing(profile, float(value)).rank
        below, upto = (rows < value).mean(), (rows <= value).mean()
        # Between two stored quantiles the law is not known: the rank may be off by the gap between them.
        assert below - 0.25 <= (found or 0.0) <= upto + 0.25


@given(st.floats(-10, 10) | st.integers(-1, 101), st.floats(-10, 10) | st.integers(-1, 101))
def test_a_larger_value_never_ranks_lower(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for profile in (NUMBERS, MANY, FEW):
        assert (standing(profile, low).rank or 0.0) <= (standing(profile, high).rank or 0.0)


@pytest.mark.parametrize("value", [-1e300, 0.0, 1.0, 2.0, 3.3, 7.0, 1e300])
@pytest.mark.parametrize("rows", [ROWS[:-1], np.full(5, 2.0), np.array([0.0] * 99 + [1.0])])
def test_places_of_the_strip_stay_inside_and_in_order(rows: np.ndarray, value: float) -> None:
    strip = standing(input_profile("x", rows, "reference"), value).strip
    assert strip is not None
    places = (strip.low, strip.box_low, strip.median, strip.box_high, strip.high)
    assert list(places) == sorted(places)
    assert all(0 <= place <= 100 for place in (*places, strip.here))


@pytest.mark.parametrize(("profile", "rows"), [(NUMBERS, ROWS), (WORDS, ["flat", "house", "boat", None])])
def test_the_bin_that_is_marked_is_the_one_that_counts_the_value(profile: Profile, rows: Any) -> None:
    for value in rows:
        one = np.array([value]) if profile is NUMBERS else [value]
        counted = input_drift(profile, one)[1]
        plain = None if value is None or value != value else value
        place = histogram(profile, None, plain)["here"]
        assert [*counted.counts, counted.n_missing][place] == 1


def test_shares_are_those_of_all_rows_then_and_now() -> None:
    now = input_drift(NUMBERS, np.array([2.0, 2.0, np.nan, 9.0]))[1]
    found = histogram(NUMBERS, now, 2.0)

    assert sum(found["reference"]) == pytest.approx(1.0)
    assert sum(found["now"]) == pytest.approx(1.0)
    assert (found["reference"][-1], found["now"][-1]) == (0.1, 0.25)
    assert found["bins"][-1] == "missing"


def test_profiles_on_other_bins_are_not_shown_together() -> None:
    other = input_profile("age", np.array([100.0, 200.0, 300.0]), "traffic")

    assert histogram(NUMBERS, other, 2.0)["now"] is None
