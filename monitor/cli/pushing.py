"""`xdrift push`: metrics into a Pushgateway, or out of it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import options
from monitor.cli.checking import push_all
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, chosen, load_settings
from monitor.cli.output import print_json, say
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.settings import Settings


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
        _known(settings, delete, quiet=as_json)
        for name in delete:
            forget(url, name)
        return _told({"deleted": list(delete)}, f"deleted {', '.join(delete)}", as_json=as_json)
    names = [one.name for one in chosen(settings, monitors or [])]
    with options.open_store(settings, quiet=as_json) as store:
        push_all(url, store, names, features=settings.server.features_per_monitor)
    return _told({"pushed": names}, f"pushed {', '.join(names)}", as_json=as_json)


def _known(settings: Settings, names: Sequence[str], *, quiet: bool) -> None:
    """Raises ConfigError for a name that neither the configuration nor the database has ever had.

    A Pushgateway says that it deleted whatever it is asked to, so a misspelt name would look like success.
    """
    known = {one.name for one in settings.monitors}
    if known.issuperset(names):
        return
    with options.open_store(settings, quiet=quiet) as store:
        known |= store.monitors().keys()
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise ConfigError(
                "no such monitor in the configuration or in the database", seen=name,
                expected=f"one of {', '.join(sorted(known))}",
                hint=f"did you mean {near[0]}?" if near else "is it another database's? name that one's --config",
            )  # fmt: skip


def _told(document: dict[str, list[str]], text: str, *, as_json: bool) -> int:
    if as_json:
        print_json(document)
    else:
        say(text)
    return 0
