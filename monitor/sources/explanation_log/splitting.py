"""Bytes to whole lines, in memory that does not grow with the length of a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

LINE_LIMIT = 1 << 20
"""Bytes; a longer line is not kept."""
BLOCK = 1 << 18
"""Bytes read at once."""
_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A whole line without its end; `raw` is None for one that is too long."""

    position: int
    size: int
    raw: bytes | None


@dataclass(slots=True)
class Splitter:
    """Cuts what is read into lines. `offset` is where reading must go on when nothing more of this object is used."""

    offset: int
    """Byte after the last line that was given out."""
    skipping: bool = False
    """A line that is too long was told of; the rest of it is dropped up to its end."""
    _held: bytes = b""

    @property
    def tail(self) -> bytes:
        """The unfinished line at `offset`."""
        return self._held

    def feed(self, block: bytes) -> list[Line]:
        """The lines that these bytes finish, blank ones left out."""
        if self.skipping:
            end = block.find(b"\n")
            if end < 0:
                self.offset += len(block)
                return []
            self.offset += end + 1
            self.skipping, block = False, block[end + 1 :]
        *whole, self._held = (self._held + block).split(b"\n")
        found = list(self._lines(whole))
        if len(self._held) > LINE_LIMIT:
            found += self._drop_tail()
        return found

    def _lines(self, whole: list[bytes]) -> Iterator[Line]:
        position = self.offset
        for raw in whole:
            following = position + len(raw) + 1
            if raw[:1] == b"{" and following - position <= LINE_LIMIT:  # nearly every line
                raw = raw.removesuffix(b"\r")
                yield Line(position, len(raw), raw)
                position = following
                continue
            if position == 0 and raw.startswith(_BOM):
                raw, position = raw[len(_BOM) :], len(_BOM)
            if raw[:1] == b"\0":
                # A file cut to nothing under a writer that goes on at its old place begins with a hole.
                bare = raw.lstrip(b"\0")
                raw, position = bare, position + len(raw) - len(bare)
            raw = raw.removesuffix(b"\r")
            if len(raw) > LINE_LIMIT:
                yield Line(position, len(raw), None)
            elif raw and not raw.isspace():
                yield Line(position, len(raw), raw)
            position = following
        self.offset = position

    def _drop_tail(self) -> Iterator[Line]:
        """Let go of an unfinished line that is too long already. A hole in the file is none."""
        position, held = self.offset, self._held
        bare = held.lstrip(b"\0")
        if len(bare) <= LINE_LIMIT:
            self.offset, self._held = position + len(held) - len(bare), bare
            return
        self.offset, self._held, self.skipping = position + len(held), b"", True
        yield Line(position, len(held), None)


def blocks(read: Callable[[int], bytes], size: int | None) -> Iterator[bytes]:
    """What `read(n)`, which gives at most n bytes and none at the end, gives out: `size` bytes at most."""
    left = size
    while left is None or left > 0:
        block = read(BLOCK if left is None else min(BLOCK, left))
        if not block:
            return
        if left is not None:
            left -= len(block)
        yield block


def is_record(line: bytes) -> bool:
    """Whether this is a whole JSON object."""
    try:
        return isinstance(json.loads(line.removeprefix(_BOM).strip(b"\0")), dict)
    except (ValueError, RecursionError):
        return False
