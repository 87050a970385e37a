"""`xdrift report`: files, summaries, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Xdrift


def test_the_latest_week_is_reported_in_all_forms(in_service: Path, xdrift: Xdrift) -> None:
    assert xdrift("check", "late-flights").code == 1

    ran = xdrift("report", "weekly")

    folder = in_service / "reports" / "2024-W10"
    assert ran.code == 0, ran.err
    assert "1 monitor: 1 severe (late-flights)" in ran.out
    assert "the first to open is reports/2024-W10/index.html" in ran.out
    assert {path.name for path in folder.rglob("*.*")} == {
        "index.html", "index.md", "index.json", "late-flights.html", "late-flights.md", "late-flights.json"
    }  # fmt: skip
    page = (folder / "monitors" / "late-flights.html").read_text()
    assert "wind_kmh looks converted" in page
    assert not list(in_service.rglob(".*.html*"))


def test_json_holds_the_report_and_the_files(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("report", "weekly", "--week", "2024-W09", "--format", "json", "--directory", "out", "--json")

    assert ran.json["week"] == "2024-W09"
    assert [Path(name).name for name in ran.json["files"]] == ["late-flights.json", "index.json"]
    (one,) = ran.json["monitors"]
    assert (one["monitor"], one["state"], one["counts"]["done"]) == ("late-flights", "nothing", 0)
    assert json.loads((in_service / "out" / "2024-W09" / "index.json").read_text())["week"] == "2024-W09"


def test_a_compliance_report_says_first_what_it_does_not_cover(in_service: Path, xdrift: Xdrift) -> None:
    xdrift("check", "late-flights")

    ran = xdrift("report", "compliance", "--period", "2024-Q1")

    assert ran.code == 0, ran.err
    assert "2024-Q1: 1 monitor, 1 check, 1 severe episode" in ran.out
    assert "late-flights: The period is not over: figures are up to 2024-03-11 09:30 UTC." in ran.out
    assert "There is no explanation log" in ran.out
    text = (in_service / "reports" / "compliance-2024-Q1.md").read_text()
    assert "| Checks run | 1 |" in text
    assert "| Personal data found in explanations | not known: no explanation log |" in text


def test_an_unknown_monitor_week_period_and_format_are_refused_with_the_next_step(
    in_service: Path, xdrift: Xdrift
) -> None:
    for words, seen in (
        (("weekly", "--monitor", "late-flight"), "late-flight"),
        (("weekly", "--week", "2024-10"), "2024-10"),
        (("weekly", "--format", "pdf"), "pdf"),
        (("compliance", "--period", "Q1"), "Q1"),
    ):
        ran = xdrift("report", *words, "--json")
        assert ran.code == 2
        assert ran.error["seen"] == seen
        assert ran.error["expected"]
        assert ran.error["next"]
    assert not (in_service / "reports").exists()


def test_a_directory_that_cannot_be_written_is_an_error_of_its_own(in_service: Path, xdrift: Xdrift) -> None:
    (in_service / "taken").write_text("a file")

    ran = xdrift("report", "weekly", "--directory", "taken", "--json")

    assert ran.code == 3
    assert "give another one with --directory" in ran.error["next"]


def test_the_command_to_decide_with_finds_the_same_years_later(in_service: Path, xdrift: Xdrift) -> None:
    xdrift("check", "late-flights", "--at", "2024-03-04T00:00Z")
    xdrift("report", "weekly", "--week", "2024-W09")
    (one,) = json.loads((in_service / "reports" / "2024-W09" / "index.json").read_text())["monitors"]
    command = next(each["command"] for each in one["decisions"] if each["command"])
    assert command == "xdrift diagnose late-flights --at 2024-03-04T00:00:00Z"
    xdrift("check", "late-flights")

    ran = xdrift(*command.split()[1:], "--json")

    assert ran.json["at"] == "2024-03-04T00:00:00+00:00"
    assert "as of the check of 2024-03-04 00:00 UTC" in xdrift(*command.split()[1:]).out


def test_a_time_before_every_check_names_the_first_there_is(in_service: Path, xdrift: Xdrift) -> None:
    xdrift("check", "late-flights")

    ran = xdrift("diagnose", "late-flights", "--at", "2020-01-01T00:00Z", "--json")

    assert ran.code == 2
    assert "2020-01-01" in ran.error["seen"]


def test_a_week_without_any_check_names_the_latest_that_has_some(in_service: Path, xdrift: Xdrift) -> None:
    nothing = xdrift("report", "weekly", "--week", "2024-W09")
    assert "--week" not in nothing.out

    xdrift("check", "late-flights")
    ran = xdrift("report", "weekly", "--week", "2024-W09")
    later = xdrift("report", "weekly", "--week", "2024-W12")

    assert ran.code == later.code == 0
    for each in (ran, later):
        assert (
            "no check looked at this week; the latest week with checks: xdrift report weekly --week 2024-W10"
            in each.out
        )
    assert "latest week with checks" not in xdrift("report", "weekly", "--week", "2024-W10").out


def test_a_narrow_terminal_indents_evidence_and_keeps_commands_whole(
    in_service: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    xdrift("check", "late-flights")
    known = xdrift("diagnose", "late-flights", "--json").json

    lines = xdrift("diagnose", "late-flights").out.splitlines()

    assert all(f"next: {step}" in lines for step in known["next_steps"])
    first = next(i for i, line in enumerate(lines) if line.startswith("1. "))
    last = next(i for i, line in enumerate(lines) if not line and i > first)
    evidence = [line for line in lines[first:last] if not line[:2].rstrip(".").isdigit()]
    assert len(evidence) > sum(len(step["evidence"]) for step in known["steps"]), "something is wrapped"
    assert all(line.startswith("   ") for line in evidence)


def test_a_monitor_that_was_just_registered_waits_for_its_first_slot(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("diagnose", "late-flights", "--json")

    assert (ran.code, ran.json["branch"]) == (3, "waiting")
    assert ran.json["conclusion"] == "Nothing was checked yet: the first check is due by 2024-03-18 00:00 UTC."
    assert "wait, or look now: xdrift check late-flights" in ran.json["next_steps"]
