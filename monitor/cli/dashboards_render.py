"""`xdrift dashboards render`: the dashboards as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, load_settings
from monitor.cli.output import print_json, say
from monitor.errors import ConfigError, PublishError


def render(
    directory: Annotated[Path, typer.Option("--directory", "-d", metavar="DIR", help="Where files are written.")],
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The daemon's pages; server.external_url of the configuration when absent."),
    ] = None,
    provider: Annotated[
        bool, typer.Option("--provider", help="Add provisioning files: DIR/dashboards/xdrift and DIR/provisioning.")
    ] = False,
    prometheus_url: Annotated[
        str, typer.Option(metavar="URL", help="Prometheus as Grafana reaches it; with --provider.")
    ] = "http://prometheus:9090",
    postgres_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Store as Grafana reaches it, without password; with --provider."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Write the three dashboards as files for Grafana, with links to the daemon's pages.

    Grafana takes the password of the role from its own variable READER_PASSWORD.
    """
    import dashboards

    address = url or load_settings(config).server.external_url
    if address is None:
        raise ConfigError(
            "the address of the daemon's pages is not known",
            seen=f"no server.external_url in {config}",
            expected="an address that people who look at Grafana can reach",
            hint="set server.external_url, or give --url https://xdrift.internal",
        )
    folder = "dashboards/xdrift/" if provider else ""
    made = {
        f"{folder}{name}.json": json.dumps(dashboards.load(name, daemon_url=address), separators=(",", ":")) + "\n"
        for name in dashboards.NAMES
    }
    if provider:
        from monitor.grafana import provisioning

        found = provisioning.files(prometheus_url, postgres_url)
        made |= {f"provisioning/{path}": text for path, text in found.items()}
    _write(directory, made)
    if as_json:
        print_json({"directory": str(directory), "url": address, "files": sorted(made)})
    else:
        say(f"Wrote {len(made)} files into {directory}: {', '.join(sorted(made))}.")
    return 0


def _write(directory: Path, made: dict[str, str]) -> None:
    """Raises PublishError where the folder cannot be written."""
    try:
        for path, text in made.items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise PublishError(
            "the folder for the dashboards cannot be written",
            seen=f"{directory}: {error.strerror}",
            expected="a folder that may be written",
            hint="name another one with --directory",
        ) from error
