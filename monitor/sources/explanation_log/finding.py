"""Which files a path, folder or glob means now."""

from __future__ import annotations

import errno
import gzip
import os
import stat
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from monitor.errors import SourceError
from monitor.sources.explanation_log.listing import paths_of, unreadable
from monitor.sources.explanation_log.rotation import Rotated, rotated

HEAD = 4096
"""First bytes by which a file is known again, whatever it is called and whether it was compressed."""
_SKIPPED = 1 << 20
"""Bytes read at once in a hole."""

Stamp = tuple[int, int, int]
"""Inode, size, time of change in nanoseconds: as long as it is the same, the file is unchanged."""
_NEVER: Stamp = (-1, 0, -1)
"""Of an entry that could not be looked at."""


@dataclass(kw_only=True)
class Found:
    """A file on disk as it was when reading began."""

    path: Path
    rotated: Rotated
    stamp: Stamp
    problem: SourceError | None = None
    """Why it, or its first bytes, could not be read."""
    link: Path | None = None
    """Path of the log by which it was read before, when that leads to another file by now."""

    @property
    def series(self) -> tuple[str, str]:
        return str((self.link or self.path).parent), self.rotated.series

    @cached_property
    def linked(self) -> tuple[str, str]:
        """(path of the log, file that it leads to) where there are symbolic links; else two empty texts."""
        if self.link is not None:
            return str(self.link), str(self.path)
        led = self.path.resolve()
        return (str(self.path), str(led)) if led != self.path.absolute() else ("", "")

    @property
    def gzipped(self) -> bool:
        return self.rotated.gzipped

    @property
    def size(self) -> int:
        """Bytes on disk; of a gzipped file those of the compressed one."""
        return self.stamp[1]

    def opened(self) -> BinaryIO:
        """The file itself, unbuffered. Raises FileNotFoundError when the name is another file's by now: whoever
        rotates may rename all files of a series between two looks."""
        stream = self.path.open("rb", buffering=0)
        if os.fstat(stream.fileno()).st_ino != self.stamp[0]:
            stream.close()
            raise FileNotFoundError(self.path)
        return stream

    @property
    def head(self) -> bytes:
        """The first bytes, uncompressed; empty for a file without content, gone by now, or with a problem."""
        return self._start[1]

    @property
    def hole(self) -> int:
        """NUL bytes before the first byte of `head`: a file that was cut to nothing under a writer that goes on at its
        old place begins with as many as were cut, and so do copies of it."""
        return self._start[0]

    @cached_property
    def _start(self) -> tuple[int, bytes]:
        hole, head = 0, b""
        if self.problem is not None:
            return hole, head
        try:
            with self.opened() as stream:
                if not self.gzipped:
                    hole = stream.seek(_first_data(stream))
                read = gzip.GzipFile(fileobj=stream).read1 if self.gzipped else stream.read
                while len(head) < HEAD and (block := read(_SKIPPED if hole and not head else HEAD)):
                    bare = block if head else block.lstrip(b"\0")
                    hole, head = hole + len(block) - len(bare), head + bare
        except FileNotFoundError:
            return 0, b""
        except (EOFError, gzip.BadGzipFile, zlib.error):
            pass  # being written, or damaged: told when it is read
        except OSError as error:
            self.problem = unreadable(self.path, error)
            return 0, b""
        return hole, head[:HEAD]


def _first_data(stream: BinaryIO) -> int:
    """The first byte of a file that is on disk; nobody waits for gigabytes of nothing."""
    try:
        return os.lseek(stream.fileno(), 0, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:  # no data at all
            return os.fstat(stream.fileno()).st_size
        return 0  # the file system cannot tell


def find(location: str) -> list[Found]:
    """Every file of the log, oldest first within each series; entries that may not be looked at have a `problem`.

    A path to one file means its whole series: what was rotated away from it belongs to it. Of several names of one
    file, such as a link beside it, the file's own counts.

    Raises SourceError: there is nothing there, or the folder itself may not be read.
    """
    paths, closed = paths_of(location)
    found: dict[tuple[int, int], Found] = {}
    barred = [_barred(path, error) for path, error in closed]
    for path in paths:
        try:
            info = path.stat()
        except FileNotFoundError:
            continue  # renamed since it was listed; the next poll finds it under its new name
        except OSError as error:
            barred.append(_barred(path, error))
            continue
        key = (info.st_dev, info.st_ino)
        if stat.S_ISREG(info.st_mode) and (key not in found or found[key].path.is_symlink()):
            found[key] = Found(path=path, rotated=rotated(path.name), stamp=_stamp(info))
    return in_order([*found.values(), *barred])


def in_order(files: Iterable[Found]) -> list[Found]:
    """By series, the oldest first."""
    return sorted(files, key=lambda file: (file.series, file.rotated.age, file.gzipped, file.path.name))


def in_folder(folder: str) -> list[Found]:
    """Every file right in a folder; none where it is gone or closed."""
    try:
        files = [entry for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]
        return [Found(path=Path(one.path), rotated=rotated(one.name), stamp=_stamp(one.stat())) for one in files]
    except OSError:
        return []


def _barred(path: Path, error: OSError) -> Found:
    return Found(path=path, rotated=rotated(path.name), stamp=_NEVER, problem=unreadable(path, error))


def _stamp(info: os.stat_result) -> Stamp:
    return info.st_ino, info.st_size, info.st_mtime_ns


def described(file: Found) -> dict[str, Any]:
    """A file for people and JSON."""
    folder, name = str(file.path.parent), file.path.name
    return {"folder": folder, "name": name, "series": file.rotated.series, "bytes": file.size, "gzipped": file.gzipped}
