from __future__ import annotations

from pathlib import Path

import pytest

from monitor.cli import options

from .conftest import NOW, Xdrift

START = ("maintenance", "start", "late-flights", "--until", "2024-03-11T18:00Z", "--reason", "CHG-42")


def test_a_maintenance_is_started_listed_and_ended(
    in_service: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = xdrift(*START, "--author", "ada", "--json").json
    assert (made["author"], made["reason"], made["until"]) == ("ada", "CHG-42", "2024-03-11T18:00:00+00:00")
    assert "2024-03-11 18:00, open" in xdrift("maintenance", "list").out

    monkeypatch.setattr(options, "utc_now", lambda: NOW.replace(hour=12, minute=0))
    ended = xdrift("maintenance", "end", "late-flights", "--author", "bo", "--json").json

    assert (ended["ended_at"], ended["ended_by"]) == ("2024-03-11T12:00:00+00:00", "bo")
    (listed,) = xdrift("maintenance", "list", "late-flights", "--json").json["maintenances"]
    assert listed == ended


def test_nobody_named_is_the_user_of_this_machine(
    in_service: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    assert xdrift(*START, "--json").json["author"] == "grace"


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("2024-03-11T18:00", "has no time zone"),
        ("2024-03-11T09:00Z", "the end of the maintenance is past"),
        ("2024-03-18T09:31Z", "a maintenance lasts 1w at most"),
    ],
)
def test_an_end_that_cannot_be_is_refused_with_the_next_step(
    in_service: Path, xdrift: Xdrift, until: str, said: str
) -> None:
    ran = xdrift("maintenance", "start", "late-flights", "--until", until, "--reason", "CHG-42")

    assert ran.code == 2
    assert said in ran.err
    assert "next:" in ran.err
    assert xdrift("maintenance", "list", "--json").json == {"maintenances": []}


@pytest.mark.parametrize(
    ("option", "text"), [("--reason", ""), ("--reason", "x" * 501), ("--reason", "\x1b[31mred"), ("--author", "")]
)
def test_a_reason_or_author_that_is_no_line_of_text_is_refused(
    in_service: Path, xdrift: Xdrift, option: str, text: str
) -> None:
    ran = xdrift(*START, option, text)  # the last of two counts

    assert ran.code == 2
    assert f"error: {option} of the maintenance" in ran.err
    assert "seen:" in ran.err
    assert "expected:" in ran.err
    assert f"next:     say wh{'y' if option == '--reason' else 'o'}" in ran.err
    assert "\x1b" not in ran.err
    assert xdrift("maintenance", "list", "--json").json == {"maintenances": []}


def test_a_monitor_that_is_not_configured_is_refused(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("maintenance", "end", "late-flight")

    assert ran.code == 2
    assert "did you mean late-flights?" in ran.err


def test_none_open_and_none_ever_are_said(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("maintenance", "end", "late-flights")

    assert ran.code == 2
    assert "is not in maintenance" in ran.err
    assert xdrift("maintenance", "list").out == "No maintenance was ever declared.\n"
