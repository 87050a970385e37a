"""`xdrift report weekly | compliance`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from monitor.cli import options
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, chosen, load_settings
from monitor.cli.output import print_json, progress_bar, say, working
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.reports.make import Format
    from monitor.reports.weeks import Week
    from monitor.settings import Settings
    from monitor.store import Store

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Write reports for a meeting or an examiner.")

FORMATS = ("html", "md", "json")
ALL_FORMATS = "html,md,json"
DIRECTORY = Path("reports")
"""Where reports go when neither option nor configuration say."""

MonitorOption = Annotated[
    list[str] | None,
    typer.Option("--monitor", metavar="NAME", help="Only this monitor; may be given several times."),
]
DirectoryOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where files go; reports.directory of the configuration, else ./reports."),
]
FormatOption = Annotated[str, typer.Option("--format", metavar="LIST", help="Of html, md, json, separated by commas.")]


@app.command()
def weekly(
    week: Annotated[
        str | None, typer.Option(metavar="WEEK", help="ISO week as in 2026-W46; the latest that has ended when absent.")
    ] = None,
    monitor: MonitorOption = None,
    directory: DirectoryOption = None,
    formats: FormatOption = ALL_FORMATS,
    evidently: Annotated[
        bool, typer.Option("--evidently", help="Add Evidently's own drift report of each monitor: 20 s and 6 MB.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Write the review of one week: what changed, why, and what is to be decided, per monitor and for the fleet."""
    settings = load_settings(config)
    names = _names(settings, monitor)
    kinds = _formats(formats)
    from monitor.publish.serialise import to_json
    from monitor.reports.make import make_weekly
    from monitor.reports.render import as_json as report_json
    from monitor.reports.weeks import Week

    now = options.utc_now()
    wanted = Week.parse(week) if week else Week.ended_by(now)
    with (
        options.open_store(settings, quiet=as_json) as store,
        progress_bar("writing reports", quiet=as_json) as progress,
    ):
        written = make_weekly(
            settings, store, week=wanted, now=now, directory=_directory(settings, directory),
            weeks=settings.reports.weeks if settings.reports else 26, formats=kinds, names=names,
            evidently=evidently or bool(settings.reports and settings.reports.evidently), progress=progress,
        )  # fmt: skip
        other = None if any(one.counts.done for one in written.report.monitors) else _latest_week(store, names)
    if as_json:
        import json

        print_json({"files": to_json([str(path) for path in written.files]), **json.loads(report_json(written.report))})
        return 0
    say(f"{written.report.week} ({written.report.dates}), {written.report.headline}")
    if other is not None:
        say(f"  no check looked at this week; the latest week with checks: xdrift report weekly --week {other}")
    for one in written.report.asking:
        say(f"  {one.monitor}: {one.headline}")
    say(f"{len(written.files)} files, the first to open is {_first(written.files)}")
    return 0


@app.command()
def compliance(
    period: Annotated[
        str,
        typer.Option(metavar="PERIOD", help="2026-Q3, 2026-10, 2026, or FROM..TO in UTC days.", show_default=False),
    ],
    monitor: MonitorOption = None,
    directory: DirectoryOption = None,
    formats: FormatOption = ALL_FORMATS,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Write the figures of a period for an examiner, each worked out from records, with what they do not cover."""
    settings = load_settings(config)
    names = _names(settings, monitor)
    kinds = _formats(formats)
    from monitor.reports.make import make_compliance
    from monitor.reports.render import compliance_json
    from monitor.reports.weeks import period as parse
    from monitor.reports.words import count

    wanted = parse(period)
    with working("writing the report", quiet=as_json), options.open_store(settings, quiet=as_json) as store:
        report, files = make_compliance(
            settings, store, period=wanted, now=options.utc_now(), directory=_directory(settings, directory),
            formats=kinds, names=names,
        )  # fmt: skip
    if as_json:
        import json

        print_json({"files": [str(path) for path in files], **json.loads(compliance_json(report))})
        return 0
    totals = report.totals
    counted = (
        count(len(report.monitors), "monitor"), count(totals["checks"], "check"),
        count(totals["severe_episodes"], "severe episode"),
    )  # fmt: skip
    say(f"{report.period}: {', '.join(counted)}, {totals['predictions']:,} predictions in explanation logs.")
    for one in report.monitors:
        for limit in one.limits:
            say(f"  {one.monitor}: {limit}")
    say("written: " + ", ".join(str(path) for path in files))
    return 0


def _names(settings: Settings, monitors: list[str] | None) -> list[str] | None:
    """None for all, retired ones included."""
    return [one.name for one in chosen(settings, monitors)] if monitors else None


def _latest_week(store: Store, names: list[str] | None) -> Week | None:
    """The latest week that a check of these monitors looked at."""
    from monitor.reports.weeks import Week

    found = [check for name in names or (None,) for check in store.checks(name, limit=1)]
    return max((Week.of_window(check.window) for check in found), default=None)


def _formats(text: str) -> tuple[Format, ...]:
    found = [word.strip() for word in text.split(",") if word.strip()]
    if not found or set(found) - set(FORMATS):
        raise ConfigError(
            "--format names what is no format", seen=text, expected=f"one or more of {', '.join(FORMATS)}",
            hint="separate them with commas, as in --format html,json",
        )  # fmt: skip
    return cast("tuple[Format, ...]", tuple(dict.fromkeys(found)))


def _directory(settings: Settings, given: Path | None) -> Path:
    return given or (Path(settings.reports.directory) if settings.reports else DIRECTORY)


def _first(files: tuple[Path, ...]) -> Path | None:
    return next((path for path in files if path.stem == "index"), None)
