"""Where one value lies in the distribution that the reference kept of its column."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.publish.chart_data import bin_labels
from monitor.publish.phrases import number, percent
from monitor.types import QUANTILE_GRID, Profile

MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A distribution in one line: places from 0 to 100 between its first and its last hundredth."""

    low: float
    """5 %."""
    box_low: float
    """25 %."""
    median: float
    box_high: float
    """75 %."""
    high: float
    """95 %."""
    here: float | None
    """The value, cut at the ends; None where it is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    words: str
    rank: float | None = None
    """Share of the reference's rows below the value, those equal to it counted half; from its quantiles, so about."""
    strip: Strip | None = None


def standing(profile: Profile | None, value: Any) -> Standing:
    """Words, percentile rank and strip of a value as it is stored: number, text, None."""
    if profile is None:
        return Standing(words="no distribution is kept of this column")
    rows = max(1, profile.n)
    if value is None:
        often = f"as in {percent(profile.n_missing / rows)}" if profile.n_missing else "which it is in no row"
        return Standing(words=f"missing, {often} of the reference")
    if profile.categories:
        return Standing(words=_category_words(profile, str(value), rows))
    if not profile.quantiles or not isinstance(value, int | float):
        return Standing(words="the reference has no value to compare with")
    here = float(value)
    low, high = profile.quantiles[0], profile.quantiles[-1]
    strip = _strip(profile.quantiles, here)
    if here < low:
        return Standing(words=f"below every row of the reference, from {number(low)} on", rank=0.0, strip=strip)
    if here > high:
        return Standing(words=f"above every row of the reference, up to {number(high)}", rank=1.0, strip=strip)
    rank, shared = _rank(profile, here)
    return Standing(words=_number_words(profile, here, rank, shared), rank=rank, strip=strip)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """Where rows of the reference have the very same value: shares of all its rows."""

    below: float
    same: float
    exact: bool


def _number_words(profile: Profile, value: float, rank: float, shared: _Shared | None) -> str:
    """Of a number between the reference's ends: the rows below it, and those that have the same where they are many."""
    lowest, highest = value == profile.quantiles[0], value == profile.quantiles[-1]
    if lowest and highest:
        return "the only value in the reference"
    end = "the lowest value" if lowest else "the highest value" if highest else None
    if shared is None:
        return f"{end} of the reference" if end else f"above about {percent(rank)} of the reference"
    about = "" if shared.exact else "about "
    if end is not None:
        return f"{end}, shared by {about}{percent(shared.same)} of the reference"
    return f"above {about}{percent(shared.below)} of the reference, the same as {about}{percent(shared.same)}"


def _category_words(profile: Profile, value: str, rows: int) -> str:
    named = dict(zip(profile.categories[:-1], profile.counts, strict=False))
    if value in named:
        return f"in {percent(named[value] / rows)} of the reference"
    others = profile.counts[-1]
    return f"rare: with {percent(others / rows)} of the reference" if others else "in no row of the reference"


def _rank(profile: Profile, value: float) -> tuple[float, _Shared | None]:
    """Rank among the rows that have a value, and the rows that have the same one where many do.

    A value that many rows share has a bin of its own, which counts them. Elsewhere the rank is from the quantiles: on
    a straight line between two, their middle where the value fills several, and never outside its bin.
    """
    at, present = bisect.bisect_right(profile.edges, value), profile.n - profile.n_missing
    count = profile.counts[at]
    below = sum(profile.counts[:at])
    if at and profile.edges[at - 1 : at + 1] == (value, math.nextafter(value, math.inf)):
        shared = _Shared(below=below / profile.n, same=count / profile.n, exact=True)
        return (below + count / 2) / present, shared
    rank, upto = _quantile_rank(profile.quantiles, value)
    within = min(max((rank + upto) / 2, below / present), (below + count) / present)
    if rank == upto:
        return within, None
    full = present / profile.n
    return within, _Shared(below=rank * full, same=(upto - rank) * full, exact=False)


def _quantile_rank(quantiles: tuple[float, ...], value: float) -> tuple[float, float]:
    """The first and last rank that the value has by the quantiles; the same twice where it fills no two of them."""
    first, last = bisect.bisect_left(quantiles, value), bisect.bisect_right(quantiles, value) - 1
    if first <= last:
        return QUANTILE_GRID[first], QUANTILE_GRID[last]
    below, above = quantiles[last], quantiles[last + 1]
    share = (value - below) / (above - below)
    rank = QUANTILE_GRID[last] + share * (QUANTILE_GRID[last + 1] - QUANTILE_GRID[last])
    return rank, rank


def _strip(quantiles: tuple[float, ...], value: float) -> Strip:
    low, high = quantiles[1], quantiles[-2]
    if low == high:
        low, high = quantiles[0], quantiles[-1]

    def place(one: float) -> float:
        if low == high:
            return 50.0 if one == low else 0.0 if one < low else 100.0
        return round(min(100.0, max(0.0, 100 * (one - low) / (high - low))), 2)

    q = quantiles
    return Strip(
        low=place(q[2]), box_low=place(q[4]), median=place(q[5]), box_high=place(q[6]), high=place(q[8]),
        here=place(value),
    )  # fmt: skip


def histogram(reference: Profile, now: Profile | None, value: Any) -> dict[str, Any]:
    """Share of rows per bin of the reference, missing ones last, then and now, and the bin that the value is in."""
    labels = [*(reference.categories or bin_labels(reference.edges)), MISSING]
    alike = now is not None and (now.edges, now.categories) == (reference.edges, reference.categories)
    return {
        "feature": reference.feature,
        "bins": labels,
        "reference": _shares(reference),
        "now": _shares(now) if alike and now is not None else None,
        "here": _bin(reference, value),
    }


def _shares(profile: Profile) -> list[float]:
    rows = max(1, profile.n)
    return [count / rows for count in (*profile.counts, profile.n_missing)]


def _bin(profile: Profile, value: Any) -> int | None:
    last = len(profile.counts)
    if value is None:
        return last
    if profile.categories:
        names: Mapping[str, int] = {name: i for i, name in enumerate(profile.categories[:-1])}
        return names.get(str(value), last - 1)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return bisect.bisect_right(profile.edges, value)
