"""What `xdrift backfill` shows: how the span looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.cli.compare_view import LEVEL_STYLES
from monitor.names import LEVEL_NAMES, VERDICTS
from monitor.publish.serialise import to_json, without
from monitor.types import Check

if TYPE_CHECKING:
    from monitor.runner import BackfillReport

SHOWN_SLOTS = 20


def backfill_json(report: BackfillReport, found: Mapping[str, Sequence[Check]]) -> dict[str, Any]:
    """Counts of this run, and every check of the span without its parts."""
    parts = ("findings", "contributions", "profiles", "rows")
    checks = [without(check, *parts) for checks in found.values() for check in checks]
    return {**without(report, "failures"), "failures": to_json(report.failures), "checks": checks}


def backfill_view(report: BackfillReport, found: Mapping[str, Sequence[Check]]) -> RenderableType:
    """What was done now, then one line per monitor, then the slots in which something was found."""
    slots = f"{report.planned:,} slot{'s' * (report.planned != 1)}"
    done = f"{slots}: {report.done} checked now, {report.finished} finished before"
    trouble = f", {report.failed} failed" if report.failed else ""
    trouble += f", {report.not_run} not run: run the same command again to go on" if report.not_run else ""
    parts: list[RenderableType] = [Text.assemble(done, (trouble, "bold magenta"), ".")]
    if any(found.values()):
        parts += [Text(), _counts(found)]
    raised = [check for checks in found.values() for check in checks if check.level or check.outcome == "failed"]
    if raised:
        parts += [Text(), _slots(raised[:SHOWN_SLOTS])]
        if len(raised) > SHOWN_SLOTS:
            parts.append(Text(f"and {len(raised) - SHOWN_SLOTS} more; --json lists them all", style="dim"))
    return Group(*parts)


def _counts(found: Mapping[str, Sequence[Check]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("monitor", overflow="fold")
    table.add_column("checks", justify="right")
    counts = {name: Counter(map(_outcome, checks)) for name, checks in found.items()}
    seen = [word for word in (*VERDICTS, "failed") if any(count[word] for count in counts.values())]
    for word in seen:
        table.add_column(word, justify="right", no_wrap=True)
    for name, count in counts.items():
        table.add_row(name, str(count.total()), *(str(count[word]) for word in seen))
    return table


def _outcome(check: Check) -> str:
    """The verdict, which a check that failed has none of."""
    return "failed" if check.outcome == "failed" else check.verdict


def _slots(checks: Sequence[Check]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("slot (UTC)", no_wrap=True)
    table.add_column("monitor", overflow="fold")
    table.add_column("result", no_wrap=True)
    table.add_column("what was found", ratio=1)
    for check in checks:
        failed = check.outcome == "failed"
        level = Text("failed", "magenta") if failed else Text(LEVEL_NAMES[check.level], LEVEL_STYLES[check.level])
        table.add_row(f"{check.planned_at:%Y-%m-%d %H:%M}", check.monitor, level, check.sentence)
    return table
