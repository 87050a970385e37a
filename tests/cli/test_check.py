from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Xdrift

QUIET, DRIFTED, EMPTY = "2024-02-19T00:00Z", "2024-03-04T00:00Z", "2023-06-05T00:00Z"


def test_a_week_as_before_exits_0(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("check", "late-flights", "--at", QUIET)

    assert ran.code == 0
    assert "No drift" in ran.out


def test_a_week_with_a_changed_unit_exits_1_and_names_the_feature(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("check", "late-flights", "--at", DRIFTED)

    assert ran.code == 1
    assert "wind_kmh" in ran.out
    assert "Evidence" in ran.out


def test_a_window_without_predictions_exits_3(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("check", "--at", EMPTY)

    assert ran.code == 3
    assert "Unknown" in ran.out
    assert "next:" in ran.out


def test_a_slot_is_checked_once_and_told_again(in_service: Path, xdrift: Xdrift) -> None:
    first = xdrift("check", "--at", DRIFTED, "--json")
    second = xdrift("check", "--at", DRIFTED, "--json")

    assert (first.code, second.code) == (1, 1)
    (one,), (two,) = first.json["checks"], second.json["checks"]
    assert (one["state"], two["state"]) == ("done", "finished")
    assert one["check"] == two["check"]
    assert "checked before, nothing was done now" in xdrift("check", "--at", DRIFTED).out


def test_without_a_time_the_latest_planned_slot_is_checked(in_service: Path, xdrift: Xdrift) -> None:
    (found,) = xdrift("check", "--json").json["checks"]

    assert found["planned_at"] == "2024-03-11T00:00:00+00:00"
    assert found["monitor"] == "late-flights"


def test_a_check_that_failed_exits_3_and_says_what_to_do(in_service: Path, xdrift: Xdrift) -> None:
    Path("log.parquet").rename("elsewhere.parquet")

    ran = xdrift("check", "--at", QUIET)

    assert ran.code == 3
    assert "Check failed" in ran.out
    assert "log.parquet" in "".join(ran.out.split())
    assert "next:" in ran.out


def test_without_a_reference_no_slot_is_used_up(newcomer: Path, xdrift: Xdrift) -> None:
    xdrift("init", "--model", "late_flights.json", "--data", "holdout.parquet", "--predictions", "log.parquet")
    xdrift("db", "upgrade")

    for command in (["check", "--at", QUIET], ["backfill", "--since", QUIET]):
        ran = xdrift(*command)
        assert ran.code == 3
        assert "xdrift reference create late-flights" in ran.err

    xdrift("reference", "create", "late-flights", "--author", "ada", "--reason", "launch")
    assert xdrift("check", "--at", QUIET, "--json").json["checks"][0]["state"] == "done"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["check", "--at", "2024-02-19"], "--at has no time zone"),
        (["check", "--at", "2024-03-18T00:00Z"], "--at lies in the future"),
        (["check", "late-flight"], "no such monitor in the configuration"),
        (["backfill", "--since", "2024-02-19T00:00"], "--since has no time zone"),
        (["backfill", "--since", QUIET, "--until", "2024-02-20 00:00"], "--until has no time zone"),
        (["backfill", "--since", QUIET, "--until", QUIET], "the backfill would end before it begins"),
        (["backfill", "nobody", "--since", QUIET], "no such monitor in the configuration"),
    ],
)
def test_what_cannot_be_meant_exits_2(in_service: Path, xdrift: Xdrift, words: list[str], error: str) -> None:
    ran = xdrift(*words, "--json")

    assert ran.code == 2
    assert ran.error["error"] == error
    assert ran.error["next"]


def test_a_backfill_checks_every_slot_and_goes_on_where_it_was(in_service: Path, xdrift: Xdrift) -> None:
    first = xdrift("backfill", "--since", "2024-02-12T00:00Z", "--until", "2024-02-26T00:00Z", "--json")
    second = xdrift("backfill", "--since", "2024-02-12T00:00Z", "--json")

    assert (first.code, second.code) == (0, 0)
    assert (first.json["planned"], first.json["done"]) == (2, 2)
    assert (second.json["planned"], second.json["finished"], second.json["done"]) == (5, 2, 3)
    assert [check["level"] > 0 for check in second.json["checks"]] == [False, False, False, True, True]


def test_people_see_a_summary_of_a_backfill(in_service: Path, xdrift: Xdrift) -> None:
    out = xdrift("backfill", "--since", "2024-02-26T00:00Z", "--until", "2024-03-11T00:00Z").out

    assert out.splitlines()[0] == "2 slots: 2 checked now, 0 finished before."
    assert "2024-03-04 00:00  late-flights  severe" in out


def test_a_backfill_with_failed_checks_exits_3(in_service: Path, xdrift: Xdrift) -> None:
    Path("log.parquet").rename("elsewhere.parquet")

    ran = xdrift("backfill", "--since", "2024-02-12T00:00Z", "--until", "2024-02-19T00:00Z")

    assert ran.code == 3
    assert "1 failed" in ran.out


def test_the_database_upgrade_is_told_once(newcomer: Path, xdrift: Xdrift) -> None:
    xdrift("init", "--model", "late_flights.json", "--data", "holdout.parquet")

    first, second = xdrift("db", "upgrade", "--json"), xdrift("db", "upgrade", "--json")

    assert first.json["before"] is None
    assert second.json["before"] == second.json["after"] == first.json["after"]
    assert "already" in xdrift("db", "upgrade").out


def test_from_cron_only_what_keeps_checks_from_running_fails(in_service: Path, xdrift: Xdrift) -> None:
    assert xdrift("check", "--at", DRIFTED, "--exit-zero").code == 0
    assert xdrift("check", "--at", EMPTY, "--exit-zero").code == 0
    assert xdrift("check", "--at", DRIFTED).code == 1

    Path("xdrift.db").unlink()

    assert xdrift("check", "--exit-zero").code == 3
