"""`xdrift alerts render` and `xdrift slo export`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, chosen, load_settings
from monitor.cli.output import print_json, say
from monitor.errors import PublishError

alerts = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Rules, routing and runbooks for Prometheus.")
slo = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Objectives, for other tools.")


_CONFIGURED = {"runbook_url": "runbook_url", "dashboard_url": "grafana_url", "page_url": "external_url"}
"""Link of an alert to where `server` of the configuration has it."""


class RuleFormat(StrEnum):
    prometheus = "prometheus"
    operator = "operator"


class SloFormat(StrEnum):
    sloth = "sloth"
    pyrra = "pyrra"
    openslo = "openslo"


@alerts.command()
def render(
    form: Annotated[
        RuleFormat, typer.Option("--format", help="A rule file, or a PrometheusRule of the operator.")
    ] = RuleFormat.prometheus,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Write rules, routing example and runbooks into a folder."),
    ] = None,
    job: Annotated[str, typer.Option(metavar="NAME", help="Job under which Prometheus scrapes the daemon.")] = "xdrift",
    runbook_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Folder of runbooks; server.runbook_url of the configuration when absent."),
    ] = None,
    dashboard_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Grafana; server.grafana_url of the configuration when absent."),
    ] = None,
    page_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The daemon's pages; server.external_url of the configuration when absent."),
    ] = None,
    namespace: Annotated[str | None, typer.Option(metavar="NAME", help="Namespace of the PrometheusRule.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Print the recording and alerting rules, or write them with the routing example and the runbooks.

    One rule set serves every monitor: objectives and thresholds are series. Links that neither options nor a
    configuration give lead to example.org.
    """
    from alerts.render import Links, dump, operator, prometheus

    given = {"runbook_url": runbook_url, "dashboard_url": dashboard_url, "page_url": page_url}
    links = Links(job=job, **_addresses(given, config))
    document = operator(links, namespace=namespace) if form is RuleFormat.operator else prometheus(links)
    if output is None:
        if as_json:
            print_json(document)
        else:
            sys.stdout.write(dump(document))
        return 0
    written = _write(output, "prometheusrule.yaml" if form is RuleFormat.operator else "rules.yaml", dump(document))
    if as_json:
        print_json({"folder": str(output), "files": written})
        return 0
    say(f"Wrote {written[0]}, {written[1]} and {len(written) - 2} runbooks into {output}.")
    return 0


def _addresses(given: dict[str, str | None], config: Path) -> dict[str, str]:
    """Where links lead: as `given`, else as configured, without trailing slashes; those that nobody gave are left out.

    No configuration file is needed, and none is read where everything is given. Tells on stderr what is left out.
    """
    if not all(given.values()) and (config != DEFAULT_CONFIG or config.exists()):
        server = load_settings(config).server
        given = {link: value or getattr(server, _CONFIGURED[link]) for link, value in given.items()}
    if missing := [link for link, value in given.items() if not value]:
        options = ", ".join(f"--{link.replace('_', '-')} (server.{_CONFIGURED[link]})" for link in missing)
        sys.stderr.write(f"links in alerts lead to https://example.org, which stands for yours; give {options}\n")
    return {link: value.rstrip("/") for link, value in given.items() if value}


def _write(folder: Path, name: str, rules: str) -> list[str]:
    """The rules, the routing example and the runbooks. Raises PublishError where the folder cannot be written."""
    from importlib.resources import files

    source = files("alerts")
    found = {name: rules, "alertmanager.example.yml": (source / "alertmanager.example.yml").read_text(encoding="utf-8")}
    for runbook in sorted((source / "runbooks").iterdir(), key=lambda path: path.name):
        found[f"runbooks/{runbook.name}"] = runbook.read_text(encoding="utf-8")
    try:
        (folder / "runbooks").mkdir(parents=True, exist_ok=True)
        for path, text in found.items():
            (folder / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise PublishError(
            "the folder for the rules cannot be written", seen=f"{folder}: {error.strerror}",
            expected="a folder that may be written", hint="name another one with --output",
        ) from error  # fmt: skip
    return list(found)


@slo.command()
def export(
    monitors: Annotated[
        list[str] | None, typer.Argument(metavar="[MONITOR]...", help="Names in the configuration; all when absent.")
    ] = None,
    form: Annotated[SloFormat, typer.Option("--format", help="Tool that is to own the alerts.")] = SloFormat.openslo,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Print the objectives of the configuration as another tool's specifications.

    They read series that our recording rules make: install those as well, and leave our burn-rate alerts out.
    """
    from alerts.render import dump_all
    from monitor.slo.export import specifications

    settings = load_settings(config)
    documents = specifications(form.value, chosen(settings, monitors or []))
    if as_json:
        print_json({"format": form.value, "documents": documents})
    else:
        sys.stdout.write(dump_all(documents))
    return 0
