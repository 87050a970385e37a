"""Domain records as JSON types, by one rule for all of them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np


def to_json(value: Any) -> Any:
    """Dataclasses become objects, datetimes ISO 8601 text, timedeltas seconds, NaN and infinities null.

    Raises TypeError for a kind that has no JSON form, so that a new one is decided on and not guessed.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return to_json(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form; expected a record, text, number, time or collection")


def without(record: Any, *names: str) -> dict[str, Any]:
    """`to_json` of a dataclass without some of its fields."""
    kept = (field.name for field in dataclasses.fields(record) if field.name not in names)
    return {name: to_json(getattr(record, name)) for name in kept}
