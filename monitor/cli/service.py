"""`xdrift serve`, `xdrift db upgrade`, `xdrift demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli import db_reader, options
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, load_settings
from monitor.cli.output import print_json, say, working

db = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


db.command("reader", short_help="Make the role that Grafana reads with.")(db_reader.reader)


@db.callback()
def _db() -> None:
    """Look after the database."""


def serve(
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="Write the log as JSON, one object per line.")] = False,
) -> int:
    """Run checks at their slots and serve pages, metrics and the JSON API, until SIGTERM or Ctrl-C.

    The address is server.host and server.port of the configuration; the log goes to stderr. The database is migrated
    at the start. A second signal ends everything at once.
    """
    from monitor import daemon, logs
    from monitor.store import Store

    logs.configure(as_json=as_json)
    settings = load_settings(config)
    with Store.open(settings.store.url) as store:
        return daemon.serve(settings, store)


@db.command()
def upgrade(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> int:
    """Create the tables, or bring them to this version of xdrift. Safe to run twice, and by two at once."""
    from monitor.config import without_secrets

    settings = load_settings(config)
    with working("upgrading the database", quiet=as_json), options.open_store(settings, quiet=as_json) as store:
        before = store.schema_version()
        store.upgrade()
        after = store.schema_version()
    url = without_secrets(settings.store.url)
    if as_json:
        print_json({"url": url, "before": before, "after": after})
    elif before == after:
        say(f"{url} is at schema {after} already.")
    else:
        say(f"{url} is now at schema {after}.")
    return 0


def demo(
    directory: Annotated[
        Path, typer.Option(metavar="DIR", help="Where data, model, database and configuration are written.")
    ] = Path("demo"),
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the verdicts; serve nothing.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="Where pages are served; 0: any.")] = 9464,
    recent: Annotated[
        bool, typer.Option("--recent", help="Move the year so that it ends with the last full week, not with 2013.")
    ] = False,
    store: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Database to use, empty or of an earlier demo; a file in DIR when absent."),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Replay a year of real flight delays with three incidents put in, and see what xdrift says about each week.

    Takes up to 80 seconds on two idle cores; progress goes to stderr.
    """
    from monitor.demo import run_demo

    now = options.utc_now() if recent else None
    return run_demo(directory, serve=not no_serve, as_json=as_json, port=port, store=store, now=now)
