"""`xdrift push`: metrics into a Pushgateway, or out of it."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.cli import options
from monitor.cli.checking import push_all
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, chosen, load_settings
from monitor.cli.output import print_json, say


def push(
    url: Annotated[str, typer.Argument(metavar="URL", help="Pushgateway, as in http://gateway:9091.")],
    monitors: Annotated[
        list[str] | None, typer.Argument(metavar="[MONITOR]...", help="Names in the configuration; all when absent.")
    ] = None,
    delete: Annotated[
        list[str] | None,
        typer.Option("--delete", metavar="MONITOR", help="Delete this monitor's metrics instead; may be repeated."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Put what the store knows of the monitors into a Pushgateway, or delete what it holds of one.

    A Pushgateway repeats the last push for ever: delete a monitor there when it is taken out of the configuration.
    """
    from monitor.publish.pushing import forget

    settings = load_settings(config)
    if delete:
        for name in delete:
            forget(url, name)
        return _told({"deleted": list(delete)}, f"deleted {', '.join(delete)}", as_json=as_json)
    names = [one.name for one in chosen(settings, monitors or [])]
    with options.open_store(settings, quiet=as_json) as store:
        push_all(url, store, names, features=settings.server.features_per_monitor)
    return _told({"pushed": names}, f"pushed {', '.join(names)}", as_json=as_json)


def _told(document: dict[str, list[str]], text: str, *, as_json: bool) -> int:
    if as_json:
        print_json(document)
    else:
        say(text)
    return 0
