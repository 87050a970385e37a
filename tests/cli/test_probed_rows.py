"""What `check-config --probe` and `doctor` see of rows that no check could use."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from monitor.cli import options

from .conftest import NOW, Ran, Xdrift


def part(ran: Ran, name: str) -> dict[str, object]:
    (one,) = [one for one in ran.json.get("findings", ran.json.get("probes")) if one["part"] == name]
    return dict(one)


def with_units(file: str) -> None:
    rows = pd.read_parquet(file)
    rows["wind_kmh"] = rows.wind_kmh.map("{} km/h".format)
    rows.to_parquet(file, index=False)


def test_predictions_of_another_type_fail_as_in_a_check(in_service: Path, xdrift: Xdrift) -> None:
    with_units("log.parquet")

    told = part(xdrift("check-config", "--probe", "--json"), "predictions")
    found = part(xdrift("doctor", "--json"), "predictions")

    assert told["ok"] is False
    assert found["state"] == "failed"
    (check,) = xdrift("check", "--json").json["checks"]
    for text in (told["error"], found["found"]):
        assert text == "predictions of monitor 'late-flights', column wind_kmh: wrong type"
        assert str(text) in check["check"]["error"]


def test_a_holdout_that_the_model_does_not_take_fails(in_service: Path, xdrift: Xdrift) -> None:
    with_units("holdout.parquet")

    ran = xdrift("check-config", "--probe", "--json")

    assert ran.code == 3
    assert part(ran, "explanation")["seen"] == "wind_kmh"
    assert part(xdrift("doctor", "--json"), "explanation")["state"] == "failed"


@pytest.mark.parametrize("source", ["parquet", "csv", "sqlite"])
def test_predictions_that_are_all_old_are_a_warning_with_the_newest_time(
    in_service: Path, xdrift: Xdrift, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setattr(options, "utc_now", lambda: NOW + timedelta(days=400))
    log, text = pd.read_parquet("log.parquet"), Path("xdrift.yaml").read_text()
    newest = f"{log.predicted_at.max():%Y-%m-%d %H:%M} UTC"
    if source == "csv":
        log.to_csv("log.csv", index=False)
        Path("xdrift.yaml").write_text(text.replace("log.parquet", "log.csv"))
    if source == "sqlite":
        with sqlite3.connect("log.db") as database:
            log.assign(predicted_at=log.predicted_at.map(lambda time: time.isoformat())).to_sql("log", database)
        where = f"url: sqlite:///{in_service}/log.db\n      table: log"
        Path("xdrift.yaml").write_text(text.replace("path: log.parquet", where))

    ran, people = xdrift("check-config", "--probe", "--json"), xdrift("check-config", "--probe")

    told = part(ran, "predictions")
    assert (ran.code, told["ok"], told["error"]) == (0, None, None)
    assert str(told["found"]).endswith(f"the newest is of {newest}")
    (line,) = [line for line in people.out.splitlines() if "late-flights predictions" in line]
    assert line.startswith("warn")


def test_a_source_without_any_row_says_so(in_service: Path, xdrift: Xdrift) -> None:
    pd.read_parquet("log.parquet").head(0).to_parquet("log.parquet", index=False)

    assert str(part(xdrift("check-config", "--probe", "--json"), "predictions")["found"]).endswith("none at all")


def test_doctor_tells_why_the_latest_check_failed(in_service: Path, xdrift: Xdrift) -> None:
    Path("log.parquet").rename("elsewhere.parquet")
    xdrift("check")
    Path("elsewhere.parquet").rename("log.parquet")

    ran = xdrift("doctor", "--json")

    found = part(ran, "latest check")
    assert found["state"] == "warn"
    assert found["found"] == "that of 2024-03-11 00:00 UTC failed (sampling)"
    assert "log.parquet" in str(found["seen"])
    assert "xdrift check late-flights" in str(found["next"])

    xdrift("check")
    assert "latest check" not in [one["part"] for one in xdrift("doctor", "--json").json["findings"]]


@pytest.mark.parametrize(("version", "state"), [("same", "warn"), ("another", "ok")])
def test_another_model_under_the_same_version_label_is_a_warning(
    newcomer: Path, xdrift: Xdrift, version: str, state: str
) -> None:
    xdrift("init", "--model", "late_flights.json", "--data", "holdout.parquet", "--predictions", "log.parquet")
    config = Path("xdrift.yaml")
    config.write_text(config.read_text().replace('# version: "1"', 'version: "1"'))
    xdrift("db", "upgrade")
    xdrift("reference", "create", "late-flights", "--author", "ada", "--reason", "launch")
    model = Path("late_flights.json")
    model.write_text(model.read_text().replace('"base_score":', '"base_score" :', 1))
    if version == "another":
        config.write_text(config.read_text().replace('version: "1"', 'version: "2"'))

    found = part(xdrift("doctor", "--json"), "reference")

    assert found["state"] == state
    assert "another model" in str(found["found"])
    assert ("same version label 1" in str(found["found"])) is (state == "warn")
