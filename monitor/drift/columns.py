"""One input column as numbers or as words, whatever a source delivers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError
from monitor.types import Floats

LONGEST = 200
"""Characters of a category's name; longer texts are cut and told apart by a digest."""


def as_column(column: str, values: Sequence[object] | NDArray[np.generic]) -> NDArray[np.generic]:
    array = values if isinstance(values, np.ndarray) else np.asarray(values, dtype=object)
    if array.ndim != 1:
        raise DataError(
            f"input column {column!r} is no column",
            seen=f"{array.ndim} dimensions",
            expected="one value per row",
            hint="give each of its parts a column of its own",
        )
    return array


def as_numbers(column: str, array: NDArray[np.generic]) -> Floats | None:
    """(n,) with NaN for missing, None for a column of something else. Nullable and decimal columns come as objects."""
    if array.dtype.kind in "fiub":
        return array.astype(np.float64)
    if array.dtype.kind != "O":
        return None
    given = [value if value is not None and _is_itself(column, value) else None for value in array.tolist()]
    present = [value for value in given if value is not None]
    if not present or not all(isinstance(value, (Real, Decimal, np.bool_)) for value in present):
        return None
    try:
        return np.array([np.nan if value is None else float(value) for value in given])
    except OverflowError as error:
        raise DataError(
            f"input column {column!r} holds a number too large",
            seen="an integer of more than 308 digits",
            expected="numbers that fit a float",
            hint="an identifier is no input of a model; else divide the column",
        ) from error


def as_words(column: str, array: NDArray[np.generic]) -> tuple[list[str], int]:
    """Present values as text, and how many are missing: None, and whatever differs from itself (NaN, NaT, NA).

    A list, because an array of text gives every row the width of the longest.
    """
    present = [str(value) for value in array.tolist() if value is not None and _is_itself(column, value)]
    return [word if len(word) <= LONGEST else cut(word) for word in present], len(array) - len(present)


def cut(word: str) -> str:
    """A long text by its beginning and a digest of all of it."""
    return f"{word[: LONGEST // 2]}… ({sha256(word.encode('utf-8', 'surrogatepass')).hexdigest()[:16]})"


def _is_itself(column: str, value: object) -> bool:
    if isinstance(value, Decimal):
        return not value.is_nan()  # a signalling NaN refuses to be compared
    try:
        return bool(value == value)  # NaN and NaT differ from themselves
    except TypeError:  # pandas.NA has no truth value
        return False
    except ValueError as error:  # an array answers per element
        raise DataError(
            f"input column {column!r} holds arrays",
            seen=type(value).__name__,
            expected="one number or text per row",
            hint="give each element a column of its own",
        ) from error
