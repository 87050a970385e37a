"""Files that the command line names."""

from __future__ import annotations

from pathlib import Path

from monitor.errors import ConfigError


def existing_file(path: Path, *, option: str, expected: str) -> Path:
    """`path` itself. Raises ConfigError where it is no file: then the command line is wrong, not the file."""
    if path.is_file():
        return path
    raise ConfigError(
        f"{option} names no file",
        seen=str(path) + (", a folder" if path.is_dir() else ""),
        expected=expected,
        hint="check the path" if path.is_absolute() else f"check the path; it is relative to {Path.cwd()}",
    )
