"""Rows of a table by which it is known again, as digests: never what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from monitor.settings import LogColumns
from monitor.sources.keys import under


class Mark(NamedTuple):
    """One row that was read."""

    number: int
    record: str
    """Digest of its record id; empty where it has none."""
    time: str = ""
    """Digest of its time; empty where it has none, and in what was saved by older versions."""

    @classmethod
    def of(cls, number: int, row: Mapping[str, Any], columns: LogColumns) -> Mark:
        return cls(number, _digest(_value(row, columns.record_id)), _digest(_value(row, columns.timestamp)))

    def stands(self, now: Mark) -> bool:
        """Whether this record is still there: its id may be replaced for privacy, or its time be made coarser."""
        return bool(self.record and self.record == now.record) or bool(self.time and self.time == now.time)


def judged(marks: Sequence[Mark], there: Mapping[int, Mark]) -> tuple[int, int]:
    """Of marks whose number is there: (how many are the same record, how many are another)."""
    known = [(mark, there[mark.number]) for mark in marks if mark.number in there and (mark.record or mark.time)]
    same = sum(mark.stands(now) for mark, now in known)
    return same, len(known) - same


def _value(row: Mapping[str, Any], key: str) -> Any:
    """What stands under a key; JSON may be text."""
    root, _, below = key.partition(".")
    if key in row or not below:
        return row.get(key)
    value = row.get(root)
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    return under(value, below)


def _digest(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.timestamp()  # the same in whatever zone the database tells it
    return blake2b(str(value).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
