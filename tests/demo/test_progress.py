"""What a person sees who runs the demo with its output in a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.demo import _progress
from monitor.demo.incidents import INCIDENTS
from monitor.demo.story import Week, to_try


def test_in_a_file_every_stage_and_week_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with _progress(quiet=False) as say:
        say("making the reference", None)
        for week in (1, 2):
            say("replaying the weeks", (week, 2))

    captured = capsys.readouterr()
    assert captured.err == "making the reference\nreplaying the weeks, 1 of 2\nreplaying the weeks, 2 of 2\n"
    assert captured.out == ""


def test_machines_are_told_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with _progress(quiet=True) as say:
        say("making the reference", None)

    assert capsys.readouterr() == ("", "")


def test_the_last_lines_name_the_folder_and_a_slot_with_an_incident() -> None:
    quiet = Week(
        week="2013-06-03", planned_at="2013-06-10T00:00:00+00:00", check_id="a", rows=1, verdict="none", level=0,
        moved=None, sentence="", truth=None, expected=("none",), right=None,
    )  # fmt: skip
    weeks = [
        replace(quiet, truth="reference period"),
        quiet,
        replace(quiet, planned_at="2013-08-05T00:00:00+00:00", truth=INCIDENTS[0].truth),
    ]

    told = to_try(Path("my demo/xdrift.yaml"), "late-arrivals", weeks, xdrift="xdrift")

    assert "are in my demo/" in told
    assert "xdrift check late-arrivals --at 2013-08-05T00:00:00+00:00 -c 'my demo/xdrift.yaml'" in told
    assert "xdrift diagnose late-arrivals --at 2013-08-05T00:00:00+00:00" in told
    assert "xdrift report weekly --week 2013-W31" in told, "the week that ended then"
    assert "--directory 'my demo/reports' -c" in told, "nothing is written outside of it"
