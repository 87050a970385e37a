"""What people give `compare`: frames, arrays, labels. Everything that is none of them is refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from monitor.errors import DataError
from monitor.settings import DriftSettings

HINTS = {
    "base_values": "give its .values, and its feature_names as feature_names",
    "tocsr": "give it as .toarray()",
    "column_names": "give it as .to_pandas()",
}
"""Attribute by which a kind of object is known, and what to give instead: explanations, sparse matrices, Arrow."""


def checked_settings(settings: Any) -> DriftSettings:
    """Defaults for None. Raises DataError for anything but DriftSettings."""
    if settings is None:
        return DriftSettings()
    if not isinstance(settings, DriftSettings):
        raise DataError(
            "settings", seen=type(settings).__name__, expected="DriftSettings", hint="give DriftSettings(**settings)"
        )
    return settings


def checked_periods(periods: Any, *, paired: bool) -> Sequence[str] | None:
    """Labels of the reference's rows. Raises DataError for what is no sequence of labels, and with `paired`."""
    if periods is None:
        return None
    if paired:
        raise DataError(
            "periods", seen="periods together with paired", expected="one of the two",
            hint="leave periods out: on the same rows, time plays no part",
        )  # fmt: skip
    plain = not isinstance(periods, str) and hasattr(periods, "__len__") and hasattr(periods, "__getitem__")
    if not plain or getattr(periods, "ndim", 1) != 1:
        raise DataError(
            "reference periods", seen=type(periods).__name__, expected="a sequence with one label per reference row",
            hint="give a list, or one column of a frame",
        )  # fmt: skip
    return list(periods)


def _refuse_others(values: Any, side: str) -> None:
    for attribute, hint in HINTS.items():
        if hasattr(values, attribute):
            raise DataError(
                f"{side} attributions", seen=type(values).__name__, expected="an array or a data frame", hint=hint
            )


def _matrix(values: Any, side: str) -> Any:
    """As an array. Masked arrays stay what they are: `prepare` and `measure` refuse them, asarray would unmask."""
    try:
        matrix = np.asanyarray(values)
    except ValueError as error:
        raise DataError(
            f"{side} attributions", seen="rows of different lengths", expected="rows x features",
            hint="give every row as many attributions",
        ) from error  # fmt: skip
    if _columns(values) is None or matrix.dtype.kind in "fiub":
        return matrix
    for place, name in enumerate(_columns(values) or ()):
        try:
            matrix[:, place].astype(np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise DataError(
                f"{side} column {name!r} holds no numbers", seen=str(values.dtypes.iloc[place]),
                expected="a number in every row", hint="drop the column, or the rows without a number",
            ) from error  # fmt: skip
    return matrix


def aligned(reference: Any, current: Any, given: Sequence[str] | None) -> tuple[list[str], Any, Any]:
    """Feature names and both matrices in the same column order.

    Raises DataError for what is no matrix of numbers, or where names do not agree.
    """
    for side, values in (("reference", reference), ("current", current)):
        _refuse_others(values, side)
    ref_names, cur_names = _columns(reference), _columns(current)
    for side, columns in (("reference", ref_names), ("current", cur_names)):
        twice = sorted({name for name in columns or () if (columns or []).count(name) > 1})
        if twice:
            raise DataError(f"{side} has columns of one name", seen=", ".join(twice), expected="unique feature names")
    if ref_names and cur_names:
        missing = [name for name in ref_names if name not in cur_names]
        extra = [name for name in cur_names if name not in ref_names]
        if missing or extra:
            raise DataError(
                "the two matrices have different features",
                seen=f"only in reference: {missing or 'none'}, only in current: {extra or 'none'}",
                expected="the same feature columns on both sides",
                hint="drop or rename columns so that both sides agree",
            )
    ref, cur = _matrix(reference, "reference"), _matrix(current, "current")
    if ref_names and cur_names:
        cur = cur[:, [cur_names.index(name) for name in ref_names]]
    width = ref.shape[1] if ref.ndim == 2 else 0
    known = ref_names or cur_names
    if given is not None and known and list(given) != known:
        raise DataError(
            "feature names do not agree with the columns of the data frame",
            seen=", ".join(given),
            expected=", ".join(known),
            hint="leave feature_names out: the columns have names",
        )
    names = list(given) if given is not None else (ref_names or cur_names or [f"f{j}" for j in range(width)])
    if len(names) != width or len(set(names)) != len(names):
        seen = f"{len(names)} names, {len(set(names))} distinct"
        raise DataError("feature names", seen=seen, expected=f"{width} unique names")
    return names, ref, cur


def _columns(matrix: Any) -> list[str] | None:
    columns = getattr(matrix, "columns", None)
    return None if columns is None else [str(column) for column in columns]
