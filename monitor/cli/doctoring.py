"""`xdrift doctor`: is everything there that checks need?"""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from monitor.cli import options
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, load_settings
from monitor.cli.output import print_json, say, tell, working

if TYPE_CHECKING:
    from rich.table import Table

    from monitor.doctor import Finding

_STYLES = {"ok": "green", "warn": "yellow", "failed": "bold red", "unknown": "magenta"}


def doctor(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> int:
    """Look at everything that checks need, and say what to do about what is wrong; nothing is changed.

    The database, its schema and its clock; of each monitor model, holdout, predictions, explanation log, one
    explanation and the reference; disk space, temporary files, libraries, files with secrets.

    Exit code 0: nothing failed, warnings aside. 1: something failed. 3: something could not be looked at.
    """
    settings = load_settings(config)
    from monitor.doctor import STATES, examine, exit_code
    from monitor.privacy import careful

    told = careful(*settings.monitors)
    found: list[Finding] = []
    with working("looking at everything that checks need", quiet=as_json):
        for one in examine(settings, file=config, environ=os.environ, clock=options.utc_now):
            if one.state == "failed":
                one = replace(one, found=told(one.found), seen=None if one.seen is None else told(one.seen))
            found.append(one)
            if not as_json:
                tell(_view(one))
    counts = {state: sum(one.state == state for one in found) for state in STATES}
    if as_json:
        print_json({"file": str(config), "counts": counts, "findings": [asdict(one) for one in found]})
    else:
        say("\n" + ", ".join(f"{count} {state}" for state, count in counts.items() if count))
    return exit_code(found)


def _view(one: Finding) -> Table:
    """State, then what was found; what is not well with its facts."""
    from rich.table import Table
    from rich.text import Text

    what = f"{one.monitor} {one.part}" if one.monitor else one.part
    facts = [("seen", one.seen), ("expected", one.expected), ("next", one.next)]
    lines = [f"{what}: {one.found}", *(f"{word + ':':<10}{text}" for word, text in facts if text is not None)]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=7)
    table.add_column(overflow="fold")
    table.add_row(Text(one.state, _STYLES[one.state]), "\n".join(lines))
    return table
