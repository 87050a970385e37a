"""What `xdrift maintenance list` shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from monitor.types import Maintenance


def maintenances_view(found: Sequence[Maintenance], now: datetime) -> RenderableType:
    """One line each."""
    if not found:
        return Text("No maintenance was ever declared.")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for title in ("monitor", "from (UTC)", "until", "by", "reason"):
        table.add_column(title, no_wrap=title in ("from (UTC)", "until"), overflow="fold")
    for one in found:
        until = f"{one.end:%Y-%m-%d %H:%M}"
        state = ", open" if one.start <= now < one.end else ", ended early" if one.ended_at else ""
        table.add_row(one.monitor, f"{one.start:%Y-%m-%d %H:%M}", until + state, one.author, one.reason)
    return table
