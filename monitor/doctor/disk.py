"""Where checks write: free space, and directories that must take files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from monitor.doctor.finding import Finding, shared
from monitor.settings import Settings

FREE_WARN, FREE_FAILED = 512_000_000, 64_000_000
"""Bytes: a check writes a few megabytes, SQLite's log may hold some hundred until a checkpoint."""
_GLOB = frozenset("*?[")


def examine(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Space first, one finding per file system; then each directory."""
    yield from _space(settings, environ)
    yield _temporary()
    yield _cache(environ)
    if settings.reports is not None:
        yield _reports(Path(settings.reports.directory))


def _space(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    systems: dict[int, list[tuple[str, Path]]] = {}
    for what, path in _places(settings, environ):
        there = _existing(path)
        systems.setdefault(there.stat().st_dev, []).append((what, there))
    for places in systems.values():
        yield _free(places)


def _places(settings: Settings, environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    if settings.store.url.startswith("sqlite"):
        yield "store", Path(settings.store.url.partition(":///")[2].partition("?")[0]).parent
    if settings.reports is not None:
        yield "reports", Path(settings.reports.directory)
    for monitor in settings.monitors:
        log = monitor.telemetry.path if monitor.telemetry is not None else None
        if log and "://" not in log:
            yield f"log of {monitor.name}", _before_glob(Path(log))
    yield "temporary files", Path(environ.get("TMPDIR") or "/tmp")  # noqa: S108  asked, not written


def _free(places: list[tuple[str, Path]]) -> Finding:
    what, there = ", ".join(name for name, _ in places), places[0][1]
    space = os.statvfs(there)
    free, total = space.f_bavail * space.f_frsize, space.f_blocks * space.f_frsize
    told = f"{_bytes(free)} free of {_bytes(total)} at {there} ({what})"
    step = "free space there, shorten store.retention, or give it a larger volume"
    if space.f_files and not space.f_favail:
        return shared("disk", "failed", f"no file can be added at {there} ({what})", seen="no inode left", step=step)
    if free < FREE_FAILED:
        return shared("disk", "failed", told, expected=f"{_bytes(FREE_WARN)} or more", step=step)
    if free < FREE_WARN:
        return shared("disk", "warn", told, expected=f"{_bytes(FREE_WARN)} or more", step=step)
    return shared("disk", "ok", told)


def _bytes(number: int) -> str:
    return f"{number / 1e9:,.1f} GB" if number >= 1e9 else f"{number / 1e6:,.1f} MB"


def _before_glob(path: Path) -> Path:
    """The directory above the first part that is a pattern."""
    for position, part in enumerate(path.parts):
        if _GLOB & set(part):
            return Path(*path.parts[:position])
    return path


def _existing(path: Path) -> Path:
    """The path, or the nearest directory above it that is there and may be looked at."""
    return next(one for one in (path, *path.parents) if _there(one))


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return False


def _temporary() -> Finding:
    try:
        there = tempfile.gettempdir()
    except FileNotFoundError as error:
        return shared(
            "temporary files", "failed", "no directory for them can be written", seen=str(error.strerror),
            step="mount a writable /tmp, or set TMPDIR",
        )  # fmt: skip
    refused = _refusal(Path(there))
    if refused:
        return shared("temporary files", "failed", f"{there} cannot be written", seen=refused, step="set TMPDIR")
    return shared("temporary files", "ok", f"{there} can be written")


def _cache(environ: Mapping[str, str]) -> Finding:
    given = environ.get("NUMBA_CACHE_DIR")
    homes = [Path(given)] if given else [Path(__file__).parents[1] / "drift", Path.home() / ".cache"]
    writable = next((home for home in homes if _refusal(_existing(home)) is None), None)
    if writable is not None:
        return shared("compiled code", "ok", f"kept under {writable if given else 'the package or the home'}")
    return shared(
        "compiled code", "warn", f"cannot be kept: {' and '.join(map(str, homes))} cannot be written",
        expected="a directory that outlives a check; without one every check compiles for itself, some seconds each",
        step="set NUMBA_CACHE_DIR to a directory that may be written",
    )  # fmt: skip


def _reports(directory: Path) -> Finding:
    there = _existing(directory)
    refused = _refusal(there)
    if refused:
        return shared(
            "reports", "failed", f"{there} cannot be written", seen=refused, step="correct owner or reports.directory"
        )
    return shared("reports", "ok", f"{directory} can be written")


def _refusal(directory: Path) -> str | None:
    """Why no file can be made there: asked by making one without a name, since rights alone do not tell."""
    try:
        with tempfile.TemporaryFile(dir=directory) as made:
            made.write(b"\0" * 4096)
            made.flush()
    except OSError as error:
        return error.strerror or type(error).__name__
    return None
