from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from monitor.config import load
from monitor.init.rhythm import Rhythm, choose_rhythm

from .conftest import Xdrift

FILES = ("--model", "late_flights.json", "--data", "holdout.parquet", "--predictions", "log.parquet")


def monitor_section() -> dict[str, object]:
    (found,) = yaml.safe_load(Path("xdrift.yaml").read_text())["monitors"]
    return found


def test_the_starter_is_accepted_and_every_part_of_it_opens(newcomer: Path, xdrift: Xdrift) -> None:
    assert xdrift("init", *FILES).code == 0

    ran = xdrift("check-config", "--probe", "--json")
    assert ran.code == 0
    assert [(probe["part"], probe["ok"]) for probe in ran.json["probes"]] == [
        ("database", True),
        ("model", True),
        ("holdout", True),
        ("predictions", True),
        ("explanation", True),
    ]


def test_columns_are_guessed_by_name_kind_and_values(newcomer: Path, xdrift: Xdrift) -> None:
    xdrift("init", *FILES)

    found = monitor_section()
    assert found["name"] == "late-flights"
    assert found["holdout"] == {
        "path": "holdout.parquet",
        "id": "flight_id",
        "time": "predicted_at",
        "label": "label",
        "period": "1d",
    }
    assert found["predictions"]["columns"] == {"time": "predicted_at", "id": "flight_id", "prediction": "score"}  # type: ignore[index]
    assert "# segments: [airport]" in Path("xdrift.yaml").read_text()


@pytest.mark.parametrize(
    ("weeks", "rows", "per_day", "every", "window", "period"),
    [
        (8, 1500, 2000.0, "1d", None, "1d"),
        (8, 1000, 2000.0, "1d", "1w", "1w"),  # 18 rows a day say too little about days
        (8, 1000, None, "1d", "1w", "1w"),
        (8, 1000, 100.0, "1w", None, "1w"),
        (2, 1500, 100.0, "1w", None, "1d"),
        (2, 100, 2000.0, "1d", None, "1d"),  # too thin for anything: the check says so
        (0.02, 1500, 2000.0, "1d", None, None),
        (None, 1500, 2000.0, "1d", None, None),
    ],
)
def test_a_period_is_no_longer_than_a_window_and_holds_enough_rows(
    weeks: float | None, rows: int, per_day: float | None, every: str, window: str | None, period: str | None
) -> None:
    span = None if weeks is None else timedelta(weeks=weeks)
    found = choose_rhythm(span=span, rows=rows, per_day=per_day)
    assert found == Rhythm(every=every, window=window, period=period)


def test_daily_checks_of_a_thin_holdout_look_at_weeks_and_nothing_is_warned_of(newcomer: Path, xdrift: Xdrift) -> None:
    for name, rows, freq in (("holdout", 1000, "80min"), ("log", 7000, "2min")):
        frame = pd.read_parquet(f"{name}.parquet").head(rows)
        frame["predicted_at"] = pd.date_range("2024-01-01", periods=len(frame), freq=freq, tz="UTC")
        frame.to_parquet(f"{name}.parquet", index=False)
    assert xdrift("init", *FILES).code == 0

    found = monitor_section()
    assert found["holdout"]["period"] == "1w"  # type: ignore[index]
    assert (found["schedule"]["every"], found["schedule"]["window"]) == ("1d", "1w")  # type: ignore[index]
    assert xdrift("check-config", "--json").json["monitors"][0]["warnings"] == []


def test_a_model_whose_file_name_says_nothing_is_named_after_its_folder(newcomer: Path, xdrift: Xdrift) -> None:
    shutil.copy("late_flights.json", "model.json")
    xdrift("init", "--model", "model.json", *FILES[2:])

    assert monitor_section()["name"] == "flights"


def test_what_could_be_set_as_well_is_there_to_be_uncommented(newcomer: Path, xdrift: Xdrift) -> None:
    rows = pd.read_parquet("holdout.parquet").rename(columns={"label": "was_late"})
    rows.to_parquet("holdout.parquet", index=False)
    xdrift("init", *FILES)

    text = Path("xdrift.yaml").read_text()
    Path("xdrift.yaml").write_text(text.replace('# version: "1"', 'version: "1"').replace("# label:", "label:"))
    found = monitor_section()
    assert found["model"]["version"] == "1"  # type: ignore[index]
    assert found["holdout"]["label"] == "was_late"  # type: ignore[index]
    assert xdrift("check-config", "--probe").code == 0


def test_every_guess_stands_under_its_reason_and_what_to_check(newcomer: Path, xdrift: Xdrift) -> None:
    ran = xdrift("init", *FILES, "--json")

    text = " ".join(Path("xdrift.yaml").read_text().replace("#", " ").split())
    assert {guess["key"] for guess in ran.json["guesses"]} >= {"name", "owner", "holdout.time", "schedule.every"}
    for guess in ran.json["guesses"]:
        assert f"GUESS: {guess['why']}. CHECK: {guess['check']}. {guess['key'].rpartition('.')[2]}:" in text.replace(
            "- ", ""
        )


def test_the_schema_that_editors_read_is_written_beside_it(newcomer: Path, xdrift: Xdrift) -> None:
    xdrift("init", *FILES)

    assert Path("xdrift.yaml").read_text().splitlines()[0] == "# yaml-language-server: $schema=xdrift.schema.json"
    assert json.loads(Path("xdrift.schema.json").read_text())["title"] == "xdrift configuration"


def test_an_existing_file_is_not_overwritten(newcomer: Path, xdrift: Xdrift) -> None:
    Path("xdrift.yaml").write_text("mine")

    ran = xdrift("init", *FILES)

    assert ran.code == 2
    assert "--force" in ran.err
    assert Path("xdrift.yaml").read_text() == "mine"
    assert not Path("xdrift.schema.json").exists()


def test_force_overwrites_and_leaves_nothing_else_behind(newcomer: Path, xdrift: Xdrift) -> None:
    before = {path.name for path in newcomer.iterdir()}
    Path("xdrift.yaml").write_text("mine")

    assert xdrift("init", *FILES, "--force").code == 0

    assert {path.name for path in newcomer.iterdir()} == before | {"xdrift.yaml", "xdrift.schema.json"}


def test_a_folder_that_is_not_there_is_an_error_and_nothing_is_written(newcomer: Path, xdrift: Xdrift) -> None:
    before = set(newcomer.rglob("*"))

    ran = xdrift("init", *FILES, "-o", "absent/xdrift.yaml")

    assert ran.code == 2
    assert "cannot be written" in ran.err
    assert set(newcomer.rglob("*")) == before


def test_paths_are_written_as_seen_from_the_configuration(newcomer: Path, xdrift: Xdrift) -> None:
    (newcomer / "conf").mkdir()

    assert xdrift("init", *FILES, "-o", "conf/flights.yaml").code == 0

    text = (newcomer / "conf" / "flights.yaml").read_text()
    assert "path: ../late_flights.json" in text
    assert "$schema=flights.schema.json" in text
    assert load(Path("conf/flights.yaml"), {}).monitors[0].model.path == str(newcomer / "conf/../late_flights.json")


def test_a_pickle_is_not_opened_and_not_trusted_by_itself(newcomer: Path, xdrift: Xdrift) -> None:
    Path("model.pkl").write_bytes(b"\x80\x04 would run code")

    ran = xdrift("init", "--model", "model.pkl", "--data", "holdout.parquet")

    found = monitor_section()
    assert ran.code == 0
    assert found["model"]["trust"] is False  # type: ignore[index]
    assert len(found["model"]["sha256"]) == 64  # type: ignore[index]
    assert found["features"] == ["distance_km", "departure_hour", "wind_kmh", "temperature_c", "inbound_delay_min"]
    assert xdrift("check-config").code == 0


def closed(newcomer: Path, *, label: str = "was_late", predictions: bool = True) -> tuple[str, ...]:
    """A pickle beside rows with a feature of two values and a label that the predictions lack."""
    Path("model.pkl").write_bytes(b"\x80\x04 would run code")
    for name in ("holdout", "log"):
        rows = pd.read_parquet(f"{name}.parquet").rename(columns={"label": label})
        rows.insert(0, "home_owner", np.arange(len(rows)) % 2)
        rows.to_parquet(f"{name}.parquet", index=False)
    given = ("--model", "model.pkl", "--data", "holdout.parquet")
    return (*given, "--predictions", "log.parquet") if predictions else given


def test_features_of_a_closed_model_are_columns_that_holdout_and_predictions_share(
    newcomer: Path, xdrift: Xdrift
) -> None:
    assert xdrift("init", *closed(newcomer)).code == 0

    text = " ".join(Path("xdrift.yaml").read_text().replace("#", " ").split())
    assert monitor_section()["features"] == [
        "home_owner", "distance_km", "departure_hour", "wind_kmh", "temperature_c", "inbound_delay_min",
    ]  # fmt: skip
    assert "Possible label: a column of two values, no feature, which the predictions lack." in text
    assert "label: was_late" in text
    assert "label: home_owner" not in text
    assert xdrift("check-config").code == 0


def test_without_predictions_a_feature_that_could_be_the_label_is_doubted(newcomer: Path, xdrift: Xdrift) -> None:
    assert xdrift("init", *closed(newcomer, predictions=False)).code == 0

    text = " ".join(Path("xdrift.yaml").read_text().replace("#", " ").split())
    assert "CHECK: home_owner, was_late: two values, so perhaps what came true. A label is no feature" in text
    assert "Possible label" not in text


def test_predictions_that_share_no_column_leave_the_features_to_the_holdout(newcomer: Path, xdrift: Xdrift) -> None:
    words = closed(newcomer, label="label")
    pd.read_parquet("log.parquet")[["flight_id", "predicted_at", "score"]].to_parquet("log.parquet", index=False)

    ran = xdrift("init", *words)

    assert ran.code == 0
    assert len(monitor_section()["features"]) == 6  # type: ignore[arg-type]
    assert "Warning: log.parquet lacks 6 features of the model, so no check can explain it: home_owner" in ran.out


@pytest.mark.parametrize("lacking", ["holdout", "log"])
def test_a_file_that_lacks_a_feature_is_warned_of_by_name(newcomer: Path, xdrift: Xdrift, lacking: str) -> None:
    pd.read_parquet(f"{lacking}.parquet").drop(columns="wind_kmh").to_parquet(f"{lacking}.parquet", index=False)

    ran = xdrift("init", *FILES, "--json")

    (warning,) = ran.json["warnings"]
    assert warning.startswith(f"{lacking}.parquet lacks a feature of the model, so no ")
    assert warning.endswith(": wind_kmh")
    assert f"Warning: {warning}." in xdrift("init", *FILES, "--force").out


def test_nothing_is_warned_of_where_nothing_is_lacking(newcomer: Path, xdrift: Xdrift) -> None:
    assert xdrift("init", *FILES, "--json").json["warnings"] == []
    assert "Warning" not in xdrift("init", *FILES, "--force").out


@pytest.mark.parametrize(
    ("columns", "time"),
    [
        ({"predicted_at": "scored_at"}, "scored_at"),  # another name, with times
        ({}, "predicted_at"),  # the holdout's name, written in another way
        ({"predicted_at": "logged_at"}, "logged_at"),  # named like a time, written in another way
    ],
)
def test_the_time_of_predictions_is_a_column_that_they_have(
    newcomer: Path, xdrift: Xdrift, columns: dict[str, str], time: str
) -> None:
    rows = pd.read_parquet("log.parquet").head(2000).rename(columns=columns)
    if time != "scored_at":
        rows[time] = rows[time].dt.strftime("%d.%m.%Y %H:%M")
    rows.to_csv("log.csv", index=False)

    assert xdrift("init", *FILES[:4], "--predictions", "log.csv").code == 0
    assert monitor_section()["predictions"]["columns"]["time"] == time  # type: ignore[index]


def test_predictions_without_a_time_are_warned_of(newcomer: Path, xdrift: Xdrift) -> None:
    pd.read_parquet("log.parquet").drop(columns="predicted_at").to_parquet("log.parquet", index=False)

    ran = xdrift("init", *FILES)

    assert "Warning: log.parquet has no column of times: write under predictions.columns which one is the time." in (
        ran.out
    )


def test_a_model_of_several_classes_gets_class_index_all(newcomer: Path, xdrift: Xdrift) -> None:
    import xgboost

    rows = pd.read_parquet("holdout.parquet")[["distance_km", "wind_kmh"]]
    classes = np.arange(len(rows)) % 3
    xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(rows, classes).save_model("three.json")

    assert xdrift("init", "--model", "three.json", "--data", "holdout.parquet").code == 0
    assert monitor_section()["model"] == {"path": "three.json", "class_index": "all"}


def test_times_without_a_zone_get_a_zone_to_check(newcomer: Path, xdrift: Xdrift) -> None:
    frame = pd.read_parquet("holdout.parquet")
    frame.assign(predicted_at=frame.predicted_at.dt.tz_localize(None)).to_csv("naive.csv", index=False)

    assert xdrift("init", "--model", "late_flights.json", "--data", "naive.csv").code == 0
    assert monitor_section()["holdout"]["timezone"] == "UTC"  # type: ignore[index]
    assert monitor_section()["predictions"]["timezone"] == "UTC"  # type: ignore[index]
    assert xdrift("check-config", "--probe").code == 0


def test_features_that_the_data_lacks_are_told_and_renames_proposed(newcomer: Path, xdrift: Xdrift) -> None:
    frame = pd.read_parquet("log.parquet")
    frame.rename(columns={"wind_kmh": "Wind_KMH", "distance_km": "x"}).to_parquet("log.parquet")

    ran = xdrift("init", *FILES)

    assert ran.code == 0
    assert "CHECK: this file lacks 2 of the model's features: distance_km, wind_kmh." in Path("xdrift.yaml").read_text()
    assert monitor_section()["predictions"]["columns"]["rename"] == {"Wind_KMH": "wind_kmh"}  # type: ignore[index]


def test_a_password_in_a_url_is_kept_out_of_the_file(
    newcomer: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql+psycopg://shop:s3cret@db.example/shop"

    ran = xdrift("init", *FILES[:4], "--predictions", url, "--table", "log")

    assert ran.code == 0
    assert "s3cret" not in Path("xdrift.yaml").read_text() + ran.out
    assert "nobody looked at it" in Path("xdrift.yaml").read_text()
    monkeypatch.setenv("PREDICTIONS_PASSWORD", "s3cret")
    assert xdrift("check-config").code == 0


def test_a_database_of_predictions_can_be_probed(newcomer: Path, xdrift: Xdrift) -> None:
    with sqlite3.connect("shop.db") as shop:
        frame = pd.read_parquet("log.parquet")
        frame.assign(predicted_at=frame.predicted_at.astype(str)).to_sql("log", shop, index=False)
    shop.close()

    assert xdrift("init", *FILES[:4], "--predictions", "sqlite:///shop.db", "--table", "log").code == 0
    assert monitor_section()["predictions"] == {
        "url": "sqlite:///shop.db",
        "table": "log",
        "columns": {"time": "predicted_at", "id": "flight_id", "prediction": "score"},
    }
    assert xdrift("check-config", "--probe").code == 0


def test_the_first_file_of_a_folder_or_glob_is_looked_at(newcomer: Path, xdrift: Xdrift) -> None:
    Path("logs").mkdir()
    shutil.move("log.parquet", "logs/2024.parquet")

    for where in ("logs", "logs/*.parquet"):
        assert xdrift("init", *FILES[:4], "--predictions", where, "--force").code == 0
        assert monitor_section()["predictions"]["path"] == where  # type: ignore[index]
        assert monitor_section()["predictions"]["columns"]["prediction"] == "score"  # type: ignore[index]


def test_more_rows_than_a_holdout_may_have_are_told(newcomer: Path, xdrift: Xdrift) -> None:
    assert xdrift("init", "--model", "late_flights.json", "--data", "log.parquet").code == 0

    text = " ".join(Path("xdrift.yaml").read_text().replace("#", " ").split())
    assert "the file has 7,000 rows and more than max_rows (5,000) are refused" in text


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["--model", "absent.json", "--data", "holdout.parquet"], 2, "absent.json"),
        (["--model", "absent.pkl", "--data", "holdout.parquet"], 2, "absent.pkl"),
        (["--model", "truncated.json", "--data", "holdout.parquet"], 3, "truncated.json"),
        (["--model", "late_flights.json", "--data", "absent.csv"], 2, "absent.csv"),
        (["--model", "late_flights.json", "--data", "late_flights.json"], 3, "late_flights.json"),
        (["--model", "late_flights.json", "--data", "empty.csv"], 3, "empty.csv"),
        (["--model", "late_flights.json", "--data", "holdout.parquet", "--name", "Late Flights"], 2, "--name"),
        ([*FILES[:4], "--predictions", "sqlite:///x.db"], 2, "--table"),
        ([*FILES, "--table", "log"], 2, "--table"),
        ([*FILES[:4], "--predictions", "none/*.csv"], 2, "names no file"),
        ([*FILES[:4], "--predictions", "absent.csv"], 2, "--predictions names no file"),
        (["--model", "absent.json", *FILES[2:4]], 2, "--model names no file"),
        (["--model", "late_flights.json"], 2, "--data"),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(
    newcomer: Path, xdrift: Xdrift, words: list[str], code: int, error: str
) -> None:
    Path("truncated.json").write_bytes(Path("late_flights.json").read_bytes()[:500])
    Path("empty.csv").write_text("a,b\n")

    ran = xdrift("init", *words, "--json")

    assert ran.code == code
    assert error in ran.error["error"] + str(ran.error["seen"])
    assert ran.error["expected"]
    assert not Path("xdrift.yaml").exists()
