"""Columns by name, never by position."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from monitor.errors import ConfigError, DataError, ExplainError
from monitor.types import Floats

_GENERIC = re.compile(r"(f|x|Column_|feature_)?\d+")
"""Names that libraries make up for a model trained on a bare matrix."""


def resolve(
    known: Sequence[str] | None, given: Sequence[str] | None, *, model: str, by_name: Sequence[str] | None = None
) -> tuple[str, ...]:
    """The model's input columns in its own order.

    `known` are the names inside the model, `given` those of the configuration, used when the model has none (or
    made-up ones such as `f0`); `by_name` are the columns at hand, good enough only for a model that reads its rows by
    name. Raises ConfigError when the order would have to be guessed.
    """
    if known and given and all(_GENERIC.fullmatch(name) for name in known) and not set(known) & set(given):
        if len(known) != len(given):
            raise ConfigError(
                f"{model} was trained on unnamed columns", seen=f"{len(given)} feature names",
                expected=f"{len(known)}", hint="list the feature columns in the model's order under features",
            )  # fmt: skip
        return tuple(given)
    if known:
        plain = {re.sub(r"\s", "_", name): name for name in given or ()}
        return tuple(name if name in (given or ()) else plain.get(name, name) for name in known)
    names = given or by_name
    if not names:
        raise ConfigError(
            f"{model} does not know its column names", seen="no features",
            expected="the feature columns in the model's order", hint="list them under features",
        )  # fmt: skip
    return tuple(str(name) for name in names)


def nearest(name: str, among: Iterable[str]) -> str | None:
    """The most similar name, or None."""
    found = difflib.get_close_matches(name, list(among), n=1, cutoff=0.6)
    return found[0] if found else None


def select(rows: pd.DataFrame, features: Sequence[str], *, what: str) -> pd.DataFrame:
    """`features` of `rows` in that order, index 0..n-1; further columns are ignored.

    Raises DataError when a column is missing (naming the nearest one) or occurs twice.
    """
    labels = [str(label) for label in rows.columns]
    missing = [name for name in features if name not in labels]
    if missing:
        spare = [label for label in labels if label not in set(features)]
        hints = [f"{name} (nearest: {near})" if (near := nearest(name, spare)) else name for name in missing]
        raise DataError(
            f"{what}: {len(missing)} of the model's {len(features)} columns missing",
            seen=", ".join(hints[:10]) + (", ..." if len(hints) > 10 else ""),
            expected=", ".join(features[:10]) + (", ..." if len(features) > 10 else ""),
            hint="rename the columns at their source (predictions.columns.rename) or fix the model's feature list",
        )
    twice = sorted({name for name in features if labels.count(name) > 1})
    if twice:
        raise DataError(f"{what}: columns occur twice", seen=", ".join(twice), expected="unique column names")
    picked = rows.iloc[:, [labels.index(name) for name in features]]
    picked = picked.set_axis(pd.Index(list(features)), axis=1)
    return picked.reset_index(drop=True)


def refuse_too_large(rows: pd.DataFrame, error: ExplainError) -> None:
    """Raises DataError from `error` when columns hold numbers that single precision cannot; libraries name none."""
    largest = float(np.finfo(np.float32).max)
    numbers = rows.select_dtypes("number")
    counts = {str(name): int((column.abs() > largest).sum()) for name, column in numbers.items()}
    found = [f"{name} in {count} of {len(rows)} rows" for name, count in counts.items() if count]
    if found:
        raise DataError(
            "rows to explain hold numbers that the model cannot take",
            seen=", ".join(found[:10]) + (", ..." if len(found) > 10 else ""),
            expected=f"numbers up to {largest:.2g}, which is what single precision holds, or missing values",
            hint=f"find the overflow that made them, or divide the column ({error.seen})",
        ) from error


def unknown_categories(rows: pd.DataFrame, known: Mapping[str, Sequence[Any]]) -> tuple[str, ...]:
    """A sentence for every column that holds categories which the model was not trained on."""
    notes = []
    for name, values in known.items():
        if name not in rows.columns:
            continue
        present = rows[name].dropna()
        new = present[~present.isin(list(values))]
        if len(new):
            shown = ", ".join(str(value) for value in list(dict.fromkeys(new))[:5])
            notes.append(
                f"column {name}: {len(new)} of {len(rows)} rows hold categories that the model was not trained on "
                f"({shown}); they are explained as missing"
            )
    return tuple(notes)


def numeric(rows: Any, *, what: str = "rows") -> Floats:
    """(n, d) float64, missing as NaN, from a DataFrame, a matrix or a sparse matrix.

    Raises DataError naming the columns that hold no numbers; text that looks like a number is not one.
    """
    if hasattr(rows, "toarray"):
        rows = rows.toarray()
    if not isinstance(rows, pd.DataFrame):
        return np.asarray(rows, dtype=np.float64)
    wrong = [f"{name} ({rows[name].dtype})" for name in rows.columns if not _is_number(rows[name].dtype)]
    if wrong:
        raise DataError(
            f"{what}: columns are not numeric", seen=", ".join(wrong[:10]), expected="numbers",
            hint="give the model the types it was trained on, or wrap its encoding in a pipeline",
        )  # fmt: skip
    return rows.to_numpy(dtype=np.float64, na_value=np.nan)


def is_text(dtype: Any) -> bool:
    """Strings, or Python objects."""
    return bool(pd.api.types.is_string_dtype(dtype) or pd.api.types.is_object_dtype(dtype)) and not isinstance(
        dtype, pd.CategoricalDtype
    )


def digest(rows: pd.DataFrame) -> str:
    """sha256 over column names, kinds and values in order."""
    head = json.dumps([[str(name), str(rows[name].dtype)] for name in rows.columns])
    body = np.ascontiguousarray(pd.util.hash_pandas_object(rows, index=False).to_numpy(dtype=np.uint64))
    return hashlib.sha256(head.encode() + body.tobytes()).hexdigest()


def draw(rows: pd.DataFrame, limit: int, seed: int) -> pd.DataFrame:
    """At most `limit` rows, uniformly without replacement, in their order; reproducible by seed."""
    if len(rows) <= limit:
        return rows
    chosen = np.sort(np.random.default_rng(seed).choice(len(rows), limit, replace=False))
    return rows.iloc[chosen].reset_index(drop=True)


def _is_number(dtype: Any) -> bool:
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    return bool(pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype))
