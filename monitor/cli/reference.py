"""`xdrift reference create | list | show | accept`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import options
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, chosen, load_settings
from monitor.cli.output import print_json, say, tell, working
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.types import Reference, ReferenceSummary

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Make, list, show and replace references: frozen attributions."
)

MonitorArgument = Annotated[
    str, typer.Argument(metavar="MONITOR", help="Name in the configuration.", show_default=False)
]
AuthorOption = Annotated[str, typer.Option(metavar="WHO", help="Who decides this.", show_default=False)]
ReasonOption = Annotated[str, typer.Option(metavar="WHY", help="Why, for whoever reads it later.", show_default=False)]


@app.command()
def create(
    monitor: MonitorArgument,
    author: AuthorOption,
    reason: ReasonOption,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Explain the holdout with the model in force and keep that as the first reference."""
    return _make(monitor, author=author, reason=reason, config=config, accept=False, as_json=as_json)


@app.command()
def accept(
    monitor: MonitorArgument,
    author: AuthorOption,
    reason: ReasonOption,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Make the present model's explanations the new reference; the old one stays readable."""
    return _make(monitor, author=author, reason=reason, config=config, accept=True, as_json=as_json)


def _make(name: str, *, author: str, reason: str, config: Path, accept: bool, as_json: bool) -> int:
    settings = load_settings(config)
    (monitor,) = chosen(settings, [name])
    from monitor import pipeline, runner
    from monitor.privacy import withholding

    now = options.utc_now()
    with (
        working(f"explaining the holdout of {name}", quiet=as_json),
        options.open_store(settings, quiet=as_json) as store,
    ):
        runner.register(settings, store, now, [name])
        before = {one.id for one in store.references(name) if one.active}
        with withholding(monitor):
            made = pipeline.create_reference(monitor, store, author=author, reason=reason, now=now, accept=accept)
    if made.id in before and not as_json:
        say("Nothing changed: the model gives the explanations that are the reference already.")
    return _print_reference(made, active=True, as_json=as_json)


@app.command("list")
def list_references(
    monitor: Annotated[str | None, typer.Argument(metavar="MONITOR", help="Only of this monitor.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """List references, the ones in force and the earlier ones."""
    from monitor.cli.reference_view import references_view

    settings = load_settings(config)
    if monitor is not None:
        chosen(settings, [monitor])
    with options.open_store(settings, quiet=as_json) as store:
        found = store.references(monitor)
    if as_json:
        from monitor.publish.serialise import to_json

        print_json({"references": to_json(found)})
    else:
        tell(references_view(found))
    return 0


@app.command()
def show(
    reference: Annotated[
        str,
        typer.Argument(metavar="REFERENCE", help="Id or its first digits, or a monitor's name.", show_default=False),
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Show one reference: who made it and why, from which model, and what counted in it."""

    settings = load_settings(config)
    with options.open_store(settings, quiet=as_json) as store:
        summary = _find(reference, list(store.references(None)))
        found = store.load_reference(summary.id, monitor=summary.monitor)
    return _print_reference(found, active=summary.active, as_json=as_json)


def _find(text: str, references: list[ReferenceSummary]) -> ReferenceSummary:
    """By the monitor whose reference is in force, else by the first digits of the id."""
    found = [one for one in references if one.active and one.monitor == text]
    found = found or [one for one in references if one.id.startswith(text)]
    if len(found) != 1:
        raise ConfigError(
            "no such reference" if not found else "several references begin like this",
            seen=text,
            expected="the id of one reference, or a monitor that has one",
            hint="xdrift reference list shows them",
        )
    return found[0]


def _print_reference(reference: Reference, *, active: bool, as_json: bool) -> int:
    from monitor.cli.reference_view import reference_json, reference_view

    if as_json:
        print_json(reference_json(reference, active=active))
    else:
        tell(reference_view(reference, active=active))
    return 0
