"""What `xdrift explain` shows."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from monitor.cli.compare_view import name_width
from monitor.publish.counterfactuals import Counterpart
from monitor.publish.explanation import NOT_CAUSES, Explanation
from monitor.publish.logged import logged_words
from monitor.publish.phrases import decimal, decimals_for, number, signed, stamp, value_text, verdict_title
from monitor.publish.prediction_view import adds_up_words, headline
from monitor.publish.waterfall import Step

BAR = 24
"""Columns of the longest bar."""
SHOWN_FEATURES = 12


def explanation_view(found: Explanation) -> RenderableType:
    """Everything the page shows, as text."""
    about = found.about
    where = ", ".join(f"{name}={value or '(missing)'}" for name, value in sorted(found.segments.items()))
    when = "flagged row" if found.time is None else stamp(found.time)
    parts: list[RenderableType] = [
        Text.assemble((found.row_id, "bold"), f", {about.monitor}, model {about.model_version or 'not seen'}"),
        Text(f"{when}{f', {where}' if where else ''}", style="dim"),
        Text(_kept_words(found), style="yellow" if about.check is None else "dim"),
        Text(),
        Text(headline(found), style="bold"),
        *_facts(found),
        Text(),
    ]
    if found.steps:
        parts += [_waterfall(found.shown_steps, decimals_for(max(abs(step.value) for step in found.steps)))]
    parts += [Text(adds_up_words(found), style="dim"), Text(), _features(found)]
    if len(found.features) > SHOWN_FEATURES:
        parts.append(Text(f"and {len(found.features) - SHOWN_FEATURES} more; --json lists them all", style="dim"))
    parts.append(Text())
    parts += [Text(f"Note: {note}", style="dim") for note in found.notes]
    if not found.counterparts:
        parts.append(Text(f"No row with another decision is shown: {found.no_counterpart}."))
        return Group(*parts)
    head = Text.assemble(("Nearest rows with another decision", "bold"), (f", of {found.looked_among}", "dim"))
    parts += [head, Text(NOT_CAUSES, style="dim")]
    for other in found.counterparts:
        parts += _counterpart(other)
    return Group(*parts)


def _kept_words(found: Explanation) -> str:
    check = found.about.check
    if check is None:
        return "Explained now with the model in force, not kept by a check."
    said = f"Kept by check {check.id} of {check.planned_at:%Y-%m-%d %H:%M} UTC: {verdict_title(check).lower()}"
    others = len(found.kept_by) - 1
    return f"{said}; {others} other check{'s' if others > 1 else ''} kept it as well" if others > 0 else said


def _facts(found: Explanation) -> Iterable[Text]:
    explainer = found.about.explainer
    if found.prediction is not None and explainer is not None:
        of = "" if found.explained_class is None else f", class {found.explained_class}"
        yield Text(f"prediction  {number(found.prediction, 4)} ({explainer.scale}{of}), recomputed")
    logged = "not logged" if found.logged_prediction is None else number(found.logged_prediction, 4)
    yield Text(f"logged      {logged}")
    if found.no_decision:
        yield Text(f"decision    none: {found.no_decision}")
    if found.logged is not None:
        yield Text(f"served      {logged_words(found.logged)}")


def _waterfall(steps: tuple[Step, ...], places: int) -> Table:
    """Bars on one scale: where each step begins and ends."""
    ends = [step.end for step in steps]  # each of the others starts where one of them ends
    low, high = min(ends), max(ends)
    width = (high - low) or 1.0

    def column(value: float) -> int:
        return round((BAR - 1) * (value - low) / width)

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(overflow="fold", min_width=name_width(step.label for step in steps))
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True)
    for step in steps:
        edge = step.kind in ("base", "prediction")
        first, last = (column(step.end),) * 2 if edge else sorted((column(step.start), column(step.end)))
        mark = "◆" if edge else ("█" if step.value >= 0 else "▒") * (last - first + 1)
        said = decimal(step.value, places)
        table.add_row(
            step.label,
            said if edge or step.value <= 0 else f"+{said}",
            " " * first + mark,
            style="bold" if edge else None,
        )
    return table


def _features(found: Explanation) -> Table:
    shown = found.features[:SHOWN_FEATURES]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("feature", overflow="fold", min_width=name_width(feature.name for feature in shown))
    table.add_column("value", overflow="fold", justify="right")
    table.add_column("attribution", no_wrap=True, justify="right")
    if found.logged is not None:
        table.add_column("logged", no_wrap=True, justify="right")
    table.add_column("in the reference", overflow="fold", min_width=16)
    for feature in shown:
        logged = [] if found.logged is None else [signed(feature.logged)]
        said = (feature.name, value_text(feature.value), signed(feature.attribution), *logged, feature.standing.words)
        table.add_row(*said)
    return table


def _counterpart(other: Counterpart) -> Iterable[RenderableType]:
    name = f"holdout row {other.row_id}" if other.holdout else other.row_id
    head = f"{name}: {other.said}; distance {number(other.distance)}"
    yield Text()
    yield Text(head)
    if not other.values:
        said = (
            f"differs most in {', '.join(other.differs)}" if other.differs else "every input that is kept is the same"
        )
        yield Padding(Text(said), (0, 0, 0, 2))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for title in ("differs in", "here", "there"):
        table.add_column(title, overflow="fold", justify="left" if title == "differs in" else "right")
    for pair in other.values:
        table.add_row(pair.column, value_text(pair.here), value_text(pair.there))
    yield Padding(table, (0, 0, 0, 2))
    if other.others:
        yield Padding(Text(f"and in {other.others} more", style="dim"), (0, 0, 0, 2))
