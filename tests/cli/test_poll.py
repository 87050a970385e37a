"""`xdrift poll`, and what `check-config` says of explanation logs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .conftest import Xdrift

RECORD = {"timestamp": "2024-03-11T00:00:00Z", "shap_values": {"dep_delay": 0.5}, "explanation_latency_ms": 12}


@pytest.fixture
def logged(in_service: Path) -> Path:
    """The log of the monitor of `in_service`, with two records and one line that is none."""
    config = Path("xdrift.yaml")
    text = config.read_text()
    at = text.index("    model:")
    config.write_text(text[:at] + "    telemetry:\n      path: serving.jsonl\n" + text[at:])
    log = Path("serving.jsonl")
    lines = [json.dumps({**RECORD, "record_id": name}) for name in ("a", "b", "a")]
    log.write_text("\n".join([*lines, "{broken", ""]))
    return log


def test_it_reads_to_the_end_once_and_says_what_was_new(logged: Path, xdrift: Xdrift) -> None:
    first = xdrift("poll", "--json")
    assert first.code == 0
    (told,) = first.json["polls"]
    assert told["finished"]
    assert told["totals"]["xdrift_telemetry_records_total"] == 2
    assert told["totals"]["xdrift_telemetry_duplicates_total"] == 1
    assert told["totals"]["xdrift_telemetry_quarantined_total{not_json}"] == 1

    again = xdrift("poll")
    assert again.code == 0
    assert "0 new records" in again.out


def test_people_read_words_and_not_names_of_metrics(logged: Path, xdrift: Xdrift) -> None:
    out = xdrift("poll").out

    assert "2 new records" in out
    assert "1  lines of the explanation log that could not be used, by reason: not json" in out
    assert "xdrift_" not in out


def test_amounts_that_are_no_counts_have_units(logged: Path, xdrift: Xdrift) -> None:
    text = Path("xdrift.yaml").read_text()
    Path("xdrift.yaml").write_text(
        text.replace("path: serving.jsonl", "path: serving.jsonl\n      price_per_hour: 3600")
    )

    out = xdrift("poll").out

    assert "0.0240 s  compute spent on explaining: online" in out
    assert "0.0240 dollars  compute spent times the configured price" in out
    assert " bytes  bytes of the log records of explanations" in out


def test_a_line_torn_by_rotation_is_settled_in_one_run(logged: Path, xdrift: Xdrift) -> None:
    logged.rename("serving.jsonl.1")
    whole = json.dumps({**RECORD, "record_id": "c"})
    with Path("serving.jsonl.1").open("a") as stream:
        stream.write(whole[:30])
    logged.write_text(whole[30:] + "\n")

    (told,) = xdrift("poll", "--json").json["polls"]
    assert told["totals"]["xdrift_telemetry_records_total"] == 3
    assert told["waiting"] == 0


def test_a_log_that_is_not_there_is_exit_code_3(logged: Path, xdrift: Xdrift) -> None:
    logged.unlink()
    ran = xdrift("poll")
    assert ran.code == 3
    assert "serving.jsonl" in ran.err


def test_a_log_that_cannot_be_read_keeps_no_other_monitor_back(logged: Path, xdrift: Xdrift) -> None:
    config = Path("xdrift.yaml")
    head, _, monitor = config.read_text().partition("monitors:\n")
    first = re.sub(r"name: .*", "name: aaa", monitor, count=1).replace("serving.jsonl", "nowhere.jsonl")
    config.write_text(f"{head}monitors:\n{first}{monitor}")

    ran = xdrift("poll")
    assert ran.code == 3
    assert "nowhere.jsonl" in ran.err
    assert "aaa: its log could not be read to the end" in ran.out
    assert "2 new records" in ran.out
    again = xdrift("poll", "--json")
    assert again.code == 3
    assert [one["monitor"] for one in again.json["failed"]] == ["aaa"]
    assert "nowhere.jsonl" in again.json["failed"][0]["error"]
    assert len(again.json["polls"]) == 1
    assert "nowhere.jsonl" in again.error["error"]


def test_without_telemetry_there_is_nothing_to_read(in_service: Path, xdrift: Xdrift) -> None:
    ran = xdrift("poll")
    assert ran.code == 2
    assert "no explanation log to read" in ran.err


def test_check_config_says_what_will_be_read(logged: Path, xdrift: Xdrift) -> None:
    ran = xdrift("check-config")
    assert ran.code == 0
    assert "serving.jsonl, read every 30s; slow over 0.2s, ids remembered for 2d" in " ".join(ran.out.split())
    assert xdrift("check-config", "--json").json["monitors"][0]["explanation_log"]["every"] == "30s"


def test_check_config_says_the_price_and_which_columns_are_kept_back(logged: Path, xdrift: Xdrift) -> None:
    plain = " ".join(xdrift("check-config").out.split())
    assert "without a price; no column is kept back" in plain

    config = Path("xdrift.yaml")
    text = config.read_text().replace(
        "      path: serving.jsonl\n", "      path: serving.jsonl\n      price_per_hour: 0.35\n", 1
    )
    at = text.index("    model:")
    kept = "    redact: [plane]\n    privacy:\n      mask: [tail, crew]\n"
    config.write_text(text[:at] + kept + text[at:])

    told = " ".join(xdrift("check-config").out.split())
    assert "$0.35 per hour of compute; kept back: plane (redact), tail, crew (privacy.mask)" in told
    log = xdrift("check-config", "--json").json["monitors"][0]["explanation_log"]
    assert log["price_per_hour"] == 0.35
    assert log["kept_back"] == {"redact": ["plane"], "privacy.mask": ["tail", "crew"]}


def test_a_probe_counts_the_files(logged: Path, xdrift: Xdrift) -> None:
    probes = xdrift("check-config", "--probe", "--json").json["probes"]
    assert probes[-2]["part"] == "explanation log"
    assert probes[-2]["found"].startswith("1 file, ")
    logged.unlink()
    ran = xdrift("check-config", "--probe", "--json")
    assert ran.code == 3
    assert ran.json["probes"][-2]["ok"] is False
