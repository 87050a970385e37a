"""Column types that behave the same on SQLite and PostgreSQL, and the policy for values a database cannot hold.

Numbers that are not finite:
- a float column keeps infinities and holds NaN as NULL: an optional field reads back None, a required one NaN;
- a JSON mapping of names to numbers holds the words NaN, Infinity, -Infinity, which PostgreSQL casts to float8;
- free JSON (inputs, configurations) holds null for all three. There PostgreSQL, which keeps decimal digits, gives a
  float of 1e16 and more back as the whole number that it is written as.

Text: NUL characters and lone surrogates, which PostgreSQL refuses, become U+FFFD.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Set
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Double, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from monitor.types import Floats, frozen, utc

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""Written by `dumps`."""


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept to the microsecond, always UTC. Raises ValueError when bound to a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        # SQLite keeps no zone: what comes back is the UTC that was bound.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else utc(value)


class Real(TypeDecorator[float]):
    """A double; NaN is NULL, because SQLite knows no other way."""

    impl = Double()
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:  # noqa: ARG002
        return None if value is None or math.isnan(value) else float(value)


class Whole(TypeDecorator[int]):
    """A whole number of 64 bits, whatever integer type it comes as: SQLite's driver stores numpy's as bytes."""

    impl = BigInteger()
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else int(value)


class Words(TypeDecorator[str]):
    """Text of any length that both databases accept."""

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else clean_text(value)


def clean_text(text: str) -> str:
    """`text` with NUL and lone surrogates replaced by U+FFFD."""
    text = str(text).replace("\x00", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    return text


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def dumps(value: Any) -> str:
    """Strict JSON of `value`; what JSON or PostgreSQL cannot hold is replaced as the module says.

    Other objects than JSON knows: mappings and sets, numpy scalars and arrays, dates; anything else as its text.
    """
    try:
        text = _encode(value)
        text.encode()
    except (TypeError, ValueError):  # rare: the C encoder is ten times faster than looking at every value first
        return _encode(_plain(value))
    return _encode(_plain(value)) if "\\u0000" in text else text


def _plain(value: Any) -> Any:
    """`value` in types that the JSON encoder knows."""
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {clean_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Set):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, date | time):
        return value.isoformat()
    return clean_text(value)


def number(value: float) -> float | str:
    """A number as JSON can hold it without loss: NaN and infinities as words."""
    value = float(value)
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def numbers(values: Mapping[str, float]) -> dict[str, float | str]:
    """A mapping of names to numbers as JSON can hold it without loss; `floats` reads it back."""
    if math.isfinite(sum(values.values())):  # then every one is, and nothing needs a word
        return dict(values)
    return {name: number(value) for name, value in values.items()}


def floats(values: Mapping[str, float | str]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def pack(**arrays: Floats) -> bytes:
    """Float64 arrays by name as compressed npz bytes, equal bytes for equal arrays."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, Floats]:
    """What `pack` was given, bit for bit, read-only. Raises ValueError when `data` is damaged."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: frozen(archive[name]) for name in archive.files}
    except Exception as error:  # zipfile, zlib and numpy each raise classes of their own
        raise ValueError(f"array data of {len(data)} bytes is damaged: {error}") from error
