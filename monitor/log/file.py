"""A file that several threads and processes append whole lines to, and that is rotated by size."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import threading
import time
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

STAMP = "%Y%m%dT%H%M%S_%f"
"""UTC, in the names of rotated files: they sort by age, and none is renamed again while somebody may be reading it."""
_PAUSES = (0.0, 0.0002, 0.0005, 0.001, 0.002, 0.005)
"""Seconds between attempts while a rotation is under way; it takes a fraction of a millisecond."""


class AppendFile:
    """Lines go to `path`; at `max_bytes` it becomes `path.<time>`, and the oldest but `keep` of these are removed.

    Every line is one write to a descriptor opened with O_APPEND, so lines never mix. Writers hold a shared lock on the
    file while they write, and whoever rotates holds it alone: a file that was renamed never grows again, and none is
    removed while somebody writes to it. The system drops the locks of a killed process. Renames by others (logrotate)
    are noticed too, with the next line.
    """

    def __init__(self, path: str | os.PathLike[str], *, max_bytes: int | None, keep: int, fsync: bool) -> None:
        self.path = os.fspath(path)
        self.rotation_error: OSError | None = None
        """Why the latest attempt to rotate failed; lines go on into the same file."""
        self._max_bytes, self._keep, self._fsync = max_bytes, keep, fsync
        self._lock = threading.Lock()
        self._fd, self._identity = -1, (0, 0)
        self._ended = 0
        """Size of the file after the latest line of ours; that it ends there in a whole line is known."""
        os.register_at_fork(after_in_child=_calls(weakref.WeakMethod(self._forked)))

    def write(self, line: bytes) -> None:
        """Append one line, its end included. Raises OSError when it was not written whole."""
        with self._lock:
            size, shared = self._enter()
            try:
                if self._max_bytes and size and size + len(line) > self._max_bytes:
                    self._rotate()
                    size, shared = self._enter()
                self._append(line, size)
            finally:
                if shared and self._fd >= 0:
                    fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """A later line opens the file again."""
        with self._lock:
            self._leave()

    def _append(self, line: bytes, size: int) -> None:
        # Somebody killed in the middle of a line must not spoil the next one. Readers skip empty lines.
        if size and size != self._ended and os.pread(self._fd, 1, size - 1) != b"\n":
            line = b"\n" + line
        written = os.write(self._fd, line)
        if written != len(line):
            self._ended = 0
            raise OSError(errno.ENOSPC, f"{written} of {len(line)} bytes written", self.path)
        self._ended = size + written
        if self._fsync:
            os.fsync(self._fd)

    def _enter(self) -> tuple[int, bool]:
        """Open the file that has the name now, and share it: its size, and whether the lock was had."""
        while True:
            if self._fd < 0:
                self._fd = self._open()
                info = os.fstat(self._fd)
                self._identity, self._ended = (info.st_ino, info.st_dev), 0
            shared = self._share()
            if (size := self._size()) is not None:
                return size, shared
            self._leave()

    def _share(self) -> bool:
        """A serving application never waits for a rotation that hangs: then it writes without the lock."""
        for pause in _PAUSES:
            if pause:
                time.sleep(pause)
            try:
                fcntl.flock(self._fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            return True
        return False

    def _size(self) -> int | None:
        """Size of the file; None when the name is another's now."""
        try:
            named = os.stat(self.path)  # noqa: PTH116 - a Path per line costs more than the call
        except FileNotFoundError:
            return None
        return named.st_size if (named.st_ino, named.st_dev) == self._identity else None

    def _rotate(self) -> None:
        """Rename the file unless somebody is writing to it just now: then whoever comes next tries again.

        The caller's lock is gone afterwards.
        """
        fcntl.flock(self._fd, fcntl.LOCK_UN)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        try:
            if self._size() is not None:
                self._set_aside()
            self.rotation_error = None
        except OSError as error:
            self.rotation_error = error
        fcntl.flock(self._fd, fcntl.LOCK_UN)

    def _set_aside(self) -> None:
        """Rename the file, once and for ever, and remove the oldest of those set aside before."""
        path = Path(self.path)
        form = re.compile(re.escape(path.name) + r"\.([0-9]{8}T[0-9]{6}_[0-9]{6})(?:\.gz)?")
        old = {match[1]: name for name in os.listdir(path.parent) if (match := form.fullmatch(name))}  # noqa: PTH208
        moment = datetime.now(UTC)
        if old:  # a clock that was set back, or two rotations within a microsecond
            moment = max(moment, datetime.strptime(max(old), STAMP).replace(tzinfo=UTC) + timedelta(microseconds=1))
        path.rename(f"{path}.{moment.strftime(STAMP)}")
        for stamp in sorted(old)[: max(0, len(old) + 1 - self._keep)]:
            (path.parent / old[stamp]).unlink(missing_ok=True)

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(self.path, flags, 0o640)
        except FileNotFoundError:
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, flags, 0o640)

    def _leave(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _forked(self) -> None:
        """In a child: the lock may be held by a thread that exists in the parent only, and locks go by descriptor."""
        self._lock = threading.Lock()
        self._leave()


def _calls(method: weakref.WeakMethod[Callable[[], None]]) -> Callable[[], None]:
    """Calls the method of an object as long as it lives; functions registered for forks can never be withdrawn."""

    def call() -> None:
        if (alive := method()) is not None:
            alive()

    return call
