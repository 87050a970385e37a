"""`xdrift maintenance start | end | list`."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import options
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, chosen, load_settings, moment
from monitor.cli.output import print_json, say, tell

if TYPE_CHECKING:
    from monitor.types import Maintenance

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Declare times in which drift is expected, and list them."
)

MonitorArgument = Annotated[
    str, typer.Argument(metavar="MONITOR", help="Name in the configuration.", show_default=False)
]
AuthorOption = Annotated[
    str | None, typer.Option(metavar="WHO", help="Who decides this; the user of this machine when absent.")
]


@app.command()
def start(
    monitor: MonitorArgument,
    reason: Annotated[str, typer.Option(metavar="WHY", help="Why, for whoever reads it later.", show_default=False)],
    until: Annotated[
        str,
        typer.Option(metavar="TIME", help="When it ends by itself, with Z or an offset; a week ahead at most."),
    ],
    author: AuthorOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Declare a maintenance from now on: drift of this monitor is expected and nobody is told of it.

    Checks go on. Loss of coverage, personal data, failures and burnt budgets are told as ever.
    """
    from monitor import runner

    settings = load_settings(config)
    chosen(settings, [monitor])
    end_at, now = moment(until, "--until"), options.utc_now()
    with options.open_store(settings, quiet=as_json) as store:
        runner.register(settings, store, now, [monitor])
        made = store.start_maintenance(monitor, until=end_at, author=_who(author), reason=reason, now=now)
    return _print(made, f"{monitor} is in maintenance until {made.until:%Y-%m-%d %H:%M} UTC.", as_json=as_json)


@app.command()
def end(
    monitor: MonitorArgument,
    author: AuthorOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """End the open maintenance of a monitor before its time."""

    settings = load_settings(config)
    chosen(settings, [monitor])
    with options.open_store(settings, quiet=as_json) as store:
        ended = store.end_maintenance(monitor, author=_who(author), now=options.utc_now())
    return _print(ended, f"{monitor} is no longer in maintenance.", as_json=as_json)


@app.command("list")
def list_maintenances(
    monitor: Annotated[str | None, typer.Argument(metavar="MONITOR", help="Only of this monitor.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """List every maintenance that was ever declared, newest first."""
    from monitor.cli.maintaining_view import maintenances_view
    from monitor.publish.serialise import to_json

    settings = load_settings(config)
    if monitor is not None:
        chosen(settings, [monitor])
    with options.open_store(settings, quiet=as_json) as store:
        found = store.maintenances(monitor)
    if as_json:
        print_json({"maintenances": to_json(found)})
    else:
        tell(maintenances_view(found, options.utc_now()))
    return 0


def _who(author: str | None) -> str:
    return getpass.getuser() if author is None else author


def _print(record: Maintenance, sentence: str, *, as_json: bool) -> int:
    if as_json:
        from monitor.publish.serialise import to_json

        print_json(to_json(record))
    else:
        say(sentence)
    return 0
