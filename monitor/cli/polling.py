"""`xdrift poll`: read explanation logs once, to their end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import failure, options
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, chosen, load_settings
from monitor.cli.output import print_json, say, tell, working
from monitor.errors import ConfigError, StoreError, XdriftError

if TYPE_CHECKING:
    from monitor.runner.poll import Poller, PollReport

_SETTLE_SECONDS = 1.0
"""Between two looks at a file whose last line is unfinished although a newer one follows."""


def poll(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="MONITOR", help="Names in the configuration; every monitor with telemetry when absent."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Read the explanation logs to their end once, count what is new, and say how much that was.

    `xdrift serve` does this all the time; the command is for cron, and may run beside a daemon: no record is counted
    twice. Exit code 3: a log could not be read; those of the other monitors are.
    """
    settings = load_settings(config)
    monitors = [one for one in chosen(settings, names or []) if one.telemetry is not None]
    if not monitors:
        raise ConfigError(
            "no explanation log to read", seen="no monitor with `telemetry`",
            expected="telemetry.path or telemetry.table in the configuration", hint="see docs/explanation-log.md",
        )  # fmt: skip
    from monitor import runner
    from monitor.runner.poll import Poller

    told: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    with options.open_store(settings, quiet=as_json) as store:
        runner.register(settings, store, options.utc_now(), [one.name for one in monitors])
        for monitor in monitors:
            poller = Poller(monitor, store, clock=options.utc_now)
            try:
                with working(f"reading the explanation log of {monitor.name}", quiet=as_json):
                    reports = _to_the_end(poller)
            except StoreError:
                raise  # which none of them can do without
            except XdriftError as error:
                failed.append({"monitor": monitor.name, "error": str(error)})
                if not as_json:
                    say(f"{monitor.name}: its log could not be read to the end")
                failure.report(error, as_json=as_json)
                continue
            told.append(summary(reports))
            if not as_json:
                _show(told[-1])
    if as_json:
        print_json({"polls": told, "failed": failed})
    return failure.FAILED if failed else 0


def _to_the_end(poller: Poller) -> list[PollReport]:
    """Polls until one was not overtaken; one more where a torn line could not be decided on at the first look."""
    reports = [poller.poll()]
    while reports[-1].overtaken:
        reports.append(poller.poll())
    if reports[-1].waiting:
        time.sleep(_SETTLE_SECONDS)
        reports.append(poller.poll())
    return reports


def summary(reports: list[PollReport]) -> dict[str, Any]:
    """What some polls of one monitor did together, as JSON types."""
    totals: dict[str, float] = {}
    for report in reports:
        for (name, word), amount in report.totals.items():
            key = f"{name}{{{word}}}" if word else name
            totals[key] = totals.get(key, 0.0) + amount
    return {
        "monitor": reports[-1].monitor,
        "finished": reports[-1].finished,
        "seconds": sum(report.seconds for report in reports),
        "waiting": reports[-1].waiting,
        "notes": [note for report in reports for note in report.notes],
        "totals": {key: totals[key] for key in sorted(totals) if totals[key]},
    }


def _show(told: Mapping[str, Any]) -> None:
    records = int(told["totals"].get("xdrift_telemetry_records_total", 0))
    say(f"{told['monitor']}: {records:,} new record{'s' * (records != 1)} in {told['seconds']:.1f} s")
    if told["totals"]:
        from monitor.cli.polling_view import totals_view

        tell(totals_view(told["totals"]))
    for note in told["notes"]:
        say(f"  note: {note}")
