"""The verdict in words that a person on call understands. Every clause rests on a fact; none says more than it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.drift.evidence import evidence_lines, row_change
from monitor.drift.feature_words import SHOWN, raised_features
from monitor.drift.ratios import percent_words
from monitor.drift.segment_words import farthest, hidden
from monitor.types import Contribution, Verdict, View

if TYPE_CHECKING:
    from monitor.drift.assess import ViewResult
    from monitor.drift.facts import Facts
    from monitor.drift.inputs import InputDrift
    from monitor.drift.segments import Segments

__all__ = ["evidence_lines", "verdict_sentence"]

SERVED = {
    "pipeline": "What was served is not what is logged, though nothing drifted in what is logged",
    "explainer": "The serving system explains otherwise than the model does, though nothing drifted",
}
"""A gap that is alone, by its cause."""
SAME_ROWS = "on the same holdout rows"
WITHIN = ", attributions stayed within their thresholds"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What the sentence is about."""

    views: Mapping[View, ViewResult]
    contributions: Sequence[Contribution]
    facts: Facts
    marks: Sequence[InputDrift]
    segments: Segments

    def raised(self, view: View) -> bool:
        return view in self.views and bool(self.views[view].level)

    @property
    def data_raised(self) -> bool:
        return self.raised("traffic") or bool(self.segments.level)

    @property
    def sum_alone(self) -> bool:
        """Neither model nor data is over a threshold alone, both together are."""
        return self.raised("total") and not self.same_rows and not self.data_raised

    @property
    def same_rows(self) -> str:
        """What moved on the same rows: raised features, and predictions that moved together; empty when nothing did."""
        raised = f"{SAME_ROWS} {self.features('holdout')}" if self.raised("holdout") else ""
        return "; ".join(filter(None, (raised, self.together)))

    @property
    def together(self) -> str:
        """What predictions of the same rows moved by together; empty when they did not."""
        if not self.facts.shift or not self.facts.shifted:
            return ""
        within = WITHIN if row_change(self.views["holdout"]) else ", attributions did not"
        return self.facts.shift.text + ("" if self.raised("holdout") else within)

    def features(self, over: View, *raised_in: View) -> str:
        return raised_features(self.contributions, self.views, over, raised_in=raised_in)


def verdict_sentence(
    verdict: Verdict,
    views: Mapping[View, ViewResult],
    contributions: Sequence[Contribution],
    facts: Facts,
    marks: Sequence[InputDrift],
    segments: Segments,
) -> str:
    """One to three sentences for people."""
    case = _Case(views=views, contributions=contributions, facts=facts, marks=marks, segments=segments)
    if verdict == "none":
        calm = "Nothing drifted: the model explains recent predictions as it did when the reference was made."
        return calm + _quiet_model(case)
    if verdict == "unknown":
        return f"Could not judge recent predictions: {facts.thin}."
    if facts.served and facts.gap and not (case.data_raised or case.same_rows or case.raised("total")):
        return f"{SERVED[facts.served.cause]}: {facts.served.text}."
    if verdict == "model" or (verdict == "both" and not case.raised("holdout")):
        return f"{_model_clause(case)}. {_by_model(case)}{_data_as_well(case)}"
    if verdict == "explainer":
        return _explainer(case)
    if verdict == "pipeline":
        return f"A feature pipeline changed: {_marks(case)}. In {_where(case)}{_model_as_well(case)}"
    if verdict == "data":
        return f"{_data_clause(case)}: in {_where(case)}{_model_as_well(case)}"
    other = f"A feature pipeline changed as well: {_marks(case)}." if _marks(case) else "The data changed as well."
    together = f"Together, {case.features('total', 'holdout', 'traffic')}."
    clause = ": ".join(filter(None, (_model_clause(case), case.together)))
    return f"{clause}. {other} {together}{farthest(segments, views.get('traffic'))}"


def _marks(case: _Case) -> str:
    """What was seen of a broken pipeline; empty when nothing was."""
    served = case.facts.served
    otherwise = served.text if served and case.facts.gap and served.cause == "pipeline" else ""
    return "; ".join(mark.text for mark in case.marks[:SHOWN]) or otherwise


def _where(case: _Case) -> str:
    """Which recent rows moved and how: all, a segment that the whole hides, or all against the reference."""
    if case.sum_alone:
        return f"recent predictions, against the reference, {case.features('total')}. Most of what moved is the data's."
    if not case.raised("traffic"):
        return f"{hidden(case.segments)}."
    whole = f"recent predictions {case.features('traffic')}."
    return whole + farthest(case.segments, case.views.get("traffic"))


def _by_model(case: _Case) -> str:
    if case.sum_alone:
        words = f"In recent predictions, against the reference, {case.features('total')}. Most of it is the model's."
    else:
        words = f"{_capital(case.same_rows)}."
    return f"{words} The explainer changed as well{_what(case)}." if case.facts.explainer_changed else words


def _capital(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"


def _what(case: _Case) -> str:
    return f" ({'; '.join(case.facts.changes)})" if case.facts.changes else ""


def _model_clause(case: _Case, also: str = "") -> str:
    facts = case.facts
    if facts.model_changed and not facts.labelled:
        return f"The model file was replaced{also} (no version label is configured)"
    if facts.model_changed and not facts.version_changed:
        return f"The model was replaced{also} without a new version label (silent retrain)"
    if facts.model_changed:
        return f"A new model version is in force{also}"
    return f"The model answers differently{also} although its file is the same"


def _data_clause(case: _Case) -> str:
    """That the model did not change is said only where nothing says that it did."""
    facts = case.facts
    if case.same_rows:
        return "The data changed most"
    judged = "holdout" in case.views and not case.views["holdout"].reason
    if facts.model_changed or facts.explainer_changed or case.facts.moved or not judged:
        return "The data changed"
    return "The data changed, the model did not"


def _model_as_well(case: _Case) -> str:
    """What the same rows say beside drifted data."""
    if not case.same_rows:
        return _quiet_model(case)
    facts = case.facts
    if facts.model_changed or (case.facts.moved and not facts.explainer_changed):
        changed = _model_clause(case, " as well")
        changed += f", and the explainer changed{_what(case)}" if facts.explainer_changed else ""
    elif facts.explainer_changed:
        changed = f"The explainer changed as well{_what(case)}"
    else:
        changed = "Explanations changed as well although model and explainer are the same"
    return f" {changed}: {case.same_rows}."


def _quiet_model(case: _Case) -> str:
    """A changed model or explainer whose explanations of the same rows are within the thresholds."""
    facts = case.facts
    changed = ["the model file"] if facts.model_changed else []
    changed += [f"the explainer{_what(case)}"] if facts.explainer_changed else []
    if changed:
        return f" {_capital(' and '.join(changed))} changed, {_of_same_rows(case)}."
    return " Predictions of the same rows moved although the model file is the same." if case.facts.moved else ""


def _of_same_rows(case: _Case) -> str:
    if "holdout" not in case.views or case.views["holdout"].reason:
        return "on the same rows that was not judged"
    moved = row_change(case.views["holdout"])
    if not moved:
        return "its explanations did not"
    size = percent_words(moved) if moved >= 0.01 else "less than 1%"
    return f"explanations of the same rows moved by {size} of their size, within the thresholds"


def _data_as_well(case: _Case) -> str:
    """What recent rows say beside a changed model."""
    if not case.data_raised:
        return ""
    if marks := _marks(case):
        return f" A feature pipeline changed as well: {marks}."
    return f" The data changed as well: in {_where(case)}"


def _explainer(case: _Case) -> str:
    facts, what, until = case.facts, _what(case), "it is put back"
    raised = case.features("total" if case.sum_alone else "holdout")
    moved = "; ".join(filter(None, (raised, case.together)))
    if not facts.explainer_changed:
        until = "the cause is found"
        said = "Explanations of the same rows changed although model and explainer are the same"
    elif facts.model_changed:
        said = f"The explainer changed{what}, and a new model file predicts the same but is explained otherwise"
    elif case.facts.moved:
        said = f"The explainer changed{what}, and predictions moved although the model file is the same"
    else:
        said = f"The explainer changed{what}, not the model: the same model gives other explanations of the same rows"
    marks = f" A feature pipeline changed as well: {_marks(case)}." if case.data_raised and _marks(case) else ""
    return f"{said}, {moved}.{marks} Results are not comparable until {until} or a new reference is accepted."
