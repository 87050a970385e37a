"""docs/cli.md is executed: every block of commands is run, in order, and must print what stands there.

UPDATE_GOLDEN=1 writes what was printed.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

from monitor.cli import app
from monitor.store import check_id

from .conftest import NOW, Xdrift

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
BLOCK = re.compile(r"```console\n(.*?)```\n", re.DOTALL)


HOLDOUT = "0c4b9a61f7d2"
"""Stands for the holdout's digest; the other one is the model's."""
CHECKS = {
    check_id("late-flights", NOW.replace(hour=0, minute=minute) - timedelta(weeks=weeks))
    for minute in (0, 30)
    for weeks in range(10)
}
"""Ids of checks follow from monitor and slot; those looked at again follow half an hour later."""


def stable(text: str, folder: Path) -> str:
    """Digests differ between library versions, ids of references with them, and the folder between runs."""
    text = text.replace(str(folder), "/srv/flights")
    text = re.sub(r"\b[0-9a-f]{16}\b", lambda one: one[0] if one[0] in CHECKS else "670a7c3910e9a322", text)
    text = re.sub(r"(?<=\bdigest )[0-9a-f]{12}\b", HOLDOUT, text)
    return re.sub(rf"\b(?!{HOLDOUT})(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{{12}}\b", "e74c014b0391", text)


def play(block: str, xdrift: Xdrift, folder: Path) -> str:
    """The block with what its commands print now."""
    said: list[str] = []
    code = 0
    for line in block.splitlines():
        if not line.startswith("$ "):
            continue
        said.append(line)
        command, *words = shlex.split(line.removeprefix("$ "))
        if command == "echo":
            said.append(str(code))
        elif command == "cat":
            said.append(Path(words[0]).read_text().rstrip("\n"))
        else:
            assert command == "xdrift"
            ran = xdrift(*words)
            code = ran.code
            said.append((ran.out + ran.err).rstrip("\n"))
    return stable("\n".join(said) + "\n", folder)


def test_every_example_prints_what_the_page_says(newcomer: Path, xdrift: Xdrift) -> None:
    written = DOCS.read_text(encoding="utf-8")

    played = BLOCK.sub(lambda block: f"```console\n{play(block[1], xdrift, newcomer)}```\n", written)

    if os.environ.get("UPDATE_GOLDEN") == "1":
        DOCS.write_text(played, encoding="utf-8")
    assert written == played or os.environ.get("UPDATE_GOLDEN") == "1"
    assert "Traceback" not in played


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, found in getattr(command, "commands", {}).items():
        yield from commands(found, f"{path} {name}")
    if not hasattr(command, "commands"):
        yield path, command


ALL = dict(commands(typer.main.get_command(app), "xdrift"))


@pytest.mark.parametrize("path", ALL)
def test_every_command_has_a_section_with_every_option(path: str) -> None:
    section = re.search(rf"^## `{re.escape(path)}`.*?(?=^## |\Z)", DOCS.read_text(encoding="utf-8"), re.M | re.S)

    assert section, f"docs/cli.md has no section for {path}"
    options = {option for parameter in ALL[path].params for option in parameter.opts if option.startswith("--")}
    missing = sorted(option for option in options - {"--help"} if f"`{option}" not in section[0])
    assert not missing


def test_the_page_names_no_option_that_does_not_exist() -> None:
    known = {option for command in ALL.values() for parameter in command.params for option in parameter.opts}
    known |= {"--help", "--version", "--debug"}

    assert set(re.findall(r"`(--[a-z][a-z-]*)", DOCS.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("path", ["xdrift", *ALL])
def test_help_names_the_exit_codes_where_they_carry_meaning(path: str, xdrift: Xdrift) -> None:
    out = " ".join(xdrift(*path.split()[1:], "--help").out.split())

    if path in {
        "xdrift",
        "xdrift compare",
        "xdrift check",
        "xdrift backfill",
        "xdrift check-config",
        "xdrift doctor",
        "xdrift drill",
    }:
        assert "3:" in out or "3 could not look" in out
    else:
        assert out.startswith(f"Usage: {path}")
