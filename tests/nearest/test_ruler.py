from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import nearest
from monitor.drift import input_profile
from monitor.nearest import Ruler, nearest_other, ruler, taken

VALUES = {
    "size": st.one_of(st.none(), st.integers(-5, 5), st.floats(-1e3, 1e3)),
    "kind": st.one_of(st.none(), st.sampled_from(["a", "b", "", "c"])),
    "flag": st.one_of(st.none(), st.booleans()),
    "extra": st.floats(-1, 1),
}
ROWS = st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=14)


def made(**spreads: float | None) -> Ruler:
    """`None`: categories."""
    units = [math.nan if unit is None else unit for unit in spreads.values()]
    return Ruler(names=tuple(spreads), spreads=np.array(units))


RULER = made(size=2.5, kind=None, flag=1.0, extra=0.1)


def by_hand(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The definition, row by row and in words of Python."""
    total = 0.0
    for name, unit in zip(RULER.names, RULER.spreads, strict=True):
        x, y = one[name], other[name]
        if x is None or y is None:
            total += float((x is None) != (y is None))
        elif math.isnan(unit):
            total += float(x != y)
        else:
            total += abs(float(x) - float(y)) / unit
    return total / len(RULER.names)


@given(ROWS, st.data())
@settings(max_examples=150, deadline=None)
def test_the_nearest_row_has_another_decision_and_none_is_nearer(rows: list[dict[str, Any]], data: Any) -> None:
    sides = np.array(data.draw(st.lists(st.sampled_from([-1, 0, 1, 2]), min_size=len(rows), max_size=len(rows))))
    values = RULER.read(rows)

    found, distance = nearest_other(RULER, values, sides, values, sides)

    for i, at in enumerate(found):
        others = [j for j in range(len(rows)) if sides[j] not in (-1, sides[i])] if sides[i] >= 0 else []
        if not others:
            assert at == -1
            assert np.isnan(distance[i])
            continue
        assert at in others
        assert distance[i] == pytest.approx(min(by_hand(rows[i], rows[j]) for j in others), abs=1e-9)
        assert distance[i] == pytest.approx(by_hand(rows[i], rows[at]), abs=1e-9)


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_what_differs_is_named_the_farthest_first_and_nothing_else(rows: list[dict[str, Any]]) -> None:
    values = RULER.read(rows)
    for j in range(len(rows)):
        named = RULER.differs(values[0], values[j])
        parts = dict(zip(RULER.names, RULER.parts(values[0], values[j][None, :])[0], strict=True))
        assert set(named) == {name for name, part in parts.items() if part > 0}
        assert [parts[name] for name in named] == sorted((parts[name] for name in named), reverse=True)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    values, sides = rng.normal(size=(60, 4)), rng.integers(0, 2, 60)
    whole = nearest_other(RULER, values, sides, values, sides)
    monkeypatch.setattr(ruler, "BLOCK", 7)

    pieces = nearest_other(RULER, values, sides, values, sides)

    assert np.array_equal(whole[0], pieces[0])
    assert np.array_equal(whole[1], pieces[1])


def test_of_equally_near_rows_the_first_is_taken() -> None:
    rows = [{"size": 0.0}, {"size": 1.0}, {"size": -1.0}, {"size": 1.0}]
    one = made(size=1.0)
    values, sides = one.read(rows), np.array([0, 1, 1, 1])

    assert nearest_other(one, values, sides, values, sides)[0].tolist() == [1, 0, 0, 0]


def test_at_most_five_features_are_named() -> None:
    one = made(**{f"f{i}": 1.0 for i in range(9)})
    values = one.read([{f"f{i}": 0.0 for i in range(9)}, {f"f{i}": float(i) for i in range(9)}])

    assert one.differs(values[0], values[1]) == ("f8", "f7", "f6", "f5", "f4")


def test_columns_that_are_kept_back_count_neither_way() -> None:
    profiles = [input_profile(name, np.array([1.0, 2.0, 3.0, 9.0]), "reference") for name in ("age", "income")]

    assert Ruler.of(profiles, left_out=["income"]).names == ("age",)


def test_without_a_column_to_compare_nothing_is_near() -> None:
    one = Ruler.of([])
    found, distance = nearest_other(one, np.empty((2, 0)), np.array([0, 1]), np.empty((2, 0)), np.array([0, 1]))

    assert found.tolist() == [-1, -1]
    assert np.isnan(distance).all()


@pytest.mark.parametrize(
    ("values", "spread"),
    [
        ([0.0, 1.0, 2.0, 3.0, 4.0], 2.0),
        ([0.0] * 80 + [4.0] * 20, 4.0),
        ([0.0] * 99 + [10.0], float(np.std([0.0] * 99 + [10.0]))),
        ([7.0] * 5, 1.0),
    ],
)
def test_the_spread_is_robust_and_never_zero(values: list[float], spread: float) -> None:
    profile = input_profile("x", np.array(values), "reference")

    assert Ruler.of([profile]).spreads[0] == pytest.approx(spread)


def test_categories_have_no_spread() -> None:
    assert np.isnan(Ruler.of([input_profile("x", ["a", "b"], "reference")]).spreads[0])


def test_of_very_many_rows_or_columns_as_many_are_taken_as_a_second_allows() -> None:
    assert taken(1000, 50).tolist() == list(range(1000))
    many = taken(100_000, 50)
    assert (many[0], many[-1]) == (0, 99_999)
    assert len(set(many.tolist())) == len(many) <= nearest.MOST
    assert len(many) ** 2 * 50 <= ruler.WORK
    assert len(taken(100_000, 0)) == nearest.MOST
    assert len(taken(50, 10**12)) == 2
