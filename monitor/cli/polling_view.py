"""What `xdrift poll` shows of what it counted."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from monitor.names import METRICS
from monitor.publish.phrases import number

UNITS = {"_bytes_total": " bytes", "_seconds_total": " s", "_dollars_total": " dollars"}
"""End of a counter's name to the unit of its amount; others count things, which their help names."""
PROBLEMS = {
    "xdrift_privacy_incidents_total": "`xdrift doctor` names the fields; keep them back with `redact`, `privacy.hash` "
    "or `privacy.mask`, and clean the log",
    "xdrift_telemetry_quarantined_total": "`xdrift doctor` names the place of the first; mend what writes them",
}
"""Counters of what is wrong with the log itself, to what to do about it."""
WHOLE = re.compile(r"(?P<name>\w+)(?:\{(?P<word>[^}]*)\})?")


def totals_view(totals: Mapping[str, float]) -> RenderableType:
    """One line per counter: how much was added, and what it counts, as the metric's own help says. What somebody has to
    look at comes first, each kind with its next step."""
    parts: list[RenderableType] = []
    for name, step in PROBLEMS.items():
        mine = {key: amount for key, amount in totals.items() if key.partition("{")[0] == name}
        if mine:
            parts += [_lines(mine, "yellow"), Padding(Text(f"next: {step}"), (0, 0, 0, 4))]
    rest = {key: amount for key, amount in totals.items() if key.partition("{")[0] not in PROBLEMS}
    return Group(*parts, *([_lines(rest)] if rest else []))


def _lines(totals: Mapping[str, float], style: str = "") -> Padding:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for key, amount in totals.items():
        found = WHOLE.fullmatch(key)
        assert found is not None  # `summary` writes them
        what = METRICS[found["name"]].help.rstrip(".")
        word = f": {found['word'].replace('_', ' ')}" if found["word"] else ""
        told = f"{amount:,.0f}" if amount == int(amount) else number(amount)
        unit = next((unit for end, unit in UNITS.items() if found["name"].endswith(end)), "")
        table.add_row(f"{told}{unit}", f"{what[:1].lower()}{what[1:]}{word}", style=style)
    return Padding(table, (0, 0, 0, 2))
