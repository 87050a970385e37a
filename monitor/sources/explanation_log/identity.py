"""How far each file was read, and which file on disk that is today: by content, never by name.

A file is the one known before when its first bytes (at most 4 KiB; fewer while it was shorter) are the same and it is
not shorter than what was read of it. So a renamed, compressed or moved file goes on where it was left, and one that
was cut to nothing and filled again under its old name is a new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.sources.explanation_log.finding import HEAD, Found, Stamp
from monitor.sources.explanation_log.rewritten import MARKS, Identify
from monitor.sources.explanation_log.splitting import Line, is_record

_GONE_POLLS = 2
"""A file is gone when so many polls in a row did not find it: one look may miss it while it is renamed."""


@dataclass(slots=True, kw_only=True)
class Place:
    """How far one file was read."""

    name: str
    """File name when last seen."""
    head: str = ""
    """SHA-256 of the first `head_size` bytes."""
    head_size: int = 0
    offset: int = 0
    """Uncompressed byte at which reading goes on."""
    end: int = 0
    """Uncompressed bytes known to be there."""
    tail: int = 0
    """Bytes of the unfinished last line when it was last looked at."""
    skipping: bool = False
    """Reading stands inside a line that is too long and was told of."""
    stamp: Stamp = (0, 0, 0)
    """Of the file when it was last read."""
    cut: bool = False
    """A gzipped file that ended in the middle, or was damaged, when it was last read."""
    missing: int = 0
    """Polls in a row that did not find it."""
    first: list[str] = field(default_factory=list)
    """Digests of the ids of its first records."""
    last: list[str] = field(default_factory=list)
    """Of those that were read last, in their order."""
    last_at: int = 0
    """Uncompressed byte at which the last of these begins."""
    link: str = ""
    """Path of the log by which it was read, where that led by a symbolic link to another place."""
    target: str = ""
    """That place."""

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> Place:
        return cls(**{**saved, "stamp": tuple(saved["stamp"])})

    def saved(self) -> dict[str, Any]:
        return {**{name: getattr(self, name) for name in self.__slots__}, "stamp": list(self.stamp)}

    def know(self, file: Found) -> None:
        """Take over where the file is, and its first bytes when there are more of them than before."""
        self.link, self.target = file.linked
        if self.head_size < HEAD and len(file.head) > self.head_size:
            self.head, self.head_size = _digest(file.head), len(file.head)

    def mark(self, lines: list[Line], identify: Identify) -> None:
        """Remember ids of lines that were read, by which the file is known again when it is rewritten."""
        for line in lines[: MARKS - len(self.first)] if len(self.first) < MARKS else ():
            if line.raw is not None and (digest := identify(line.raw)):
                self.first.append(digest)
        for line in lines[-MARKS:]:
            if line.raw is not None and (digest := identify(line.raw)):
                self.last, self.last_at = [*self.last, digest][-MARKS:], line.position

    def rewritten(self, file: Found, line: Line | None, identify: Identify) -> str:
        """Go on after this line, which was read last, or without one from the beginning; what to tell people."""
        self.name, self.head, self.head_size, self.missing = file.path.name, "", 0, 0
        self.tail, self.skipping, self.cut = 0, False, False
        self.offset = self.end = self.last_at = 0
        if line is None or line.raw is None:
            self.first, self.last = [], []
            return (
                f"{self.name} was rewritten, and what was read last is not in it; it is read again from its beginning"
            )
        self.last_at, self.last = line.position, [digest for digest in [identify(line.raw)] if digest]
        self.offset = self.end = line.position + line.size
        return f"{self.name} was rewritten; reading goes on after the record that was read last, at byte {self.offset}"

    def fits(self, file: Found) -> bool:
        """Whether this is how far that very file was read."""
        if not self.head_size or len(file.head) < self.head_size:
            return False
        if not file.gzipped and file.size < self.offset:
            return False
        return _digest(file.head[: self.head_size]) == self.head


@dataclass(slots=True, kw_only=True)
class Known:
    """A file on disk with how far it was read."""

    file: Found
    place: Place

    @property
    def unchanged(self) -> bool:
        """Nothing was written since it was last read."""
        return self.place.stamp == self.file.stamp


def recognise(files: Iterable[Found], places: Iterable[Place]) -> tuple[list[Known], list[Place]]:
    """Each file with its place, in the order of the files; and the places whose files are not there.

    A file of which another copy is there as well (compressed, or half copied by copytruncate) is left out, and so is
    one without content.
    """
    files, absent, matched = list(files), list(places), {}
    by_stamp = {place.stamp: place for place in absent if place.head_size}
    for number, file in enumerate(files):
        if file.stamp in by_stamp:
            matched[number] = by_stamp.pop(file.stamp)
    taken = {id(place) for place in matched.values()}
    absent = [place for place in absent if id(place) not in taken]
    others = _without_copies(files, [number for number, file in enumerate(files) if number not in matched])
    # The longest head first: a short one fits many files. Of equal ones, the file that kept its inode or its name.
    for place in sorted(absent, key=lambda one: -one.head_size):
        fitting = [number for number in others if number not in matched and place.fits(files[number])]
        if fitting:
            matched[min(fitting, key=lambda number: _distance(place, files[number]))] = place
            absent.remove(place)
    copies = _copies(files, [number for number in others if number not in matched], matched)
    for number in others:
        if number not in matched and number not in copies:
            matched[number] = Place(name=files[number].path.name)
    for number, place in matched.items():
        place.name, place.missing = files[number].path.name, 0
    return [Known(file=files[number], place=matched[number]) for number in sorted(matched)], absent


def gone(places: Iterable[Place]) -> tuple[list[Place], list[Place]]:
    """(places to be kept for now, places whose files are gone) of those that were not found."""
    kept: list[Place] = []
    lost: list[Place] = []
    for place in places:
        place.missing += 1
        (lost if place.missing >= _GONE_POLLS else kept).append(place)
    return kept, lost


def _without_copies(files: list[Found], numbers: list[int]) -> list[int]:
    """The files with content of which no better copy is among these: plain before compressed, long before short."""
    numbers = [number for number in numbers if files[number].head]
    best = sorted(numbers, key=lambda number: (files[number].gzipped, -len(files[number].head), -files[number].size))
    kept: list[int] = []
    for number in best:
        if not _copied(files[number].head, (files[other].head for other in kept)):
            kept.append(number)
    return sorted(kept)


def _copies(files: list[Found], numbers: list[int], matched: Mapping[int, Place]) -> set[int]:
    """Those of the numbered files that begin as one that has its place already."""
    starts = {(place.head_size, place.head): number for number, place in matched.items()}
    sizes = sorted({size for size, _ in starts})
    found = set()
    for number in numbers:
        head = files[number].head
        for size in sizes:
            other = starts.get((size, _digest(head[:size])))
            if size <= len(head) and other is not None and _copied(head, [files[other].head]):
                found.add(number)
    return found


def _copied(head: bytes, others: Iterable[bytes]) -> bool:
    """Whether a file that begins so is a copy, perhaps not yet a whole one, of one of the others.

    Two files may begin alike by chance for a few bytes; with a whole record, which has an id, they do not.
    """
    if len(head) < HEAD and not any(is_record(line) for line in head.split(b"\n")[:-1]):
        return False
    return any(other.startswith(head) for other in others)


def _distance(place: Place, file: Found) -> tuple[bool, bool, bool]:
    return place.stamp[0] != file.stamp[0], place.name != file.path.name, file.gzipped


def _digest(head: bytes) -> str:
    return hashlib.sha256(head).hexdigest()
