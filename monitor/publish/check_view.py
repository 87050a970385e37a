"""What the page of one check shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.publish.chart_data import chart_data
from monitor.publish.fleet_view import by_effect
from monitor.publish.phrases import (
    LEVELS,
    NEXT_STEPS,
    NUMBER_TITLES,
    State,
    check_state,
    decimals_for,
    ratio_sentence,
    stamp,
    verdict_title,
)
from monitor.publish.segments import SegmentRow, segment_rows, whole_findings
from monitor.publish.served_view import ServedPanel, served_panel
from monitor.publish.strip import Cell, cells
from monitor.types import VIEWS, Check, Contribution, HistoryPoint, ReferenceSummary, View

PREDICTION = "__prediction__"
"""Key of the prediction among the input columns."""
SEVERE_LEVEL = 2
FULL_BAR = 0.25
"""A PSI that fills the bar, unless another is larger: small ones must look small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """One feature: how much it counted, how much it counts now."""

    part: Contribution
    state: State
    words: str
    bar_then: float
    """0 to 100: importance on a scale on which the largest of all features is 100."""
    bar_now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRow:
    """One comparison: its level and the numbers of the whole model."""

    view: View
    state: State | None
    """None when the view was not judged."""
    raised: int
    """Features above level none."""
    tested: int
    numbers: tuple[tuple[str, float | None], ...]
    """Title and value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a check could not judge or run, and what to do."""

    why: str
    """Empty where the headline says it all."""
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The other one of a severe check and the check that looked at its monitor again."""

    words: str
    check_id: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPage:
    check: Check
    state: State
    title: str
    trouble: Trouble | None
    again: Again | None
    """None for a check that neither confirms one nor was looked at again."""
    movers: tuple[Mover, ...]
    views: tuple[ViewRow, ...]
    segments: tuple[tuple[SegmentRow, State | None], ...]
    """Each with its level's state, None where it was not judged."""
    served: ServedPanel | None
    """None where the sampled predictions have no logged attributions."""
    number_titles: tuple[str, ...]
    decimals: int
    """Places of the importances."""
    inputs: tuple[tuple[str, float, float], ...]
    """Input column, PSI and bar (0 to 100), largest first."""
    left_out: tuple[str, ...]
    """Input columns that are kept back, whose drift nobody looks at."""
    prediction_drift: float | None
    prediction_bar: float
    reference: ReferenceSummary | None
    strip: tuple[Cell, ...]
    previous: str | None
    following: str | None
    data: dict[str, object]
    """For the charts: JSON types only."""


def check_page(
    check: Check,
    *,
    history: Sequence[HistoryPoint],
    references: Sequence[ReferenceSummary],
    previous: str | None,
    following: str | None,
    confirmation: Check | None = None,
) -> CheckPage:
    """Everything the template needs, computed."""
    ordered = by_effect(check.contributions)
    views = tuple(_view_row(check, view) for view in VIEWS if view in check.levels or view in check.model_numbers)
    drift = {column: psi if math.isfinite(psi) else 0.0 for column, psi in check.input_drift.items()}
    full = max([FULL_BAR, *drift.values()])
    inputs = [
        (column, psi, round(100 * drift[column] / full, 2))
        for column, psi in check.input_drift.items()
        if column != PREDICTION
    ]
    return CheckPage(
        check=check,
        state=check_state(check),
        title=verdict_title(check),
        trouble=trouble(check),
        again=again(check, confirmation),
        movers=_movers(ordered),
        views=views,
        segments=tuple((row, None if row.level is None else LEVELS[row.level]) for row in segment_rows(check)),
        served=served_panel(check.served),
        number_titles=tuple(dict.fromkeys(title for row in views for title, _ in row.numbers)),
        decimals=decimals_for(max((part.importance_current for part in ordered), default=0.0)),
        inputs=tuple(sorted(inputs, key=lambda row: (-row[2], row[0]))),
        left_out=tuple(name for name in check.decision.get("left_out") or () if name not in check.input_drift),
        prediction_drift=check.input_drift.get(PREDICTION),
        prediction_bar=round(100 * drift.get(PREDICTION, 0.0) / full, 2),
        reference={reference.id: reference for reference in references}.get(check.reference_id or ""),
        strip=cells(history, here=check.id),
        previous=previous,
        following=following,
        data=chart_data(check, ordered, history),
    )


def again(check: Check, confirmation: Check | None) -> Again | None:
    """How a severe check and its confirming check came out, told on both pages."""
    if check.confirms is not None:
        return Again(words=f"A fresh sample {_came_out(check)}", check_id=check.confirms, link="the check before it")
    if confirmation is None:
        return None
    words = f"Looked at again on a fresh sample, which {_came_out(confirmation)} it:"
    return Again(words=words, check_id=confirmation.id, link=f"check of {stamp(confirmation.planned_at)}")


def _came_out(confirming: Check) -> str:
    if confirming.outcome != "succeeded":
        return "could not judge"
    return "confirms" if confirming.level == SEVERE_LEVEL else "does not confirm"


def trouble(check: Check) -> Trouble | None:
    """None for a check that judged. The error's own next step goes before the general one of its reason."""
    if check.outcome == "succeeded" and check.verdict != "unknown":
        return None
    general = NEXT_STEPS.get(check.reason or "", NEXT_STEPS["internal" if check.outcome == "failed" else "not_judged"])
    if not check.error:
        return Trouble(why="", next_step=general.replace("MONITOR", check.monitor))
    why, found, own = check.error.partition("; next: ")
    return Trouble(why=why, next_step=own if found else general.replace("MONITOR", check.monitor))


def _movers(ordered: Sequence[Contribution]) -> tuple[Mover, ...]:
    largest = max((max(part.importance_reference, part.importance_current) for part in ordered), default=0.0) or 1.0
    return tuple(
        Mover(
            part=part,
            state=LEVELS[part.level],
            words=ratio_sentence(part.importance_reference, part.importance_current),
            bar_then=round(100 * part.importance_reference / largest, 2),
            bar_now=round(100 * part.importance_current / largest, 2),
        )
        for part in ordered
    )


def _view_row(check: Check, view: View) -> ViewRow:
    findings = [one for one in whole_findings(check) if one.view == view and one.feature is not None]
    numbers = check.model_numbers.get(view, {})
    order = [*(name for name in NUMBER_TITLES if name in numbers), *sorted(set(numbers) - set(NUMBER_TITLES))]
    return ViewRow(
        view=view,
        state=LEVELS[check.levels[view]] if view in check.levels else None,
        raised=len({finding.feature for finding in findings if finding.level}),
        tested=len({finding.feature for finding in findings}),
        numbers=tuple((NUMBER_TITLES.get(name, name), numbers[name]) for name in order),
    )
