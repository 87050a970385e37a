"""`xdrift init` and `xdrift check-config`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import options
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, load_settings
from monitor.cli.output import print_json, say, tell, working
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.probe import Probe
    from monitor.settings import MonitorSettings, Settings

NEXT_SLOTS = 3


def init(
    model: Annotated[Path, typer.Option(metavar="FILE", help="The deployed model.", show_default=False)],
    data: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Parquet or CSV with the rows that become the holdout: features; time, id and label if there are any.",
            show_default=False,
        ),
    ],
    predictions: Annotated[
        str | None,
        typer.Option(metavar="WHERE", help="Where predictions arrive: file, folder, glob, or database URL."),
    ] = None,
    table: Annotated[str | None, typer.Option(metavar="NAME", help="Table, when --predictions is a URL.")] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the monitor.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="File to write.")] = DEFAULT_CONFIG,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Write a commented starter configuration by looking at a model and a data file.

    Every guess stands in the file with its reason and what to check. The JSON schema is written beside it, so that
    editors complete and check while one types.
    """
    from monitor import init as starter
    from monitor.init.writing import schema_path

    if name is not None and name != starter.slug(name):
        raise ConfigError(
            "--name", seen=name, expected="lower-case letters, digits and hyphens, 63 at most",
            hint=f"as in --name {starter.slug(name)}",
        )  # fmt: skip
    with working("looking at the model and the data", quiet=as_json):
        seen_model, seen_data = starter.inspect_model(model), starter.inspect_data(data)
        traffic = starter.find_traffic(predictions, table, data=seen_data, folder=output.parent)
        made = starter.make_starter(seen_model, seen_data, traffic=traffic, name=name, schema=schema_path(output).name)
    written, schema = starter.write_starter(made.text, output, force=force)
    if as_json:
        guesses = [guess._asdict() for guess in made.guesses]
        print_json(
            {"file": str(written), "schema": str(schema), "monitor": made.monitor, "guesses": guesses,
             "warnings": list(made.warnings)}
        )  # fmt: skip
        return 0
    say(f"Wrote {written} with {len(made.guesses)} guesses to check, and {schema} for editors.")
    for warning in made.warnings:
        say(f"Warning: {warning}.")
    say(f"Look for GUESS and CHECK in it, then run\n\n  xdrift check-config -c {written} --probe\n")
    return 0


def check_config(
    config: ConfigOption = DEFAULT_CONFIG,
    probe: Annotated[
        bool, typer.Option("--probe", help="Also open the database and every model, holdout and prediction source.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Say what each monitor will do, or list every mistake with its line.

    Exit code 0: all is well. 2: mistakes in the configuration. 3: a part did not open, or a column to keep back is
    misspelt (with --probe).
    """
    from monitor.cli import configuration_view as view
    from monitor.config import without_secrets

    settings = load_settings(config)
    now = options.utc_now()
    store = without_secrets(settings.store.url)
    plans = [plan(monitor, now) for monitor in settings.monitors]
    grafana, reports = _grafana_plan(settings), _reports_plan(settings, now)
    if not as_json:
        count = f"{len(plans)} monitor" + "s" * (len(plans) > 1)
        say(f"{config} can be read: {count}, results in {store}")
        if grafana is not None:
            say(view.grafana_line(grafana))
        if reports is not None:
            say(view.reports_line(reports))
        tell(view.plans_view(plans))
    probes = []
    if probe:
        from monitor.probe import probe as probe_all

        if not as_json:
            say("")
        with working("opening every part", quiet=as_json):
            for tried in probe_all(settings, now=now):
                probes.append(tried)
                if not as_json:
                    tell(view.probe_view(tried))
    if as_json:
        told = [_probe_json(one) for one in probes] if probe else None
        whole = {"file": str(config), "store": store, "grafana": grafana, "reports": reports}
        print_json({**whole, "monitors": plans, "probes": told})
    return 3 if any(one.error for one in probes) else 0


def plan(monitor: MonitorSettings, now: datetime) -> dict[str, Any]:
    """What a monitor will do next, as JSON types."""
    from monitor import slots
    from monitor.settings import format_duration

    schedule, moment, upcoming = monitor.schedule, now, []
    for _ in range(NEXT_SLOTS):
        moment = slots.next_slot(schedule, moment)
        upcoming.append(moment)
    window = slots.window_of(schedule, upcoming[0])
    return {
        "name": monitor.name,
        "owner": monitor.owner,
        "schedule": f"every {format_duration(schedule.every)}" if schedule.every else f"cron {schedule.cron}",
        "next_slots": [slot.isoformat() for slot in upcoming],
        "window": format_duration(schedule.span),
        "delay": format_duration(schedule.delay),
        "next_window": [window.start.isoformat(), window.end.isoformat()],
        "rows": monitor.sample.rows,
        "min_rows": max(monitor.sample.min_rows, monitor.drift.min_rows),
        "model": monitor.model.path or monitor.model.uri or monitor.model.factory,
        "holdout": monitor.holdout.path or "query",
        "predictions": monitor.predictions.path or monitor.predictions.table or "query",
        "explanation_log": _log_plan(monitor),
        "slo_period": monitor.slo.period,
        "objectives": monitor.objectives,
        "warnings": warnings(monitor),
    }


def _grafana_plan(settings: Settings) -> dict[str, Any] | None:
    from monitor.config import without_secrets

    if settings.grafana is None:
        return None
    return {
        "url": without_secrets(settings.grafana.url),
        "annotations": settings.grafana.annotate,
        "links": settings.server.external_url is not None,
        "token": settings.grafana.token is not None,
    }


def _reports_plan(settings: Settings, now: datetime) -> dict[str, Any] | None:
    """Which weekly report `xdrift serve` makes next, and who gets it; None where none is made."""
    from monitor.reports.weeks import Week, next_occasion

    reports = settings.reports
    if reports is None:
        return None
    at, mail = next_occasion(reports, now), reports.mail
    return {
        "at": at.isoformat(),
        "week": str(Week.ended_by(at)),
        "weeks": reports.weeks,
        "evidently": reports.evidently,
        "directory": str(reports.path),
        "mail": None if mail is None else {"server": f"{mail.host}:{mail.port}", "recipients": list(mail.recipients)},
        "channels": list(reports.channels),
    }


def _log_plan(monitor: MonitorSettings) -> dict[str, Any] | None:
    from monitor.config import without_secrets
    from monitor.probe_names import kept_back
    from monitor.settings import format_duration

    log = monitor.telemetry
    if log is None:
        return None
    where = log.path or f"{log.table} by {log.order} in {without_secrets(str(log.url))}"
    threshold, remember = format_duration(log.latency_threshold), format_duration(log.remember)
    return {
        "from": where,
        "every": format_duration(log.every),
        "latency_threshold": threshold,
        "remember": remember,
        "price_per_hour": log.price_per_hour,
        "kept_back": {setting: list(names) for setting, names in kept_back(monitor).items()},
    }


def warnings(monitor: MonitorSettings) -> list[str]:
    """What is allowed but will disappoint."""
    from monitor.settings.rhythm import long_period

    found = []
    if monitor.predictions.columns.segments and monitor.holdout.time is None:
        found.append(
            "segments without holdout.time: their thresholds know chance only, so ordinary weekly variation will "
            "alarm; next: name the holdout's time column under holdout.time"
        )
    if (long := long_period(monitor)) is not None:
        found.append("; next: ".join(long))
    return found


def _probe_json(tried: Probe) -> dict[str, Any]:
    error = tried.error
    return {
        "monitor": tried.monitor,
        "part": tried.part,
        "ok": None if tried.untried or tried.empty else error is None,
        "found": tried.found,
        "error": error and error.thing,
        "seen": None if error is None or error.seen is None else str(error.seen),
        "expected": None if error is None or error.expected is None else str(error.expected),
        "next": tried.next if error is None else error.hint,
    }
