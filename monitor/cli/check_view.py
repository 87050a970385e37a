"""What `xdrift check` shows to people and to machines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from monitor.cli.compare_view import LEVEL_STYLES, name_width
from monitor.drift.ratios import MOST, ratio_words
from monitor.names import LEVEL_NAMES
from monitor.publish.check_view import Trouble, trouble
from monitor.publish.phrases import percent, verdict_title, window_words
from monitor.publish.serialise import without
from monitor.types import Check, Contribution, Finding

SHOWN_FEATURES = 8
LEGEND = (
    "In total: importance in recent rows now against the reference (total view), split by model and by data. Tests: "
    "view, test, value > limit. Words: docs/concepts.md"
)
STATES = {
    "finished": "checked before, nothing was done now",
    "held": "another process is checking this slot now",
    "lost": "another process took this slot over",
    "interrupted": "interrupted before there was a result",
}


def result_json(monitor: str, slot: datetime, state: str, check: Check | None) -> dict[str, Any]:
    """The slot, what became of it now, and its check without single predictions and profiles."""
    found = None if check is None else without(check, "rows", "profiles")
    return {"monitor": monitor, "planned_at": slot.isoformat(), "state": state, "check": found}


def check_view(monitor: str, slot: datetime, state: str, check: Check | None, *, latest: bool = True) -> RenderableType:
    """Verdict, sentence, evidence, what moved. `latest`: the slot is the newest there is."""
    head = Text.assemble((monitor, "bold"), f", slot {slot:%Y-%m-%d %H:%M} UTC")
    if note := STATES.get(state):
        head.append(f" ({note})", "yellow")
    if check is None:
        skipped = "The slot was skipped: it was too old or its turn was missed." if state == "finished" else ""
        return Group(head, *([Text(skipped)] if skipped else []))
    parts: list[RenderableType] = [head, _window(check), Text(), _headline(check)]
    why = trouble(check)
    if why is None or not check.error:
        parts.append(Text(check.sentence))
    if why is not None:
        parts += _why(why)
    elif check.level:
        at = "" if latest else f" --at {slot:%Y-%m-%dT%H:%M:%SZ}"
        parts.append(Text(f"next: xdrift diagnose {monitor}{at}", no_wrap=True, overflow="ignore"))
    if check.evidence:
        parts += [Text(), Text("Evidence", style="dim")]
        parts += [Padding(Text(line), (0, 0, 0, 2)) for line in check.evidence]
    if moved := movers(check.contributions):
        parts += [Text(), _movers_table(moved[:SHOWN_FEATURES], check.findings)]
        if len(moved) > SHOWN_FEATURES:
            parts.append(Text(f"and {len(moved) - SHOWN_FEATURES} more; --json lists them all", style="dim"))
        parts.append(Text(LEGEND, style="dim"))
    parts += [Padding(Text(f"Note: {note}", style="dim"), (0, 0, 0, 0)) for note in check.notes]
    return Group(*parts)


def _why(trouble: Trouble) -> list[RenderableType]:
    """What went wrong and the next step, set as every error of a command is."""
    thing, *facts = re.split(r"; (?=(?:seen|expected): )", trouble.why)
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, _, text in [*(fact.partition(": ") for fact in facts), ("next", ": ", trouble.next_step)]:
        table.add_row(f"{name}:", text)
    return [*([Text(f"error: {thing}")] if thing else []), Padding(table, (0, 0, 0, 2 if thing else 0))]


def _window(check: Check) -> Text:
    rows = f"{check.n_seen:,} predictions, {check.n_explained:,} explained" if check.outcome != "failed" else "no rows"
    return Text(f"{window_words(check.window)}, {rows}", style="dim")


def _headline(check: Check) -> Text:
    if check.outcome == "failed" or check.verdict == "unknown":
        return Text(verdict_title(check), style="bold magenta")
    words = verdict_title(check) + (f", {LEVEL_NAMES[check.level]}" if check.level else "")
    return Text(words, style=LEVEL_STYLES[check.level])


def movers(contributions: Sequence[Contribution]) -> list[Contribution]:
    """Features that a view raised: severe first, then by how much importance they won or lost."""
    raised = [part for part in contributions if part.level]
    change = {part.feature: abs(part.importance_current - part.importance_reference) for part in raised}
    return sorted(raised, key=lambda part: (-part.level, -change[part.feature], part.feature))


def strongest(feature: str, level: int, findings: Sequence[Finding]) -> str:
    """The test that raised a feature farthest beyond its limit, as `traffic psi 0.49 > 0.20`; empty when none did by
    itself (a feature group may have raised it)."""
    raising = [
        (found.statistic / limit, found, limit)
        for found in findings
        if (found.feature, found.segment, found.level) == (feature, None, level) and found.view != "trend"
        for limit in (found.threshold_severe if level == 2 else found.threshold,)
        if limit and found.statistic is not None and found.statistic > limit  # else a sum of features lent the level
    ]
    if not raising:
        return ""
    ratio, found, limit = max(raising, key=lambda one: one[0])
    value = f"{ratio * limit:.2f}" if ratio * limit < MOST else f"over {MOST:.0f}"
    return f"{found.view} {found.test} {value} > {limit:.2f}"


def _movers_table(moved: Sequence[Contribution], findings: Sequence[Finding]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("level", no_wrap=True)
    table.add_column("feature", overflow="fold", min_width=name_width(part.feature for part in moved))
    table.add_column("in total", min_width=10)
    table.add_column("share", no_wrap=True, justify="right")
    table.add_column("by model", no_wrap=True, justify="right")
    table.add_column("by data", no_wrap=True, justify="right")
    table.add_column("strongest test", overflow="fold", min_width=12)
    for part in moved:
        table.add_row(
            Text(LEVEL_NAMES[part.level], LEVEL_STYLES[part.level]),
            part.feature,
            ratio_words(part.importance_reference, part.importance_current),
            f"{percent(part.share_reference)} to {percent(part.share_current)}",
            f"{part.model_part:+.3g}",
            f"{part.data_part:+.3g}",
            strongest(part.feature, part.level, findings),
        )
    return table
