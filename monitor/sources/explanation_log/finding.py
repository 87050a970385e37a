"""Which files a path, folder or glob means now."""

from __future__ import annotations

import errno
import glob
import gzip
import os
import stat
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from monitor.errors import SourceError
from monitor.sources.explanation_log.rotation import UNREADABLE, Rotated, rotated

HEAD = 4096
"""First bytes by which a file is known again, whatever it is called and whether it was compressed."""
_SKIPPED = 1 << 20
"""Bytes read at once in a hole."""
_LOG_LIKE = (".jsonl", ".ndjson", ".json", ".log")
"""In a folder, files whose name has none of these are something else."""

Stamp = tuple[int, int, int]
"""Inode, size, time of change in nanoseconds: as long as it is the same, the file is unchanged."""


@dataclass(kw_only=True)
class Found:
    """A file on disk as it was when reading began."""

    path: Path
    rotated: Rotated
    stamp: Stamp
    problem: SourceError | None = None
    """Why its first bytes could not be read."""

    @property
    def series(self) -> tuple[str, str]:
        return str(self.path.parent), self.rotated.series

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
    """Every file of the log, oldest first within each series.

    A path to one file means its whole series: what was rotated away from it belongs to it.

    Raises SourceError: there is nothing there, or a folder may not be read.
    """
    paths = _paths(location)
    found = []
    for path in paths:
        try:
            info = path.stat()
        except FileNotFoundError:
            continue  # renamed since it was listed; the next poll finds it under its new name
        except OSError as error:
            raise unreadable(path, error) from error
        if stat.S_ISREG(info.st_mode):
            stamp = (info.st_ino, info.st_size, info.st_mtime_ns)
            found.append(Found(path=path, rotated=rotated(path.name), stamp=stamp))
    return sorted(found, key=lambda file: (file.series, file.rotated.age, file.gzipped, file.path.name))


def left_out(location: str) -> list[str]:
    """Names in the folder that are not read, for people."""
    path = Path(location)
    if not path.is_dir():
        return []
    return sorted(one.name for one in _walk(path) if not _wanted(one))


def _paths(location: str) -> list[Path]:
    path = Path(location)
    if path.is_dir():
        return [one for one in _walk(path) if _wanted(one)]
    if glob.has_magic(location) and not path.exists():
        # Path.glob takes no absolute pattern.
        matches = [Path(one) for one in glob.glob(location, recursive=True)]  # noqa: PTH207
        paths = [one for one in matches if not one.name.endswith(UNREADABLE)]
    elif path.parent.is_dir():
        series = rotated(path.name).series
        paths = [one for one in _listed(path.parent) if rotated(one.name).series == series]
        paths = [one for one in paths if not one.name.endswith(UNREADABLE)]
    else:
        paths = []
    if not paths:
        raise SourceError(
            f"explanation log {location}",
            seen="no such file",
            expected="a file, folder or glob of JSON lines",
            hint="correct telemetry.path, or wait until the serving system has written its first record"
            if path.is_absolute()
            else f"a relative path is looked up in {Path.cwd()}",
        )
    return paths


def _wanted(path: Path) -> bool:
    name = path.name.lower()
    return not name.endswith(UNREADABLE) and any(word in name for word in _LOG_LIKE)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise unreadable(folder, error) from error


def _walk(folder: Path) -> list[Path]:
    """Files in a folder and below it, hidden ones left out."""
    found = []

    def refuse(error: OSError) -> None:
        raise unreadable(Path(error.filename or folder), error) from error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if name[0] != "."]
        found += [Path(parent, name) for name in names if name[0] != "."]
    return found


def unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(
        f"explanation log {path}",
        seen=error.strerror or type(error).__name__,
        expected="a file that this user may read",
        hint="correct owner and permissions, or telemetry.path",
    )


def described(file: Found) -> dict[str, Any]:
    """A file for people and JSON."""
    folder, name = str(file.path.parent), file.path.name
    return {"folder": folder, "name": name, "series": file.rotated.series, "bytes": file.size, "gzipped": file.gzipped}
