from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from monitor.drill import KINDS

from .conftest import Xdrift

BEFORE = ["--quiet", "1", "--checks", "1", "--until", "2024-02-27T00:00Z"]


def test_a_detected_incident_exits_0_and_answers_every_question(in_service: Path, xdrift: Xdrift) -> None:
    store = hashlib.sha256(Path("xdrift.db").read_bytes()).hexdigest()

    ran = xdrift("drill", "late-flights", "--inject", "unit:inbound_delay_min:60", *BEFORE)

    assert (ran.code, ran.err) == (0, "")
    for words in (
        "in check 1 with the incident, 1 w after",
        "inbound_delay_min named first",
        "pipeline, which is right",
    ):
        assert words in ran.out
    assert hashlib.sha256(Path("xdrift.db").read_bytes()).hexdigest() == store


def test_an_incident_that_nobody_is_told_about_exits_1(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("drill", "--inject", "unit:temperature_c:1.01", *BEFORE)

    assert ran.code == 1
    assert "no, in none of 1 checks" in ran.out
    assert "none named, pipeline would be right" in ran.out


def test_machines_get_every_check_and_the_conclusion(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("drill", "--inject", "scale:wind_kmh:2", *BEFORE, "--json")

    before, after = ran.json["checks"]
    assert ran.code == 0
    assert before["injected"] is None
    assert after["injected"]["verdict"] == "model"
    assert ran.json["conclusion"]["delay_checks"] == 1
    assert ran.json["conclusion"]["named_first"] is True
    assert ran.json["expected"] == ["model"]


def test_the_control_tells_how_often_the_monitor_speaks_up_by_itself(in_service: Path, xdrift: Xdrift) -> None:
    quiet = xdrift("drill", "--inject", "none", *BEFORE)
    drifting = xdrift("drill", "--inject", "none", "--quiet", "1", "--checks", "1")

    assert (quiet.code, drifting.code) == (0, 1)
    assert "0 of 2 checks were raised without an incident" in quiet.out
    assert "2 of 2 checks were raised without an incident" in drifting.out


def test_the_list_shows_every_kind(newcomer: Path, xdrift: Xdrift) -> None:
    listed = xdrift("drill", "--list", "--json")

    assert [kind["name"] for kind in listed.json["kinds"]] == [kind.name for kind in KINDS]
    assert all(kind.form.split()[0] in xdrift("drill", "--list").out for kind in KINDS)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([], "nothing to inject"),
        (["--inject", "flood"], "no such kind of incident"),
        (["--inject", "unit:distance:2"], "monitor 'late-flights' has no input column of this name"),
        (["--inject", "none", "--until", "2024-02-27"], "--until has no time zone"),
        (["late-flight", "--inject", "none"], "no such monitor in the configuration"),
    ],
)
def test_a_drill_that_cannot_be_meant_exits_2(in_service: Path, xdrift: Xdrift, words: list[str], error: str) -> None:
    ran = xdrift("drill", *words, "--json")

    assert ran.code == 2
    assert ran.error["error"] == error
    assert ran.error["next"]


def test_one_of_several_monitors_has_to_be_named(in_service: Path, xdrift: Xdrift) -> None:
    text = Path("xdrift.yaml").read_text()
    (one,) = text.split("monitors:\n")[1:]
    Path("xdrift.yaml").write_text(text + one.replace("name: late-flights", "name: other"))

    ran = xdrift("drill", "--inject", "none", "--json")

    assert ran.code == 2
    assert ran.error["expected"] == "one of late-flights, other"


def test_a_source_that_is_away_exits_3(in_service: Path, xdrift: Xdrift) -> None:
    Path("log.parquet").rename("elsewhere.parquet")

    ran = xdrift("drill", "--inject", "none", *BEFORE)

    assert ran.code == 3
    assert "cannot be drilled" in ran.err
