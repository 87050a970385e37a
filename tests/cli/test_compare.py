from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor import compare
from monitor.cli.compare_view import moved_table
from monitor.cli.output import console
from monitor.drift.catalogue import JUDGED

from .conftest import Ran, Xdrift

STATISTICS = ("psi", "ks", "stability", "wasserstein", "js", "kl")


def by_feature(ran: Ran) -> dict[str, dict[str, Any]]:
    return {row["feature"]: row for row in ran.json["features"]}


def test_equal_matrices_exit_0_with_every_statistic_exactly_0(newcomer: Path, xdrift: Xdrift) -> None:
    ran = xdrift("compare", "january.parquet", "january.parquet", "--json")

    assert ran.code == 0
    assert ran.json["verdict"] == "none"
    assert {row[name] for row in by_feature(ran).values() for name in STATISTICS} == {0.0}


def test_shifted_matrices_exit_1_and_name_the_shifted_features(newcomer: Path, xdrift: Xdrift) -> None:
    ran = xdrift("compare", "january.parquet", "shifted.parquet", "--json")

    assert ran.code == 1
    assert ran.json["verdict"] == "drift"
    assert {name for name, row in by_feature(ran).items() if row["level"]} == {"wind_kmh", "temperature_c"}


def test_people_read_the_severest_and_largest_change_first(newcomer: Path, xdrift: Xdrift) -> None:
    lines = xdrift("compare", "january.parquet", "shifted.parquet").out.splitlines()

    moved = [line.split()[:2] for line in lines if line.startswith(("severe", "warning"))]
    assert moved == [["severe", "wind_kmh"], ["severe", "temperature_c"]]


def test_five_rows_are_unknown_and_exit_3(newcomer: Path, xdrift: Xdrift) -> None:
    pd.read_parquet("february.parquet").head(5).to_csv("five.csv", index=False)

    ran = xdrift("compare", "january.parquet", "five.csv")

    assert ran.code == 3
    assert "Unknown: 5 rows, 50 are needed." in ran.out


def test_the_number_of_rows_that_are_enough_can_be_set(newcomer: Path, xdrift: Xdrift) -> None:
    pd.read_parquet("february.parquet").head(20).to_csv("twenty.csv", index=False)

    assert xdrift("compare", "january.parquet", "twenty.csv").code == 3
    assert xdrift("compare", "january.parquet", "twenty.csv", "--min-rows", "20").code == 0


def test_the_json_is_the_library_s_own_document(newcomer: Path, xdrift: Xdrift) -> None:
    ref, cur = (pd.read_parquet(name).drop(columns="week") for name in ("january.parquet", "shifted.parquet"))

    ran = xdrift("compare", "january.parquet", "shifted.parquet", "--json")

    assert ran.json == json.loads(json.dumps(compare(ref, cur).to_dict()))


def test_undefined_numbers_are_null_not_nan(newcomer: Path, xdrift: Xdrift) -> None:
    np.save("zero.npy", np.zeros((200, 2)))
    np.save("one.npy", np.ones((200, 2)))

    ran = xdrift("compare", "zero.npy", "one.npy", "--json")

    assert ran.json["model"]["ndcg"] is None
    assert by_feature(ran)["f0"]["stability"] is None
    assert xdrift("compare", "zero.npy", "one.npy").code == 1


@pytest.mark.parametrize("kind", ["parquet", "csv", "npy"])
def test_every_format_gives_the_same_verdict(newcomer: Path, xdrift: Xdrift, kind: str) -> None:
    frame = pd.read_parquet("shifted.parquet").drop(columns="week")
    if kind == "npy":
        np.save("again.npy", frame.to_numpy())
    elif kind == "csv":
        frame.to_csv("again.csv", index=False)
    else:
        frame.to_parquet("again.parquet", index=False)

    ran = xdrift("compare", "january.parquet", f"again.{kind}", "--json")

    assert ran.json["level"] == 2
    assert by_feature(ran)["wind_kmh"]["level"] == 2


def test_columns_are_matched_by_name_not_by_position(newcomer: Path, xdrift: Xdrift) -> None:
    frame = pd.read_parquet("january.parquet")
    frame[frame.columns[::-1]].to_parquet("reversed.parquet", index=False)

    ran = xdrift("compare", "january.parquet", "reversed.parquet", "--json")

    assert ran.code == 0
    assert {row["psi"] for row in by_feature(ran).values()} == {0.0}


@pytest.mark.parametrize("numbered", [False, True])
def test_the_period_column_calibrates_and_is_no_feature(newcomer: Path, xdrift: Xdrift, numbered: bool) -> None:
    for name in ("january", "february"):
        frame = pd.read_parquet(f"{name}.parquet")
        if numbered:
            frame["week"] = frame.week.str[-2:].astype(int)
        frame.to_parquet(f"{name}.parquet", index=False)

    ran = xdrift("compare", "january.parquet", "february.parquet", "--periods", "week", "--json")

    assert ran.code == 0
    assert "week" not in by_feature(ran)
    assert ran.json["calibration"] == "thresholds calibrated on 5 left-out periods"


def test_the_current_file_needs_no_period_column(newcomer: Path, xdrift: Xdrift) -> None:
    pd.read_parquet("february.parquet").drop(columns="week").to_parquet("bare.parquet", index=False)

    assert xdrift("compare", "january.parquet", "bare.parquet", "--periods", "week").code == 0


def test_a_numeric_id_can_be_ignored(newcomer: Path, xdrift: Xdrift) -> None:
    for name in ("january", "february"):
        frame = pd.read_parquet(f"{name}.parquet")
        frame.assign(row=np.arange(len(frame)) + len(name)).to_parquet(f"{name}.parquet", index=False)

    assert "row" in by_feature(xdrift("compare", "january.parquet", "february.parquet", "--json"))
    ignoring = xdrift("compare", "january.parquet", "february.parquet", "--json", "--ignore", "row")

    assert ignoring.code == 0
    assert "row" not in by_feature(ignoring)


def test_columns_left_out_are_named(newcomer: Path, xdrift: Xdrift) -> None:
    assert "Columns left out, not numeric: week." in xdrift("compare", "january.parquet", "february.parquet").out


def test_a_column_that_only_the_current_file_has_can_be_ignored(newcomer: Path, xdrift: Xdrift) -> None:
    pd.read_parquet("february.parquet").assign(row=1.5).to_parquet("more.parquet", index=False)

    assert xdrift("compare", "january.parquet", "more.parquet", "--json").code == 3
    assert xdrift("compare", "january.parquet", "more.parquet", "--json", "--ignore", "row").code == 0


def test_a_numeric_index_is_not_told_as_text(newcomer: Path, xdrift: Xdrift) -> None:
    for name in ("january", "february"):
        pd.read_parquet(f"{name}.parquet").to_csv(f"{name}.csv")

    said = xdrift("compare", "january.csv", "february.csv").out

    assert "Columns left out, an index that pandas saved: index." in said
    assert "Columns left out, not numeric: week." in said


def test_every_limit_of_a_row_is_that_of_its_level() -> None:
    row = {
        "feature": "age", "level": 2, "importance_reference": 1.0, "importance_current": 2.0, "share_reference": 0.5,
        "share_current": 0.5,
    }  # fmt: skip
    for name in JUDGED:
        row |= {name: None, f"{name}_level": None, f"{name}_threshold": None, f"{name}_threshold_severe": None}
    row |= {"psi": 0.4, "psi_level": 2, "psi_threshold": 0.1, "psi_threshold_severe": 0.2}
    row |= {"ks": 0.198, "ks_level": 1, "ks_threshold": 0.1, "ks_threshold_severe": 0.2}
    out = console()

    with out.capture() as shown:
        out.print(moved_table([row], narrow=True))

    said = " ".join(shown.get().split())
    assert "0.4 > 0.2" in said
    assert "0.198 ≤ 0.2" in said
    assert "0.1 " not in said


def test_paired_rows_see_a_change_that_unpaired_ones_cannot(newcomer: Path, xdrift: Xdrift) -> None:
    frame = pd.read_parquet("january.parquet")
    frame["temperature_c"] = frame.temperature_c.to_numpy()[::-1]
    frame.to_parquet("turned.parquet", index=False)

    assert xdrift("compare", "january.parquet", "turned.parquet", "--json").json["paired"] is False
    assert xdrift("compare", "january.parquet", "turned.parquet", "--json", "--paired").json["paired"] is True


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["january.parquet", "absent.parquet"], 3, "absent.parquet"),
        (["january.parquet", "truncated.parquet"], 3, "truncated.parquet"),
        (["january.parquet", "text.csv"], 3, "text.csv"),
        (["january.parquet", "gap.csv"], 3, "gap.csv"),
        (["january.parquet", "renamed.parquet"], 3, "different features"),
        (["january.parquet", "narrow.npy"], 3, "different numbers of features"),
        (["january.parquet", "february.parquet", "--periods", "wek"], 2, "no column 'wek'"),
        (["january.parquet", "february.parquet", "--periods", "week", "--paired"], 2, "--paired and --periods"),
        (["january.parquet", "february.parquet", "--paired"], 3, "--paired: january.parquet and february.parquet"),
        (["january.parquet", "notes.txt"], 3, "notes.txt is no file of attributions"),
        (["january.parquet", "february.parquet", "--ignore", "rwo"], 2, "nor february.parquet has a column 'rwo'"),
        (["january.parquet"], 2, "CUR"),
        (["january.parquet", "february.parquet", "--min-rows", "9"], 2, "--min-rows"),
    ],
)
def test_bad_input_is_told_with_what_was_seen_and_expected(
    newcomer: Path, xdrift: Xdrift, words: list[str], code: int, error: str
) -> None:
    frame = pd.read_parquet("january.parquet")
    Path("truncated.parquet").write_bytes(Path("january.parquet").read_bytes()[:-100])
    Path("text.csv").write_text("a,b\nx,y\n")
    frame.assign(wind_kmh=frame.wind_kmh.where(frame.index > 3)).to_csv("gap.csv", index=False)
    frame.rename(columns={"wind_kmh": "wind"}).to_parquet("renamed.parquet", index=False)
    np.save("narrow.npy", np.zeros((100, 2)))
    Path("notes.txt").write_text("a,b\n1,2\n")

    ran = xdrift("compare", *words, "--json")

    assert ran.code == code
    assert ran.out == ""
    assert error in ran.error["error"]
    assert ran.error["expected"]
    assert ran.error["next"] or code == 2
    assert set(ran.error) == {"error", "seen", "expected", "next"}


def test_a_misspelt_column_gets_the_nearest_name(newcomer: Path, xdrift: Xdrift) -> None:
    ran = xdrift("compare", "january.parquet", "february.parquet", "--periods", "wek")

    assert "did you mean week?" in ran.err
