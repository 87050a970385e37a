"""`xdrift dashboards push`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from monitor.cli.output import print_json, say, tell, working
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.grafana.push import Pushed
    from monitor.settings import Settings

_TOKEN = "XDRIFT_GRAFANA__TOKEN"  # noqa: S105 - the name of a variable
LEFT_ALONE = 1


def push(
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Grafana; `grafana.url` of the configuration when absent.")
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=f"File with the token; {_TOKEN} or `grafana.token` when absent."),
    ] = None,
    folder: Annotated[
        str | None, typer.Option(metavar="TITLE", help="Folder for new dashboards; `grafana.folder` when absent.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would change.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what was edited in Grafana.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Bring the three dashboards into Grafana. A second time nothing changes; edits made in Grafana are kept.

    Needs the token of a service account with role Editor, never on the command line. Exit code 0: Grafana has them.
    1: at least one was left alone, because it was edited there or comes from a file. 3: Grafana could not be reached
    or refused.
    """
    import dashboards
    from monitor.grafana.client import Grafana
    from monitor.grafana.push import push as push_all

    settings = _settings(config, url=url, token_file=token_file, folder=folder)
    if settings.grafana is None:
        raise ConfigError(
            "no address of Grafana", seen=f"no `grafana` in {config}", expected="grafana.url or --url",
            hint="as in --url https://grafana.internal, with the token in the file of --token-file",
        )  # fmt: skip
    documents = [dashboards.load(name, daemon_url=settings.server.external_url) for name in dashboards.NAMES]
    with working("asking Grafana" if dry_run else "pushing to Grafana", quiet=as_json):
        pushed = push_all(
            Grafana(settings.grafana), documents, folder=settings.grafana.folder, dry_run=dry_run, force=force
        )
    if as_json:
        print_json(document(pushed, dry_run=dry_run))
    else:
        from monitor.cli.grafana_push_view import pushed_view

        tell(pushed_view(pushed, settings.server.external_url, dry_run=dry_run))
        for one in pushed.dashboards if dry_run else ():
            if one.diff:
                say(f"\n{one.uid}\n{one.diff}")
    return LEFT_ALONE if pushed.left_alone else 0


def document(pushed: Pushed, *, dry_run: bool) -> dict[str, Any]:
    """The same as JSON."""
    from dataclasses import asdict

    return {**asdict(pushed), "dry_run": dry_run, "left_alone": [one.uid for one in pushed.left_alone]}


def _settings(config: Path, *, url: str | None, token_file: Path | None, folder: str | None) -> Settings:
    """The configuration, with options in the place of variables: they are checked, and mistakes told, alike."""
    from monitor import config as configuration

    environ = dict(os.environ)
    if token_file is not None:
        environ.pop(_TOKEN, None)
    given = {"URL": url, f"{_TOKEN.rpartition('__')[2]}_FILE": token_file, "FOLDER": folder}
    environ |= {f"XDRIFT_GRAFANA__{name}": str(value) for name, value in given.items() if value is not None}
    return configuration.load(config, environ)
