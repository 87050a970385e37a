"""The decision tree over what a store may hold: which branch, with which evidence, and what to do next."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.diagnose import diagnose
from monitor.diagnose.model import Diagnosis, Facts
from monitor.diagnose.tree import TREE
from monitor.drift import Judgement
from monitor.types import Level, ServedLately, SloStatus, TelemetryStatus, View
from tests.drift.test_judge import SHIFTS, facts_of, judged
from tests.publish.fleet import NOW, fleet

QUIET, SEVERE, THIN = "forecast-weekly", "fraud-prod", "credit-limit"


def facts(name: str, **changes) -> Facts:
    reader = fleet()
    snapshot = reader.snapshot(NOW)
    status = next(one for one in snapshot.monitors if one.name == name)
    status = replace(status, telemetry=None, slos=())
    checks = reader.checks(name, limit=20)
    found = Facts(
        now=NOW,
        status=status,
        snapshot=snapshot,
        latest=reader.check(checks[0].id),
        judged=next((reader.check(one.id) for one in checks if one.outcome == "succeeded"), None),
        reference=next(one for one in reader.references(name) if one.active),
    )
    return replace(found, **changes)


def with_verdict(verdict: str, **changes) -> Facts:
    found = facts(QUIET)
    assert found.judged is not None
    check = replace(found.judged, verdict=verdict, sentence=f"It was the {verdict}.", **changes)
    return replace(found, judged=check, latest=check)


def answers(found: Diagnosis) -> dict[str, str]:
    return {question.branch: step.answer for question, step in zip(TREE, found.steps, strict=False)}


def test_a_quiet_monitor_is_fine_and_every_question_was_asked():
    found = diagnose(facts(QUIET))

    assert found.branch == "fine"
    assert [step.answer for step in found.steps] == ["no"] * len(TREE)


def test_a_replaced_model_is_found_with_its_sentence_and_the_commands_that_settle_it():
    found = diagnose(facts(SEVERE))

    assert found.branch == "model"
    assert found.steps[-1].evidence[0] == facts(SEVERE).judged.sentence
    assert "xdrift reference accept fraud-prod --author WHO --reason WHY" in found.next_steps[0]


def test_too_few_rows_end_the_walk_before_anything_is_said_about_drift():
    found = diagnose(facts(THIN))

    assert found.branch == "no_data"
    assert "data" not in answers(found)


@pytest.mark.parametrize("verdict", ["pipeline", "data", "explainer", "both"])
def test_each_verdict_leads_to_its_branch(verdict):
    found = diagnose(with_verdict(verdict))

    assert found.branch == {"both": "model"}.get(verdict, verdict)
    assert f"It was the {verdict}." in found.steps[-1].evidence


def test_a_failed_check_is_named_with_its_error():
    latest = replace(facts(QUIET).latest, outcome="failed", verdict="unknown", reason="sampling", error="no such table")

    found = diagnose(facts(QUIET, latest=latest))

    assert found.branch == "not_checked"
    assert "no such table" in found.steps[-1].evidence


def test_a_monitor_whose_last_check_is_two_intervals_old_is_not_checked():
    interval = timedelta(seconds=facts(QUIET).status.interval_seconds)
    seen = facts(QUIET).status.last_run_at

    on_time = diagnose(facts(QUIET, now=seen + 2 * interval + timedelta(minutes=9)))
    late = diagnose(facts(QUIET, now=seen + 2 * interval + timedelta(minutes=11)))

    assert (on_time.branch, late.branch) == ("fine", "not_checked")


def test_a_monitor_whose_interval_was_just_changed_is_waited_for():
    quiet = facts(QUIET)
    step, seen = timedelta(hours=1), quiet.status.last_run_at
    changed = replace(quiet.status, interval_seconds=step.total_seconds(), interval_since=seen + 20 * step)

    on_time = diagnose(facts(QUIET, status=changed, now=seen + 22 * step + timedelta(minutes=9)))
    late = diagnose(facts(QUIET, status=changed, now=seen + 22 * step + timedelta(minutes=11)))

    assert (on_time.branch, late.branch) == ("fine", "not_checked")


def test_a_monitor_without_any_check_is_not_checked():
    assert diagnose(facts(QUIET, latest=None, judged=None)).branch == "not_checked"


def test_three_monitors_in_the_same_trouble_share_a_cause():
    found = facts(QUIET)
    monitors = tuple(replace(one, levels={"traffic": 2}) for one in found.snapshot.monitors)

    shared = diagnose(replace(found, snapshot=replace(found.snapshot, monitors=monitors)))
    two_of_three = (*monitors[:2], replace(monitors[2], levels={}))
    alone = diagnose(replace(found, snapshot=replace(found.snapshot, monitors=two_of_three)))

    assert (shared.branch, alone.branch) == ("shared", "fine")

    trends = tuple(replace(one, levels={"trend": 2}) for one in found.snapshot.monitors)
    assert diagnose(replace(found, snapshot=replace(found.snapshot, monitors=trends))).branch == "fine"


def test_another_reference_in_force_than_the_checks_makes_results_incomparable():
    found = facts(QUIET)

    assert diagnose(replace(found, reference=replace(found.reference, id="0" * 16))).branch == "reference"
    assert diagnose(replace(found, reference=None)).branch == "reference"


READ = TelemetryStatus(watermark=NOW, last_success_at=NOW, consecutive_failures=0, latency_threshold=0.2)
NOTHING = ServedLately(predictions=0, unexplained=0, explanations=0, errors=0, slow=0)
WELL = ServedLately(predictions=1000, unexplained=10, explanations=990, errors=0, slow=10)


def served(
    found: Facts, lately: ServedLately = WELL, *, telemetry: TelemetryStatus = READ, **remaining: float | None
) -> Facts:
    """With an explanation log, what it said of the last hour, and these budgets left."""
    objectives = {"coverage": 0.95, "latency": 0.95, "errors": 0.99, "privacy": 1.0}
    slos = tuple(
        SloStatus(slo=name, objective=objective, period_seconds=30 * 86400, remaining=remaining.get(name, 1.0))
        for name, objective in objectives.items()
    )
    return replace(found, status=replace(found.status, telemetry=telemetry, slos=slos), served=lately)


def test_serving_fails_when_its_log_cannot_be_read_or_the_last_hour_went_wrong():
    outage = replace(WELL, unexplained=400)
    unreadable = replace(READ, consecutive_failures=3)

    assert diagnose(served(facts(QUIET))).branch == "fine"
    assert diagnose(served(facts(QUIET), telemetry=unreadable)).branch == "serving"
    found = diagnose(served(with_verdict("pipeline"), outage))
    assert found.branch == "serving"
    assert found.steps[-1].evidence == ("coverage in the last hour: 60%, objective 95%",)
    assert not any("poll" in step for step in found.next_steps)


def test_two_unexplained_predictions_of_a_quiet_hour_are_no_failing_serving():
    quiet_hour = ServedLately(predictions=3, unexplained=2, explanations=1, errors=0, slow=0)

    assert diagnose(served(facts(QUIET), quiet_hour)).branch == "fine"
    assert diagnose(served(facts(QUIET), replace(quiet_hour, unexplained=3))).branch == "serving"


@pytest.mark.parametrize("spent", ["coverage", "latency", "errors", "privacy"])
@pytest.mark.parametrize("lately", [WELL, NOTHING])
def test_a_budget_spent_weeks_ago_hides_no_broken_pipeline_and_is_still_told(spent, lately):
    found = diagnose(served(with_verdict("pipeline"), lately, **{spent: 0.0}))

    assert found.branch == "pipeline"
    beside = next(step for step in found.steps if step.answer == "yes" and step.question != found.steps[-1].question)
    assert beside.evidence[0] == f"{spent}: 0% of the error budget left"
    assert ("Personal data" in found.conclusion) == (spent == "privacy")
    assert len(found.next_steps) > 2


def test_a_spent_budget_is_the_answer_where_nothing_else_is_wrong():
    assert diagnose(served(facts(QUIET), coverage=-0.4)).branch == "budget"
    assert diagnose(served(facts(QUIET), privacy=0.0)).branch == "privacy"
    both = diagnose(served(facts(QUIET), privacy=0.0, errors=-1.0))
    assert both.branch == "privacy"
    assert "error budget" in both.conclusion
    assert diagnose(served(facts(QUIET, judged=None), coverage=-0.4)).branch == "budget"


def test_an_hour_under_its_objective_is_told_before_its_budget_is_spent():
    found = diagnose(served(facts(QUIET), replace(WELL, unexplained=60)))

    assert found.branch == "budget"
    lines = next(step.evidence for step in found.steps if step.answer == "yes")
    assert lines == ("coverage in the last hour: 94%, objective 95%",)


def test_nothing_is_to_be_done_where_nothing_is_wrong():
    assert diagnose(facts(QUIET)).next_steps == ()


def test_what_was_never_judged_is_unclear_and_not_fine():
    found = facts(QUIET, judged=None)

    assert diagnose(found).branch == "unclear"


def test_a_check_of_the_past_is_walked_over_as_it_was_and_is_not_called_late():
    found = with_verdict("pipeline")
    years_later = found.latest.planned_at + timedelta(days=2000)

    past = diagnose(replace(found, now=years_later, past=True))

    assert past.branch == "pipeline"
    assert "It was the pipeline." in past.steps[-1].evidence
    assert past.at == found.latest.planned_at
    assert not any("daemon" in step for step in past.next_steps)
    assert diagnose(replace(found, now=years_later)).branch == "not_checked"


def test_a_failed_check_of_the_past_is_run_again_as_that_one():
    latest = replace(facts(QUIET).latest, outcome="failed", verdict="unknown", reason="sampling", error="no such table")
    failed = facts(QUIET, latest=latest, judged=None)
    status = replace(failed.status, consecutive_failures=3)

    past = diagnose(replace(failed, status=status, past=True))

    again = f"xdrift check {status.name} --at {latest.planned_at:%Y-%m-%dT%H:%M:%SZ}"
    assert any(step.endswith(again) for step in past.next_steps), past


def test_questions_that_only_the_present_answers_are_not_asked_of_the_past():
    found = with_verdict("data")
    monitors = tuple(replace(one, levels={"traffic": 2}) for one in found.snapshot.monitors)
    shared = replace(found, snapshot=replace(found.snapshot, monitors=monitors))

    past = diagnose(replace(shared, past=True))

    assert past.branch == "data"
    assert [step.question for step in past.steps] == [
        question.text for question in TREE if question.branch not in ("shared", "serving", "privacy", "budget")
    ]
    assert diagnose(shared).branch == "shared"
    assert diagnose(replace(facts(QUIET), past=True)).branch == "fine"


# --- no conclusion says more than the check --------------------------------------------------------------------


def of_judgement(seen: Judgement, **levels: Level) -> Diagnosis:
    """Walked over a check that says this."""
    found = with_verdict(seen.verdict, level=seen.level, levels=levels, evidence=seen.evidence)
    check = replace(found.judged, sentence=seen.sentence)
    return diagnose(replace(found, judged=check, latest=check))


WORDS = ("changed", "unchanged")


def every_check():
    """(what was judged, the diagnosis) over the decision table."""
    for holdout, traffic, total in itertools.product((0, 1, 2), (0, 1, 2), (0, 1)):
        for words in itertools.product(WORDS, WORDS, SHIFTS, ("plain", "marked"), ("none", "pipeline", "explainer")):
            seen = judged(holdout, traffic, total=total, facts=facts_of(*words))
            levels: dict[View, Level] = {"holdout": holdout, "traffic": traffic, "total": total}
            yield seen, of_judgement(seen, **levels)


def test_a_conclusion_clears_the_model_only_where_the_checks_sentence_does():
    cleared = 0
    for seen, found in every_check():
        if found.branch == "data":
            assert ("the model did not" in found.conclusion) is ("the model did not" in seen.sentence), seen
        assert ("not the model" in found.conclusion) is ("not the model: " in seen.sentence), (seen, found)
        if "explainer changed" not in "".join(seen.evidence):
            assert "The explainer changed" not in found.conclusion, (seen, found)
        cleared += "the model did not" in found.conclusion
    assert cleared


def test_what_moved_on_the_same_rows_beside_drifted_data_is_concluded_and_settled():
    def of(model: str, explainer: str) -> Diagnosis:
        return of_judgement(judged(1, 2, facts=facts_of(model, explainer, "not comparable", "plain")), holdout=1)

    replaced, explained, same = of("changed", "unchanged"), of("unchanged", "changed"), of("unchanged", "unchanged")
    for found in (replaced, explained, same):
        assert found.conclusion == "The population changed most. What is said of the same rows changed as well."
    assert "roll the model back" in replaced.next_steps[-1]
    assert "put the explainer's library" in explained.next_steps[-1]
    assert "find out why the same model file" in same.next_steps[-1]


def test_a_new_file_that_explains_the_same_rows_as_before_is_told_beside_drifted_data():
    found = of_judgement(judged(0, 2, facts=facts_of("changed", "changed", "moved", "plain")), traffic=2)

    assert found.conclusion.startswith("The population changed, and so did the model file and the explainer: ")


def test_a_serving_system_that_explains_otherwise_voids_nothing_and_no_reference_closes_the_gap():
    seen = judged(0, 0, facts=facts_of("unchanged", "unchanged", "same", "plain", "explainer"))
    found = of_judgement(seen)

    assert (seen.verdict, found.branch) == ("explainer", "explainer")
    assert "nothing drifted, and results stand" in found.conclusion
    assert not any("accept" in step or "put the explainer" in step for step in found.next_steps)
    assert "version, settings, background" in found.next_steps[0]
    assert "cache" in found.next_steps[1]


def test_inputs_served_otherwise_than_logged_are_not_told_as_a_drift_of_what_is_logged():
    found = of_judgement(judged(0, 0, facts=facts_of("unchanged", "unchanged", "same", "plain", "pipeline")))

    assert found.branch == "pipeline"
    assert found.conclusion.startswith("Predictions are served from other inputs than those logged")


def test_explanations_that_changed_by_themselves_are_not_told_as_a_changed_explainer():
    found = of_judgement(judged(2, 0, facts=facts_of("unchanged", "unchanged", "same", "plain")), holdout=2)

    assert "although model and explainer are the same" in found.conclusion
    assert "put the explainer" not in found.next_steps[0]


def test_a_new_model_file_under_a_changed_explainer_is_named():
    found = of_judgement(judged(2, 0, facts=facts_of("changed", "changed", "same", "plain")), holdout=2)

    assert found.branch == "explainer"
    assert found.conclusion.startswith("The explainer changed, and the model file as well; ")


def test_a_broken_pipeline_beside_a_new_model_is_concluded_and_mended_before_a_reference_is_accepted():
    beside = 0
    for seen, found in every_check():
        if "A feature pipeline changed as well: " not in seen.sentence:
            continue
        beside += 1
        assert "A feature pipeline changed as well." in found.conclusion, seen
        mend = found.next_steps.index("fix or freeze the feature pipeline")
        assert mend == (1 if found.branch == "explainer" else 0), found
        accepted = [step for step in found.next_steps if "reference accept" in step]
        assert all(found.next_steps.index(step) > mend and "once the pipeline is mended" in step for step in accepted)
    assert beside


def test_drifted_data_beside_a_new_model_is_concluded():
    for levels in ((2, 2), (2, 1)):
        found = of_judgement(judged(*levels, facts=facts_of("changed", "unchanged", "moved", "plain")), holdout=2)
        assert found.conclusion == "The model answers differently on the same rows. The data changed as well."


def test_what_only_the_sum_of_both_parts_raised_is_not_laid_on_the_same_rows():
    found = of_judgement(judged(0, 0, total=1, facts=facts_of("changed", "unchanged", "moved", "plain")), total=1)

    assert found.conclusion == "Neither the same rows nor recent ones moved far enough alone; together they did."


# --- before the first check ------------------------------------------------------------------------------------


def registered(age: timedelta, **changes) -> Facts:
    found = facts(QUIET, latest=None, judged=None)
    since = found.now - age
    status = replace(found.status, created_at=since, interval_since=since, last_run_at=None)
    return replace(found, status=status, **changes)


def test_a_monitor_whose_first_check_is_not_due_yet_is_waited_for():
    week = timedelta(seconds=facts(QUIET).status.interval_seconds)
    found = diagnose(registered(timedelta(seconds=20)))

    assert found.branch == "waiting"
    assert answers(found)["not_checked"] == "unknown"
    assert f"due by {NOW - timedelta(seconds=20) + week:%Y-%m-%d %H:%M} UTC" in found.conclusion
    assert diagnose(registered(week + timedelta(minutes=9))).branch == "waiting"
    assert diagnose(registered(week + timedelta(minutes=11))).branch == "not_checked"


def test_the_first_planned_slot_says_when_the_first_check_is_due():
    def of(slot: datetime) -> Diagnosis:
        return diagnose(registered(timedelta(hours=2), first_slot=slot))

    assert f"{NOW + timedelta(hours=1):%H:%M} UTC" in of(NOW + timedelta(hours=1)).conclusion
    assert of(NOW - timedelta(hours=1)).branch == "not_checked"


def test_of_a_monitor_that_never_said_anything_nothing_is_called_out_of_date():
    found = diagnose(registered(timedelta(days=90), reference=None))

    assert found.conclusion == "The monitor cannot look: no check was ever finished."
    assert f"xdrift reference create {QUIET} --author WHO --reason WHY" in found.next_steps[0]


def test_a_missing_reference_is_told_with_the_command_that_makes_one():
    for found in (diagnose(facts(QUIET, reference=None)), diagnose(registered(timedelta(seconds=20), reference=None))):
        assert found.branch == "reference"
        assert found.conclusion == "There is no reference: nothing can be compared before one is made."
        assert found.next_steps[0] == f"xdrift reference create {QUIET} --author WHO --reason WHY"
    past = diagnose(facts(QUIET, reference=None, past=True))
    assert past.conclusion == "The reference of that check is not on record."
    other = replace(facts(QUIET).reference, id="0" * 16)
    assert diagnose(facts(QUIET, reference=other)).conclusion.startswith("Results before and after compare with")
