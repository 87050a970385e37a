"""Fitting rows to the columns of the reference, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from monitor.errors import DataError
from monitor.sources.columns import absence, kind_of, numbers, plain, refuse_infinite, settled, wrong_type


def align(
    rows: pd.DataFrame, like: pd.DataFrame, *, what: str, categories: Mapping[str, Sequence[Any]] | None = None
) -> pd.DataFrame:
    """The columns of `like`, found in `rows` by name, in `like`'s order and kinds; other columns are left out.

    Numbers become float64 (int64 where both sides are whole), booleans bool, or float64 where some are missing.
    Categories keep the reference's codes: its values first and in its order, unseen values after them, sorted.
    `categories` gives that order for boosters that store their own (LoadedModel.categories), also for columns that
    hold plain text or numbers. Missing values stay missing. `what` names the rows in messages.

    Raises DataError: column missing or twice, numbers that arrive as text and the like, infinite values.
    """
    absent = [str(name) for name in like.columns if name not in rows.columns]
    if absent:
        raise DataError(
            f"{what} lack {len(absent)} feature column{'s' if len(absent) > 1 else ''}",
            seen=absence(absent, rows.columns),
            expected=", ".join(map(str, like.columns)),
            hint="correct the source (if the job that writes it stopped writing a column, repair that job), or map its "
            "names with predictions.columns.rename",
        )
    twice = sorted({str(name) for name in rows.columns[rows.columns.duplicated()] if name in like.columns})
    if twice:
        raise DataError(f"{what} have columns of one name", seen=", ".join(twice), expected="unique column names")
    coded = categories or {}
    fitted = {name: _fit(rows[name], like[name], what=what, codes=coded.get(str(name))) for name in like.columns}
    result = pd.DataFrame(fitted, index=rows.index)
    refuse_infinite(result, what)
    return result


def _fit(values: pd.Series[Any], like: pd.Series[Any], *, what: str, codes: Sequence[Any] | None) -> pd.Series[Any]:
    kind, wanted = kind_of(values), kind_of(like)
    place = f"{what}, column {values.name}"
    if codes is not None or wanted == "category":
        return _fit_category(values, like, place, codes)
    if wanted == "number" and kind in ("number", "bool", "missing"):
        stored = settled(values)
        whole = pd.api.types.is_integer_dtype(stored.dtype) and pd.api.types.is_integer_dtype(like.dtype)
        if whole and not stored.isna().any():
            return stored.astype(np.int64)
        return pd.Series(numbers(stored, place), index=values.index, name=values.name)
    if wanted == "bool" and (kind in ("bool", "missing") or (kind == "number" and _zero_or_one(values))):
        floats = pd.Series(numbers(values, place), index=values.index, name=values.name)
        return floats if floats.isna().any() else floats.astype(bool)
    if wanted == "string" and kind in ("string", "missing"):
        return values.astype(like.dtype) if kind == "missing" else values.infer_objects()
    if wanted == "string" and kind == "category" and kind_of(plain(values)) in ("string", "missing"):
        return plain(values)
    if wanted in (kind, "missing") or (kind == "missing" and wanted == "time"):
        return settled(values)
    raise wrong_type(values, place, f"{wanted} ({like.dtype}) as in the reference")


def _fit_category(
    values: pd.Series[Any], like: pd.Series[Any], place: str, codes: Sequence[Any] | None
) -> pd.Series[Any]:
    """Known values keep their codes, whatever codes the source gave them."""
    stored = settled(plain(values))
    is_category = isinstance(like.dtype, pd.CategoricalDtype)
    reference = list(like.cat.categories) if is_category else like.dropna().unique().tolist()
    known = list(codes) if codes is not None else reference
    kind, wanted = kind_of(stored), kind_of(pd.Series(known, dtype=None if known else object))
    if wanted != kind and "missing" not in (kind, wanted):
        raise wrong_type(values, place, f"a category of {wanted}s")
    known += _sorted_new(reference, known)
    known += _sorted_new(stored.dropna().unique().tolist(), known)
    return pd.Series(pd.Categorical(stored, categories=known), index=values.index, name=values.name)


def _sorted_new(candidates: Iterable[Any], known: Sequence[Any]) -> list[Any]:
    seen = set(known)
    return sorted((one for one in candidates if one not in seen), key=lambda one: (str(type(one)), one))


def _zero_or_one(values: pd.Series[Any]) -> bool:
    return bool(values[values.notna()].isin([0, 1]).all())
