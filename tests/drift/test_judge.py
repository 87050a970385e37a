"""The verdict and its sentence, over every combination of facts."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from monitor.drift import Facts, InputDrift, Judgement, ViewResult, assess, decompose, judge, measure, prepare
from monitor.drift.catalogue import JUDGED
from monitor.drift.marks import Signal
from monitor.drift.segments import Segments, Unjudged
from monitor.drift.served import Served
from monitor.drift.shift import SHIFT_SEVERE, SHIFT_WARNING, CommonShift
from monitor.settings import DriftSettings
from monitor.types import Contribution, View

NAMES = ("AirTime", "dep_delay", "distance")
CALM = Facts(
    model_changed=False,
    version_changed=False,
    labelled=True,
    explainer_changed=False,
    changes=(),
    prediction_shift=0.0,
    inputs={},
    source_of=dict(zip(NAMES, NAMES, strict=True)),
)
MARK = InputDrift(column="distance", psi=2.1, signal="unit", text="distance looks converted, miles to kilometres")
QUIET_INPUT = InputDrift(column="distance", psi=0.3, signal=None, text="")
SHIFTS = {"moved": 0.4, "same": 1e-7, "not comparable": None}


@cache
def _judged() -> ViewResult:
    values = np.random.default_rng(0).normal(size=(100, 3))
    prepared = prepare(values, NAMES)
    return assess({"traffic": (prepared, measure(prepared, values))}, DriftSettings())["traffic"]


def view(name: View, level: int, *, reason: str | None = None, feature: str = "distance") -> ViewResult:
    """A view in which one feature has this level."""
    levels = dict.fromkeys(JUDGED, np.array([level if one == feature else 0 for one in NAMES]))
    return replace(_judged(), view=name, levels=levels, reason=reason)


def contributions(levels: Mapping[str, int] | None = None) -> tuple[Contribution, ...]:
    """AirTime gained by the model, distance lost by the data, dep_delay stayed."""
    return decompose(
        NAMES,
        reference=np.array([1.0, 1.0, 1.0]),
        holdout=np.array([3.0, 1.0, 1.0]),
        current=np.array([3.0, 1.0, 0.4]),
        levels={"distance": 2} if levels is None else levels,
    )


def judged(holdout: int, traffic: int | str, *, total: int = 0, facts: Facts = CALM, **changes: object) -> Judgement:
    facts = replace(facts, **changes)  # type: ignore[arg-type]
    views: dict[View, ViewResult] = {"holdout": view("holdout", holdout)}
    if traffic == "thin":
        facts = replace(facts, thin="12 predictions, 100 are needed")
    else:
        views["traffic"] = view("traffic", int(traffic))
        views["total"] = view("total", total)
    return judge(views, contributions(), facts)


def served(cause: str) -> Served | None:
    """A severe gap with this cause."""
    if cause == "none":
        return None
    return Served(
        logged=100, rows=100, beyond=90, tolerance=0.05, features={"distance": 0.4}, approximate=0, stale=0,
        other_version=0, unknown_features=(), absent_features=(), outputs_moved=None, factor=None, level=2,
        cause=cause,  # type: ignore[arg-type]
    )  # fmt: skip


def facts_of(model: str, explainer: str, predictions: str, inputs: str, gap: str = "none") -> Facts:
    return replace(
        CALM,
        served=served(gap),
        model_changed=model == "changed",
        explainer_changed=explainer == "changed",
        prediction_shift=SHIFTS[predictions],
        inputs={"distance": MARK if inputs == "marked" else QUIET_INPUT},
    )


# holdout, traffic, model file, explainer, predictions on the holdout, inputs -> verdict, level
TABLE: tuple[tuple[int, int | str, str, str, str, str, str, int], ...] = (
    # nothing moved, whatever changed in files
    (0, 0, "unchanged", "unchanged", "same", "plain", "none", 0),
    (0, 0, "changed", "changed", "moved", "marked", "none", 0),
    # thin traffic is never taken for a quiet one
    (0, "thin", "unchanged", "unchanged", "same", "plain", "unknown", 0),
    (0, "thin", "changed", "changed", "moved", "plain", "unknown", 0),
    (2, "thin", "changed", "unchanged", "moved", "plain", "model", 2),
    (1, "thin", "unchanged", "changed", "same", "plain", "explainer", 1),
    # same rows, new answer
    (1, 0, "changed", "unchanged", "moved", "plain", "model", 1),
    (2, 0, "changed", "unchanged", "same", "plain", "model", 2),
    (2, 0, "changed", "unchanged", "not comparable", "plain", "model", 2),
    (2, 0, "changed", "changed", "moved", "plain", "model", 2),
    (2, 0, "changed", "changed", "not comparable", "plain", "model", 2),
    (2, 0, "changed", "changed", "same", "plain", "explainer", 2),
    (2, 0, "unchanged", "changed", "moved", "plain", "explainer", 2),
    (2, 0, "unchanged", "changed", "same", "plain", "explainer", 2),
    (2, 0, "unchanged", "changed", "not comparable", "plain", "explainer", 2),
    (2, 0, "unchanged", "unchanged", "moved", "plain", "model", 2),
    (2, 0, "unchanged", "unchanged", "same", "plain", "explainer", 2),
    (2, 0, "unchanged", "unchanged", "not comparable", "plain", "explainer", 2),
    (2, 0, "changed", "unchanged", "moved", "marked", "model", 2),
    # same model, new rows
    (0, 1, "unchanged", "unchanged", "same", "plain", "data", 1),
    (0, 2, "unchanged", "unchanged", "same", "plain", "data", 2),
    (0, 2, "unchanged", "unchanged", "same", "marked", "pipeline", 2),
    (0, 1, "changed", "changed", "moved", "marked", "pipeline", 1),
    # both sides moved
    (1, 1, "changed", "unchanged", "moved", "plain", "both", 1),
    (2, 2, "changed", "unchanged", "moved", "plain", "both", 2),
    (2, 2, "changed", "unchanged", "moved", "marked", "both", 2),
    (2, 1, "changed", "unchanged", "moved", "plain", "model", 2),
    (2, 1, "changed", "unchanged", "moved", "marked", "model", 2),
    (1, 2, "changed", "unchanged", "moved", "plain", "data", 2),
    (1, 2, "changed", "unchanged", "moved", "marked", "pipeline", 2),
    (1, 1, "unchanged", "changed", "same", "plain", "explainer", 1),
    (2, 2, "unchanged", "changed", "same", "marked", "explainer", 2),
    (2, 1, "unchanged", "changed", "same", "plain", "explainer", 2),
    (1, 2, "unchanged", "changed", "same", "plain", "data", 2),
    (1, 2, "unchanged", "changed", "same", "marked", "pipeline", 2),
)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: " ".join(map(str, row)))
def test_decision_table(row: tuple[int, int | str, str, str, str, str, str, int]) -> None:
    holdout, traffic, model, explainer, predictions, inputs, verdict, level = row
    seen = judged(holdout, traffic, facts=facts_of(model, explainer, predictions, inputs))
    assert (seen.verdict, seen.level) == (verdict, level)


@pytest.mark.parametrize(("holdout", "traffic"), [(1, 0), (2, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)])
def test_a_drift_has_the_highest_level_of_its_two_sides(holdout: int, traffic: int) -> None:
    for facts in itertools.product(("changed", "unchanged"), ("changed", "unchanged"), SHIFTS, ("plain", "marked")):
        seen = judged(holdout, traffic, facts=facts_of(*facts))
        assert seen.level == max(holdout, traffic)
        assert seen.verdict not in ("none", "unknown")


# --- the page in docs/ -----------------------------------------------------------------------------------------


def documented(heading: str) -> list[dict[str, str]]:
    """Rows of the table under a heading of docs/concepts.md."""
    text = (Path(__file__).parents[2] / "docs" / "concepts.md").read_text(encoding="utf-8")
    lines = text.split(f"### {heading}\n")[1].split("\n#")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def fits(cell: str, value: str) -> bool:
    return cell == "any" or value in cell.split(" or ")


def written_verdict(
    holdout: str, traffic: str, model: str, explainer: str, predictions: str, inputs: str, gap: str
) -> str:
    """What a reader of the three tables concludes; exactly one row of each must fit."""
    (model_side,) = [
        row["answers"]
        for row in documented("Same rows, new answer")
        if fits(row["model file"], model)
        and fits(row["explainer"], explainer)
        and fits(row["predictions on the holdout"], predictions)
    ]
    (data_side,) = [
        row["answers"]
        for row in documented("Same model, new rows")
        if fits(row["inputs"], inputs) and fits(row["gap to what was served"], gap)
    ]
    (verdict,) = [
        row["verdict"]
        for row in documented("Verdict")
        if fits(row["holdout"], holdout)
        and fits(row["traffic"], traffic)
        and fits(row["same rows, new answer"], model_side)
    ]
    stands_for = {
        "same rows, new answer": model_side,
        "same model, new rows": data_side,
        "none, or the gap's answer": gap,
    }
    return stands_for.get(verdict, verdict)


def test_the_decision_table_in_the_docs_is_the_one_in_the_code() -> None:
    compared = 0
    words = ("changed", "unchanged")
    for holdout, traffic in itertools.product("012", ("0", "1", "2", "thin")):
        for facts in itertools.product(words, words, SHIFTS, ("plain", "marked"), ("none", "pipeline", "explainer")):
            seen = judged(int(holdout), traffic, facts=facts_of(*facts))
            assert seen.verdict == written_verdict(holdout, traffic, *facts), (holdout, traffic, facts)
            compared += 1
    assert compared == 12 * 72


def segment(level: int, *, name: str = "region=EU") -> ViewResult:
    return replace(view("traffic", level), segment=name)


def test_the_traffic_side_in_the_docs_is_the_one_in_the_code() -> None:
    rows = documented("Traffic and its segments")
    for whole, highest in itertools.product("012", ("0", "1", "2", "not judged")):
        (side,) = [
            row["traffic"] for row in rows if fits(row["traffic view"], whole) and fits(row["highest segment"], highest)
        ]
        parts = () if highest == "not judged" else (segment(int(highest)), segment(0, name="region=US"))
        thin = (Unjudged(name="region=FR", reason="3 rows", n_reference=3, n_current=3),)
        segments = Segments(judged=parts, unjudged=thin)
        for holdout, inputs in itertools.product((0, 1, 2), ("plain", "marked")):
            facts = facts_of("changed", "unchanged", "moved", inputs)
            views: dict[View, ViewResult] = {
                "holdout": view("holdout", holdout),
                "traffic": view("traffic", int(whole)),
            }
            seen = judge(views, contributions(), facts, segments)
            expected = judged(holdout, side, facts=facts)
            assert (seen.verdict, seen.level) == (expected.verdict, expected.level), (whole, highest, holdout, inputs)


SHIFTED = {"0": 0.9 * SHIFT_WARNING, "1": 1.1 * SHIFT_WARNING, "2": 1.1 * SHIFT_SEVERE}


def shift(level: str, *, base: bool = True) -> CommonShift:
    """Predictions on the holdout that moved together by this level."""
    return CommonShift(amount=1.5, size=SHIFTED[level], alike=base, base_values=(-1.0, 0.5) if base else None)


def test_the_same_rows_side_in_the_docs_is_the_one_in_the_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "concepts.md").read_text(encoding="utf-8")
    assert (
        f"more than {SHIFT_WARNING} standard deviations of the predictions is a warning, more than {SHIFT_SEVERE}"
        in (" ".join(text.split()))
    )
    rows = documented("Predictions that moved together")
    for whole, together in itertools.product("012", "012"):
        (side,) = [
            row["holdout"]
            for row in rows
            if fits(row["holdout view"], whole) and fits(row["predictions together"], together)
        ]
        for traffic, model, explainer in itertools.product((0, 1, 2, "thin"), *[("changed", "unchanged")] * 2):
            facts = facts_of(model, explainer, "moved", "plain")
            seen = judged(int(whole), traffic, facts=replace(facts, shift=shift(together)))
            expected = judged(int(side), traffic, facts=facts)
            assert (seen.verdict, seen.level) == (expected.verdict, expected.level), (whole, together, traffic)


def test_a_raised_whole_names_a_segment_only_when_it_moved_clearly_more() -> None:
    values = np.random.default_rng(0).normal(size=(400, 3))
    prepared = prepare(values, NAMES)

    def moved(by: float) -> ViewResult:
        current = values + np.array([0, 0, by])
        return assess({"traffic": (prepared, measure(prepared, current))}, DriftSettings())["traffic"]

    views: dict[View, ViewResult] = {"holdout": view("holdout", 0), "traffic": moved(1.0)}
    for by, named in ((1.2, False), (4.0, True)):
        segments = Segments(judged=(replace(moved(by), segment="region=EU"),))
        sentence = judge(views, contributions(), CALM, segments).sentence
        assert ("Most in segment region=EU: distance counts" in sentence) is named


# --- views that say nothing, views that add up -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["holdout", "traffic"])
def test_a_view_that_could_not_be_judged_makes_the_verdict_unknown_even_if_nobody_says_thin(name: View) -> None:
    views: dict[View, ViewResult] = {"holdout": view("holdout", 0), "traffic": view("traffic", 0)}
    views[name] = view(name, 0, reason="30 rows, 50 are needed")
    seen = judge(views, contributions({}), CALM)
    assert (seen.verdict, seen.level) == ("unknown", 0)
    assert f"{name} view, 30 rows, 50 are needed" in seen.sentence


def test_nothing_compared_is_unknown() -> None:
    assert judge({}, (), CALM).verdict == "unknown"


def test_a_sum_that_only_the_total_view_sees_is_answered_for_by_its_larger_part() -> None:
    assert judged(0, 0, total=2, model_changed=True).verdict == "model"
    assert judged(0, 0, total=1, model_changed=True).level == 1
    by_data = decompose(
        NAMES, reference=np.ones(3), holdout=np.ones(3), current=np.full(3, 3.0), levels={"distance": 2}
    )
    views: dict[View, ViewResult] = {
        "holdout": view("holdout", 0),
        "traffic": view("traffic", 0),
        "total": view("total", 2),
    }
    assert judge(views, by_data, CALM).verdict == "data"


@pytest.mark.parametrize("signal", ["missing", "constant", "unseen"])
def test_marks_on_inputs_of_features_that_did_not_move_prove_nothing(signal: Signal) -> None:
    mark = replace(MARK, column="dep_delay", signal=signal)
    assert judged(0, 2, inputs={"dep_delay": mark}).verdict == "data"


def test_a_proven_conversion_answers_although_only_companions_of_its_feature_moved() -> None:
    mark = replace(MARK, column="dep_delay")
    seen = judged(0, 2, inputs={"dep_delay": mark})
    assert (seen.verdict, seen.level) == ("pipeline", 2)
    assert judged(0, 0, inputs={"dep_delay": mark}).verdict == "none"


def test_a_conversion_of_a_feature_that_never_counted_explains_nothing() -> None:
    mark = replace(MARK, column="dep_delay")
    views: dict[View, ViewResult] = {"holdout": view("holdout", 0), "traffic": view("traffic", 2)}
    views["traffic"] = replace(views["traffic"], material=np.array([True, False, True]))
    facts = replace(CALM, inputs={"dep_delay": mark})
    assert judge(views, contributions({"distance": 2}), facts).verdict == "data"


def test_marks_are_found_through_the_source_column_of_an_attribution() -> None:
    facts = {"inputs": {"dist_raw": replace(MARK, column="dist_raw")}, "source_of": {"distance": "dist_raw"}}
    assert judged(0, 2, **facts).verdict == "pipeline"


def test_predictions_that_moved_together_in_a_holdout_that_was_not_judged_say_nothing() -> None:
    views: dict[View, ViewResult] = {"holdout": view("holdout", 0, reason="30 rows, 50 are needed")}
    seen = judge(views, contributions({}), replace(CALM, model_changed=True, prediction_shift=1.0, shift=shift("2")))
    assert (seen.verdict, seen.level) == ("unknown", 0)


# --- sentences -------------------------------------------------------------------------------------------------


def test_a_retrain_under_the_old_version_label_is_called_silent_and_names_feature_and_ratio() -> None:
    views: dict[View, ViewResult] = {"holdout": view("holdout", 2, feature="AirTime"), "traffic": view("traffic", 0)}
    seen = judge(views, contributions({"AirTime": 2}), replace(CALM, model_changed=True, prediction_shift=0.4))
    assert seen.sentence == (
        "The model was replaced without a new version label (silent retrain). "
        "On the same holdout rows AirTime counts 3.0x more."
    )


def test_a_retrain_under_a_new_version_label_is_not_silent() -> None:
    seen = judged(2, 0, model_changed=True, version_changed=True)
    assert seen.sentence.startswith("A new model version is in force.")


def test_a_model_that_answers_differently_from_the_same_file_says_so() -> None:
    assert "although its file is the same" in judged(2, 0, prediction_shift=0.4).sentence


def test_a_data_sentence_names_feature_ratio_and_cause() -> None:
    assert judged(0, 2).sentence == (
        "The data changed, the model did not: in recent predictions distance counts 60% less."
    )


def test_a_pipeline_sentence_says_what_happened_to_the_input() -> None:
    assert judged(0, 2, inputs={"distance": MARK}).sentence == (
        "A feature pipeline changed: distance looks converted, miles to kilometres. "
        "In recent predictions distance counts 60% less."
    )


def test_an_explainer_sentence_names_the_change_and_keeps_feature_names_as_they_are() -> None:
    views: dict[View, ViewResult] = {"holdout": view("holdout", 2, feature="AirTime"), "traffic": view("traffic", 0)}
    facts = replace(CALM, explainer_changed=True, changes=("shap 0.51.0 -> 0.52.0",))
    sentence = judge(views, contributions({"AirTime": 2}), facts).sentence
    assert sentence.startswith("The explainer changed (shap 0.51.0 -> 0.52.0), not the model")
    assert "AirTime counts 3.0x more" in sentence


def test_both_sides_are_named_together() -> None:
    sentence = judged(2, 2, model_changed=True).sentence
    assert "silent retrain" in sentence
    assert "The data changed as well. Together, distance counts 60% less." in sentence


def test_that_the_model_did_not_change_is_said_only_where_nothing_says_that_it_did() -> None:
    for holdout, traffic, total in itertools.product((0, 1, 2), repeat=3):
        for model, explainer, shift in itertools.product(("changed", "unchanged"), ("changed", "unchanged"), SHIFTS):
            facts = facts_of(model, explainer, shift, "plain")
            seen = judged(holdout, traffic, total=total, facts=facts)
            if "the model did not" in seen.sentence:
                assert (facts.model_changed, facts.explainer_changed, holdout) == (False, False, 0)
                assert shift != "moved"
            if "not the model: the same model" in seen.sentence:
                assert (facts.model_changed, facts.explainer_changed) == (False, True)
                assert shift != "moved"
            if traffic and seen.verdict == "data":
                assert seen.sentence.startswith("The data changed")
                assert ("did not: in" in seen.sentence) is (
                    not (facts.model_changed or facts.explainer_changed or shift == "moved" or holdout)
                )


def test_a_data_sentence_tells_of_a_model_that_changed_too() -> None:
    views: dict[View, ViewResult] = {"holdout": view("holdout", 1, feature="AirTime"), "traffic": view("traffic", 2)}
    facts = replace(CALM, model_changed=True, version_changed=True, prediction_shift=0.2)
    assert judge(views, contributions(), facts).sentence == (
        "The data changed most: in recent predictions distance counts 60% less. "
        "A new model version is in force as well: on the same holdout rows AirTime counts 3.0x more."
    )
    facts = replace(CALM, explainer_changed=True, changes=("engine tree -> permutation",))
    assert judge(views, contributions(), facts).sentence.endswith(
        " The explainer changed as well (engine tree -> permutation): on the same holdout rows AirTime counts 3.0x "
        "more."
    )


def test_a_segments_drift_beside_a_silent_retrain_tells_of_the_new_file() -> None:
    views: dict[View, ViewResult] = {"holdout": view("holdout", 0), "traffic": view("traffic", 0)}
    facts = replace(CALM, model_changed=True, prediction_shift=0.01)
    seen = judge(views, contributions(), facts, Segments(judged=(segment(2),)))
    assert seen.sentence.startswith("The data changed: in segment region=EU distance")
    assert seen.sentence.endswith("The model file changed, its explanations did not.")


def test_a_sum_that_only_the_total_view_sees_is_told_against_the_reference() -> None:
    seen = judged(0, 0, total=2, model_changed=True, version_changed=True, prediction_shift=0.2)
    assert seen.sentence == (
        "A new model version is in force. In recent predictions, against the reference, distance counts 60% less. "
        "Most of it is the model's."
    )


@pytest.mark.parametrize(("holdout", "traffic"), [(2, 2), (2, 1), (1, 2), (1, 1)])
@pytest.mark.parametrize("model", ["changed", "unchanged"])
def test_a_mark_of_a_broken_pipeline_is_in_the_sentence_whoever_answers(holdout: int, traffic: int, model: str) -> None:
    facts = facts_of(model, "changed" if model == "unchanged" else "unchanged", "moved", "marked")
    sentence = judged(holdout, traffic, facts=facts).sentence
    assert f"A feature pipeline changed{' as well' if holdout >= traffic else ''}: {MARK.text}. " in f"{sentence} "
    assert "data changed" not in sentence


def test_a_model_sentence_tells_of_data_that_moved_less() -> None:
    sentence = judged(2, 1, model_changed=True).sentence
    assert sentence.endswith(" The data changed as well: in recent predictions distance counts 60% less.")


def test_a_sentence_names_the_features_of_the_view_that_raised_the_level() -> None:
    views: dict[View, ViewResult] = {
        "holdout": view("holdout", 0),
        "traffic": view("traffic", 1, feature="AirTime"),
        "total": view("total", 2),
    }
    sentence = judge(views, contributions({"AirTime": 1, "distance": 2}), CALM).sentence
    assert "in recent predictions AirTime counts as much" in sentence
    assert "distance" not in sentence


def test_an_explainer_sentence_says_no_more_than_is_known() -> None:
    assert judged(2, 0).sentence.startswith(
        "Explanations of the same rows changed although model and explainer are the same, distance"
    )
    moved = judged(2, 0, explainer_changed=True, changes=("xgboost 2.1 -> 3.2",), prediction_shift=0.4).sentence
    assert moved.startswith(
        "The explainer changed (xgboost 2.1 -> 3.2), and predictions moved although the model file is the same"
    )
    replaced = judged(2, 0, explainer_changed=True, model_changed=True).sentence
    assert replaced.startswith(
        "The explainer changed, and a new model file predicts the same but is explained otherwise"
    )


def test_a_new_base_value_alone_is_told_with_what_it_was_and_is() -> None:
    facts = replace(CALM, model_changed=True, prediction_shift=0.4, shift=shift("1"))
    seen = judged(0, 0, facts=facts)
    assert seen.sentence == (
        "The model was replaced without a new version label (silent retrain). Every prediction on the holdout moved by "
        "+1.5, 0.28 of their standard deviation: the base value changed from -1 to 0.5, attributions did not."
    )
    assert seen.evidence[0].startswith("holdout view: warning, 0 of 3 features")
    assert any(line.startswith("every prediction on the holdout moved by +1.5") for line in seen.evidence)
    below = judged(0, 0, facts=replace(facts, shift=shift("0")))
    assert (below.verdict, below.level) == ("none", 0)


def test_predictions_that_moved_together_are_told_beside_whatever_else_moved() -> None:
    words = "rediction"  # every prediction, predictions
    for holdout, total, base in itertools.product((0, 2), (0, 2), (True, False)):
        for traffic, model, explainer in itertools.product((0, 1, 2, "thin"), *[("changed", "unchanged")] * 2):
            facts = replace(facts_of(model, explainer, "moved", "plain"), shift=shift("2", base=base))
            seen = judged(holdout, traffic, total=total, facts=facts)
            case = (holdout, total, base, traffic, model, explainer, seen.sentence)
            assert seen.verdict in ("model", "explainer", "data", "both"), case
            assert f"{words}{' on' if base else 's on'} the holdout moved" in seen.sentence, case
            # Nothing else can be read beside a changed explainer.
            told = holdout or (traffic in (1, 2) and seen.verdict != "explainer")
            assert ("distance" in seen.sentence) is bool(told), case
            for broken in ("  ", " .", ", .", ": .", " ,", ".."):
                assert broken not in seen.sentence, case


def test_a_quiet_new_model_file_is_mentioned() -> None:
    assert judged(0, 0, model_changed=True).sentence.endswith("The model file changed, its explanations did not.")


def test_an_unknown_sentence_gives_the_count() -> None:
    assert judged(0, "thin").sentence == "Could not judge recent predictions: 12 predictions, 100 are needed."


def test_the_features_that_moved_farthest_come_first_and_the_rest_are_counted() -> None:
    names = ["a", "b", "c", "d", "e"]
    start, moved = np.ones((100, 5)), np.array([1.5, 4.0, 0.001, 2.0, 1.02])
    prepared = prepare(start, names)
    views = assess({"traffic": (prepared, measure(prepared, start * moved))}, DriftSettings())
    parts = decompose(names, reference=np.ones(5), holdout=np.ones(5), current=moved, levels=dict.fromkeys(names, 2))
    sentence = judge(views, parts, CALM).sentence
    assert sentence.endswith("b counts 4.0x more; d counts 2.0x more; c no longer counts, and 2 more.")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (0.0, 0.0, "does not count"),
        (0.0, 1.0, "now counts, before it did not"),
        (1.0, 0.0, "no longer counts"),
        (1.0, 0.6, "counts 40% less"),
        (1.0, 1.0, "counts as much but differently"),
        (1.0, 1.5, "counts 50% more"),
        (1.0, 2.04, "counts 2.0x more"),
        (1e-300, 1.0, "counts over 1,000x more"),
        (1e-320, 1.0, "counts over 1,000x more"),
    ],
)
def test_ratios_in_words(before: float, after: float, words: str) -> None:
    from monitor.drift.ratios import ratio_words

    assert ratio_words(before, after) == words


def test_evidence_has_a_line_for_every_fact_the_verdict_rests_on() -> None:
    facts = replace(
        CALM, model_changed=True, explainer_changed=True, changes=("xgboost 2.1 -> 3.2",), inputs={"distance": MARK}
    )
    lines = judged(2, 1, facts=facts).evidence
    assert lines[0].startswith("holdout view: severe, 1 of 3 features")
    assert lines[1].startswith("traffic view: warning, 1 of 3 features")
    assert "model digest changed" in lines
    assert "version label unchanged" in lines
    assert "explainer changed: xgboost 2.1 -> 3.2" in lines
    assert MARK.text in lines
    assert "predictions on the holdout are the same" in judged(2, 1, facts=replace(CALM, prediction_shift=0.0)).evidence
    moved = judged(2, 1, facts=replace(CALM, prediction_shift=0.25)).evidence
    assert "predictions on the holdout moved by 0.25 of their standard deviation" in moved
    assert "traffic not judged: 12 predictions, 100 are needed" in judged(0, "thin").evidence


def test_a_model_without_a_version_label_is_told_so_and_not_called_a_new_version() -> None:
    seen = judged(2, 0, model_changed=True, version_changed=True, labelled=False, prediction_shift=0.2)
    assert seen.sentence.startswith("The model file was replaced (no version label is configured). ")
    assert "no version label is configured" in seen.evidence


def test_a_mark_that_only_the_sum_of_both_sides_raises_names_the_pipeline() -> None:
    facts = replace(CALM, inputs={"distance": MARK})
    parts = decompose(
        NAMES, reference=np.ones(3), holdout=np.ones(3), current=np.array([1.0, 1.0, 0.4]), levels={"distance": 2}
    )
    views = {name: view(name, 2 if name == "total" else 0) for name in ("holdout", "traffic", "total")}
    seen = judge(views, parts, facts)  # type: ignore[arg-type]
    assert (seen.verdict, seen.level) == ("pipeline", 2)
    assert MARK.text in seen.sentence
