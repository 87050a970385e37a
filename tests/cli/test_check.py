from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.cli import options

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


@pytest.mark.parametrize(
    "command", [["check", "--at", QUIET], ["backfill", "--since", QUIET, "--until", "2024-02-20T00:00Z"]]
)
def test_a_slot_whose_check_failed_is_checked_again_once_that_was_put_right(
    in_service: Path, xdrift: Xdrift, command: list[str]
) -> None:
    Path("log.parquet").rename("elsewhere.parquet")
    assert xdrift("check", "--at", QUIET).code == 3
    Path("elsewhere.parquet").rename("log.parquet")

    ran = xdrift(*command, "--json")

    assert ran.code == 0
    (check,) = xdrift("check", "--at", QUIET, "--json").json["checks"]
    assert (check["state"], check["check"]["outcome"], check["check"]["verdict"]) == ("finished", "succeeded", "none")
    (note,) = [note for note in check["check"]["notes"] if "failed" in note]
    assert "(sampling)" in note
    assert "log.parquet" in note


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


def test_a_time_between_two_slots_is_refused_with_the_nearest_ones(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("check", "--at", "2024-02-21T10:00Z", "--json")

    assert ran.code == 2
    assert ran.error["error"] == "--at is no planned slot of late-flights"
    assert "2024-02-19T00:00Z or 2024-02-26T00:00Z" in ran.error["expected"]
    assert ran.error["next"] == "xdrift check late-flights --at 2024-02-19T00:00Z"
    late = xdrift("check", "--at", "2024-03-11T08:00Z", "--json")
    assert late.error["next"].endswith("2024-03-11T00:00Z")  # the next slot is still to come


def test_the_table_says_what_its_numbers_mean(in_service: Path, xdrift: Xdrift) -> None:
    out = " ".join(xdrift("check", "--at", DRIFTED).out.split())

    assert "recent rows now against the reference (total view)" in out
    assert "docs/concepts.md" in out


def test_a_failed_check_is_set_like_every_other_error(in_service: Path, xdrift: Xdrift) -> None:
    Path("log.parquet").rename("log2.parquet")

    lines = xdrift("check", "--at", QUIET).out.splitlines()

    assert any(line.startswith("error: ") for line in lines)
    for word in ("seen:", "expected:", "next:"):
        assert any(line.startswith(f"  {word}") for line in lines), word
    assert "did you mean log2.parquet" in " ".join("".join(lines).split())


def test_a_column_that_is_no_longer_written_fails_and_names_the_job(in_service: Path, xdrift: Xdrift) -> None:
    import pandas as pd

    pd.read_parquet("log.parquet").drop(columns="wind_kmh").to_parquet("log.parquet", index=False)

    ran = xdrift("check", "--at", QUIET)

    assert ran.code == 3
    assert "if the serving job stopped writing a column, repair that job" in " ".join(ran.out.split())


def test_a_slot_that_was_checked_is_told_without_the_libraries_of_a_check(in_service: Path, xdrift: Xdrift) -> None:
    assert xdrift("check", "--at", QUIET).code == 0
    asked = (
        "import sys; from multiprocessing import forkserver; from monitor.cli import main, options; "
        "from datetime import datetime, UTC; options.utc_now = lambda: datetime(2024, 3, 11, 9, 30, tzinfo=UTC); "
        f"code = main(['check', '--at', '{QUIET}']); "
        "heavy = [name for name in ('xgboost', 'shap', 'pandas', 'fastapi') if name in sys.modules]; "
        "sys.stderr.write(f'{code} {heavy} {forkserver._forkserver._forkserver_pid}')"
    )
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert "checked before, nothing was done now" in ran.stdout
    assert ran.stderr == "0 [] None"  # nor were they imported in a process that checks are forked from


def test_a_locked_database_is_named_while_it_is_waited_for(
    in_service: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "_TOLD_AFTER", timedelta(seconds=0.2))
    monkeypatch.setattr(options, "_WAIT", timedelta(seconds=1))
    with closing(sqlite3.connect("xdrift.db", isolation_level=None)) as other:
        for lock in ("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"):
            other.execute(lock)
            began = time.monotonic()
            ran = xdrift("check", "--at", QUIET)
            took = time.monotonic() - began
            told = xdrift("check", "--at", QUIET, "--json")
            other.execute("ROLLBACK")

            assert ran.code == 3
            assert ran.err.startswith("waiting for the database sqlite:///")
            assert "xdrift.db ...\nerror: store sqlite:///" in ran.err
            assert took < 5
            assert "xdrift.db" in told.error["error"]


def test_a_database_in_a_folder_that_is_not_there_is_called_that(in_service: Path, xdrift: Xdrift) -> None:
    with Path("xdrift.yaml").open("a") as file:
        file.write("store: {url: 'sqlite:////nowhere/at/all/x.db'}\n")

    for words in (["check"], ["db", "upgrade"], ["reference", "list"]):
        ran = xdrift(*words, "--json")
        assert ran.code == 3
        assert ran.error["next"] == "create the directory or correct store.url"
