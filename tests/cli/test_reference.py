from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import xgboost

from .conftest import Xdrift

WHO = ("--author", "grace", "--reason", "retrained on purpose")


@pytest.mark.parametrize("command", ["create", "accept"])
@pytest.mark.parametrize("missing", ["--author", "--reason"])
def test_nobody_makes_a_reference_without_name_and_reason(
    in_service: Path, xdrift: Xdrift, command: str, missing: str
) -> None:
    words = dict(zip(WHO[::2], WHO[1::2], strict=True))
    del words[missing]

    ran = xdrift("reference", command, "late-flights", *(word for pair in words.items() for word in pair), "--json")

    assert ran.code == 2
    assert missing in ran.error["error"]


@pytest.mark.parametrize(("option", "text"), [("--author", " "), ("--reason", "x" * 501), ("--reason", "one\ntwo")])
def test_who_and_why_are_a_line_of_text(in_service: Path, xdrift: Xdrift, option: str, text: str) -> None:
    ran = xdrift("reference", "accept", "late-flights", *WHO, option, text, "--json")

    assert ran.code == 2
    assert ran.error["error"] == f"{option} of the reference"
    assert ran.error["seen"]
    assert ran.error["expected"]
    assert option in ran.error["next"]
    assert xdrift("reference", "show", "late-flights", "--json").json["author"] == "ada"


def test_a_second_create_is_refused_and_points_to_accept(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("reference", "create", "late-flights", *WHO)

    assert ran.code == 2
    assert "xdrift reference accept late-flights" in ran.err


def test_accept_puts_a_new_one_in_force_and_keeps_the_old_one(in_service: Path, xdrift: Xdrift) -> None:
    (old,) = xdrift("reference", "list", "--json").json["references"]
    booster = xgboost.Booster(model_file="late_flights.json")
    booster[:20].save_model("late_flights.json")

    made = xdrift("reference", "accept", "late-flights", *WHO, "--json")

    assert made.code == 0
    listed = {one["id"]: one for one in xdrift("reference", "list", "late-flights", "--json").json["references"]}
    assert listed[made.json["id"]]["active"] is True
    assert listed[old["id"]]["active"] is False
    assert xdrift("reference", "show", old["id"][:8], "--json").json["author"] == "ada"


def test_accepting_the_same_explanations_again_is_told(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("reference", "accept", "late-flights", *WHO)

    assert ran.code == 0
    assert ran.out.startswith("Nothing changed:")


def test_show_takes_a_monitor_or_the_first_digits(in_service: Path, xdrift: Xdrift) -> None:
    by_name = xdrift("reference", "show", "late-flights", "--json").json

    assert xdrift("reference", "show", by_name["id"][:6], "--json").json == by_name
    assert by_name["reason"] == "launch"
    assert sum(by_name["importances"].values()) > 0


def test_people_see_who_why_and_what_counted(in_service: Path, xdrift: Xdrift) -> None:
    out = xdrift("reference", "show", "late-flights").out

    assert "by ada" in out
    assert "launch" in out
    assert "departure_hour" in out
    assert "in force" in out
    assert "launch" in xdrift("reference", "list").out


def test_an_unknown_reference_or_monitor_is_told(in_service: Path, xdrift: Xdrift) -> None:
    assert xdrift("reference", "show", "zzz", "--json").error["error"] == "no such reference"
    assert xdrift("reference", "list", "late-flight", "--json").error["next"] == "did you mean late-flights?"
    assert xdrift("reference", "create", "nobody", *WHO).code == 2


def test_before_the_first_reference_the_list_says_how_to_make_one(newcomer: Path, xdrift: Xdrift) -> None:
    xdrift("init", "--model", "late_flights.json", "--data", "holdout.parquet")

    without_tables = xdrift("reference", "list")
    assert without_tables.code == 3
    assert "xdrift db upgrade" in without_tables.err

    xdrift("db", "upgrade")
    assert "xdrift reference create MONITOR" in xdrift("reference", "list").out


def test_a_version_that_is_only_the_digest_is_told_once_and_periods_by_their_beginning(
    in_service: Path, xdrift: Xdrift
) -> None:
    out = xdrift("reference", "show", "late-flights").out

    (model,) = [line for line in out.splitlines() if line.startswith("model ")]
    assert model.split()[1] == "sha256"
    assert "periods that begin 2024-01-01 to 2024-01-15" in out


def test_periods_too_small_to_calibrate_on_are_told_so_that_the_check_counts_the_same(
    newcomer: Path, xdrift: Xdrift
) -> None:
    holdout = pd.read_parquet("holdout.parquet").head(1450)  # the 15th day has 9 rows
    holdout.to_parquet("holdout.parquet", index=False)
    xdrift("init", "--model", "late_flights.json", "--data", "holdout.parquet", "--predictions", "log.parquet")
    xdrift("db", "upgrade")

    made = xdrift("reference", "create", "late-flights", *WHO)
    checked = xdrift("check", "late-flights", "--at", "2024-02-26T00:00Z")

    told = " ".join(made.out.split())
    assert "15 periods that begin 2024-01-01 to 2024-01-15 (1 with under 20 rows, which thresholds leave aside)" in told
    assert "thresholds calibrated on 14 left-out periods" in checked.out
