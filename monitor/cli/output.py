"""Where results go: one JSON document, or text as wide as the terminal. Progress and errors use stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PIPE_WIDTH = 120
"""Columns when nobody's terminal says how many there are."""

MIN_WIDTH = 80
"""A table squeezed into less loses whole columns; a terminal that is narrower wraps lines."""


def print_json(document: Any) -> None:
    """Strict JSON: NaN and infinity are refused, because many readers refuse them."""
    # In one piece: a value that is refused must not leave half a document behind.
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def console(*, stderr: bool = False) -> Console:
    """Colours only on a terminal (NO_COLOR and FORCE_COLOR are obeyed); a pipe is not cut to 80 columns."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    made = Console(file=stream, highlight=False, width=width, markup=False, emoji=False)
    made.width = max(made.width, MIN_WIDTH)
    return made


def say(text: str) -> None:
    """Print text as it is: a path or command in it can be copied, however narrow the terminal."""
    sys.stdout.write(f"{text}\n")


def tell(*parts: RenderableType) -> None:
    """Print text and tables on stdout, without the spaces that tables leave at the end of lines."""
    out = console()
    with out.capture() as captured:
        for part in parts:
            out.print(part)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
    sys.stdout.flush()


@contextmanager
def working(what: str, *, quiet: bool = False) -> Iterator[None]:
    """A spinner on stderr while something takes its time; nothing when nobody looks at a terminal."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    with console(stderr=True).status(what):
        yield


class Advance(Protocol):
    """How far it is, and what is worked on now if that changes."""

    def __call__(self, done: int, total: int, what: str | None = None, /) -> None: ...


@contextmanager
def progress_bar(what: str, *, quiet: bool = False) -> Iterator[Advance]:
    """A bar on stderr for people; nothing in a pipe or for machines."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total, _what=None: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    told, count = TextColumn("{task.description}"), MofNCompleteColumn()
    with Progress(told, BarColumn(), count, TimeRemainingColumn(), console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total, now=None: bar.update(task, completed=done, total=total, description=now)
