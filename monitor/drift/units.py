"""Recognising that a column arrives in another unit.

A population that moves can look like any mild rescaling of itself: prices that double, volatility that halves,
summer after winter. So a good fit alone proves nothing (measured: 19 of 100 natural shifts fit a conversion).
Two things do. Recorded numbers have few decimals; converted ones leave that lattice, and undoing the right
conversion, and hardly any other, puts them back on it. And populations hardly move by a factor of 24, by 273.15
degrees, or from all positive to all negative between two checks: such a move is believed to be a conversion when
undoing it gives back the reference's middle and spread, since growth by 12 or 15 is not a factor of 24. Which unit it
was is said only where the factor is that unit's, within chance; else the factor itself.

A column without a lattice (raw floating point readings) in a unit less than ten times away is not recognised: its
drift is reported, its cause is not guessed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from monitor.types import QUANTILE_GRID, Floats, Profile

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
FAR = 10.0
"""Populations hardly move by this factor between two checks."""
MIDDLE, SPREAD = 0.25, 0.35
"""Without a lattice: how far the median may stay from the reference's, in its interquartile ranges, and the log of the
ratio of interquartile ranges, when the conversion is undone. Ordinary weeks differ by as much."""
SAME = 0.15
"""PSI under which the undone column is the reference's again, however far its middle and spread seem: heavy tails move
those from week to week."""
NEAR = 0.1
"""Without a lattice a unit is named where the column grew by its factor, give or take this natural logarithm"""
CHANCE = 2.5
"""... or as many standard errors."""
IQR_OF_NORMAL = 1.349
"""Interquartile range of a normal distribution, in standard deviations."""
MIRRORED = 0.1
"""The same for the median of a changed sign: the other hemisphere has other latitudes, too."""
DECIMALS = (0, 1, 2, 3)
FLOAT32 = 2e-7
"""Relative error of a value that went through single precision."""
SLACK = 1e-3
"""Share of a lattice's step within which a value is on it."""
BACK = 0.9
"""Share of rows that undoing the right conversion puts back on the lattice."""
AWAY = 0.5
"""Share of rows still on the lattice under which the column has left it."""
LEAST_VALUES = 5
"""Fewer distinct values say nothing about a lattice."""


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
    edges, step = np.asarray(reference.edges), _step(reference)
    fits = []
    for name, factor, offset in UNITS:
        undone = (present - offset) / factor
        back = step is not None and _on_lattice(undone, step) >= BACK
        proven = back and step is not None and _on_lattice(present, step) < AWAY
        far = _implausible(reference, present, factor, offset)
        if value < LEAST_PSI[proven] or not (proven or far):
            continue
        left = psi_of(_snapped(undone, edges))
        if left <= LEFT * value:
            believed = proven or left <= SAME or _alike(reference, undone, factor)
            fits.append((not back, left, name, factor if far and offset == 0 and not proven else None, believed))
    # The best one or none: where it is not believed, one that fits less well would be a guess.
    not_back, left, name, by, believed = min(fits, default=(True, value, "", None, False))
    if not believed:
        return None
    growth = None if by is None else _growth(reference, present)
    if growth is None:
        return name, left
    grown, slack = growth
    by_factor = [
        (abs(np.log(other / grown)), found, rest)
        for no_lattice, rest, found, other, _ in fits
        if other is not None and other > 0 and no_lattice == not_back
    ]
    off, name, left = min(by_factor)
    if off <= slack:
        return name, left
    return f"a factor of about {float(f'{grown:.2g}'):g}", psi_of(_snapped(present / grown, edges))


def _growth(reference: Profile, present: Floats) -> tuple[float, float] | None:
    """By which factor the column grew, and the logarithm by which that may be off; None where values are not positive.

    Without a lattice, growth by 30 looks like inches that became millimetres. The mean log ratio of quantiles tells
    them apart as well as the sample sizes allow.
    """
    middle = slice(3, 8)
    before, now = np.array(reference.quantiles[middle]), np.quantile(present, QUANTILE_GRID[middle])
    if (before <= 0).any() or (now <= 0).any():
        return None
    logs = np.log(now / before)
    spread = float(np.log(before[3] / before[1])) / IQR_OF_NORMAL
    chance = spread * float(np.sqrt(1 / max(reference.n - reference.n_missing, 1) + 1 / len(present)))
    disagree = float(logs.std()) / float(np.sqrt(len(logs)))
    return float(np.exp(logs.mean())), max(CHANCE * chance, CHANCE * disagree, NEAR)


def _step(reference: Profile) -> float | None:
    """The coarsest power of ten that all known reference values are multiples of; None for raw floating point."""
    known = np.array([*reference.edges, reference.minimum, reference.maximum], dtype=np.float64)
    for decimals in DECIMALS:
        step = float(10.0**-decimals)
        if FLOAT32 * np.abs(known).max() > step / 50:
            return None
        if (_off(known, step) <= SLACK * step + FLOAT32 * np.abs(known)).all():
            return step
    return None


def _off(values: Floats, step: float) -> Floats:
    return np.asarray(np.abs(values - np.round(values / step) * step), dtype=np.float64)


def _on_lattice(values: Floats, step: float) -> float:
    """Share of non-zero values that are multiples of `step`; NaN when there are too few distinct ones to tell."""
    some = values[values != 0]
    if len(np.unique(some)) < LEAST_VALUES:
        return float("nan")
    return float((_off(some, step) <= SLACK * step + FLOAT32 * np.abs(some)).mean())


def _implausible(reference: Profile, present: Floats, factor: float, offset: float) -> bool:
    """True when no population does by itself what this conversion does."""
    if factor < 0:
        low, high = reference.quantiles[1], reference.quantiles[-2]
        return bool((low >= 0 and present.max() <= 0) or (high <= 0 and present.min() >= 0))
    return abs(offset) > 100 or not 1 / FAR < factor < FAR


def _alike(reference: Profile, undone: Floats, factor: float) -> bool:
    """Whether middle and spread are the reference's again."""
    low, middle, high = (reference.quantiles[k] for k in (4, 5, 6))
    now_low, now_middle, now_high = np.quantile(undone, (0.25, 0.5, 0.75)).tolist()
    spread, now_spread = high - low, now_high - now_low
    if spread <= 0 or now_spread <= 0:
        return bool(spread == now_spread == 0 and np.isclose(middle, now_middle))
    near = abs(now_middle - middle) <= (MIRRORED if factor < 0 else MIDDLE) * spread
    return bool(near and abs(np.log(now_spread / spread)) <= SPREAD)


def _snapped(values: Floats, edges: Floats) -> Floats:
    """Ascending values, those within rounding of a bin edge put on it: undoing x * 1.6 gives x but for the last bit."""
    ordered = np.sort(values)
    if not len(edges):
        return ordered
    slack = FLOAT32 * np.abs(ordered)
    nearest = edges[np.minimum(np.searchsorted(edges, ordered - slack), len(edges) - 1)]
    return np.asarray(np.where(np.abs(nearest - ordered) <= slack, nearest, ordered), dtype=np.float64)
