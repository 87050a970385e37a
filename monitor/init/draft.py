"""YAML with comments, written line by line: a library would drop the comments, which are the point here."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./*-]*")
"""Text that means itself in every version of YAML; everything else is quoted."""
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", ".inf", ".nan"})

Value = str | bool | Sequence[str] | Mapping[str, str]


class Guessed(NamedTuple):
    """One value that a person should look at."""

    key: str
    """Dotted, from the monitor down."""
    value: Value
    why: str
    check: str


class Draft:
    """The file as far as it is written."""

    def __init__(self) -> None:
        self.guesses: list[Guessed] = []
        self._lines: list[str] = []
        self._path: list[str] = []
        self._indent = 0
        self._dash = False

    @property
    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def line(self, text: str) -> None:
        indent = " " * self._indent
        if self._dash and not text.startswith("#"):
            indent, self._dash = indent[:-2] + "- ", False
        self._lines.append(indent + text)

    def comment(self, text: str, *, wrap: bool = True) -> None:
        width = WIDTH - self._indent - 2
        for part in textwrap.wrap(text, width, break_on_hyphens=False) if wrap else [text]:
            self.line(f"# {part}")

    def put(self, key: str, value: Value) -> None:
        self.line(f"{key}: {scalar(value)}")

    def guess(self, key: str, value: Value, *, why: str, check: str) -> None:
        """A value under a comment that says why it was guessed and what to check."""
        self.comment(f"GUESS: {why}. CHECK: {check}.")
        self.put(key, value)
        self.guesses.append(Guessed(".".join([*self._path, key]), value, why, check))

    @contextmanager
    def item(self) -> Iterator[None]:
        """An item of a list of mappings; comments may come before its first key, which gets the dash."""
        self._indent += 4
        self._dash = True
        yield
        self._indent -= 4

    @contextmanager
    def section(self, key: str) -> Iterator[None]:
        """A mapping under `key`; left out when nothing was put into it."""
        start = len(self._lines)
        self.line(f"{key}:")
        self._indent += 2
        self._path.append(key)
        yield
        self._path.pop()
        self._indent -= 2
        if all(line.lstrip().startswith("#") for line in self._lines[start + 1 :]):
            self._lines[start] = self._lines[start].replace(f"{key}:", f"{key}: {{}}")


def scalar(value: Value) -> str:
    """A value in YAML, quoted as JSON where plain text could be read as something else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS and not re.match(r"[.\d]+$", value)
        return value if plain or re.fullmatch(r"\d+[smhdw]", value) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {scalar(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(scalar(item) for item in value) + "]"
