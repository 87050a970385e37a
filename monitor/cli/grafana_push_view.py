"""What `xdrift dashboards push` shows to people."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.grafana.push import Outcome, Pushed
from monitor.grafana.sources import KINDS

_WOULD = {"created": "would be created", "updated": "would be updated"}
_NEXT = {
    "edited": "Edited in Grafana, or not pushed by xdrift, and left alone. Save a copy of what is worth keeping under "
    "another name there, then run this again with --force.",
    "provisioned": "Loaded by Grafana from a file, so it cannot be saved. Push to another Grafana, or take the file "
    "out of its provisioning.",
}
_COLOURS = {"created": "green", "updated": "green", "edited": "yellow", "provisioned": "yellow"}
_LOCAL = "a daemon on the reader's own machine: set server.external_url"
_WITHOUT = {"PostgreSQL": "none: panels of single checks, features and predictions stay empty"}


def pushed_view(pushed: Pushed, daemon_url: str | None, *, dry_run: bool) -> RenderableType:
    """Where to, with which data sources and links, and what became of each dashboard."""
    parts: list[RenderableType] = [
        _where(pushed, daemon_url, dry_run=dry_run),
        Text(),
        _boards(pushed, dry_run=dry_run),
    ]
    for state in dict.fromkeys(one.state for one in pushed.left_alone):
        parts += [Text(), Text(_NEXT[state])]
    return Group(*parts)


def _where(pushed: Pushed, daemon_url: str | None, *, dry_run: bool) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("Grafana", f"{pushed.grafana}, version {pushed.version}")
    found = {source.kind: f"{source.name} (uid {source.uid})" for source in pushed.sources}
    for kind in KINDS:
        table.add_row(kind, found.get(kind) or _WITHOUT[kind])
    table.add_row("links to", daemon_url or _LOCAL)
    made = (", would be created" if dry_run else ", created") if pushed.folder_created else ""
    table.add_row("folder", pushed.folder + made)
    return table


def _boards(pushed: Pushed, *, dry_run: bool) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in pushed.dashboards:
        state = _WOULD.get(one.state, one.state) if dry_run else one.state
        table.add_row(one.uid, Text(state, _COLOURS.get(one.state, "")), _told(one))
    return table


def _told(one: Outcome) -> str:
    return "\n".join([one.url, *one.differs])
