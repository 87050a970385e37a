"""From the store to files: the report of one week, one monitor after the other, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from monitor import __version__
from monitor.errors import PublishError
from monitor.reports import render
from monitor.reports.build import fleet_report, headlines
from monitor.reports.compliance import compliance_report
from monitor.reports.compliance_model import ComplianceReport
from monitor.reports.model import FleetReport, MonitorReport
from monitor.reports.swarms import POINTS, swarms
from monitor.reports.weeks import Period, Week
from monitor.settings import Settings
from monitor.types import Reference

if TYPE_CHECKING:
    from monitor.store import Store

Format = Literal["html", "md", "json"]
FORMATS: tuple[Format, ...] = ("html", "md", "json")
INDEX = "index"
"""Name of the fleet's file; it is written last, so that whoever finds it finds all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A report and where it lies."""

    report: FleetReport
    folder: Path
    files: tuple[Path, ...]


def make_weekly(
    settings: Settings,
    store: Store,
    *,
    week: Week,
    now: datetime,
    directory: Path,
    weeks: int = 26,
    formats: Sequence[Format] = FORMATS,
    names: Collection[str] | None = None,
    evidently: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Written:
    """Write `directory`/WEEK/index.* and monitors/NAME.*; each file appears complete or not at all.

    Args:
        names: monitors to report on; all when None.
        evidently: add Evidently's own sections, one more file per monitor that was explained in the week.

    Raises StoreError, and PublishError when the directory cannot be written.
    """
    tell = progress or (lambda _done, _total: None)
    fleet = weekly_report(settings, store, week=week, now=now, weeks=weeks, names=names)
    folder = directory / str(week)
    files: list[Path] = []
    for done, one in enumerate(fleet.monitors):
        tell(done, len(fleet.monitors))
        extra = _evidently(settings, store, one, folder) if evidently else None
        files += [extra] if extra else []
        files += _write_monitor(store, fleet, one, folder, formats, extra)
    tell(len(fleet.monitors), len(fleet.monitors))
    texts = {"html": render.fleet_html, "md": render.fleet_markdown, "json": render.as_json}
    files += [write(folder / f"{INDEX}.{kind}", texts[kind](fleet)) for kind in formats]
    return Written(report=fleet, folder=folder, files=tuple(files))


def weekly_report(
    settings: Settings,
    store: Store,
    *,
    week: Week,
    now: datetime,
    weeks: int = 26,
    names: Collection[str] | None = None,
) -> FleetReport:
    """The report as data, without the points of beeswarms. Raises StoreError."""
    facts = store.weekly_facts(week.start, weeks=weeks, names=names)
    parts = store.check_parts(headlines(facts, week))
    return fleet_report(settings, facts, parts, week=week, now=now, version=__version__)


def make_compliance(
    settings: Settings,
    store: Store,
    *,
    period: Period,
    now: datetime,
    directory: Path,
    formats: Sequence[Format] = FORMATS,
    names: Collection[str] | None = None,
) -> tuple[ComplianceReport, tuple[Path, ...]]:
    """Write `directory`/compliance-PERIOD.*; see `make_weekly`."""
    facts = store.period_facts(period.start, period.end, names=names)
    report = compliance_report(settings, facts, period=period, now=now, version=__version__)
    texts = {"html": render.compliance_html, "md": render.compliance_markdown, "json": render.compliance_json}
    name = f"compliance-{period.name.replace('..', '-to-')}"
    return report, tuple(write(directory / f"{name}.{kind}", texts[kind](report)) for kind in formats)


def _write_monitor(
    store: Store, fleet: FleetReport, one: MonitorReport, folder: Path, formats: Sequence[Format], extra: Path | None
) -> Iterator[Path]:
    place = folder / "monitors"
    if "html" in formats:
        drawn = with_swarms(store, one)
        html = render.monitor_html(drawn, fleet, extra=f"../{extra.parent.name}/{extra.name}" if extra else None)
        yield write(place / f"{one.monitor}.html", html)
    if "md" in formats:
        yield write(place / f"{one.monitor}.md", render.monitor_markdown(one, fleet))
    if "json" in formats:
        yield write(place / f"{one.monitor}.json", render.as_json(one))


def with_swarms(store: Store, report: MonitorReport) -> MonitorReport:
    """The report with points of the check that speaks for the week, where its rows are still kept."""
    found = explained(store, report)
    if found is None:
        note = "No explained predictions of this week are kept any more." if report.counts.judged else ""
        return replace(report, swarm_note=note)
    reference, check_id = found
    rows = store.swarm(check_id, limit=POINTS)
    if not rows:
        return replace(report, swarm_note="No explained predictions of this week are kept any more.")
    return replace(report, swarms=swarms(reference, rows), swarm_note="inputs not kept, or without an order")


def explained(store: Store, report: MonitorReport) -> tuple[Reference, str] | None:
    """The reference and the check of which the rows are shown; None where nothing was judged."""
    check_id, reference_id = report.shown
    if check_id is None or reference_id is None:
        return None
    return store.load_reference(reference_id, monitor=report.monitor), check_id


def _evidently(settings: Settings, store: Store, report: MonitorReport, folder: Path) -> Path | None:
    found = explained(store, report)
    if found is None:
        return None
    from monitor.reports.evidently_page import evidently_page

    html = evidently_page(settings.monitor(report.monitor), found[0], store.check(found[1]))
    return None if html is None else write(folder / "evidently" / f"{report.monitor}.html", html)


def write(path: Path, text: str) -> Path:
    """The whole file or the one that was there before. Raises PublishError when it cannot be written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # it may never have been there
            temporary.unlink()
        raise PublishError(
            f"report {path}",
            seen=error.strerror,
            expected="a directory that can be written",
            hint="give another one with --directory, or set reports.directory",
        ) from error
    return path
