"""The verdict: what changed, the model, the data, the pipeline or the explainer? docs/concepts.md shows the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.drift import sentence
from monitor.drift.assess import ViewResult
from monitor.drift.facts import Facts
from monitor.drift.inputs import InputDrift
from monitor.drift.segment_words import segment_lines
from monitor.drift.segments import NO_SEGMENTS, Segments
from monitor.types import Contribution, Level, Verdict, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    verdict: Verdict
    level: Level
    sentence: str
    evidence: tuple[str, ...]


def judge(
    views: Mapping[View, ViewResult],
    contributions: Sequence[Contribution],
    facts: Facts,
    segments: Segments = NO_SEGMENTS,
) -> Judgement:
    """Apply the decision table.

    The holdout view answers for the model and its explainer: its rows never change. The traffic view answers
    for the data and the pipeline: its model is the same on both sides. The severer side names the verdict;
    equal sides make `both`, except that a changed explainer is named alone, because it must be put right
    before anything else can be read. A view that could not be judged is never taken for a quiet one.
    Predictions of the same rows that moved together raise the model's side to their level: a new base value shows in no
    attribution.
    A segment is traffic seen closer (same model, new rows): it raises the traffic side to its own level.
    A gap between logged and recomputed attributions names its own cause when nothing else is raised, and makes raised
    traffic the pipeline's when the served outputs differ as well: then the logged inputs are not the served ones.
    """
    judged = "holdout" in views and views["holdout"].reason is None
    facts = replace(facts, thin=facts.thin or _unjudged(views), shift=facts.shift if judged else None)
    holdout, traffic, total = (_level(views, view) for view in ("holdout", "traffic", "total"))
    traffic = max(traffic, segments.level)
    marks = signals(views, facts, segments)
    model_side, data_side = _model_side(holdout, facts), _data_side(traffic, marks, facts)
    if facts.shifted:
        # Predictions moved together for certain: they need no other view to answer for.
        holdout = max(holdout, facts.shifted, 0 if holdout or traffic else total)
        model_side = _model_side(holdout, facts)
    elif holdout == traffic == 0 and total:
        # Neither part alone is enough, their sum is: the larger part answers for it.
        by_model = sum(abs(c.model_part) for c in contributions)
        by_data = sum(abs(c.data_part) for c in contributions)
        holdout, traffic = (total, 0) if by_model >= by_data else (0, total)
        model_side, data_side = _model_side(holdout, facts), _data_side(traffic, marks, facts)
    verdict = _combine(model_side, holdout, data_side, traffic, facts)
    level: Level = 0 if verdict == "unknown" else max(holdout, traffic) or facts.gap
    return Judgement(
        verdict=verdict,
        level=level,
        sentence=sentence.verdict_sentence(verdict, views, contributions, facts, marks, segments),
        evidence=(*sentence.evidence_lines(views, facts), *segment_lines(segments)),
    )


def _unjudged(views: Mapping[View, ViewResult]) -> str | None:
    """Why a view that the verdict rests on says nothing; None when all of them speak."""
    if not views:
        return "nothing was compared"
    for view in ("holdout", "traffic"):
        if view in views and views[view].reason:
            return f"{view} view, {views[view].reason}"
    return None


def _level(views: Mapping[View, ViewResult], view: View) -> Level:
    return views[view].level if view in views else 0


def _model_side(level: int, facts: Facts) -> Verdict:
    """Who answers for a change on the same rows."""
    if not level:
        return "none"
    if facts.model_changed:
        # New file: the model, unless it answers as before and only the explainer's settings moved.
        same = facts.prediction_shift is not None and not facts.moved
        return "explainer" if facts.explainer_changed and same else "model"
    if facts.explainer_changed:
        return "explainer"
    return "model" if facts.moved else "explainer"


def signals(
    views: Mapping[View, ViewResult],
    facts: Facts,
    segments: Segments = NO_SEGMENTS,
) -> tuple[InputDrift, ...]:
    """Pipeline marks that explain what traffic moved, alone or together with the model, strongest first.

    Marks on the inputs of raised features, and proven unit conversions of any feature that counts: correlated features
    share credit, so a broken input may show in the attributions of its companions. Marks are those of all traffic.
    """
    results = [views["traffic"]] if "traffic" in views else []
    results += segments.raised()
    if not any(result.level for result in results):
        # Neither side is over a threshold alone: what both moved together is left.
        results = [views["total"]] if "total" in views and not _level(views, "holdout") else []
    if not any(result.level for result in results):
        return ()
    columns: dict[str, bool] = {}
    for result in results:
        for name, level, counts in zip(result.feature_names, result.feature_levels, result.material, strict=True):
            column = facts.source_of.get(name, name)
            if level or counts:
                columns[column] = columns.get(column, False) or bool(level)
    marked = [
        facts.inputs[column]
        for column, raised in columns.items()
        if column in facts.inputs and facts.inputs[column].signal and (raised or facts.inputs[column].signal == "unit")
    ]
    return tuple(sorted(marked, key=lambda drift: -drift.psi))


def _data_side(level: int, marks: Sequence[InputDrift], facts: Facts) -> Verdict:
    """Who answers for new rows being explained differently."""
    if not level:
        return "none"
    served_otherwise = facts.served is not None and facts.gap and facts.served.cause == "pipeline"
    return "pipeline" if marks or served_otherwise else "data"


def _combine(model_side: Verdict, holdout: int, data_side: Verdict, traffic: int, facts: Facts) -> Verdict:
    if not holdout and not traffic:
        if facts.thin:
            return "unknown"
        return facts.served.cause if facts.served and facts.gap else "none"
    if not traffic:
        return model_side
    if not holdout:
        return data_side
    if model_side == "explainer":
        return "explainer" if holdout >= traffic else data_side
    if holdout == traffic:
        return "both"
    return model_side if holdout > traffic else data_side
