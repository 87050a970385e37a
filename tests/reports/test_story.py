"""What is said of a week, and what is suggested: from facts, in plain sentences."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest
import typer

from monitor.cli import app
from monitor.reports.build import fleet_report
from monitor.reports.decide import DECISIONS
from monitor.reports.model import MonitorReport
from monitor.reports.render import monitor_markdown
from monitor.store.reported import Counted, IncidentLine, MessageLine
from monitor.types import Check, Maintenance, Verdict, Window
from tests.reports.records import (
    DAY,
    HOUR,
    NOW,
    WEEK,
    activation,
    budget,
    check,
    deployment,
    facts,
    feature,
    monitor,
    on,
    settings,
    unjudged,
)


def report(*checks: Any, parts: dict[str, Check] | None = None, schedule: str = "1w", **more: Any) -> MonitorReport:
    given = settings(schedule={"every": schedule})
    fleet = fleet_report(given, facts(*checks, **more), parts or {}, week=WEEK, now=NOW, version="0")
    return fleet.monitors[0]


def text(found: MonitorReport) -> str:
    return " ".join(found.story)


def test_a_quiet_week_reads_as_quiet_and_asks_for_nothing() -> None:
    found = report(check(0), check(1), check(2, level=2), features=(feature(0, now=1.2), feature(1)))

    assert found.state == "none"
    assert text(found).startswith("Nothing drifted")
    assert "for the second week in a row" in text(found)
    assert [one.action for one in found.decisions] == ["nothing"]
    assert found.questions == ()
    assert not re.search("severe|warning|more|less", text(found))


def test_a_week_without_checks_says_so_and_is_not_called_quiet() -> None:
    found = report(check(1))

    assert (found.state, found.counts.expected, found.counts.done) == ("nothing", 1, 0)
    assert "No check looked at this week, though 1 slot was planned" in text(found)
    assert "not a quiet week" in text(found)
    (asked,) = [one for one in found.decisions if one.action == "restore_checks"]
    assert asked.command == "xdrift backfill credit --since 2026-11-09T00:01Z --until 2026-11-16T00:01Z"


def test_a_week_before_the_monitor_was_there_is_no_fault() -> None:
    found = report(monitors=(monitor(created_at=NOW),), deployments=(), activations=())

    assert "watched since Mon 16 Nov 2026" in text(found)
    assert [one.action for one in found.decisions] == ["nothing"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (unjudged(), "The only check of the week could not judge: thin sample."),
        (unjudged(outcome="failed", reason="model_load"), "The only check of the week could not judge: model load."),
    ],
)
def test_a_week_that_could_not_be_judged_says_why_and_that_nothing_is_known(line: Any, said: str) -> None:
    found = report(line, unjudged(1))

    assert found.state == "unknown"
    assert said in text(found)
    assert "Nothing is known of this week." in text(found)
    assert "the second week in a row without a judgement" in text(found)
    assert found.decisions[0].action == "restore_checks"


def test_a_raised_week_leads_with_the_verdicts_sentence_and_says_since_when() -> None:
    found = report(
        check(0, level=2), check(1, level=1), check(2),
        features=(feature(0, now=2.0), feature(1, now=1.0)),
    )  # fmt: skip

    assert found.headline == "The data changed: age counts 2.0x more."
    assert "it has been like this since 2026-W45, now for the second week" in text(found)
    assert "In recent predictions, against last week's, age counts 2.0x more." in text(found)
    assert [(one.span, one.state, one.weeks) for one in found.episodes] == [("2026-W45 to W46", "severe", 2)]


def test_a_new_incident_is_told_from_one_that_goes_on() -> None:
    found = report(check(0, level=2), check(1), check(2), check(3, level=2))

    assert "the 2 weeks before had been quiet" in text(found)


def test_after_an_incident_the_first_quiet_week_names_it() -> None:
    found = report(check(0), check(1, level=2, verdict="pipeline"), check(2, level=2, verdict="pipeline"))

    assert found.headline == "Quiet again after 2 weeks (pipeline changed): nothing drifted."


@pytest.mark.parametrize(
    ("level", "outcome", "said"),
    [(2, "succeeded", "a fresh sample confirmed it"), (0, "succeeded", "a fresh sample did not confirm it"),
     (0, "unknown", "a fresh sample could not be judged")],
)  # fmt: skip
def test_what_the_fresh_sample_said_is_told(level: int, outcome: str, said: str) -> None:
    first = check(0, level=2)
    fresh = check(planned_at=WEEK.end + HOUR / 2, level=level, outcome=outcome, confirms=first.id)

    found = report(first, fresh)

    assert said in text(found)
    assert (found.counts.done, len(found.checks)) == (1, 2)
    assert ("wait for the next check" in found.decisions[0].text) is (level == 0 and outcome == "succeeded")


def test_weeks_that_were_explained_differently_are_not_compared() -> None:
    found = report(
        check(0, level=2, verdict="explainer", explainer_digest="f" * 64), check(1),
        features=(feature(0, now=9.0), feature(1)),
    )  # fmt: skip

    assert found.against_last_week.listed == ()
    assert "cannot be compared with last week" in text(found)


def test_movers_are_the_largest_changes_that_matter() -> None:
    now = [feature(0, "big", 5.0), feature(0, "small", 1.04), feature(0, "tiny", 0.002), feature(0, "gone", 0.0)]
    before = [feature(1, "big", 2.5), feature(1, "small", 1.0), feature(1, "tiny", 0.001), feature(1, "gone", 1.0)]

    found = report(check(0), check(1), features=(*now, *before))

    assert [(one.feature, one.words) for one in found.against_last_week.listed] == [
        ("big", "counts 2.0x more"), ("gone", "no longer counts")
    ]  # fmt: skip


def test_an_hourly_monitor_counts_its_checks_and_its_gaps() -> None:
    ends = [WEEK.start + (number + 1) * HOUR for number in range(160)]
    lines = [
        check(planned_at=end, window=Window(start=end - HOUR, end=end), level=2 if number < 3 else 0)
        for number, end in enumerate(ends)
    ]
    lines[10] = on(lines[10], outcome="failed", verdict="unknown", reason="timeout")

    found = report(*lines, schedule="1h")

    assert (found.counts.expected, found.counts.done, found.counts.severe, found.counts.failed) == (168, 160, 3, 1)
    assert "3 of 159 checks that judged were severe" in text(found)
    assert "The last check of the week was quiet again." in text(found)
    assert "1 check failed and 8 slots of 168 were not run." in text(found)
    assert found.decisions[0].text.startswith("It is over.")


def test_maintenance_is_told_and_takes_the_decision_away() -> None:
    planned = Maintenance(monitor="credit", start=WEEK.start, until=WEEK.start + DAY, author="bob", reason="CHG-1")

    found = report(check(0, level=2), maintenances=(planned,))

    assert "A maintenance was declared from Mon 9 Nov 2026, 00:00" in text(found)
    assert "drift was expected then" in text(found)
    assert [one.action for one in found.decisions] == ["nothing"]


def test_a_maintenance_declared_for_the_repair_does_not_excuse_what_began_before_it() -> None:
    repair = Maintenance(monitor="credit", start=WEEK.end - DAY, until=WEEK.end + DAY, author="bob", reason="repair")
    lines = [check(back, level=2, verdict="pipeline") for back in (0, 1)]

    found = report(*lines, maintenances=(repair,))

    assert found.decisions[0].action == "fix_pipeline"
    assert "bob: repair" in text(found)


def test_weeks_that_were_never_judged_are_not_said_to_hold_nothing() -> None:
    blind = fleet_report(
        settings(), facts(*(unjudged(back) for back in range(26))), {}, week=WEEK, now=NOW, version="0"
    )
    partly = fleet_report(settings(), facts(check(0), unjudged(1)), {}, week=WEEK, now=NOW, version="0")

    assert "None was judged." in monitor_markdown(blind.monitors[0], blind)
    assert "at least the 26th week in a row without a judgement" in " ".join(blind.monitors[0].story)
    assert "Nothing was found in the 1 week that could be judged." in monitor_markdown(partly.monitors[0], partly)


def with_evidence(line: Any, *evidence: str) -> dict[str, Check]:
    given = {name: getattr(line, name) for name in ("id", "monitor", "planned_at", "window", "started_at",
             "finished_at", "outcome", "verdict", "level", "reason", "sentence")}  # fmt: skip
    return {line.id: Check(model="m", evidence=evidence, error=None, seed=0, **given)}


@pytest.mark.parametrize(
    ("version", "evidence", "first"),
    [
        ("1", "model digest changed", "who replaced the model file without a new version label"),
        ("2", "model digest changed", "If the new version is wanted"),
        ("1", "model digest unchanged", "why the same model file answers otherwise"),
    ],
)
def test_a_model_verdict_is_decided_by_what_changed_in_the_file(version: str, evidence: str, first: str) -> None:
    line = check(0, level=2, verdict="model", model_version=version)

    found = report(line, parts=with_evidence(line, evidence), deployments=(deployment(25, "a"), deployment(0, "b")))

    assert first in found.decisions[0].text
    accepts = [one.command for one in found.decisions if one.action == "accept_reference"]
    assert accepts in ([], ["xdrift reference accept credit --author WHO --reason WHY"])


@pytest.mark.parametrize("verdict", [one for one in get_args(Verdict) if one not in ("none", "unknown")])
def test_every_verdict_has_a_decision_to_take(verdict: Verdict) -> None:
    found = report(check(0, level=2, verdict=verdict))

    assert found.decisions[0].action != "nothing"
    assert "{" not in " ".join(one.text + (one.command or "") for one in found.decisions)


def test_after_a_pipeline_fault_nobody_is_told_to_accept_it() -> None:
    found = report(check(0, level=2, verdict="pipeline"))

    assert found.decisions[0].action == "fix_pipeline"
    assert not any(one.action == "accept_reference" for one in found.decisions)
    assert "Do not accept a new reference" in found.decisions[1].text


def test_a_gap_to_what_was_served_asks_for_no_other_reference_and_no_other_explainer() -> None:
    said = "The serving system explains otherwise than the model does, though nothing drifted: 9 of 10 rows."
    found = report(check(0, level=1, verdict="explainer", sentence=said))

    assert [one.action for one in found.decisions] == ["ask_owner"]
    assert "results stand" in found.decisions[0].text
    assert "Who changed the explainer" not in " ".join(found.questions)


@pytest.mark.parametrize("verdict", ["model", "both"])
def test_beside_a_broken_pipeline_no_reference_is_accepted_for_the_new_model(verdict: Verdict) -> None:
    said = "The model changed. A feature pipeline changed as well: unit of age is 10 times as large."
    found = report(check(0, level=2, verdict=verdict, sentence=said))

    assert [one.action for one in found.decisions] == ["fix_pipeline", "ask_owner"]
    assert "Which release changed the feature, and what else does it feed?" in found.questions


def test_a_spent_budget_and_personal_data_ask_for_a_decision_even_in_a_quiet_week() -> None:
    leak = IncidentLine(monitor="credit", day=WEEK.start, kind="email", field="comment", n=3, first_seen=WEEK.start,
                        last_seen=WEEK.start)  # fmt: skip

    found = report(
        check(0), check(4), incidents=(leak,), budgets={"credit": (budget("checks", -0.5), budget("drift", 0.4))},
        budgets_before={"credit": (budget("checks", 0.5), budget("drift", 0.4))},
    )  # fmt: skip

    assert [one.action for one in found.decisions] == ["privacy", "review_objective"]
    assert "The error budget of checks is spent" in found.decisions[1].text
    said = {one.slo: one.words for one in found.budgets}
    assert said == {"checks": "spent 150% of what it may, 100% less than a week before", "drift": "40% left"}
    assert "personal data in explanations: email in field comment, 3 times" in found.incidents[0].text


def test_budgets_of_a_time_before_any_check_had_finished_are_not_known() -> None:
    late = on(check(0), finished_at=NOW + timedelta(weeks=9))

    found = report(late, budgets={"credit": (budget("freshness", -98.0), budget("coverage", 0.5))})

    assert {one.slo: one.remaining for one in found.budgets} == {"freshness": None, "coverage": 0.5}
    assert "made up for on" in found.checks[0].note


def test_what_came_into_force_is_told_in_words() -> None:
    lines = (deployment(9, "a" * 64), deployment(1, "b" * 64), deployment(0, "a" * 64))

    found = report(check(0), check(1), deployments=lines, activations=(activation(), activation(WEEK.start + DAY)))

    assert [one.text for one in found.changes] == [
        "The model file was put back to an earlier one (version 1)",
        "A new reference came into force on Tue 10 Nov (ada: launch)",
    ]


def test_alerts_are_told_by_change_and_channel() -> None:
    def message(channel: str, **more: Any) -> MessageLine:
        given = {
            "id": channel, "monitor": "credit", "channel": channel, "created_at": WEEK.start, "sent_at": None,
            "given_up": False, "withheld": False, "before": "none", "after": "severe", "check_id": "c1",
        }  # fmt: skip
        return MessageLine(**{**given, **more})

    told = (message("chat", sent_at=WEEK.start), message("pager", given_up=True), message("post"))

    (one,) = report(check(0, level=2), messages=told).alerts

    assert one.text == "severe drift, confirmed (before: quiet); chat delivered, pager given up, post waiting"


def test_an_old_reference_and_skipped_slots_leave_questions() -> None:
    found = report(
        check(0), activations=(activation(WEEK.start - timedelta(days=400)),),
        skipped=(Counted(monitor="credit", word="catch_up", detail="", n=4),),
    )  # fmt: skip

    assert any("is it still what the model should be held against" in one for one in found.questions)
    assert found.counts.skipped == 4
    assert "4 slots skipped: catch up" in {one.text for one in found.incidents}


def test_a_reference_made_after_the_week_is_told_as_that() -> None:
    judged = report(check(0), activations=())
    failed = report(unjudged(outcome="failed", reason="reference"), activations=())

    assert any("was made after this week" in one for one in judged.questions)
    assert any("no reference was made by the end of this week" in one for one in failed.questions)


def test_the_fleet_is_ordered_by_urgency_and_summed_up_in_one_line() -> None:
    names = ("quiet-one", "severe-one", "blind-one", "idle-one")
    lines = (check(0, "quiet-one"), check(0, "severe-one", level=2), unjudged(0, monitor="blind-one"))

    found = fleet_report(
        settings(*names), facts(*lines, monitors=tuple(monitor(name) for name in names)), {}, week=WEEK, now=NOW,
        version="0",
    )  # fmt: skip

    assert [one.monitor for one in found.monitors] == ["severe-one", "blind-one", "idle-one", "quiet-one"]
    assert found.headline == (
        "4 monitors: 1 severe (severe-one), 1 could not be judged (blind-one), 1 not looked at (idle-one) and 1 quiet."
    )
    assert [one.monitor for one in found.asking] == ["severe-one", "blind-one", "idle-one"]


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words name, and what is left of them."""
    found: Any = typer.main.get_command(app)
    while words and words[0] in getattr(found, "commands", {}):
        found, words = found.commands[words[0]], words[1:]
    return found, words


@pytest.mark.parametrize(
    "command", sorted({one.command for all_of in DECISIONS.values() for one in all_of if one.command})
)
def test_every_suggested_command_is_one_that_exists_with_these_options(command: str) -> None:
    filled = command.format(
        monitor="credit", check="2026-11-16T00:00:00Z", start="2026-11-09T00:00Z", end="2026-11-16T00:00Z"
    )
    _, *words = shlex.split(filled)

    found, rest = command_of(words)

    made = found.make_context("xdrift", rest)  # raises for an option or argument that there is not
    assert "credit" in str(made.params.values())


def test_a_demoted_tier_and_a_missing_version_do_not_disturb() -> None:
    found = report(on(check(0), model_version=None), monitors=(replace(monitor(), tier="other"),))

    assert (found.model_version, found.tier) == (None, "other")
