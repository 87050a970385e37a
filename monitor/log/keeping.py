"""Columns that are kept back, replaced in whatever an application hands over."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from monitor.log.line import DEPTH, encode, plain
from monitor.privacy import REDACTED, Keeper

_NUMBERS = frozenset((float, int, bool, type(None)))
_OPENS = frozenset('{[ "\t\r\n')
"""What a text that is JSON begins with."""


class Keeping:
    """Replaces values of columns that are kept back, however deep they stand.

    Whatever is no text and no number is taken apart here, into lists and objects of such: nothing is left for the
    encoder to unpack, so nothing in it can pass by.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper, self.columns = keeper, keeper.columns
        words = "|".join(map(re.escape, sorted(keeper.columns)))
        self._named = re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])")

    def fields(self, fields: Mapping[str, Any], *, untouched: str) -> dict[str, Any]:
        """Fields of the record itself, but for one. A fingerprint that would be changed is left out: it would be the
        same for requests that differ."""
        kept = {
            name: value if type(value) in _NUMBERS or name == untouched else self.value(value)
            for name, value in fields.items()
        }
        told, given = kept.get("fingerprint"), fields.get("fingerprint")
        if told is not given and encode(told) != encode(given):
            del kept["fingerprint"]
        return kept

    def columns_of(self, values: Any, depth: int = DEPTH) -> dict[Any, Any]:
        """Values by column, of a mapping or of what makes one. Raises ValueError when nested too deeply."""
        _check(depth)
        columns = self.columns
        kept = {}
        for name, value in (values if hasattr(values, "items") else dict(values)).items():
            if (name if type(name) is str else self._column(name)) in columns:
                kept[name] = self._of(name, value, depth)
            elif type(value) in _NUMBERS:
                kept[name] = value
            else:
                kept[name] = self.value(value, depth - 1)
        named = kept.get("feature")
        if isinstance(named, str) and named in columns and "value" in kept:
            kept["value"] = self._keeper.value(named, kept["value"])
        return kept

    def value(self, value: Any, depth: int = DEPTH) -> Any:
        """A value of any kind. Raises ValueError when nested too deeply."""
        if isinstance(value, str):
            return self._text(value, depth) if value[:1] in _OPENS else value
        if isinstance(value, float | int) or value is None:
            return value
        _check(depth)
        if isinstance(value, Mapping):
            return self.columns_of(value, depth)
        if (parts := _named_parts(value)) is not None:
            return [self._of(name, part, depth) for name, part in parts]
        if isinstance(value, list | tuple):
            if _NUMBERS.issuperset(map(type, value)):
                return list(value)
            return [self._item(part, depth - 1) for part in value]
        if not self.columns.isdisjoint(getattr(getattr(value, "dtype", None), "names", None) or ()):
            return REDACTED  # a structured array: lists of its rows would say no more which column is which
        made = plain(value)
        if not isinstance(made, str):
            return self.value(made, depth - 1)
        return REDACTED if self._named.search(made) or not self.columns.isdisjoint(_attributes(value)) else made

    def _of(self, name: Any, value: Any, depth: int) -> Any:
        column = self._column(name)
        return self._keeper.value(column, value) if column in self.columns else self.value(value, depth - 1)

    def _column(self, name: Any) -> str:
        """The column that a key of any kind names: of several levels, the one that is kept back."""
        if isinstance(name, tuple):
            name = next((part for part in map(self._column, name) if part in self.columns), name)
        return name.decode(errors="replace") if isinstance(name, bytes) else str(name)

    def _item(self, value: Any, depth: int) -> Any:
        """A part of a list. `("name", "Jane", 0.3)` in a list is told like an object: beside the name of a column that
        is kept back, everything is."""
        if isinstance(value, list | tuple) and _named_parts(value) is None:
            named = [part for part in value if isinstance(part, str) and part in self.columns]
            if named:
                return [part if part in named else self._keeper.value(named[0], part) for part in value]
        return self.value(value, depth)

    def _text(self, text: str, depth: int) -> str:
        """JSON in a text is looked through; what begins like it and is none goes as a whole if it names a column."""
        if not text.lstrip().startswith(("{", "[", '"')):
            return text
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return REDACTED if self._named.search(text) else text
        _check(depth)
        kept = self.value(found, depth - 1)
        return text if kept == found and not self._named.search(text) else encode(kept)


def _check(depth: int) -> None:
    if depth <= 0:
        raise ValueError(f"nested more than {DEPTH} levels deep")


def _named_parts(value: Any) -> Iterable[tuple[Any, Any]] | None:
    """Rows of databases, named tuples and series, which are written as lists: their parts by name."""
    if isinstance(value, Iterable) and isinstance(names := getattr(value, "_fields", None), tuple):
        return zip(names, value, strict=False)
    if callable(keys := getattr(value, "keys", None)):
        values = value.tolist() if hasattr(value, "tolist") else list(value)
        return zip(keys(), values, strict=False)
    return None


def _attributes(value: Any) -> set[str]:
    found = set(getattr(value, "__dict__", ()))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        found.update((slots,) if isinstance(slots, str) else slots)
    return found
