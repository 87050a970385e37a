"""The command tree, and the one place where exceptions become exit codes."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from monitor import __version__, logs
from monitor.cli import (
    alerting,
    backfill,
    checking,
    compare,
    configuration,
    dashboards,
    diagnosing,
    doctoring,
    drilling,
    explaining,
    maintaining,
    polling,
    pushing,
    reference,
    reporting,
    service,
)
from monitor.cli.failure import report, report_unexpected, report_usage
from monitor.errors import XdriftError

EPILOG = (
    "Exit codes: 0 fine; 1 drift found or gate failed; 2 usage or configuration; 3 could not look: a failure, or too "
    "little data to judge (verdict unknown). Every command knows --help and --json."
)

# Plain help: drawing it with rich costs 0.4 s of imports for boxes around the same words.
app = typer.Typer(
    name="xdrift",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    epilog=EPILOG,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)
app.command("demo", short_help="See it work on real data, in a minute and a half.")(service.demo)
app.command("init", short_help="Write a starter configuration from a model and a data file.")(configuration.init)
app.command("check-config", short_help="Say what each monitor will do, or list every mistake.")(
    configuration.check_config
)
app.add_typer(reference.app, name="reference", short_help="Make, list, show and replace references.")
app.command("check", short_help="Run one check now.")(checking.check)
app.command("backfill", short_help="Check every planned slot of the past.")(backfill.backfill)
app.command("drill", short_help="Put an incident into a copy and see whether the monitor tells.")(drilling.drill)
app.command("serve", short_help="Run checks at their slots; serve pages and metrics.")(service.serve)
app.command("poll", short_help="Read the explanation logs once, to their end.")(polling.poll)
app.command("diagnose", short_help="Walk the runbook's decision tree for one monitor.")(diagnosing.diagnose)
app.command("doctor", short_help="Is everything there that checks need?")(doctoring.doctor)
app.command("explain", short_help="Explain one prediction, kept by a check or not.")(explaining.explain)
app.command("push", short_help="Put metrics into a Pushgateway, for runs from cron.")(pushing.push)
app.add_typer(maintaining.app, name="maintenance", short_help="Declare times in which drift is expected.")
app.add_typer(alerting.alerts, name="alerts", short_help="Rules, routing and runbooks for Prometheus.")
app.add_typer(dashboards.app, name="dashboards", short_help="The three Grafana dashboards.")
app.add_typer(alerting.slo, name="slo", short_help="Objectives, for other tools.")
app.add_typer(reporting.app, name="report", short_help="Write the weekly review or a compliance report.")
app.command("compare", short_help="Compare two attribution matrices in files.")(compare.compare)
app.add_typer(service.db, name="db", short_help="Create or upgrade the tables.")


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"xdrift {__version__}\n")
        raise typer.Exit


@app.callback()
def xdrift(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Log what happens, and show tracebacks.")] = False,
    version: Annotated[  # noqa: ARG001  its callback prints and ends
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Watch why a deployed model decides as it does, and say what changed: model, data, pipeline or explainer."""
    context.obj["debug"] = debug
    # What went wrong is in the result; the log would say it a second time.
    logs.configure(level=logging.INFO if debug else logging.CRITICAL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (`sys.argv` when absent) and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    state: dict[str, Any] = {"debug": False}
    command = typer.main.get_command(app)
    try:
        code = command.main(words, prog_name="xdrift", standalone_mode=False, obj=state)
    except XdriftError as error:
        return report(error, as_json=as_json)
    except typer.TyperException as error:
        return report_usage(error, words, as_json=as_json)
    except typer.Abort:
        return 130
    except Exception as error:  # noqa: BLE001  the last boundary: whatever it is, one line, a way to report it, exit code 3
        if state["debug"]:
            traceback.print_exc()
        return report_unexpected(error, words, as_json=as_json)
    return int(code or 0)
