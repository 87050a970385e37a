"""Recognising that a column arrives in another unit.

A population that moves can look like any mild rescaling of itself: prices that double, volatility that halves,
summer after winter. So a good fit alone proves nothing (measured: 19 of 100 natural shifts fit a conversion).
Two things do. Recorded numbers have few decimals; converted ones leave that lattice, and undoing the right
conversion, and hardly any other, puts them back on it; those that were rounded leave out values. And populations hardly
move by a factor of ten or more, by 273.15 degrees, or from all positive to all negative between two checks: such a move
is believed to be a conversion when undoing it gives back the reference's shape. Which unit it was is said only where
the factor is that unit's, within chance; else the factor itself, which needs no unit: pay by the month is a twelfth of
pay by the year.

A column without a lattice (raw floating point readings), or rounded so that no value is left out (kilometres to miles,
one decimal both), in a unit less than ten times away is not recognised: its drift is reported with a hint at the unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from monitor.drift.growth import FAR, NEAR, Growth, growth
from monitor.drift.lattice import on_lattice, put_back, rounded, step_of
from monitor.types import Floats, Profile

UNITS: tuple[tuple[str, float, float], ...] = (
    # name, factor, offset: current = factor * reference + offset. Factors are exact by definition where they can be.
    ("miles to kilometres", 1.609344, 0.0),
    ("kilometres to miles", 1 / 1.609344, 0.0),
    ("feet to metres", 0.3048, 0.0),
    ("metres to feet", 1 / 0.3048, 0.0),
    ("inches to centimetres", 2.54, 0.0),
    ("centimetres to inches", 1 / 2.54, 0.0),
    ("inches to millimetres", 25.4, 0.0),
    ("pounds to kilograms", 0.45359237, 0.0),
    ("kilograms to pounds", 1 / 0.45359237, 0.0),
    ("miles per hour to metres per second", 0.44704, 0.0),
    ("metres per second to miles per hour", 1 / 0.44704, 0.0),
    ("knots to metres per second", 1.852 / 3.6, 0.0),
    ("metres per second to kilometres per hour", 3.6, 0.0),
    ("Fahrenheit to Celsius", 5 / 9, -160 / 9),
    ("Celsius to Fahrenheit", 1.8, 32.0),
    ("Celsius to Kelvin", 1.0, 273.15),
    ("Kelvin to Celsius", 1.0, -273.15),
    ("a factor of 60", 60.0, 0.0),
    ("a factor of 1/60", 1 / 60, 0.0),
    ("a factor of 3600", 3600.0, 0.0),
    ("a factor of 1/3600", 1 / 3600, 0.0),
    ("a factor of 24", 24.0, 0.0),
    ("a factor of 100", 100.0, 0.0),
    ("a factor of 1/100", 0.01, 0.0),
    ("a factor of 1000", 1000.0, 0.0),
    ("a factor of 1/1000", 0.001, 0.0),
    ("a changed sign", -1.0, 0.0),
)
LEAST_PSI = {True: 0.1, False: 0.5}
"""Only an input that moved this much is tried; less is enough where the lattice speaks."""
LEFT = 0.2
"""A conversion is believed when undoing it leaves at most this share of the PSI."""
MIDDLE, SPREAD = 0.25, 0.35
"""Without a lattice: how far the median may stay from the reference's, in its interquartile ranges, and the log of the
ratio of interquartile ranges, when the conversion is undone. Ordinary weeks differ by as much."""
SAME = 0.15
"""PSI under which the undone column is the reference's again, however far its middle and spread seem: heavy tails move
those from week to week."""
SHAPE = 0.1
"""The same where only the growth itself is undone: a factor that was fitted leaves less."""
BY_CHANCE = 0.01
"""Share of equal populations whose PSI is larger than what few rows are allowed beyond that."""
MIRRORED = 0.1
"""As MIDDLE, for the median of a changed sign: the other hemisphere has other latitudes, too."""
HINT_ROWS = 300
"""Fewer tell a factor too badly to name a unit that has it."""
BACK = 0.9
"""Share of rows that undoing the right conversion puts back on the lattice."""
AWAY = 0.5
"""Share of rows still on the lattice under which the column has left it."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """A conversion that leaves little of the drift when it is undone."""

    name: str
    factor: float
    offset: float
    is_unit: bool
    """In the table, not just growth."""
    back: bool
    """Undoing it, and hardly another one, puts the values on the reference's lattice."""
    proven: bool
    """And they had left it, or leave out what a rounded conversion leaves out."""
    left: float
    believed: bool

    @property
    def by_size(self) -> bool:
        """Only how far it moves the column speaks for it: another factor may be nearer."""
        return self.factor > 0 and self.offset == 0 and not self.back


def converted(
    reference: Profile, present: Floats, value: float, psi_of: Callable[[Floats], float]
) -> tuple[str, float] | None:
    """Name of the conversion that the current values went through, and the PSI left when it is undone.

    Args:
        reference: numeric profile of the column.
        present: (m,) finite current values, m >= 1.
        value: PSI of the values as they are.
        psi_of: PSI of other values on the same bins.
    """
    if value < LEAST_PSI[True]:
        return None
    grown = growth(reference, present)
    fits = _fits(reference, present, value, psi_of, grown)
    # The best one or none: where it is not believed, one that fits less well would be a guess.
    best = min(fits, key=lambda fit: (not fit.back, fit.left), default=None)
    if best is None or not best.believed:
        return None
    if grown is None or not best.by_size:
        return best.name, best.left
    units = [fit for fit in fits if fit.is_unit and fit.by_size]
    nearest = min(units, key=lambda fit: grown.off(fit.factor), default=None)
    if nearest is not None and grown.off(nearest.factor) <= grown.slack:
        return nearest.name, nearest.left
    if not best.is_unit:
        return best.name, best.left
    return grown.words, psi_of(put_back(present / grown.factor, np.asarray(reference.edges), 0.0))


def resembles(
    reference: Profile, present: Floats, value: float, psi_of: Callable[[Floats], float]
) -> tuple[str, float] | None:
    """A unit that the column moved by without any proof, and the factor it moved by: a hint, since populations grow by
    such factors, too. Arguments as in `converted`."""
    grown = growth(reference, present) if value >= LEAST_PSI[False] else None
    if grown is None or len(present) < HINT_ROWS:
        return None
    near = [(grown.off(factor), name, factor) for name, factor, offset in UNITS if factor > 0 and offset == 0]
    off, name, factor = min(near)
    undone = put_back(present / factor, np.asarray(reference.edges), (step_of(present) or 0.0) / 2 / factor)
    if off > min(grown.error, NEAR) or psi_of(undone) > max(SHAPE, _chance(reference, len(present))):
        return None
    return name, grown.factor


def _fits(
    reference: Profile, present: Floats, value: float, psi_of: Callable[[Floats], float], grown: Growth | None
) -> list[_Fit]:
    edges, step, now_step = np.asarray(reference.edges), step_of(_known(reference)), step_of(present)
    away = step is not None and on_lattice(present, step) < AWAY
    units = [(*unit, True) for unit in UNITS]
    free = [] if grown is None else [(name, factor, 0.0, False) for name, factor in grown.candidates()]
    chance = _chance(reference, len(present))
    fits = []
    for name, factor, offset, is_unit in (*units, *free):
        undone = (present - offset) / factor
        # Multiples of recorded numbers are on the lattice anyway.
        back = step is not None and (away or abs(factor) > 1) and on_lattice(undone, step) >= BACK
        proven = back and away
        if step is not None and now_step is not None and rounded(present, step, now_step, factor, offset):
            back = proven = True
        if value < LEAST_PSI[proven] or not (proven or _implausible(reference, present, factor, offset, is_unit)):
            continue
        # A current value that was rounded may be off by half a step of its own.
        left = psi_of(put_back(undone, edges, 0.0 if now_step is None else now_step / 2 / abs(factor)))
        if left <= LEFT * value:
            same = left <= max(SAME if is_unit else SHAPE, chance)
            believed = proven or same or (is_unit and _alike(reference, undone, factor))
            fits.append(_Fit(name, factor, offset, is_unit, back, proven, left, believed))
    return fits


def _chance(reference: Profile, m: int) -> float:
    """PSI that so few rows of one population reach: n m / (n + m) of it follows a chi-squared law, about."""
    n = max(reference.n - reference.n_missing, 1)
    return float(stats.chi2.isf(BY_CHANCE, max(len(reference.edges), 1))) * (1 / n + 1 / m)


def _implausible(reference: Profile, present: Floats, factor: float, offset: float, is_unit: bool) -> bool:
    """True when no population does by itself what this conversion does."""
    if factor < 0:
        low, high = reference.quantiles[1], reference.quantiles[-2]
        return bool((low >= 0 and present.max() <= 0) or (high <= 0 and present.min() >= 0))
    return not is_unit or abs(offset) > 100 or not 1 / FAR < factor < FAR


def _alike(reference: Profile, undone: Floats, factor: float) -> bool:
    """Whether middle and spread are the reference's again."""
    low, middle, high = (reference.quantiles[k] for k in (4, 5, 6))
    now_low, now_middle, now_high = np.quantile(undone, (0.25, 0.5, 0.75)).tolist()
    spread, now_spread = high - low, now_high - now_low
    if spread <= 0 or now_spread <= 0:
        return bool(spread == now_spread == 0 and np.isclose(middle, now_middle))
    near = abs(now_middle - middle) <= (MIRRORED if factor < 0 else MIDDLE) * spread
    return bool(near and abs(np.log(now_spread / spread)) <= SPREAD)


def _known(reference: Profile) -> Floats:
    """Values of the reference that its profile keeps."""
    return np.array([*reference.edges, reference.minimum, reference.maximum], dtype=np.float64)
