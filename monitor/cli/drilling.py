"""`xdrift drill`: put an incident into a copy, and see what the monitor says."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.cli import options
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, chosen, load_settings, moment
from monitor.cli.output import print_json, progress_bar, tell
from monitor.errors import ConfigError


def drill(
    monitor: Annotated[
        str | None, typer.Argument(metavar="MONITOR", help="Name in the configuration; needed where there are several.")
    ] = None,
    inject: Annotated[
        str | None,
        typer.Option(
            metavar="KIND[:ARG...]",
            help="The incident, as in unit:distance:1.6, missing:age:50%, swap:a:b, scale:income:2, retrain, none.",
        ),
    ] = None,
    quiet: Annotated[int, typer.Option(metavar="N", min=0, help="Checks before the incident begins.")] = 4,
    checks: Annotated[int, typer.Option(metavar="N", min=1, help="Checks with the incident, at most.")] = 8,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Replay slots before this time, with Z or an offset; now when absent.",
            show_default=False,
        ),
    ] = None,
    kinds: Annotated[bool, typer.Option("--list", help="Show every kind of incident with its form.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Would the monitor tell? Put an incident into a copy of its latest windows and see what the checks say.

    Every window is also checked without the incident, so that what the traffic does by itself is not counted.
    Checks run in a temporary store; the real one is read for the reference and never written.

    Exit code 0: detected, with the right cause. 1: not detected, or another cause. 3: the drill could not be run.
    """
    if kinds:
        return _list_kinds(as_json=as_json)
    if inject is None:
        raise ConfigError(
            "nothing to inject",
            seen="no --inject",
            expected="an incident: --inject KIND[:ARG...]",
            hint="`xdrift drill --list` shows every kind with its form",
        )
    now = options.utc_now()
    end = now if until is None else min(now, moment(until, "--until"))
    settings = load_settings(config)
    name = _one([one.name for one in chosen(settings, [monitor] if monitor else [])])
    from monitor.cli.drill_view import drill_json, drill_view
    from monitor.drill import run_drill
    from monitor.privacy import withholding

    with withholding(*settings.monitors), progress_bar("checks", quiet=as_json) as progress:
        found = run_drill(
            settings, name, inject, quiet=quiet, checks=checks, until=end, clock=options.utc_now, progress=progress
        )
    if as_json:
        print_json(drill_json(found))
    else:
        tell(drill_view(found))
    return 0 if found.conclusion.passed else 1


def _list_kinds(*, as_json: bool) -> int:
    from monitor.cli.drill_view import kinds_json, kinds_view

    if as_json:
        print_json(kinds_json())
    else:
        tell(kinds_view())
    return 0


def _one(names: list[str]) -> str:
    """Raises ConfigError where a monitor has to be chosen."""
    if len(names) != 1:
        raise ConfigError(
            "a drill is of one monitor",
            seen=f"{len(names)} in the configuration",
            expected=f"one of {', '.join(names)}",
            hint="name it: xdrift drill MONITOR --inject ...",
        )
    return names[0]
