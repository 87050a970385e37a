"""`xdrift db reader`: the role that Grafana reads the store with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli import options
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, load_settings
from monitor.cli.output import print_json, say
from monitor.errors import ConfigError


def reader(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="Name of the role, as in xdrift_reader.")],
    password_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with its password; without one an old password stays."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Create a role of PostgreSQL that can read the views grafana_* and nothing else, or mend it. Safe to run twice.

    The views hold no values of inputs and no texts of errors. Its transactions are read-only and its queries end after
    30 seconds. The user of the store needs the right CREATEROLE, or the role must be there.
    """

    settings = load_settings(config)
    password = None if password_file is None else _password(password_file)
    with options.open_store(settings, quiet=as_json) as store:
        made = store.create_reader(role, password)
    if as_json:
        print_json({"role": made.role, "created": made.created, "views": list(made.views)})
    else:
        done = "created" if made.created else "brought up to date"
        say(f"Role {made.role} {done}: it can read {len(made.views)} views, grafana_*, and no table.")
    return 0


def _password(path: Path) -> str:
    """The first line of a file. Raises ConfigError for a file that cannot be read, or holds none."""
    try:
        found = path.read_text(encoding="utf-8").split("\n", 1)[0].strip("\r")
    except OSError as error:
        raise ConfigError(
            f"password file {path} cannot be read", seen=error.strerror, expected="a file with the password on one line"
        ) from error
    if not found:
        raise ConfigError(f"password file {path} is empty", expected="the password on its first line")
    return found
