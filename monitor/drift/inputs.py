"""Drift of inputs and predictions, and the marks that a broken feature pipeline leaves on them.

Attributions say that a feature counts differently; its inputs say why. A population changes gradually and
in its own way. A pipeline change leaves a signature: every value multiplied by 1.609, a column suddenly
constant, empty, or full of words never seen before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest

import numpy as np
from numpy.typing import NDArray

from monitor.drift.binning import quantile_edges
from monitor.drift.columns import LONGEST, as_column, as_numbers, as_words, cut
from monitor.drift.marks import Found, Signal, constant, filled, missing, one_word, profile_psi, unit, unit_hint, unseen
from monitor.drift.profiles import Side, numeric_profile
from monitor.errors import DataError
from monitor.types import Floats, Profile

MAX_CATEGORIES = 50
"""Categories kept by name; the rest share the bin OTHER."""
OTHER, MISSING = "(other)", "(missing)"
INPUT_BINS = 10


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
    hint: str = ""
    """Without a signal: a unit whose factor the column moved by, in words; empty when there is none."""


def input_profile(column: str, values: Sequence[object] | NDArray[np.generic], side: Side) -> Profile:
    """Profile of one input column: numbers (and booleans) by quantile bins, everything else by category."""
    array = as_column(column, values)
    numbers = as_numbers(column, array)
    if numbers is not None:
        present = np.sort(numbers[np.isfinite(numbers)])
        edges = quantile_edges(present, INPUT_BINS) if len(present) else np.array([])
        return numeric_profile("input", side, column, present, edges, n_missing=len(numbers) - len(present))
    words, n_missing = as_words(column, array)
    often = nsmallest(MAX_CATEGORIES, Counter(words).items(), key=lambda item: (-item[1], item[0]))
    return _categorical(column, side, tuple(name for name, _ in often), words, n_missing)


def _categorical(column: str, side: Side, kept: tuple[str, ...], words: Sequence[str], n_missing: int) -> Profile:
    # References made before long texts were cut hold them in full.
    position = {name if len(name) <= LONGEST else cut(name): i for i, name in enumerate(kept)}
    counts = np.bincount([position.get(word, len(kept)) for word in words], minlength=len(kept) + 1)
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
        DataError: the reference holds numbers, the current values something else; or no column of single values.
    """
    array = as_column(reference.feature, values)
    if reference.categories:
        words, n_missing = as_words(reference.feature, array)
        profile = _categorical(reference.feature, "traffic", reference.categories[:-1], words, n_missing)
        return _drift(reference, profile, None, one_word(reference, words)), profile
    numbers = as_numbers(reference.feature, array)
    if numbers is None:
        words, _ = as_words(reference.feature, array)
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


def _drift(reference: Profile, current: Profile, present: Floats | None, found: Found | None = None) -> InputDrift:
    if reference.n == 0 or current.n == 0:
        return InputDrift(column=reference.feature, psi=float("nan"), signal=None, text="")
    value = profile_psi(reference, current.counts, current.n_missing)
    found, hint = missing(reference, current) or unseen(reference, current) or found, ""
    if found is None and present is not None and len(present) and reference.quantiles:
        found = constant(reference, current) or filled(reference, present, current.n)
        found = found or unit(reference, present, current.n_missing, value)
        hint = "" if found else unit_hint(reference, present, current.n_missing, value)
    signal, text = found or (None, "")
    return InputDrift(column=reference.feature, psi=value, signal=signal, text=text, hint=hint)
