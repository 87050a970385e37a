"""What the page of one prediction shows beside its explanation, and the examples on the page of a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.publish.explanation import NOT_CAUSES, Explanation, FeatureRow
from monitor.publish.fleet_view import by_effect
from monitor.publish.logged import logged_words
from monitor.publish.phrases import decimals_for, number
from monitor.publish.predictions import EXAMPLES
from monitor.publish.reader import Reader
from monitor.publish.serialise import to_json
from monitor.types import AttributionRow, Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A feature with its attribution as a bar from the middle of 0 to 100."""

    feature: FeatureRow
    start: float
    width: float
    side: str
    """CSS class: more or less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionPage:
    headline: str
    bars: tuple[Bar, ...]
    decimals: int
    """Places of the attributions."""
    adds_up: str
    logged: str | None
    has_logged: bool
    not_causes: str
    left_out: tuple[str, ...]
    """Columns that are kept back."""
    data: Mapping[str, Any]
    """For the charts: JSON types only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Rows of a check in which its top mover has the largest attributions."""

    feature: str
    column: str
    decimals: int
    rows: tuple[AttributionRow, ...]


def prediction_page(found: Explanation) -> PredictionPage:
    """Everything the template needs, computed."""
    largest = max((abs(feature.attribution) for feature in found.features), default=0.0) or 1.0
    explainer = found.about.explainer
    data = {
        "unit": "" if explainer is None else explainer.scale,
        "steps": [
            {"kind": step.kind, "label": step.label, "value": step.value, "start": step.start, "end": step.end}
            for step in found.shown_steps
        ],
        "distributions": found.distributions,
    }
    return PredictionPage(
        headline=headline(found),
        bars=tuple(_bar(feature, largest) for feature in found.features),
        decimals=decimals_for(largest),
        adds_up=adds_up_words(found),
        logged=None if found.logged is None else logged_words(found.logged),
        has_logged=found.logged is not None,
        not_causes=NOT_CAUSES,
        left_out=tuple(found.about.decision.get("left_out") or ()),
        data=to_json(data),
    )


def headline(found: Explanation) -> str:
    """`Probability 0.73, at or above 0.5`."""
    if found.prediction is None:
        return "No prediction was kept"
    if found.probability is not None:
        said = f"Probability {number(found.probability)}"
    elif found.explained_class is not None:
        said = f"Output {number(found.prediction)}"
    else:
        scale = found.about.explainer.scale if found.about.explainer else ""
        said = f"{'Probability' if scale == 'probability' else 'Prediction'} {number(found.prediction)}"
    return f"{said}, {found.outcome}" if found.outcome else said


def adds_up_words(found: Explanation) -> str:
    """How close base value and attributions come to the prediction."""
    if not found.steps:
        return "There is no prediction to add up to."
    if found.gap == 0:
        return "Base value and attributions add up to the prediction exactly."
    if found.adds_up:
        return "Base value and attributions add up to the prediction, but for rounding."
    return f"Base value and attributions miss the prediction by {number(abs(found.gap))}: a step of its own shows it."


def examples(reader: Reader, check: Check) -> Examples | None:
    """None where the check has no feature that moved, or its rows are purged."""
    ordered = by_effect(check.contributions)
    if not ordered:
        return None
    feature = ordered[0].feature
    rows = tuple(reader.examples(check.id, feature, limit=EXAMPLES))
    if not rows:
        return None
    columns = [name for name in rows[0].inputs if feature == name or feature.startswith(f"{name}[")]
    return Examples(
        feature=feature,
        column=columns[0] if columns else feature,
        decimals=decimals_for(max(abs(row.values[feature]) for row in rows)),
        rows=rows,
    )


def _bar(feature: FeatureRow, largest: float) -> Bar:
    width = round(50 * abs(feature.attribution) / largest, 2)
    more = feature.attribution >= 0
    return Bar(
        feature=feature, start=50.0 if more else round(50 - width, 2), width=width, side="more" if more else "less"
    )
