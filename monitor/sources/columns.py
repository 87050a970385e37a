"""Columns of features: their kind, their numbers, their names."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from monitor.errors import DataError, SourceError
from monitor.types import Floats

Kind = Literal["number", "bool", "string", "category", "time", "missing", "other"]
"""`missing`: no value at all, so it fits any kind; `other`: lists, bytes, or several kinds in one column."""

_INFERRED: Mapping[str, Kind] = {
    "integer": "number",
    "floating": "number",
    "mixed-integer-float": "number",
    "decimal": "number",
    "boolean": "bool",
    "string": "string",
    "datetime": "time",
    "datetime64": "time",
    "date": "time",
    "empty": "missing",
}
"""What pandas infers about a column of Python objects, to kind."""


def kind_of(values: pd.Series[Any]) -> Kind:
    """The kind of a column; decimals of a database are numbers, a column without any value is `missing`."""
    kind = values.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return "category"
    if values.isna().all():
        return "missing"
    if pd.api.types.is_bool_dtype(kind):
        return "bool"
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(kind):
        return "time"
    return _INFERRED.get(pd.api.types.infer_dtype(values, skipna=True), "other")


def settle(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns of Python objects, as databases return them, in the dtype of their kind; decimals become floats."""
    return pd.DataFrame({name: settled(rows[name]) for name in rows.columns}, index=rows.index)


def settled(values: pd.Series[Any]) -> pd.Series[Any]:
    """One column of `settle`."""
    if values.dtype != object:
        return values
    kind = kind_of(values)
    if kind == "missing" or (kind == "bool" and values.isna().any()):
        return pd.Series([np.nan if one is None else one for one in values], values.index, np.float64, values.name)
    if kind == "number" and pd.api.types.infer_dtype(values, skipna=False) != "integer":
        floats = [np.nan if gone else float(one) for one, gone in zip(values, values.isna(), strict=True)]
        return pd.Series(floats, values.index, np.float64, values.name)
    return values.infer_objects()


def plain(values: pd.Series[Any]) -> pd.Series[Any]:
    """A category column as a column of its values."""
    is_category = isinstance(values.dtype, pd.CategoricalDtype)
    return values.astype(values.cat.categories.dtype) if is_category else values


def numbers(values: pd.Series[Any], what: str) -> Floats:
    """(n,) float64, NaN where missing. Raises DataError for anything but numbers and booleans."""
    if kind_of(values) not in ("number", "bool", "missing"):
        raise wrong_type(values, what, "numbers")
    return pd.to_numeric(settled(values)).to_numpy(dtype=np.float64, na_value=np.nan)


def texts(values: pd.Series[Any]) -> tuple[str, ...]:
    """Values as labels; missing is the empty text, whole floats lose their `.0` (an integer column with nulls)."""
    return tuple(
        "" if gone else str(int(one)) if isinstance(one, float) and one.is_integer() else str(one)
        for one, gone in zip(values.tolist(), values.isna(), strict=True)
    )


def refuse_infinite(rows: pd.DataFrame, what: str) -> None:
    """Raises DataError when a numeric column holds an infinity."""
    counts = {
        str(name): int(np.isinf(rows[name].to_numpy(dtype=np.float64, na_value=np.nan)).sum())
        for name in rows.columns
        if kind_of(rows[name]) == "number"
    }
    bad = {name: count for name, count in counts.items() if count}
    if bad:
        raise DataError(
            f"{what} hold infinite values",
            seen=", ".join(f"{name} in {count} of {len(rows)} rows" for name, count in bad.items()),
            expected="finite numbers, or missing values",
            hint="find the division or overflow that made them",
        )


def inspect_rows(rows: pd.DataFrame, *, kept_back: Collection[str] = ()) -> tuple[str, ...]:
    """What a person should know about these rows: columns without a value, and columns with only one, which is not
    told of those kept back."""
    notes = []
    for name in rows.columns:
        values = rows[name]
        if not len(values) or values.isna().all():
            notes.append(f"column {name} has no value in any of {len(values)} rows")
        elif len(values) > 1 and values.notna().all() and values.nunique() == 1:
            only = "" if name in kept_back else f" ({values.iloc[0]})"
            notes.append(f"column {name} is constant{only}: its attributions cannot show a change")
    return tuple(notes)


def wrong_type(values: pd.Series[Any], what: str, expected: str) -> DataError:
    """The error for a column of another kind than `expected` says. It quotes no value: errors are stored and shown, and
    the column may be one that is redacted."""
    return DataError(
        f"{what}: wrong type",
        seen=f"{kind_of(values)} ({values.dtype})",
        expected=expected,
        hint="store the column in its own type, or cast it in the query: text is never read as numbers",
    )


def absence(names: Sequence[str], known: Iterable[object]) -> str:
    """`no income (did you mean income_eur?); no age`."""
    known = [str(one) for one in known]
    return "no " + "; no ".join(nearest(name, known) for name in names)


def nearest(name: str, known: Iterable[object]) -> str:
    """`name (did you mean a, b?)`, or the name alone when nothing is near."""
    close = difflib.get_close_matches(name, [str(one) for one in known], n=3)
    return f"{name} (did you mean {', '.join(close)}?)" if close else name


def require_columns(wanted: Sequence[str], known: Sequence[str], what: str, place: str) -> None:
    """Raises SourceError that names every missing column and the nearest ones there are."""
    absent = [name for name in dict.fromkeys(wanted) if name not in known]
    if absent:
        raise SourceError(
            f"{what} lack {len(absent)} column{'s' if len(absent) > 1 else ''}",
            seen=absence(absent, known),
            expected=f"columns of {place}: {', '.join(known)}",
            hint="correct predictions.columns, or map names with predictions.columns.rename; if the serving job "
            "stopped writing a column, repair that job",
        )
