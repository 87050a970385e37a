"""Drift of inputs and predictions, and the marks that a broken feature pipeline leaves on them.

Attributions say that a feature counts differently; its inputs say why. A population changes gradually and
in its own way. A pipeline change leaves a signature: every value multiplied by 1.609, a column suddenly
constant, empty, or full of words never seen before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitor.drift.binning import bin_counts, pad, quantile_edges
from monitor.drift.profiles import Side, numeric_profile
from monitor.drift.psi import proportions, psi
from monitor.drift.units import converted
from monitor.errors import DataError
from monitor.types import Floats, Profile

MAX_CATEGORIES = 50
"""Categories kept by name; the rest share the bin OTHER."""
OTHER, MISSING = "(other)", "(missing)"
INPUT_BINS = 10

JUMP = 0.2
"""A rise of the share of missing or unseen values that a population seldom makes in one step."""

Signal = Literal["unit", "constant", "missing", "unseen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputDrift:
    """One column, traffic against holdout."""

    column: str
    psi: float
    """NaN when there is no row to compare."""
    signal: Signal | None
    """Mark of a pipeline change; None when there is none."""
    text: str
    """The signal in words; empty without one."""


def input_profile(column: str, values: Sequence[object] | NDArray[np.generic], side: Side) -> Profile:
    """Profile of one input column: numbers (and booleans) by quantile bins, everything else by category."""
    array = np.asarray(values, dtype=object) if not isinstance(values, np.ndarray) else values
    numbers = _numbers(array)
    if numbers is not None:
        present = np.sort(numbers[np.isfinite(numbers)])
        edges = quantile_edges(present, INPUT_BINS) if len(present) else np.array([])
        return numeric_profile("input", side, column, present, edges, n_missing=len(numbers) - len(present))
    words, n_missing = _words(array)
    names, counts = np.unique(words, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MAX_CATEGORIES]
    kept = tuple(str(names[i]) for i in order)
    return _categorical(column, side, kept, words, n_missing)


def _numbers(array: NDArray[np.generic]) -> Floats | None:
    """(n,) with NaN for missing, None for a column of something else. Nullable and decimal columns come as objects."""
    if array.dtype.kind in "fiub":
        return array.astype(np.float64)
    if array.dtype.kind != "O":
        return None
    given = [value if value is not None and _is_itself(value) else None for value in array.tolist()]
    present = [value for value in given if value is not None]
    if not present or not all(isinstance(value, (Real, Decimal, np.bool_)) for value in present):
        return None
    return np.array([np.nan if value is None else float(value) for value in given])


def _words(array: NDArray[np.generic]) -> tuple[NDArray[np.str_], int]:
    """Present values as text, and how many are missing: None, and whatever differs from itself (NaN, NaT, NA)."""
    present = [value for value in array.tolist() if value is not None and _is_itself(value)]
    return np.array([str(value) for value in present], dtype=str), len(array) - len(present)


def _is_itself(value: object) -> bool:
    try:
        return bool(value == value)  # NaN and NaT differ from themselves
    except TypeError:  # pandas.NA has no truth value
        return False


def _categorical(column: str, side: Side, kept: tuple[str, ...], words: NDArray[np.str_], n_missing: int) -> Profile:
    position = {name: i for i, name in enumerate(kept)}
    counts = np.bincount([position.get(word, len(kept)) for word in words.tolist()], minlength=len(kept) + 1)
    return Profile(
        kind="input",
        side=side,
        feature=column,
        n=len(words) + n_missing,
        n_missing=n_missing,
        edges=(),
        categories=(*kept, OTHER),
        counts=tuple(counts.tolist()),
        quantiles=(),
        mean=None,
        mean_abs=None,
        std=None,
        minimum=None,
        maximum=None,
    )


def input_drift(reference: Profile, values: Sequence[object] | NDArray[np.generic]) -> tuple[InputDrift, Profile]:
    """Compare current values of a column with its reference profile, on the reference's bins.

    Missing values are a bin of their own: a column that goes missing is drift, not fewer rows.

    Raises:
        DataError: the reference holds numbers, the current values something else.
    """
    array = np.asarray(values, dtype=object) if not isinstance(values, np.ndarray) else values
    if reference.categories:
        words, n_missing = _words(array)
        profile = _categorical(reference.feature, "traffic", reference.categories[:-1], words, n_missing)
        return _drift(reference, profile, None), profile
    numbers = _numbers(array)
    if numbers is None:
        words, _ = _words(array)
        if len(words):
            raise DataError(
                f"input column {reference.feature!r} is not numeric",
                seen=f"text in {len(words)} of {len(array)} rows",
                expected="numbers, as in the reference",
                hint="give the column the type it had when the reference was made",
            )
        numbers = np.full(len(array), np.nan)
    present = np.sort(numbers[np.isfinite(numbers)])
    edges = np.asarray(reference.edges)
    gone = len(numbers) - len(present)
    profile = numeric_profile("input", "traffic", reference.feature, present, edges, n_missing=gone)
    return _drift(reference, profile, present), profile


def _psi(reference: Profile, counts: Sequence[int], n_missing: int) -> float:
    ref, widths = pad([np.array([*reference.counts, reference.n_missing], dtype=np.int64)])
    cur, _ = pad([np.array([*counts, n_missing], dtype=np.int64)])
    return float(psi(*proportions(ref, cur, widths))[0])


def _drift(reference: Profile, current: Profile, present: Floats | None) -> InputDrift:
    if reference.n == 0 or current.n == 0:
        return InputDrift(column=reference.feature, psi=float("nan"), signal=None, text="")
    value = _psi(reference, current.counts, current.n_missing)
    found = _missing(reference, current) or _unseen(reference, current)
    if found is None and present is not None and len(present) and reference.quantiles:
        found = _constant(reference, current) or _unit(reference, present, current.n_missing, value)
    signal, text = found or (None, "")
    return InputDrift(column=reference.feature, psi=value, signal=signal, text=text)


def _missing(reference: Profile, current: Profile) -> tuple[Signal, str] | None:
    before, now = reference.n_missing / reference.n, current.n_missing / current.n
    if now - before < JUMP:
        return None
    return "missing", f"{reference.feature} is missing in {now:.0%} of rows, {before:.0%} in the reference"


def _unseen(reference: Profile, current: Profile) -> tuple[Signal, str] | None:
    if not reference.categories:
        return None
    before = reference.counts[-1] / reference.n
    now = current.counts[-1] / current.n
    if now - before < JUMP:
        return None
    return "unseen", f"{reference.feature} holds values unknown to the reference in {now:.0%} of rows"


def _constant(reference: Profile, current: Profile) -> tuple[Signal, str] | None:
    if current.minimum != current.maximum or reference.quantiles[3] == reference.quantiles[7]:
        return None
    return "constant", f"{reference.feature} is {current.minimum:g} in every row, it varied in the reference"


def _unit(reference: Profile, present: Floats, n_missing: int, value: float) -> tuple[Signal, str] | None:
    edges = np.asarray(reference.edges)
    found = converted(reference, present, value, lambda v: _psi(reference, bin_counts(v, edges).tolist(), n_missing))
    if found is None:
        return None
    name, left = found
    return "unit", f"{reference.feature} looks converted, {name} (undone, its PSI falls from {value:.2f} to {left:.2f})"
