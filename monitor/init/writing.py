"""Writing the starter: whole or not at all, and never over something a person wrote."""

from __future__ import annotations

import json
import os
from pathlib import Path

from monitor.config import json_schema
from monitor.errors import ConfigError


def schema_path(output: Path) -> Path:
    """The JSON schema goes beside the configuration file, so that editors find it without a network."""
    return output.with_name(f"{output.stem}.schema.json")


def write_starter(text: str, output: Path, *, force: bool = False) -> tuple[Path, Path]:
    """Write configuration and schema; returns both paths.

    Raises ConfigError when the configuration exists and `force` is not set, or the folder cannot be written.
    """
    schema = schema_path(output)
    content = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    for path, new in ((output, text), (schema, content)):
        if path.exists() and not force and (path == output or path.read_text(encoding="utf-8") != new):
            raise ConfigError(
                f"{path} exists already",
                seen="a file that xdrift init would overwrite",
                expected="no such file",
                hint="write elsewhere with --output FILE, or overwrite it with --force",
            )
    try:
        _replace(schema, content)
        _replace(output, text)
    except OSError as error:
        raise ConfigError(
            f"{output} cannot be written",
            seen=error.strerror,
            expected="a folder that you may write to",
            hint="write elsewhere with --output FILE",
        ) from error
    return output, schema


def _replace(path: Path, content: str) -> None:
    """Through a file beside it, so that nobody ever sees half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(content, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
