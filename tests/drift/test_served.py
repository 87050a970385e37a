"""Logged attributions against recomputed ones: exact agreement, who answers for a gap, and what is not compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.drift import Facts, LoggedRow, judge, served_gap
from monitor.drift.gaps import LEAST_ROWS
from monitor.types import Attributions, ExplainerRef
from tests.drift.test_judge import CALM, contributions, view

NAMES = ("income", "age", "debt")


def attributions(n: int = 100, *, exact: bool = True, classes: int = 1) -> Attributions:
    values = np.random.default_rng(0).normal(size=(n, 3)) * [3.0, 1.0, 0.5]
    base = np.full((n, classes), 0.25)
    engine = ExplainerRef(
        engine="tree-compiled" if exact else "permutation", exact=exact, scale="margin", class_index=None,
        config={}, libraries={}, digest="d" * 64,
    )  # fmt: skip
    return Attributions(
        values=values, base_values=base, predictions=base + values.sum(axis=1, keepdims=True),
        feature_names=NAMES, explainer=engine, additivity_gap=0.0,
    )  # fmt: skip


def logged(found: Attributions, *, factor: float = 1.0, only: tuple[str, ...] = NAMES, **changes) -> list[LoggedRow]:
    rows = [
        LoggedRow(
            values={name: value * factor for name, value in zip(NAMES, row, strict=True) if name in only},
            base_value=0.25 * factor, version="v1", served_version="v1", approximate=False,
        )
        for row in found.values.tolist()
    ]  # fmt: skip
    return [replace(row, **changes) for row in rows]


def compared(found: Attributions, rows, tolerance: float = 0.05):
    gap = served_gap(found, rows, version="v1", tolerance=tolerance)
    assert gap is not None
    return gap


def test_the_same_numbers_agree_and_say_so():
    found = attributions()

    gap = compared(found, logged(found))

    assert (gap.level, gap.beyond, gap.rows) == (0, 0, 100)
    assert gap.text == "100 logged attributions agree with recomputed ones"


def test_nothing_logged_is_no_comparison():
    assert served_gap(attributions(5), [None] * 5, version="v1", tolerance=0.05) is None


def test_other_inputs_are_the_pipelines_because_the_output_differs_too():
    found = attributions()
    rows = [replace(row, values={**row.values, "income": row.values["income"] + 2.0}) for row in logged(found)]

    gap = compared(found, rows)

    assert (gap.level, gap.cause, gap.outputs_moved) == (2, "pipeline", 1.0)
    assert next(iter(gap.features)) == "income"
    assert "mostly income by" in gap.text
    assert "the served outputs differ as well" in gap.text


def test_the_same_output_split_otherwise_is_the_serving_explainers():
    found = attributions()
    rows = [
        replace(row, values={"income": row.values["age"], "age": row.values["income"], "debt": row.values["debt"]})
        for row in logged(found)
    ]

    gap = compared(found, rows)

    assert (gap.level, gap.cause, gap.outputs_moved) == (2, "explainer", 0.0)


def test_another_scale_is_named_with_its_factor():
    found = attributions()

    gap = compared(found, logged(found, factor=0.25))

    assert gap.factor == pytest.approx(0.25)
    assert "by the factor 0.25, as on another scale" in gap.text


def test_only_the_features_that_were_logged_are_compared():
    found = attributions()

    gap = compared(found, logged(found, only=("income", "age")))

    assert (gap.level, gap.absent_features) == (0, ("debt",))


def test_a_renamed_feature_is_a_gap_of_its_own():
    found = attributions()
    rows = [replace(row, values={"incomes": 1.0, "age": row.values["age"]}) for row in logged(found)]

    gap = compared(found, rows)

    assert (gap.level, gap.cause, gap.unknown_features) == (2, "pipeline", ("incomes",))
    assert "logged features unknown to the model: incomes" in gap.text


def rounded(rows, digits: int):
    return [replace(row, values={name: round(value, digits) for name, value in row.values.items()}) for row in rows]


def many(d: int, *, n: int = 200) -> tuple[Attributions, list[LoggedRow]]:
    """Attributions on the scale of probabilities, most of them small, and their log."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(n, d)) * np.exp(-np.arange(d) / (d / 5))
    values *= 0.15 / np.abs(values).sum(axis=1).mean()
    base = np.full((n, 1), 0.1)
    names = tuple(f"f{j}" for j in range(d))
    found = replace(
        attributions(n), values=values, base_values=base, predictions=base + values.sum(axis=1, keepdims=True),
        feature_names=names,
    )  # fmt: skip
    rows = [
        LoggedRow(
            values=dict(zip(names, row, strict=True)), base_value=0.1, version="v1", served_version="v1",
            approximate=False,
        )
        for row in values.tolist()
    ]  # fmt: skip
    return found, rows


@pytest.mark.parametrize(("features", "digits"), [(30, 3), (30, 4), (50, 3), (100, 3), (200, 4)])
def test_what_a_log_rounds_away_is_no_gap_however_many_features_add_up(features, digits):
    found, rows = many(features)

    gap = compared(found, rounded(rows, digits))

    assert (gap.level, gap.beyond) == (0, 0)


def test_rounding_hides_neither_other_inputs_nor_another_explainer():
    found, rows = many(50)
    other = [replace(row, values={**row.values, "f0": row.values["f0"] + 0.02}) for row in rows]
    swapped = [
        replace(row, values={**row.values, "f0": row.values["f1"] + 0.02, "f1": row.values["f0"] - 0.02})
        for row in rows
    ]

    assert (compared(found, rounded(other, 3)).level, compared(found, rounded(other, 3)).cause) == (2, "pipeline")
    assert (compared(found, rounded(swapped, 3)).level, compared(found, rounded(swapped, 3)).cause) == (2, "explainer")


def test_a_log_of_zeros_is_not_taken_for_a_rounded_one():
    found = attributions()
    gap = compared(found, [replace(row, values=dict.fromkeys(NAMES, 0.0)) for row in logged(found)])

    assert gap.level == 2


@pytest.mark.parametrize(
    ("changes", "count"),
    [({"approximate": True}, "approximate"), ({"version": "v0"}, "other_version")],
)
def test_rows_that_cannot_agree_are_counted_and_left_out(changes, count):
    found = attributions()

    gap = compared(found, logged(found, factor=2.0, **changes))

    assert (gap.level, gap.rows, getattr(gap, count)) == (0, 0, 100)
    assert gap.reason is not None


def test_a_cached_explanation_of_another_version_is_stale():
    gap = compared(attributions(), logged(attributions(), version="v1", served_version="v2"))

    assert gap.stale == 100
    assert "100 explain another model version than the one that predicted" in gap.text


def test_an_approximate_explainer_here_is_held_against_nothing():
    found = attributions(exact=False)

    gap = compared(found, logged(found, factor=2.0))

    assert (gap.level, gap.rows) == (0, 0)
    assert "permutation) is approximate" in gap.text


@pytest.mark.parametrize(
    ("rows", "wrong", "level"),
    [(LEAST_ROWS - 1, LEAST_ROWS - 1, 0), (100, 5, 0), (100, 12, 1), (100, 35, 2), (1000, 60, 0), (1000, 80, 1)],
)
def test_a_level_needs_a_share_that_chance_does_not_explain(rows, wrong, level):
    found = attributions(rows)
    told = logged(found)
    told[:wrong] = [
        replace(row, values={name: value + 9.0 for name, value in row.values.items()}) for row in told[:wrong]
    ]

    gap = compared(found, told)

    assert (gap.beyond, gap.level) == (wrong, level)


@settings(max_examples=50, deadline=None)
@given(noise=st.floats(0, 0.04), rows=st.integers(20, 60))
def test_a_gap_within_the_tolerance_never_raises_anything(noise, rows):
    found = attributions(rows)
    told = [
        replace(row, values={name: value * (1 + noise) for name, value in row.values.items()}) for row in logged(found)
    ]

    assert compared(found, told).level == 0


# holdout, traffic, cause of the gap -> verdict, level
@pytest.mark.parametrize(
    ("holdout", "traffic", "cause", "verdict", "level"),
    [
        (0, 0, "pipeline", "pipeline", 2),
        (0, 0, "explainer", "explainer", 2),
        (0, 1, "pipeline", "pipeline", 1),
        (0, 2, "explainer", "data", 2),
        (2, 0, "pipeline", "model", 2),
        (2, 2, "pipeline", "both", 2),
    ],
)
def test_a_gap_names_its_cause_where_nothing_else_answers(holdout, traffic, cause, verdict, level):
    found = attributions()
    gap = replace(compared(found, logged(found, factor=2.0)), cause=cause, level=2)
    facts: Facts = replace(CALM, served=gap, prediction_shift=0.4)
    views = {"holdout": view("holdout", holdout), "traffic": view("traffic", traffic), "trend": view("trend", 1)}

    judgement = judge(views, contributions(), facts)

    assert (judgement.verdict, judgement.level) == (verdict, level)
    assert gap.text in judgement.evidence
    if not holdout and not traffic:
        assert gap.text in judgement.sentence
