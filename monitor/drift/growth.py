"""By which factor a column grew, as well as its quantiles can tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.types import QUANTILE_GRID, Floats, Profile

FAR = 10.0
"""Populations hardly move by this factor between two checks."""
ALMOST = 0.2
"""Natural logarithm by which chance at most lets growth by ten look smaller than that."""
NEAR = 0.1
"""A unit is named where the column grew by its factor, give or take this natural logarithm"""
CHANCE = 2.5
"""... or as many standard errors."""
VAGUE = 0.7
"""An error from which quantiles did not grow by one factor."""
MIDDLE = slice(3, 8)
"""Of the quantile grid: from the 10th to the 90th percentile."""
SPREAD_OF_NORMAL = 2.563
"""Width of that middle in a normal distribution, in standard deviations."""
FEW = 1e-9
"""Floating point: a factor of ten is not less than ten."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A positive factor, and what it may be off by."""

    factor: float
    error: float
    """Natural logarithm, CHANCE standard errors."""

    @property
    def slack(self) -> float:
        return max(self.error, NEAR)

    def off(self, factor: float) -> float:
        """How far another positive factor is from this one, as a natural logarithm."""
        return abs(float(np.log(factor / self.factor)))

    @property
    def words(self) -> str:
        return f"a factor of about {_number(self.factor)}"

    def candidates(self) -> list[tuple[str, float]]:
        """The factor itself and those of two digits near it, in words and number; none where it is under ten, either
        way, by more than chance.

        Of recorded numbers only the exact factor gives back the reference's, and few of them tell it badly.
        """
        if abs(np.log(self.factor)) < np.log(FAR) - min(self.error, ALMOST) or self.error > VAGUE:
            return []
        way = 1 if self.factor > 1 else -1
        size = self.factor**way
        low, high = max(size * np.exp(-self.slack), FAR), size * np.exp(self.slack)
        tens = range(max(int(np.floor(np.log10(low))), 1), int(np.floor(np.log10(high))) + 1)
        rounds = [float(digits * 10 ** (ten - 1)) for ten in tens for digits in range(10, 100)]
        near = [each**way for each in rounds if low <= each * (1 + FEW) and each <= high]
        return [(self.words, self.factor), *((f"a factor of {_number(each)}", each) for each in near)]


def growth(reference: Profile, present: Floats) -> Growth | None:
    """Of (m,) finite values against the reference's; None where one factor cannot be told.

    Where all of the middle has one sign, the mean log ratio of quantiles: growth by 30 looks like inches that became
    millimetres, and this tells them apart as well as the sample sizes allow. Else the factor of least squares.
    """
    before, now = np.array(reference.quantiles[MIDDLE]), np.quantile(present, QUANTILE_GRID[MIDDLE])
    rows = float(np.sqrt(1 / max(reference.n - reference.n_missing, 1) + 1 / len(present)))
    signs = np.sign(before)
    if signs[0] != 0 and (signs == signs[0]).all() and (np.sign(now) == signs[0]).all():
        logs = np.log(now / before)
        factor, disagree = float(np.exp(logs.mean())), float(logs.std())
        chance = abs(float(np.log(before[-1] / before[0]))) / SPREAD_OF_NORMAL
    else:
        square = float((before**2).sum())
        factor = float((before * now).sum()) / square if square > 0 else 0.0
        if not factor > 0 or not np.isfinite(factor):
            return None
        disagree = float(np.sqrt(((now - factor * before) ** 2).sum() / square)) / factor
        chance = (before[-1] - before[0]) / SPREAD_OF_NORMAL / float(np.sqrt(square / len(before)))
    return Growth(factor, CHANCE * max(float(chance) * rows, disagree / float(np.sqrt(len(before)))))


def _number(factor: float) -> str:
    return f"1/{float(f'{1 / factor:.2g}'):g}" if factor < 1 else f"{float(f'{factor:.2g}'):g}"
