"""Keys of a logged record, as the configuration names them: with dots that go one level down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def under(record: Any, key: str) -> Any:
    """The value under a key; one that itself holds dots comes first. None where there is none."""
    if not isinstance(record, Mapping):
        return None
    if key in record:
        return record[key]
    value: Any = record
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
