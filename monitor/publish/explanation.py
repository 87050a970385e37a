"""One prediction explained: the same content for its page, the JSON API and `xdrift explain`."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.nearest import Decision, Ruler, outputs
from monitor.publish.counterfactuals import Counterpart, counterparts, outcome_words, remembered
from monitor.publish.logged import Logged, logged_gap
from monitor.publish.standing import Standing, histogram, standing
from monitor.publish.waterfall import Step, waterfall
from monitor.types import AttributionRow, Check, ExplainerRef, Profile

NOT_CAUSES = (
    "Real rows that got another decision, not causes: changing these inputs need not change the decision, and rows "
    "nearer than these may exist that nobody sent."
)
OWN_ROWS = "the rows that this check kept"
KEPT_BACK = Standing(words="kept back")
EXACT_ENOUGH = 1e-6
"""A gap of less, relative to max(1, abs(prediction)), is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an explanation belongs to."""

    monitor: str
    model_version: str | None
    model_digest: str | None
    explainer: ExplainerRef | None
    decision: Mapping[str, Any]
    """As a check keeps it."""
    tolerance: float | None
    """Of the gap between logged and recomputed attributions."""
    check: Check | None
    """None: explained now, kept by no check."""

    @classmethod
    def of(cls, check: Check) -> About:
        return cls(
            monitor=check.monitor,
            model_version=check.model_version,
            model_digest=check.model_digest,
            explainer=check.explainer,
            decision=check.decision,
            tolerance=check.served.get("tolerance"),
            check=check,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRow:
    """One feature of one prediction."""

    name: str
    column: str
    """Of the input: the name without its class."""
    value: Any
    """As it is stored: redacted, hashed or masked where the configuration says so."""
    attribution: float
    logged: float | None
    """As the serving system explained it."""
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    row_id: str
    about: About
    kind: str
    time: datetime | None
    segments: Mapping[str, str]
    prediction: float | None
    probability: float | None
    """Of the prediction, where log-odds are explained."""
    logged_prediction: float | None
    base_value: float
    outcome: str
    """The decision in words; empty where there is none."""
    no_decision: str | None
    """Why there is no decision."""
    explained_class: str | None
    """Where all classes are explained: the one decided for, whose attributions are shown."""
    classes: Mapping[str, tuple[float, float]] | None
    steps: tuple[Step, ...]
    features: tuple[FeatureRow, ...]
    """Largest attribution first."""
    distributions: tuple[Mapping[str, Any], ...]
    """Per input column with a distribution, in the order of the features."""
    logged: Logged | None
    counterparts: tuple[Counterpart, ...]
    no_counterpart: str | None
    looked_among: str
    """Whose rows counterparts are."""
    notes: tuple[str, ...]
    kept_by: tuple[Check, ...]
    """Every check that kept this row, the latest first, without their parts."""

    @property
    def gap(self) -> float:
        """What base value and attributions leave of the prediction."""
        return math.fsum(step.value for step in self.steps if step.kind == "gap")

    @property
    def adds_up(self) -> bool:
        return abs(self.gap) <= EXACT_ENOUGH * max(1.0, abs(self.prediction or 0.0))

    @property
    def shown_steps(self) -> tuple[Step, ...]:
        """Without a gap that is only rounding."""
        return tuple(step for step in self.steps if step.kind != "gap" or not self.adds_up)


def explanation(
    row: AttributionRow,
    about: About,
    *,
    profiles: Sequence[Profile],
    candidates: Sequence[AttributionRow],
    kept_by: Sequence[Check],
    from_holdout: bool = False,
    looked_among: str = OWN_ROWS,
    notes: tuple[str, ...] = (),
) -> Explanation:
    """Put together. `profiles`: of inputs, the reference's and those of the check; `candidates`: rows that may have
    another decision, of the check or, `from_holdout`, of the holdout."""
    rule = Decision.of(about.decision)
    left_out = set(about.decision.get("left_out") or ())  # a reference may be older than the wish to keep one back
    known = [one for one in profiles if one.feature not in left_out]
    reference = {one.feature: one for one in known if one.side != "traffic"}
    now = {one.feature: one for one in known if one.side == "traffic"}
    shown_class, base, prediction, values = _explained(row, rule)
    features = _features(row, values, shown_class, reference, left_out)
    columns = dict.fromkeys(feature.column for feature in features)
    ruler = Ruler.of(list(reference.values()))
    found = counterparts(row, candidates, rule, ruler, holdout=from_holdout) or remembered(row, rule)
    return Explanation(
        row_id=row.row_id,
        about=about,
        kind=row.kind,
        time=row.time,
        segments=row.segments,
        prediction=prediction,
        probability=rule.share(prediction),
        logged_prediction=row.logged_prediction,
        base_value=base,
        outcome=outcome_words(rule, row),
        no_decision=rule.reason,
        explained_class=shown_class,
        classes=row.classes,
        steps=() if prediction is None else waterfall(base, values, prediction),
        features=features,
        distributions=tuple(
            histogram(reference[name], now.get(name), row.inputs.get(name)) for name in columns if name in reference
        ),
        logged=logged_gap(row, tolerance=about.tolerance, exact=about.explainer is not None and about.explainer.exact),
        counterparts=found,
        looked_among="the holdout" if from_holdout or any(one.holdout for one in found) else looked_among,
        no_counterpart=None if found else rule.reason or _none_found(ruler),
        notes=notes,
        kept_by=tuple(kept_by),
    )


def _explained(row: AttributionRow, rule: Decision) -> tuple[str | None, float, float | None, Mapping[str, float]]:
    """Class, base value, prediction and attributions that are shown."""
    if not row.classes:
        return None, row.base_value, row.prediction, row.values
    names = list(row.classes)
    side = int(rule.sides(outputs([row]))[0])
    name = names[max(0, side)]
    base, prediction = row.classes[name]
    return name, base, prediction, {key: value for key, value in row.values.items() if key.endswith(f"[{name}]")}


def _features(
    row: AttributionRow,
    values: Mapping[str, float],
    shown_class: str | None,
    profiles: Mapping[str, Profile],
    left_out: Collection[str],
) -> tuple[FeatureRow, ...]:
    rows = []
    for name in sorted(values, key=lambda one: (-abs(values[one]), one)):
        column = name if shown_class is None else name.removesuffix(f"[{shown_class}]")
        value = row.inputs.get(column)
        rows.append(
            FeatureRow(
                name=name,
                column=column,
                value=value,
                attribution=values[name],
                logged=None if row.logged_values is None else row.logged_values.get(name),
                standing=KEPT_BACK if column in left_out else standing(profiles.get(column), value),
            )
        )
    return tuple(rows)


def _none_found(ruler: Ruler) -> str:
    if not ruler.names:
        return "every input is kept back or without a distribution, so no row can be called near"
    return "no row that this check kept, and none of the holdout, got another decision"
