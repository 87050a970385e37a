"""Attributions looked at without being made into numbers: half of the time that a record takes went into that.

What counts is whether they are an object of finite numbers. An expression tells that for the plain form that nearly
all records have; the object is then taken out, and the rest of the line read as JSON. Whatever is not plain (escapes,
other letters than ASCII, unusual blanks, very large numbers, the key twice) is read as JSON in full.
"""

from __future__ import annotations

import json
import re

_BLANK = rb"[ ]?"
_KEY = rb'"[ !#-\[\]-~]*+"'
_NUMBER = rb"-?+(?:0|[1-9][0-9]{0,14}+)(?:\.[0-9]{1,25}+)?+(?:[eE][+-]?+[0-9]{1,2}+)?+"
"""Strict JSON, and never beyond 1e115: finite."""


class Shortcut:
    """Takes one attribution object out of a line, where that is certain to change nothing."""

    def __init__(self, column: str) -> None:
        """`column`: key of the attributions; of a dotted one the last part."""
        self._quoted = json.dumps(column.rpartition(".")[2]).encode()
        pair = _KEY + rb":" + _BLANK + _NUMBER
        self._object = re.compile(
            re.escape(self._quoted) + rb":" + _BLANK + rb"\{(" + pair + rb"(?:," + _BLANK + pair + rb")*+)\}"
        )

    def without(self, raw: bytes) -> bytes | None:
        """The line with the attributions replaced by {}; None: they are not plain, or may not be the ones."""
        if b"\\" in raw or raw.count(self._quoted) != 1:
            return None
        found = self._object.search(raw)
        if found is None:
            return None
        return raw[: found.start(1)] + raw[found.end(1) :]
