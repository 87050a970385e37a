"""Which paths a file, folder or glob of the configuration means now."""

from __future__ import annotations

import glob
import os
from fnmatch import fnmatchcase
from pathlib import Path

from monitor.errors import SourceError
from monitor.sources.explanation_log.rotation import UNREADABLE, rotated, unrotated

_LOG_LIKE = (".jsonl", ".ndjson", ".json", ".log")
"""In a folder, files whose name has none of these are something else."""


def paths_of(location: str) -> tuple[list[Path], list[tuple[Path, OSError]]]:
    """(paths that are there and may be files, folders below that may not be looked into).

    Raises SourceError: there is nothing there, or the folder itself may not be read.
    """
    path = Path(location)
    if os.path.isdir(location):  # noqa: PTH112 - Path.is_dir raises where this user may not look
        return _walk(path)
    paths = _series(path)
    if not paths and glob.has_magic(location):
        paths = _matching(path)
    if not paths:
        raise SourceError(
            f"explanation log {location}",
            seen="no such file",
            expected="a file, folder or glob of JSON lines",
            hint="correct telemetry.path, or wait until the serving system has written its first record"
            if path.is_absolute()
            else f"a relative path is looked up in {Path.cwd()}",
        )
    return paths, []


def left_out(location: str) -> list[str]:
    """Names in the folder that are not read, for people."""
    path = Path(location)
    return sorted(one.name for one in _files_below(path)[0] if not _wanted(one)) if path.is_dir() else []


def unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(
        f"explanation log {path}",
        seen=error.strerror or type(error).__name__,
        expected="a file that this user may read",
        hint="correct owner and permissions, or telemetry.path",
    )


def _series(path: Path) -> list[Path]:
    """The file, and what was rotated away from it."""
    series = rotated(path.name).series
    try:
        listed = list(path.parent.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise unreadable(path.parent, error) from error
    return [one for one in listed if rotated(one.name).series == series and _may_be_read(one)]


def _matching(pattern: Path) -> list[Path]:
    """Files with a name that matches, and those that had one before they were rotated or compressed."""
    others = pattern.with_name(".*" if pattern.name.startswith(".") else "*")
    # Path.glob takes no absolute pattern.
    found = [Path(one) for one in glob.glob(str(pattern), recursive=True)]  # noqa: PTH207
    rest = [Path(one) for one in glob.glob(str(others), recursive=True)]  # noqa: PTH207
    found += [one for one in rest if any(fnmatchcase(name, pattern.name) for name in unrotated(one.name))]
    return [one for one in dict.fromkeys(found) if _may_be_read(one)]


def _walk(folder: Path) -> tuple[list[Path], list[tuple[Path, OSError]]]:
    """Files in a folder and below it that are named like logs."""
    files, closed = _files_below(folder)
    for path, error in closed:
        if path == folder:
            raise unreadable(path, error) from error
    return [one for one in files if _wanted(one)], closed


def _files_below(folder: Path) -> tuple[list[Path], list[tuple[Path, OSError]]]:
    """(files in a folder and below it, folders that may not be looked into), hidden ones left out."""
    found: list[Path] = []
    closed: list[tuple[Path, OSError]] = []
    for parent, folders, names in os.walk(folder, onerror=lambda error: closed.append((Path(error.filename), error))):
        folders[:] = [name for name in folders if name[0] != "."]
        found += [Path(parent, name) for name in names if name[0] != "."]
    return found, closed


def _wanted(path: Path) -> bool:
    name = path.name.lower()
    return _may_be_read(path) and any(word in name for word in _LOG_LIKE)


def _may_be_read(path: Path) -> bool:
    return not path.name.lower().endswith(UNREADABLE)
