"""Errors as people and machines read them: one block on stderr, never a traceback for what xdrift raises itself."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from monitor.errors import ConfigError, XdriftError

if TYPE_CHECKING:
    import typer

USAGE, FAILED = 2, 3


def report(error: XdriftError, *, as_json: bool) -> int:
    """Print what xdrift raised on purpose and return the exit code it asks for."""
    document: dict[str, Any] = {
        "error": error.thing,
        "seen": _text(error.seen),
        "expected": _text(error.expected),
        "next": error.hint,
    }
    if isinstance(error, ConfigError) and error.violations:
        document["violations"] = list(error.violations)
    _write(document, as_json=as_json)
    return error.exit_code


def report_usage(error: typer.TyperException, words: Sequence[str], *, as_json: bool) -> int:
    """Print a command line that could not be parsed. A bare `xdrift` or `xdrift db` gets the help instead."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "xdrift"
    if type(error).__name__ == "NoArgsIsHelpError" and not as_json:
        sys.stderr.write(f"{error.format_message()}\n")
        return USAGE
    usage = context.get_usage().removeprefix("Usage: ") if context else None
    document = {
        "error": "the command line" if type(error).__name__ == "NoArgsIsHelpError" else error.format_message(),
        "seen": shlex.join(["xdrift", *words]),
        "expected": usage,
        "next": f"{path} --help lists every option",
    }
    _write(document, as_json=as_json)
    return USAGE


def report_unexpected(error: Exception, words: Sequence[str], *, as_json: bool) -> int:
    """Print a defect of xdrift in one line, with what to do about it."""
    document = {
        "error": "xdrift stopped on an error it did not expect: this is a defect of xdrift",
        "seen": f"{type(error).__name__}: {error}",
        "expected": None,
        "next": f"run `{shlex.join(['xdrift', '--debug', *words])}` and report the traceback it prints, "
        "with the output of `xdrift --version`",
    }
    _write(document, as_json=as_json)
    return FAILED


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _write(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stderr.write(json.dumps(document, ensure_ascii=False) + "\n")
        return
    facts = [(name, document[name]) for name in ("seen", "expected", "next") if document[name] is not None]
    lines = [f"error: {document['error']}"]
    lines.extend(f"  {name + ':':<10}{text}".replace("\n", "\n" + " " * 12) for name, text in facts)
    lines.extend(f"  {line}" for line in document.get("violations", ()))
    sys.stderr.write("\n".join(lines) + "\n")
