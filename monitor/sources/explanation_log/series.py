"""One series of files, oldest first: its lines, and what becomes of a line that rotation tore."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from monitor.sources.explanation_log.finding import Found
from monitor.sources.explanation_log.gathering import Gathering
from monitor.sources.explanation_log.identity import Known, Place
from monitor.sources.explanation_log.listing import unreadable
from monitor.sources.explanation_log.rewritten import Identify, read_last
from monitor.sources.explanation_log.splitting import LINE_LIMIT, Line, Splitter, blocks, is_record

_PACKED = 8
"""Bytes that a gzipped byte stands for: a guess that only decides the order of reading."""
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error)


class Series:
    """Reads the files of one writer in their order. Raises SourceError from `read` for a file that may not be read."""

    def __init__(self, files: list[Known], gathering: Gathering, identify: Identify) -> None:
        self._files, self._gathering, self._identify = files, gathering, identify
        self._total = sum(max(0, _unread(one)) for one in files) or 1
        self._done = 0

    def read(self) -> Iterator[float]:
        """Read block by block; gives the share read so far. Between two blocks every place fits what was gathered."""
        for number, one in enumerate(self._files):
            younger = self._files[number + 1] if number + 1 < len(self._files) else None
            still = one.unchanged
            ended = still or one.file.gzipped or number + 2 < len(self._files)  # rotated away twice
            if still and one.place.cut:
                self._give_up(one)
            elif not still:
                try:
                    yield from self._file(one)
                except FileNotFoundError:
                    return  # renamed since it was found; the younger ones wait for it
                except OSError as error:
                    raise unreadable(one.file.path, error) from error
            if one.place.cut or (one.place.tail and not (ended and self._settled(one, younger))):
                self._gathering.waiting += younger is not None
                return

    def _file(self, one: Known) -> Iterator[float]:
        """The lines of one file from where it was left to its end as it was when found."""
        file, place = one.file, one.place
        if place.last and not file.gzipped and not self._as_it_was(one):
            line = read_last_of(file, place, self._identify)
            self._gathering.notes.append(place.rewritten(file, line, self._identify))
        place.know(file)
        place.stamp, place.cut = (file.stamp[0], -1, -1), False  # known as unchanged only when its end was reached
        if not file.gzipped:
            place.end = file.size
        place.offset = max(place.offset, file.hole)
        cutter = Splitter(place.offset, place.skipping)
        try:
            with _opened(file, place.offset) as read:
                for block in blocks(read, None if file.gzipped else file.size - place.offset):
                    lines = cutter.feed(block)
                    place.mark(lines, self._identify)
                    for position, size, raw in lines:
                        if raw is None:
                            self._gathering.refuse(place.name, position, size, "too_long")
                        else:
                            self._gathering.add(place.name, position, raw, size)
                    place.offset, place.skipping = cutter.offset, cutter.skipping
                    self._done += len(block)
                    yield min(1.0, self._done / self._total)
        except _DAMAGED:
            place.cut = True  # still being written, or damaged: the next poll sees
        place.tail = len(cutter.tail)
        place.end = place.offset + place.tail
        place.stamp = file.stamp

    def _as_it_was(self, one: Known) -> bool:
        """Whether the record that was read last stands where it stood."""
        place = one.place
        size = min(place.offset - place.last_at, LINE_LIMIT)
        line = _bytes(one.file, place.last_at, size).partition(b"\n")[0]
        return self._identify(line) == place.last[-1]

    def _settled(self, one: Known, younger: Known | None) -> bool:
        """Decide on the unfinished last line of a file that does not grow any more, when a younger one follows.

        It is a line of its own when it is a whole record; one with the first line of the younger file when only both
        together are; otherwise torn, and counted as that.
        """
        if younger is None:
            return False
        place, following = one.place, younger.place
        tail = _bytes(one.file, place.offset, place.tail)
        if is_record(tail):
            self._gathering.add(place.name, place.offset, tail.strip(), len(tail.strip()))
        else:
            start = younger.file.hole
            first = b"\n" if following.offset > start else _bytes(younger.file, start, LINE_LIMIT)
            end = first.find(b"\n")
            if end < 0 and len(first) < LINE_LIMIT:
                return False  # the rest of it is still being written
            joined = (tail + first[:end]).rstrip(b"\r")
            if end >= 0 and len(joined) <= LINE_LIMIT and not is_record(first[:end]) and is_record(joined):
                self._gathering.add(place.name, place.offset, joined, len(joined))
                following.know(younger.file)
                following.offset = start + end + 1
            else:
                self._gathering.refuse(place.name, place.offset, place.tail, "torn")
        place.offset, place.tail = place.offset + place.tail, 0
        return True

    def _give_up(self, one: Known) -> None:
        """A gzipped file that did not grow and ends in the middle, or is damaged, will not get better."""
        place = one.place
        self._gathering.refuse(place.name, place.offset, max(1, place.tail), "torn")
        self._gathering.notes.append(f"{place.name} is cut off or damaged after byte {place.offset + place.tail}")
        place.cut, place.tail = False, 0


def read_last_of(file: Found, place: Place, identify: Identify) -> Line | None:
    """The record of a rewritten file that was read last; None when it is another file."""
    cutter = Splitter(file.hole)
    try:
        with _opened(file, file.hole) as read:
            lines = (cutter.feed(block) for block in blocks(read, None))
            return read_last(lines, place.first, place.last, identify)
    except (*_DAMAGED, FileNotFoundError):
        return None
    except OSError as error:
        raise unreadable(file.path, error) from error


def _unread(one: Known) -> int:
    if one.unchanged:
        return 0
    if one.file.gzipped:
        return one.file.size * _PACKED - one.place.offset
    return one.file.size - max(one.place.offset, one.file.hole)


@contextmanager
def _opened(file: Found, offset: int) -> Iterator[Callable[[int], bytes]]:
    """A function that reads on from an uncompressed byte."""
    with file.opened() as stream:
        if file.gzipped:
            packed = gzip.GzipFile(fileobj=stream)
            packed.seek(offset)
            yield packed.read1
        else:
            stream.seek(offset)
            yield lambda size: stream.read(size) or b""


def _bytes(file: Found, offset: int, size: int) -> bytes:
    """At most `size` bytes from an uncompressed byte on; fewer when the file is damaged, none when it is gone."""
    found = b""
    try:
        with _opened(file, offset) as read:
            for block in blocks(read, size):
                found += block
    except (*_DAMAGED, FileNotFoundError):
        return found
    except OSError as error:
        raise unreadable(file.path, error) from error
    return found
