from __future__ import annotations

import dataclasses
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.drift import TESTS
from monitor.publish import chart_data as charts
from monitor.publish import phrases
from monitor.publish.chart_data import bin_labels, chart_data, distributions, heatmap, parts
from monitor.publish.fleet_view import by_effect
from monitor.types import Contribution, Finding

from .fleet import FEATURES, fleet

SEVERE = fleet().checks("fraud-prod", limit=1)[0].id


def contribution(name: str, then: float, same_rows: float, now: float) -> Contribution:
    return Contribution(
        feature=name,
        importance_reference=then,
        importance_holdout=same_rows,
        importance_current=now,
        share_reference=0.0,
        share_current=0.0,
        model_part=same_rows - then,
        data_part=now - same_rows,
        level=0,
    )


sizes = st.floats(min_value=0, max_value=1e6)


@given(st.lists(st.tuples(sizes, sizes, sizes), max_size=60))
def test_the_bars_add_up_to_the_whole_change_whatever_is_summed_in_the_last_one(rows: list[tuple[float, ...]]) -> None:
    given_parts = [contribution(f"f{i}", *row) for i, row in enumerate(rows)]
    bars = parts(given_parts)
    shown = math.fsum(bar["model"] + bar["data"] for bar in bars)
    assert shown == pytest.approx(math.fsum(now - then for then, _, now in rows), abs=1e-6)


def test_features_beyond_the_limit_share_the_last_bar() -> None:
    bars = parts([contribution(f"f{i}", 1.0, 1.0, 1.0 + i) for i in range(20)])
    assert (len(bars), bars[0]["feature"], bars[-1]["feature"]) == (16, "f19", "5 others, summed")


def test_two_neighbouring_floats_are_the_bin_of_one_value() -> None:
    assert bin_labels([-0.5, 0.0, math.nextafter(0.0, 1), 1.25]) == [
        "below −0.50", "−0.50 to 0", "0", "0.00 to 1.25", "1.25 and above",
    ]  # fmt: skip


@given(st.lists(st.floats(-1e5, 1e5, allow_nan=False), min_size=0, max_size=20, unique=True))
def test_there_is_one_more_bin_than_edges(edges: list[float]) -> None:
    assert len(bin_labels(sorted(edges))) == len(edges) + 1


def test_a_change_is_drawn_in_doublings_cut_at_a_quarter_and_at_four_times() -> None:
    point = fleet().history("fraud-prod", limit=1)[0]
    changes = {"same": 0.0, "double": 1.0, "half": -0.5, "gone": -1.0, "huge": 99.0, "unused": float("nan")}
    shown = heatmap([_with_changes(point, changes)], [*changes, "never seen"])
    assert [row[0] for row in shown["doublings"]] == [0.0, 1.0, -1.0, -2.0, 2.0, None, None]


def _with_changes(point: object, changes: dict[str, float]) -> object:
    return dataclasses.replace(point, feature_change=changes)  # type: ignore[type-var]


def test_a_side_on_other_bins_is_not_drawn_over_the_references() -> None:
    check = fleet().check(SEVERE)
    assert check is not None
    moved = tuple(
        dataclasses.replace(p, edges=tuple(e + 1 for e in p.edges)) if p.side == "traffic" else p
        for p in check.profiles
    )
    entry = distributions(moved, FEATURES)[0]
    assert set(entry["sides"]) == {"reference", "holdout"}


def test_shares_of_a_side_sum_to_one() -> None:
    check = fleet().check(SEVERE)
    assert check is not None
    for entry in distributions(check.profiles, FEATURES):
        for side in entry["sides"].values():
            assert math.fsum(side["shares"]) == pytest.approx(1.0)


def test_the_distribution_list_starts_with_the_top_mover() -> None:
    check = fleet().check(SEVERE)
    assert check is not None
    data = chart_data(check, by_effect(check.contributions), fleet().history("fraud-prod"))
    assert data["distributions"][0]["feature"] == "merchant_risk"  # type: ignore[index]


def test_every_test_of_the_engine_has_the_engines_title() -> None:
    assert {test.name: test.title for test in TESTS} == phrases.TEST_TITLES


def test_a_level_that_was_lent_says_so_beside_it() -> None:
    one = Finding(
        view="traffic", feature="age", test="psi", statistic=0.9, p_value=0.0, p_adjusted=0.0, threshold=0.1,
        threshold_severe=0.2, level=2, n_reference=100, n_current=100,
    )  # fmt: skip
    (own,), (lent,) = (charts.tests([found])["age"] for found in (one, replace(one, p_adjusted=None)))
    assert own["reason"] == ""
    assert lent["reason"].startswith("lent by features that drifted together")
    assert charts.tests([replace(one, level=0, p_adjusted=None)])["age"][0]["reason"] == ""
