"""What `xdrift drill` shows: one line per check and the answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.cli.compare_view import LEVEL_STYLES
from monitor.drill import KINDS, Drill, DrillCheck
from monitor.drill.report import Answer
from monitor.names import LEVEL_NAMES
from monitor.publish.phrases import span, window_words
from monitor.publish.serialise import to_json, without

GOOD, BAD = "green", "bold red"


def kinds_json() -> dict[str, Any]:
    """Every kind: its form, what it does, which verdicts name it and why."""
    return {"kinds": [without(kind, "prepare") for kind in KINDS]}


def kinds_view() -> RenderableType:
    """The same for people."""
    table = _table()
    table.add_column("--inject", overflow="fold", max_width=32)
    table.add_column("what goes wrong", ratio=1)
    table.add_column("right verdict", no_wrap=True)
    for kind in KINDS:
        table.add_row(kind.form, kind.does, " or ".join(kind.right))
    return table


def drill_json(drill: Drill) -> Any:
    """Everything: every check with and without the incident, and the conclusion."""
    return to_json(drill)


def drill_view(drill: Drill) -> RenderableType:
    """What was put in, every check, and the answers."""
    start = "" if drill.started_at is None else f", from {drill.started_at:%Y-%m-%d %H:%M} UTC on"
    parts: list[RenderableType] = [
        Text.assemble((drill.monitor, "bold"), f", drill {drill.inject}"),
        Text(f"{drill.words}{start}", style="dim"),
        Text(),
        _checks(drill),
        Text(),
    ]
    parts += [_answers(drill)]
    parts += [Text(f"Note: {note}", style="dim") for note in drill.notes]
    return Group(*parts)


def _table() -> Table:
    return Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")


def _checks(drill: Drill) -> Table:
    control = drill.started_at is None
    table = _table()
    table.add_column("window", no_wrap=True)
    table.add_column("as it was", no_wrap=True)
    if control:
        table.add_column("names first", overflow="fold")
    else:
        table.add_column("with the incident", no_wrap=True)
        table.add_column("names first", overflow="fold")
        table.add_column("detected", no_wrap=True)
    for one in drill.checks:
        shown = one.untouched if control else one.injected
        named = Text(", ".join(shown.features[:1]) if shown else "")
        cells = [Text(window_words(one.window)), _said(one.untouched)]
        table.add_row(*cells, *([named] if control else [_said(one.injected), named, _mark(one)]))
    return table


def _said(answer: Answer | None) -> Text:
    if answer is None:
        return Text()
    if answer.outcome == "failed":
        return Text(f"failed, {answer.reason}", "magenta")
    level = f", {LEVEL_NAMES[answer.level]}" if answer.level else ""
    return Text(f"{answer.verdict}{level}", LEVEL_STYLES[answer.level])


def _mark(one: DrillCheck) -> Text:
    if one.injected is None:
        return Text()
    return Text("yes", GOOD) if one.detected else Text("no", BAD)


def _answers(drill: Drill) -> Table:
    found, table = drill.conclusion, Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(ratio=1)
    if drill.started_at is not None:
        for name, words, good in _about_the_incident(drill):
            table.add_row(name, Text(words, GOOD if good else BAD))
    alone = f"{found.raised_untouched} of {len(drill.checks)} checks were raised without an incident"
    doubt = ": real drift of the traffic, or false alarms" if found.raised_untouched else ""
    table.add_row("by itself", Text(alone + doubt, BAD if found.raised_untouched else GOOD))
    return table


def _about_the_incident(drill: Drill) -> Iterator[tuple[str, str, bool]]:
    """Question, answer, and whether it is the answer one hopes for."""
    found, n = drill.conclusion, sum(one.injected is not None for one in drill.checks)
    expected = " or ".join(drill.expected)
    if found.failed:
        yield "failed", f"{found.failed} of {n} checks cannot be done with it: the monitor reports failures", False
    if not found.detected:
        yield "detected", f"no, in none of {n} checks", False
        yield "cause", f"none named, {expected} would be right", False
        return
    yield "detected", f"{LEVEL_NAMES[found.level]}, in {found.times_detected} of {n} checks", True
    after = "" if found.delay_seconds is None else f", {span(found.delay_seconds)} after it began"
    yield "how soon", f"in check {found.delay_checks} with the incident{after}", True
    if drill.columns:
        which = " or ".join(drill.columns)
        how = "named first" if found.named_first else ("raised, not named first" if found.named else "not raised")
        yield (
            "feature",
            f"{which} {how}; first in {found.times_named_first} of {found.times_detected}",
            bool(found.named),
        )
    yield "it says", found.sentence or "", bool(found.cause_right)
    if found.cause_right:
        yield "cause", f"{found.cause}, which is right, in {found.times_right} of {found.times_detected}", True
    else:
        yield "cause", f"{found.cause}, where {expected} would be right: {drill.why}", False
