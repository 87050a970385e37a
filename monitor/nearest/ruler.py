"""How far two real rows are apart, and which row with another decision is nearest.

The distance of two rows is the mean over their features of: the difference of two numbers over the spread of that
feature in the reference; 1 for different categories, and where one of the two is missing; else 0. It says where to
look, not what causes a decision.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.types import Floats, Ints, Profile

MOST = 4000
"""Rows of one check that are compared with each other, at most."""
WORK = 500_000_000
"""Pairs times features that are compared, at most: about a second."""
BLOCK = 60_000
"""Pairs held at once."""
NAMED = 5
"""Features named for a pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """What makes rows comparable: features with a profile in the reference, without those that are kept back."""

    names: tuple[str, ...]
    spreads: Floats
    """(d,) the unit of each feature; NaN for categories."""

    @classmethod
    def of(cls, profiles: Sequence[Profile], *, left_out: Collection[str] = ()) -> Ruler:
        """From the input profiles of a reference."""
        used = [one for one in profiles if one.kind == "input" and one.feature not in left_out]
        return cls(
            names=tuple(one.feature for one in used),
            spreads=np.array([math.nan if one.categories else spread(one) for one in used], dtype=np.float64),
        )

    def read(self, rows: Sequence[Mapping[str, Any]]) -> Floats:
        """(n, d) stored inputs in units of the spreads; categories as codes that hold among these rows; NaN missing."""
        columns = [
            _codes(rows, name) if math.isnan(unit) else _numbers(rows, name) / unit
            for name, unit in zip(self.names, self.spreads, strict=True)
        ]
        return np.column_stack(columns) if columns else np.empty((len(rows), 0))

    def parts(self, row: Floats, others: Floats) -> Floats:
        """(m, d) what each feature adds to the distance of one row (d,) and others (m, d), before the mean."""
        apart = np.where(np.isnan(self.spreads), row != others, np.abs(others - row))
        one, other = np.isnan(row), np.isnan(others)
        return np.where(one | other, one != other, apart)

    def distances(self, rows: Floats, others: Floats) -> Floats:
        """(n, m) of every pair; column by column, so that n * m numbers are held and not d times as many."""
        total, apart = np.zeros((len(rows), len(others))), np.empty((len(rows), len(others)))
        for j, unit in enumerate(self.spreads):
            x, y = rows[:, j, None], others[None, :, j]
            if math.isnan(unit):
                np.not_equal(x, y, out=apart)
            else:
                np.abs(np.subtract(x, y, out=apart), out=apart)
            one, other = np.isnan(x), np.isnan(y)
            if one.any() or other.any():
                np.copyto(apart, one != other, where=one | other)
            total += apart
        return total / max(1, len(self.spreads))

    def differs(self, row: Floats, other: Floats) -> tuple[str, ...]:
        """At most `NAMED` features in which two rows differ, the farthest first."""
        found = self.parts(row, other[None, :])[0]
        order = np.argsort(-found, kind="stable")[:NAMED]
        return tuple(self.names[j] for j in order if found[j] > 0)


def spread(profile: Profile) -> float:
    """Width of a feature's middle half; where that is 0, of its middle nine tenths, its standard deviation, or 1."""
    q = profile.quantiles
    widths = (q[6] - q[4], q[8] - q[2]) if q else ()
    return next((width for width in (*widths, profile.std or 0.0) if width > 0 and math.isfinite(width)), 1.0)


def taken(n: int, features: int) -> Ints:
    """Places of the rows that are compared: all, or as many as `MOST` and `WORK` allow, evenly spread."""
    most = min(MOST, max(2, math.isqrt(WORK // max(1, features))))
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).astype(np.int64)


def nearest_other(ruler: Ruler, rows: Floats, sides: Ints, others: Floats, other_sides: Ints) -> tuple[Ints, Floats]:
    """For each of n rows the nearest of m others with another decision, and its distance; -1 and NaN for none.

    Rows whose decision is -1 have none and are nobody's. Of equally near ones the first is taken.
    """
    found, distance = np.full(len(rows), -1, dtype=np.int64), np.full(len(rows), np.nan)
    if not ruler.names:
        return found, distance
    for side in np.unique(sides[sides >= 0]):
        mine = np.flatnonzero(sides == side)
        theirs = np.flatnonzero((other_sides != side) & (other_sides >= 0))
        if not len(theirs):
            continue
        for some in _blocks(mine, len(theirs)):
            apart = ruler.distances(rows[some], others[theirs])
            best = apart.argmin(axis=1)
            found[some], distance[some] = theirs[best], apart[np.arange(len(some)), best]
    return found, distance


def _blocks(places: Ints, width: int) -> Iterator[Ints]:
    size = max(1, BLOCK // width)
    for start in range(0, len(places), size):
        yield places[start : start + size]


def _numbers(rows: Sequence[Mapping[str, Any]], name: str) -> Floats:
    values = (row.get(name) for row in rows)
    return np.array([float(one) if isinstance(one, int | float) else math.nan for one in values], dtype=np.float64)


def _codes(rows: Sequence[Mapping[str, Any]], name: str) -> Floats:
    codes: dict[str, int] = {}
    values = (row.get(name) for row in rows)
    return np.array(
        [math.nan if one is None else codes.setdefault(str(one), len(codes)) for one in values], dtype=np.float64
    )
