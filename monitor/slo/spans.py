"""Stretches of time and their arithmetic. A span is (start, end) in seconds since 1970, half-open.

Lists of spans are sorted and disjoint wherever this module returns them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Span = tuple[float, float]


def union(spans: Iterable[Span]) -> list[Span]:
    """What any of the spans covers; empty ones cover nothing."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[1] > span[0]):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def within(spans: Iterable[Span], start: float, end: float) -> list[Span]:
    """The part of the spans inside [start, end)."""
    return union((max(a, start), min(b, end)) for a, b in spans)


def minus(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """What the spans cover and the holes do not."""
    found: list[Span] = []
    out = union(holes)
    for start, end in union(spans):
        for a, b in out:
            if b <= start:
                continue
            if a >= end:
                break
            if a > start:
                found.append((start, a))
            start = b
        if start < end:
            found.append((start, end))
    return found


def length(spans: Sequence[Span]) -> float:
    """Seconds that sorted, disjoint spans cover."""
    return sum(end - start for start, end in spans)
