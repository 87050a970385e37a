"""The marks that a broken feature pipeline leaves on an input column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from monitor.drift.binning import bin_counts, pad
from monitor.drift.psi import proportions, psi
from monitor.drift.units import converted, resembles
from monitor.types import Floats, Profile

JUMP = 0.2
"""A rise of the share of missing or unseen values that a population seldom makes in one step."""
STRAY = 0.05
"""Share of all other rows that may lie outside of the reference where one value of many rows does."""
FILLERS = frozenset((0, -999, -9999, -99999, -999999))
"""Numbers that stand for what is missing wherever the reference never reached them."""
NEGATIVE_FILLERS = frozenset((-1, -9, -99))
"""The same, only where the reference holds no negative number."""
LIKELY_FILLERS = frozenset((999, 9999, 99999, 999999, 1900, 1970))
"""The same, only well past the edge: they are prices, sizes and years as well."""
WELL_PAST = 1 / 3
"""Distance from the reference's range, in its width, from which a likely filler is one."""
HARDLY_VARIED = 0.9
"""Share of one category from which a column hardly varied in the reference."""
BY_CHANCE = 0.001
"""A column that varied is not constant now while chance gives one value in every row this often."""

Signal = Literal["unit", "constant", "missing", "unseen", "filled"]
Found = tuple[Signal, str]


def profile_psi(reference: Profile, counts: Sequence[int], n_missing: int) -> float:
    """PSI of counts on the reference's bins; missing values are a bin of their own."""
    ref, widths = pad([np.array([*reference.counts, reference.n_missing], dtype=np.int64)])
    cur, _ = pad([np.array([*counts, n_missing], dtype=np.int64)])
    return float(psi(*proportions(ref, cur, widths))[0])


def missing(reference: Profile, current: Profile) -> Found | None:
    before, now = reference.n_missing / reference.n, current.n_missing / current.n
    if now - before < JUMP:
        return None
    return "missing", f"{reference.feature} is missing in {now:.0%} of rows, {before:.0%} in the reference"


def unseen(reference: Profile, current: Profile) -> Found | None:
    if not reference.categories:
        return None
    before = reference.counts[-1] / reference.n
    now = current.counts[-1] / current.n
    if now - before < JUMP:
        return None
    return "unseen", f"{reference.feature} holds values unknown to the reference in {now:.0%} of rows"


def constant(reference: Profile, current: Profile) -> Found | None:
    if current.minimum != current.maximum or reference.quantiles[3] == reference.quantiles[7]:
        return None
    return "constant", f"{reference.feature} is {current.minimum:g} in every row, it varied in the reference"


def one_word(reference: Profile, words: Sequence[str]) -> Found | None:
    """A column of categories that holds one in every row."""
    if not words or words.count(words[0]) < len(words) or not reference.n:
        return None
    shares = {name: count / reference.n for name, count in zip(reference.categories, reference.counts, strict=True)}
    if max(shares.values()) >= HARDLY_VARIED or shares.get(words[0], 0.0) ** len(words) > BY_CHANCE:
        return None
    # Without the word: texts may be personal.
    return "constant", f"{reference.feature} is one text in every row, it varied in the reference"


def filled(reference: Profile, present: Floats, rows: int) -> Found | None:
    """One value in many rows that lies far outside of the reference, while the others stay inside: a sentinel such as
    -999, or zeros for what is missing. A value that many more rows hold proves nothing inside of the reference's range,
    nor just past its edge: the next year, a new highest price."""
    if reference.minimum is None or reference.maximum is None:
        return None
    outside = present[(present < reference.minimum) | (present > reference.maximum)]
    if not len(outside):
        return None
    values, counts = np.unique(outside, return_counts=True)
    most = int(counts.max())
    if most < JUMP * rows or len(outside) - most > STRAY * (len(present) - most):
        return None
    value = float(values[counts.argmax()])
    if not _filler(value, reference.minimum, reference.maximum):
        return None
    return "filled", f"{reference.feature} is {value:g} in {most / rows:.0%} of rows, a value outside of the reference"


def _filler(value: float, lowest: float, highest: float) -> bool:
    """Is a value outside of [lowest, highest] no next step of what the column holds?"""
    if value in FILLERS or (value in NEGATIVE_FILLERS and lowest >= 0):
        return True
    width = highest - lowest
    beyond = max(lowest - value, value - highest)
    # Of a column that never varied nobody knows how far its next value may be.
    return width > 0 and beyond > (WELL_PAST if value in LIKELY_FILLERS else 1.0) * width


def unit(reference: Profile, present: Floats, n_missing: int, value: float) -> Found | None:
    found = converted(reference, present, value, _psi_of(reference, n_missing))
    if found is None:
        return None
    name, left = found
    return "unit", f"{reference.feature} looks converted, {name} (undone, its PSI falls from {value:.2f} to {left:.2f})"


def unit_hint(reference: Profile, present: Floats, n_missing: int, value: float) -> str:
    """No mark: what a person who knows the column should look at. Empty when there is nothing."""
    found = resembles(reference, present, value, _psi_of(reference, n_missing))
    if found is None:
        return ""
    name, factor = found
    return f"{reference.feature} moved by x{factor:.2g}, the factor of {name}: no proof, populations grow by as much"


def _psi_of(reference: Profile, n_missing: int) -> Callable[[Floats], float]:
    edges = np.asarray(reference.edges)
    return lambda values: profile_psi(reference, bin_counts(values, edges).tolist(), n_missing)
