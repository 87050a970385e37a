"""What reading gives out: bounded batches of raw lines, and where reading stands after each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.telemetry.records import Quarantined

BATCH_LINES = 20_000
BATCH_BYTES = 16 << 20
"""A batch ends with the block of lines that reaches either."""

Positions = Mapping[str, Any]
"""How far a log has been read, as JSON: offsets, sizes and hashes, and names of files; never what a line says."""
Raw = bytes | Mapping[str, Any]
"""A line of a file, or a row of a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """One batch: whole lines in the order of their files, each given out exactly once per position saved."""

    items: list[tuple[str, int, int, Raw]]
    """(file or table name, position, size in bytes, line)."""
    refused: list[Quarantined]
    """Lines that reading itself could not use: too long, or torn."""
    positions: Positions
    """Where reading stands when everything of this batch has been counted: to be saved in the same transaction."""
    notes: tuple[str, ...] = ()
    """What a person should know: files that vanished, damaged ones."""
    waiting: int = 0
    """Files with an unfinished last line about which the next poll decides, since a newer file follows."""
    last: bool = False
    """The log has been read to its end as it was when reading began."""


@dataclass(slots=True)
class Gathering:
    """A batch in the making."""

    items: list[tuple[str, int, int, Raw]] = field(default_factory=list)
    refused: list[Quarantined] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    waiting: int = 0
    _bytes: int = 0

    def add(self, source: str, position: int, raw: Raw, size: int) -> None:
        self.items.append((source, position, size, raw))
        self._bytes += size

    def refuse(self, source: str, position: int, size: int, reason: str) -> None:
        self.refused.append(Quarantined(source=source, position=position, size=size, reason=reason))

    @property
    def full(self) -> bool:
        return len(self.items) + len(self.refused) >= BATCH_LINES or self._bytes >= BATCH_BYTES

    def take(self, positions: Positions, *, last: bool = False) -> Lines:
        """The batch as it is now, and begin another."""
        taken = Lines(
            items=self.items, refused=self.refused, positions=positions, notes=tuple(self.notes),
            waiting=self.waiting, last=last,
        )  # fmt: skip
        self.items, self.refused, self.notes, self._bytes = [], [], [], 0
        return taken
