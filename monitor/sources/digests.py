"""Content digests of rows: equal for equal values, however they were stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from monitor.errors import DataError
from monitor.sources.columns import kind_of, numbers, plain, settled


def content_digest(columns: Iterable[tuple[str, pd.Series[Any]]]) -> str:
    """sha256 over names, kinds and values in order, the same however the values were stored.

    Numbers count as float64 (whole ones beyond 2**53 as text), whatever their width, -0 as 0, every NaN and null as
    one missing value; booleans as one byte; text and categories by their text, so that order and unused values of a
    category type do not matter; times as microseconds, with a mark whether they carry a zone. A column without any
    value counts by its length alone. float32 from Parquet and its decimal text from CSV are different values.
    Raises DataError for columns of lists, bytes or several kinds.
    """
    total = hashlib.sha256()
    for name, values in columns:
        kind, payload = _canonical(name, values)
        for part in (name.encode(), kind.encode(), str(len(values)).encode(), payload):
            total.update(len(part).to_bytes(8, "big"))
            total.update(part)
    return total.hexdigest()


def _canonical(name: str, values: pd.Series[Any]) -> tuple[str, bytes]:
    values = plain(values)
    kind, gone = kind_of(values), values.isna().to_numpy()
    if kind == "missing":
        return "missing", b""
    if kind == "bool":
        return "bool", np.where(gone, 2, values.isin([True]).to_numpy(dtype=np.uint8)).astype(np.uint8).tobytes()
    if kind == "number":
        stored = settled(values)
        if pd.api.types.is_integer_dtype(stored.dtype) and stored.dropna().abs().max() > 2**53:
            lines = ("" if lost else str(one) for one, lost in zip(stored, gone, strict=True))
            return "integer", "\n".join(lines).encode()
        floats = numbers(values, name) + 0.0  # -0.0 + 0.0 is 0.0
        floats[gone] = np.nan
        return "number", floats.astype("<f8").tobytes()
    if kind == "string":
        parts = [b"-" if lost else b"+" + str(one).encode() for one, lost in zip(values, gone, strict=True)]
        return "string", b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    if kind == "time":
        zoned = isinstance(values.dtype, pd.DatetimeTZDtype)
        stamps = pd.to_datetime(values, utc=zoned)
        stamps = stamps.dt.tz_localize(None) if zoned else stamps
        return "time-utc" if zoned else "time", stamps.to_numpy().astype("datetime64[us]").astype("<i8").tobytes()
    raise DataError(
        f"column {name} holds values that are no features",
        seen=f"{pd.api.types.infer_dtype(values, skipna=True)}",
        expected="numbers, booleans, text or times, one kind in a column",
        hint="list the feature columns in `features`, so that other columns are left out",
    )
