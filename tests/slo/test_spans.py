"""Arithmetic of spans, against sets of whole seconds."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitor.slo import Span, length, minus, union, within

spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: (float(pair[0]), float(pair[1]))))


def seconds(found: list[Span]) -> set[int]:
    return {second for start, end in found for second in range(int(start), int(end))}


def tidy(found: list[Span]) -> bool:
    return all(a < b for a, b in found) and all(one[1] < two[0] for one, two in pairwise(found))


@given(spans)
def test_a_union_covers_what_any_span_covers_in_order_and_without_overlap(given_spans: list[Span]) -> None:
    found = union(given_spans)

    assert seconds(found) == seconds(given_spans)
    assert tidy(found)
    assert length(found) == len(seconds(given_spans))


@given(spans, spans)
def test_a_difference_covers_what_the_holes_leave(given_spans: list[Span], holes: list[Span]) -> None:
    found = minus(given_spans, holes)

    assert seconds(found) == seconds(given_spans) - seconds(holes)
    assert all(a < b for a, b in found)


@given(spans, st.integers(0, 40), st.integers(0, 40))
def test_the_part_inside_a_span_is_cut_at_both_ends(given_spans: list[Span], start: int, end: int) -> None:
    assert seconds(within(given_spans, start, end)) == seconds(given_spans) & set(range(start, end))
