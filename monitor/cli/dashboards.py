"""`xdrift dashboards render | push`."""

from __future__ import annotations

import typer

from monitor.cli import dashboards_render, grafana_push

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The three Grafana dashboards.")
app.command("render", short_help="Write them to files.")(dashboards_render.render)
app.command("push", short_help="Bring them into Grafana through its API.")(grafana_push.push)


@app.callback()
def _dashboards() -> None:
    """Write the Grafana dashboards to files, or send them to Grafana."""
