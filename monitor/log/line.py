"""Values of any kind as one line of strict JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any

DEPTH = 32
"""Levels of nesting; more, or an object that holds itself, cannot be written."""


_TIMES = "expected an aware datetime or seconds since 1970"
TEMPLATES = 64
"""Sets of names that are remembered."""


def encode(record: Any) -> str:
    """One JSON value, ASCII only. Numbers that are not finite become null: JSON has no word for them.

    Raises ValueError or TypeError for what cannot be written.
    """
    try:
        return _encode(record)
    except (ValueError, TypeError):  # not finite, or keys that are no texts: rare, so looked for only now
        return _encode(_cleaned(record, DEPTH))


class Numbers:
    """Writes {name: number} with so many significant digits, three times as fast as json writes all seventeen.

    A model has few sets of feature names, so the text around the numbers is made once for each.
    """

    def __init__(self, digits: int) -> None:
        self._form = f"%.{digits}g"
        self._templates: dict[tuple[Any, ...], str] = {}

    def text(self, values: Mapping[str, Any]) -> str | None:
        """JSON; None for anything but finite numbers under textual names."""
        names, numbers = tuple(values), tuple(values.values())
        try:
            template = self._templates.get(names) or self._template(names)
            return template % numbers if all(map(math.isfinite, numbers)) else None
        except (TypeError, ValueError, OverflowError):
            return None

    def _template(self, names: tuple[Any, ...]) -> str:
        """Raises TypeError for a name that is no text."""
        pairs = (encode_basestring_ascii(name).replace("%", "%%") + ":" + self._form for name in names)
        template = "{" + ",".join(pairs) + "}"
        if len(self._templates) < TEMPLATES:
            self._templates[names] = template
        return template


def timestamp(moment: float | datetime) -> str:
    """ISO 8601, UTC, microseconds.

    Raises TypeError for what is no time, ValueError for one out of range and for a naive datetime: a zone is never
    guessed.
    """
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError(f"time: got a datetime without a zone, {_TIMES}")
        return moment.astimezone(UTC).isoformat(timespec="microseconds")
    try:
        return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")
    except TypeError as error:
        raise TypeError(f"time: got {type(moment).__name__!r}, {_TIMES}") from error
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(f"time: got {moment!r}, {_TIMES}") from error


def seconds(name: str, value: Any) -> float | None:
    """A length of time in seconds, None for None. Raises TypeError for what is no number, numbers as text included."""
    if value is None or type(value) is float:
        return value
    try:
        if isinstance(value, str | bytes | bytearray):
            raise TypeError(value)
        return float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: got {type(value).__name__!r}, expected seconds as a number") from error


def plain(value: Any) -> Any:
    """What json does not know: NumPy's and pandas' scalars and arrays, times, sets, anything else by its text."""
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Decimal):
        return float(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray):
        return list(value)
    return str(value)


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=plain).encode


def _cleaned(value: Any, depth: int) -> Any:
    if not depth:
        raise ValueError(f"nested more than {DEPTH} levels deep")
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _cleaned(part, depth - 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(part, depth - 1) for part in value]
    return _cleaned(plain(value), depth - 1)
