"""What xdrift concluded for each week, beside the truth."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.demo.incidents import INCIDENTS, REFERENCE_END, Incident, active
from monitor.names import LEVEL_NAMES
from monitor.reports.weeks import Week as ReportWeek
from monitor.types import Check

STYLES = {"none": "green", "data": "yellow", "unknown": "magenta"}
OTHER_STYLE = "bold red"
VISIBLE = 0.05
"""Change of importance that is worth a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One check and what should have come out. `right` is None where nothing was injected and nothing is demanded."""

    week: str
    planned_at: str
    check_id: str
    rows: int
    verdict: str
    level: int
    moved: str | None
    """The feature that moved most, of those at the highest level, and by how much its importance changed; `reshaped`
    when only the distribution of its attributions did, with the segment where only a segment moved. None in a quiet
    week."""
    sentence: str
    truth: str | None
    expected: tuple[str, ...]
    right: bool | None


def weeks(checks: Sequence[Check], shift: timedelta = timedelta(0)) -> list[Week]:
    """Reference weeks must be quiet, incident weeks must name the cause at level 2; the rest is as it was."""
    found = []
    for check in checks:
        week = check.window.start - shift
        incident = active(week)
        reference = week < REFERENCE_END
        expected = incident.right if incident else (("none",) if reference else ())
        right = None
        if incident:
            right = check.verdict in incident.right and check.level == 2
        elif reference:
            right = check.verdict == "none" and check.level == 0
        truth = incident.truth if incident else ("reference period" if reference else None)
        found.append(
            Week(
                week=f"{check.window.start:%Y-%m-%d}",
                planned_at=check.planned_at.isoformat(),
                check_id=check.id,
                rows=check.n_drawn,
                verdict=check.verdict,
                level=check.level,
                moved=_moved(check),
                sentence=check.sentence,
                truth=truth,
                expected=expected,
                right=right,
            )
        )
    return found


def _moved(check: Check) -> str | None:
    raised = [one for one in check.contributions if one.level]
    if not raised:
        return _moved_in_a_segment(check)
    most = max(raised, key=lambda one: (one.level, abs(one.model_part) + abs(one.data_part)))
    change = most.importance_current / most.importance_reference - 1 if most.importance_reference else 0.0
    return f"{most.feature} {change:+.0%}" if abs(change) >= VISIBLE else f"{most.feature} reshaped"


def _moved_in_a_segment(check: Check) -> str | None:
    parts = [one for one in check.findings if one.segment and one.level and one.feature]
    most = max(parts, key=lambda one: one.level, default=None)
    return None if most is None else f"{most.feature}, {most.segment}"


def _found(incident: Incident, listed: Sequence[Week]) -> bool:
    weeks_of_it = [week for week in listed if week.truth == incident.truth]
    return bool(weeks_of_it) and all(week.right for week in weeks_of_it)


def summary(listed: Sequence[Week], seconds: float) -> dict[str, Any]:
    """The JSON document of the demo."""
    quiet = [week for week in listed if week.truth == "reference period"]
    ordinary = [week for week in listed if week.truth is None]
    return {
        "weeks": [asdict(week) for week in listed],
        "incidents": len(INCIDENTS),
        "incidents_found": sum(_found(incident, listed) for incident in INCIDENTS),
        "reference_weeks": len(quiet),
        "reference_weeks_quiet": all(week.right for week in quiet),
        "ordinary_weeks": len(ordinary),
        "ordinary_weeks_at_level": {str(level): sum(w.level == level for w in ordinary) for level in (0, 1, 2)},
        "seconds": round(seconds, 1),
    }


def view(listed: Sequence[Week], document: dict[str, Any]) -> RenderableType:
    """The same for people."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("week of", "verdict", "level", "moved most"):
        table.add_column(name, no_wrap=True)
    table.add_column("the truth", overflow="fold")
    for week in listed:
        style = STYLES.get(week.verdict, OTHER_STYLE)
        mark = {True: "✓ ", False: "✗ ", None: "  "}[week.right]
        table.add_row(
            week.week,
            Text(week.verdict, style=style),
            Text(LEVEL_NAMES[week.level], style=style),
            week.moved or "",
            Text.assemble(
                (mark, "green" if week.right else "red"), (week.truth or "nothing put in", "" if week.truth else "dim")
            ),
        )
    return Group(table, Text(), *_sentences(listed), _closing(document))


def _sentences(listed: Sequence[Week]) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for incident in INCIDENTS:
        first = next((week for week in listed if week.truth == incident.truth), None)
        if first is not None:
            parts += [Text.assemble((f"{first.week}  ", "dim"), first.sentence), Text()]
    return parts


def words_for(called: str) -> str:
    """What runs this xdrift again from the same folder. `called`: argv[0]. A fresh clone has it in .venv/bin only."""
    found = shutil.which("xdrift")
    if Path(called).name == "__main__.py":
        return shlex.join((sys.executable, "-m", "monitor"))
    if not Path(called).exists() or (found and Path(found).samefile(called)):
        return "xdrift"
    return shlex.quote(called)


def to_try(config: Path, monitor: str, listed: Sequence[Week], *, xdrift: str) -> str:
    """Where everything is, and commands that show more of an incident. `xdrift`: the words that run it."""
    file, reports = (shlex.quote(str(path)) for path in (config, config.parent / "reports"))
    put_in = {incident.truth for incident in INCIDENTS}
    told = next((week for week in listed if week.truth in put_in), listed[-1])
    reviewed = ReportWeek.ended_by(datetime.fromisoformat(told.planned_at))
    return (
        f"\nData, model, database and configuration are in {config.parent}/. To try next:\n"
        f"  {xdrift} check {monitor} --at {told.planned_at} -c {file}\n"
        f"  {xdrift} diagnose {monitor} --at {told.planned_at} -c {file}\n"
        f"  {xdrift} report weekly --week {reviewed} --directory {reports} -c {file}\n"
    )


def _closing(document: dict[str, Any]) -> Text:
    levels = document["ordinary_weeks_at_level"]
    quiet = "all quiet" if document["reference_weeks_quiet"] else "NOT all quiet"
    return Text(
        f"{document['incidents_found']} of {document['incidents']} incidents named with the right cause in all their "
        f"weeks. {document['reference_weeks']} weeks of the reference period: {quiet}. "
        f"{document['ordinary_weeks']} ordinary weeks after it: {levels['0']} none, {levels['1']} warning, "
        f"{levels['2']} severe.{_ordinary(levels)} {document['seconds']:.0f} s."
    )


def _ordinary(levels: Mapping[str, int]) -> str:
    """What is known of ordinary weeks that alarmed: no truth is on record for them, as for any real traffic."""
    n = levels["1"] + levels["2"]
    weeks = "The one that alarmed" if n == 1 else f"The {n} that alarmed"
    return f" {weeks} had nothing put in: a real change of season or traffic, or a false alarm." if n else ""
