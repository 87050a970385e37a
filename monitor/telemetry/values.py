"""Values of a record, whatever logged them."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

import orjson

from monitor.telemetry.words import stored_text

LARGEST_WHOLE = Decimal(10) ** 40
"""Beyond this a whole number of a database is a float: text of thousands of digits is refused by Python."""
LONGEST_SECONDS = 7 * 86400.0
"""No explanation takes a week: such a number is a time, or a mistake that would outweigh all else in a sum for ever."""
_NUMBERS = frozenset((float, int))


def finite(attributions: dict[str, Any]) -> bool:
    """Whether they are an explanation: at least one, all of them finite numbers."""
    values = attributions.values()
    try:
        if values and _NUMBERS.issuperset(map(type, values)) and isfinite(sum(values, 0.0)):
            return True
        # A sum may pass all bounds where its parts do not.
        return bool(values) and all(map(isfinite, values)) and bool not in map(type, values)
    except (TypeError, OverflowError):
        return False


def amount(value: Any, most: float) -> float | None:
    """A number from 0 to `most`, else None."""
    if type(value) is float:  # as nearly all are
        return value if 0 <= value <= most else None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most:
        return float(value)
    return None


def label(value: Any) -> str:
    """A class as the configuration writes it: 1.0 is 1."""
    if type(value) is float and value.is_integer():
        value = int(value)
    return stored_text(value)


def canonical(value: Any) -> str:
    """The same text for equal values. All that are nested so deeply that they cannot be written are alike."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError:  # long whole numbers, half pairs, hundreds of levels
        pass
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    except RecursionError:
        return "(nested too deeply)"


def plain(value: Any) -> Any:
    """A value of a database driver as JSON would have it; times stay what they are."""
    if isinstance(value, Decimal):
        whole = value.is_finite() and abs(value) < LARGEST_WHOLE and value == value.to_integral_value()
        return int(value) if whole else float(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | str | int | float | dict | list) or value is None:
        return value
    return str(value)


def lift(record: dict[str, Any], paths: tuple[tuple[str, ...], ...]) -> None:
    """Moves what stands under a.b to the top, as the key `a.b`; a key that is written so already stays."""
    for path in paths:
        name = ".".join(path)
        if name in record:
            continue
        level = record
        for part in path[:-1]:
            below = level.get(part)
            if not isinstance(below, dict):
                break
            level[part] = level = dict(below)  # the driver's own objects are not ours to change
        else:
            if path[-1] in level:
                record[name] = level.pop(path[-1])
