"""Text panels: where rows come from, and where to look when there is no PostgreSQL."""

from __future__ import annotations

from dashboards.model import Panel

_SQLITE = (
    "Lists, histories and single predictions are read from **PostgreSQL** (views `grafana_*`). When the store is "
    "SQLite, those panels stay empty: the same is on [the daemon's pages](${daemon:raw}/). Panels from Prometheus "
    "work with either."
)


def note(panel_id: int, *, before: str = "", path: str = "/", said: str = "the fleet") -> Panel:
    """The note of one dashboard, with a link to the page that shows the same."""
    return Panel(
        id=panel_id,
        kind="text",
        title="How to read this",
        description="Where the rows come from, and where to look when the store is SQLite.",
        answers="what to do where the store is SQLite",
        width=24,
        height=3,
        content=f"{before}{_SQLITE} Start at [{said}](${{daemon:raw}}{path}).",
    )
