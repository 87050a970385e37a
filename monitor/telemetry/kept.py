"""Columns that are kept back, wherever they stand in the inputs of a record: below objects and lists, in JSON texts."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from monitor.privacy import REDACTED, Keeper

DEPTH = 4
"""Levels of objects, lists and texts that are looked into for values in clear."""
DEPTH_OF_FAILURES = 32
"""The same for what a failed request is known by; the writer replaces as far down."""
LONGEST = 1 << 20
"""Characters of a text that is read as JSON; a line has no more."""
_NESTED, _WITH_TEXTS = frozenset((dict, list)), frozenset((str, dict, list))
_HASHED = re.compile(r"hash:[0-9a-f]{16}")
_MASKED = re.compile(r"mask:[0-9]+:.{0,2}", re.DOTALL)


class KeptBack:
    """Looks for them."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper, self.columns = keeper, keeper.columns

    def in_clear(self, inputs: Any, name: str, *, escaped: bool) -> set[str]:
        """Fields, as `name.field`, in which a column that is kept back can be read.

        `escaped`: whether a backslash stands in the record as JSON. Without one no text of it is JSON that has names,
        for their quotation marks would be escaped.
        """
        clear: set[str] = set()
        if type(inputs) is str:
            inputs = self._within(inputs)
        self._look(inputs, name, clear, DEPTH, _WITH_TEXTS if escaped else _NESTED)
        return clear

    def _look(self, value: Any, name: str, clear: set[str], depth: int, nested: frozenset[type]) -> None:
        """`nested`: types that are looked into."""
        if type(value) is dict:
            if not self.columns.isdisjoint(value):
                for column in self.columns & value.keys():
                    if self._keeper.in_clear(column, value[column]):
                        clear.add(f"{name}.{column}")
            if not depth or nested.isdisjoint(map(type, value.values())):
                return
            for key, part in value.items():
                if type(part) in nested:
                    self._look(part, f"{name}.{key}", clear, depth - 1, nested)
        elif type(value) is list:
            for part in value:
                if depth and type(part) in nested:
                    self._look(part, name, clear, depth - 1, nested)
        elif type(value) is str and (found := self._within(value)) is not None and depth:
            self._look(found, name, clear, depth - 1, nested)

    def _within(self, text: str) -> Any:
        """What a text holds that is JSON and may name a column; None for any other."""
        # A backslash may stand for any letter of a name.
        if not _is_like_json(text) or ("\\" not in text and not self._named(text)):
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return None

    def _named(self, text: str) -> bool:
        return any(column in text for column in self.columns)

    def hides(self, inputs: Any) -> bool:
        """Whether two requests may have inputs that look alike, or values of these columns could be found by trying.

        So it is with a column that is kept back and not hashed, with what the writer has put in place of any other
        thing, and with what is nested too deeply or is broken JSON that names a column.
        """
        return bool(self.columns) and self._hides(inputs, DEPTH_OF_FAILURES)

    def _hides(self, value: Any, depth: int) -> bool:
        if type(value) is str:
            if value == REDACTED or _MASKED.fullmatch(value):
                return True
            if len(value) > LONGEST:  # of a table
                return self._named(value)
            if not _is_like_json(value):
                return False
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return self._named(value)
        parts: Collection[Any]
        if type(value) is dict:
            kept = [value[column] for column in self.columns & value.keys()]
            if "value" in value and self._is_column(value.get("feature")):
                kept.append(value["value"])
            parts = value.values()
        elif type(value) is list:
            kept = [part for part in value if not self._is_column(part)] if any(map(self._is_column, value)) else []
            parts = value
        else:
            kept, parts = [], () if type(value) is not str else (value,)
        if not all(map(_is_hashed, kept)):
            return True
        return any(not depth or self._hides(part, depth - 1) for part in parts if type(part) in _WITH_TEXTS)

    def _is_column(self, value: Any) -> bool:
        return type(value) is str and value in self.columns


def _is_hashed(value: Any) -> bool:
    return type(value) is str and _HASHED.fullmatch(value) is not None


def _is_like_json(text: str) -> bool:
    """What begins so may hold names."""
    return len(text) <= LONGEST and '"' in text and text.lstrip().startswith(("{", "[", '"'))
