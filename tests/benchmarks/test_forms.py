"""Every benchmark runs, and its result has what the pages show. The smoke forms are small; `slow` runs `make bench`."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import (
    cause,
    explain,
    false_alarms,
    memory,
    pages,
    power,
    real,
    reports,
    results,
    speed,
    telemetry,
    writer,
)
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.peers import ask as peers


def shown(name: str, body: dict[str, Any], folder: Path) -> str:
    """The table that the page would get, from the file on disk."""
    assert results.save(name, {"environment": results.environment(), **body}, "smoke", folder)
    return pages.part(name, folder)


def test_speed_measures_every_engine_that_is_here(tmp_path: Path) -> None:
    found = speed.measure_speed("smoke", peers=False)

    engines = {row["engine"]: row for row in found["sizes"][0]["engines"]}
    assert set(engines) == set(speed.SMOKE)
    assert all(row["wall"] > 0 and row["ratio"] > 0 and row["peak_mb"] >= 0 for row in engines.values())
    assert "Cost grows with rows" in shown("speed", found, tmp_path)


def test_false_alarms_are_counted_in_every_cell(tmp_path: Path) -> None:
    found = false_alarms.measure("smoke", jobs=1, peers=False)

    assert found["summary"]["trials"] == 5 * len(found["cells"])
    assert {cell["pool"] for cell in found["cells"]} == {"gaussian", "zero_inflated", "shap_shallow"}
    assert all(cell["severe"]["hits"] <= cell["warning"]["hits"] for cell in found["cells"])
    assert found["peers"][0]["flagged"]["trials"] >= 1
    assert "cells proven over budget" in shown("false-alarms", found, tmp_path)


def test_power_sees_large_shifts_and_names_the_feature(tmp_path: Path) -> None:
    found = power.measure_power("smoke", jobs=1, peers=False)

    own = found["engines"][0]
    largest = {"important": 1.0, "silent": 0.9}
    assert own["smallest"] == {name: {"calibrated": size, "default": size} for name, size in largest.items()}
    assert found["localisation"]["share"] == 1.0
    on_inputs = next(engine for engine in found["engines"] if engine["engine"].startswith("KS on the inputs"))
    assert on_inputs["smallest"]["silent"]["default"] is None
    assert "Smallest shift seen" in shown("power", found, tmp_path)
    assert "Raised a level under shifts" in pages.part("test-ks", tmp_path)


def test_reports_of_a_few_monitors_are_small_and_quick(tmp_path: Path) -> None:
    found = reports.measure_reports("smoke")

    (run,) = found["runs"]
    assert (run["monitors"], run["evidently"], run["files"]) == (3, False, 12)
    assert run["seconds"] > 0
    assert run["peak_rss_mb"] < 1024
    assert 20 < run["largest_html_kb"] < 2000
    assert "| 3 |" in shown("reports", found, tmp_path)


def test_the_explanation_log_is_read_exactly_although_the_reader_is_killed(tmp_path: Path) -> None:
    found = telemetry.measure_telemetry("smoke")

    (run,) = found["runs"]
    assert run["wrong"] == []
    assert run["lines"] > 4_000
    assert 0 < run["peak_rss_mb"] < 300
    assert "wrong counters" in shown("telemetry", found, tmp_path)


def test_every_way_of_logging_is_timed_and_none_fails(tmp_path: Path) -> None:
    found = writer.measure_writer("smoke")

    assert [way["way"] for way in found["ways"]] == list(writer.WAYS)
    assert all(0 < way["p50_us"] <= way["p99_us"] <= way["largest_us"] for way in found["ways"])
    assert not any(way["failures"] for way in found["ways"])
    assert "rotated every megabyte" in shown("writer", found, tmp_path)


def test_a_cause_is_found_through_the_whole_pipeline(tmp_path: Path) -> None:
    found = cause.measure("smoke", jobs=1)

    assert found["accuracy"]["share"] == 1.0
    assert found["matrix"]["data"]["data"] == len(cause.FAMILIES)
    assert "incomes halve" in shown("cause", found, tmp_path)


def test_memory_has_a_slope(tmp_path: Path) -> None:
    found = memory.measure_memory("smoke")

    assert [way["way"] for way in found["ways"]] == ["compare", "kept reference"]
    assert abs(found["ways"][0]["bytes_per_check"]) < 1e7
    assert "bytes per check" in shown("memory", found, tmp_path)


def test_every_engine_explains_the_same_model_alike(tmp_path: Path) -> None:
    found = explain.measure_explain("smoke", peers=False)

    rows = {row["engine"]: row for row in found["engines"]}
    assert set(rows) == {"xdrift", "shap"}
    assert rows["xdrift"]["difference"] < 1e-9
    assert rows["shap"]["difference"] is None
    for row in rows.values():
        assert [size["rows"] for size in row["sizes"]] == list(explain.SIZES["smoke"])
        assert all(size["per_second"] > 0 and size["pause"] > 0 for size in row["sizes"])
        assert row["peak_mb"] > 50
    assert "gradient boosting, 200 x depth 4" in shown("explain", found, tmp_path)
    assert "| not asked |" in pages.part("engines", tmp_path)


def test_an_engine_that_cannot_read_a_model_gives_its_reason_and_no_number(tmp_path: Path) -> None:
    explain.write_model("gradient", tmp_path, explain.SMOKE_SHARE)
    family = explain.Family("gradient", "", "xgboost_own")

    answer = explain.run(explain.Turn(family, "lightgbm_own", 1), (100,), tmp_path)

    assert set(answer) == {"reason"}
    assert "booster_" in answer["reason"]


def test_a_real_set_is_cut_into_windows_after_the_reference(tmp_path: Path) -> None:
    """Made-up rows under the name of a set: the real ones are no part of the project."""
    hours = pd.date_range("1996-12-01", "1997-03-31 23:30", freq="30min")
    half = pd.Series(range(len(hours))) % 48
    frame = pd.DataFrame({"timestamp": hours, "half_hour": half, "nswprice": (half * 37 % 48) / 48.0})
    frame["price_up"] = (frame["nswprice"] > 0.5).astype(int)
    late = frame["timestamp"] >= "1997-03-01"
    frame.loc[late, "nswprice"] = frame.loc[late, "nswprice"] * 0.4
    frame.to_parquet(tmp_path / "elec2.parquet")

    found = real.measure_stories(data=tmp_path, only=("elec2", "metro_traffic"))

    assert found["missing"] == ["metro_traffic"]
    assert [window["window"] for window in found["sets"][0]["windows"]] == ["1997-02", "1997-03"]
    assert found["sets"][0]["levels"] == "02"
    assert "Not there: metro_traffic" in shown("real", found, tmp_path)


@pytest.mark.slow
def test_elec2_is_heard_while_prices_are_damped() -> None:
    if not (real.DATA / "elec2.parquet").exists():
        pytest.skip("../shared/data is not beside the repository")

    found = real.measure_stories(data=real.DATA, only=("elec2",))["sets"][0]

    assert found["loud_heard"] == 1.0


def test_a_peer_without_its_environment_is_named_with_the_reason() -> None:
    engine = peers.Engine("alibi_fdr", "", "alibi-detect", 1, 1)
    python, reason = peers.python_of(engine)

    assert python.exists() or (reason is not None and "peers" in reason)


def test_peers_left_out_keep_their_lines_only_if_the_rows_are_the_same() -> None:
    line = {"engine": "skshift AUC", "cases": []}
    held = {"question": "0123456789ab", "engines": [{"engine": "nannyml KS"}, line]}

    assert power.kept(held, "0123456789ab", ["skshift"]) == [{**line, "earlier": True}]
    assert power.kept(held, "ba9876543210", ["skshift"]) == []
    assert power.kept({"engines": [line]}, "0123456789ab", ["skshift"]) == []


def test_the_question_to_the_peers_changes_with_any_value() -> None:
    cell = peers.Cell(
        reference=np.zeros((4, 2)),
        current=np.zeros((4, 2)),
        rows_reference=np.zeros((1, 2), dtype=np.int64),
        rows_current=np.zeros((1, 2), dtype=np.int64),
    )
    other = dataclasses.replace(cell, current=np.full((4, 2), 1e-300))

    assert power.question({"null": (cell, cell)}) == power.question({"null": (cell, cell)})
    assert power.question({"null": (cell, cell)}) != power.question({"null": (cell, other)})


def test_a_peer_that_fails_gives_its_reason_and_no_number() -> None:
    answers = peers.ask(peers.Engine("no_such_peer", "", "scipy", 1, 1, everywhere=True), {})

    assert answers.by_cell == {}
    assert answers.reason is not None
    assert "no_such_peer" in answers.reason


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_short_form_runs_as_a_command(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Leaves the committed results and pages as they were."""
    kept = tmp_path / "kept"
    shutil.copytree(results.FOLDER, kept / "results")
    before = {page: page.read_bytes() for page in pages.pages()}
    try:
        assert main([name, "--json", str(tmp_path / "out.json")]) == 0
    finally:
        shutil.rmtree(results.FOLDER)
        shutil.copytree(kept / "results", results.FOLDER)
        for page, text in before.items():
            page.write_bytes(text)

    assert json.loads((tmp_path / "out.json").read_text())[name]["form"] == "short"
    assert f"## {name}" in capsys.readouterr().out
