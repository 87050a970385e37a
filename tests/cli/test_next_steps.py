"""What a newcomer meets is told with a step that works."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from .conftest import Xdrift

DRIFTED, QUIET = "2024-03-04T00:00Z", "2024-02-19T00:00Z"


def make(xdrift: Xdrift) -> None:
    xdrift("init", "--model", "late_flights.json", "--data", "holdout.parquet", "--predictions", "log.parquet")
    xdrift("db", "upgrade")


def test_diagnose_before_the_first_reference_names_the_command_that_makes_it(newcomer: Path, xdrift: Xdrift) -> None:
    make(xdrift)

    for _ in range(2):
        ran = xdrift("diagnose", "late-flights", "--json")
        assert ran.code == 3
        assert ran.error["next"] == "xdrift reference create late-flights --author WHO --reason WHY"
        xdrift("check")


def test_diagnose_with_a_reference_and_no_check_asks_for_one(newcomer: Path, xdrift: Xdrift) -> None:
    make(xdrift)
    xdrift("reference", "create", "late-flights", "--author", "ada", "--reason", "launch")

    ran = xdrift("diagnose", "late-flights")
    assert ran.code == 3
    assert "xdrift check late-flights" in ran.out + ran.err


def test_a_raised_check_ends_in_the_command_that_diagnoses_it(in_service: Path, xdrift: Xdrift) -> None:
    assert "next: xdrift diagnose late-flights\n" in xdrift("check").out
    command = "next: xdrift diagnose late-flights --at 2024-03-04T00:00:00Z"
    assert command in xdrift("check", "--at", DRIFTED).out
    assert xdrift(*command.split()[2:]).code == 1
    assert "next:" not in xdrift("check", "--at", QUIET).out


def test_an_interval_of_nothing_is_told_to_be_too_short(in_service: Path, xdrift: Xdrift) -> None:
    text = Path("xdrift.yaml").read_text()
    Path("xdrift.yaml").write_text(text.replace("every: 1w", "every: 0h"))

    ran = xdrift("check-config")

    assert ran.code == 2
    assert "every is too short: 0s; at least 1s" in ran.err
    assert "exactly one" not in ran.err


def test_a_window_of_nothing_is_refused(in_service: Path, xdrift: Xdrift) -> None:
    text = Path("xdrift.yaml").read_text()
    Path("xdrift.yaml").write_text(text.replace("every: 1w", "every: 1w\n      window: 0h"))

    ran = xdrift("check-config")

    assert ran.code == 2
    assert "window must be longer than nothing" in ran.err


@pytest.mark.parametrize("kind", ["day first", "seconds"])
def test_times_of_a_file_that_cannot_be_read_come_with_advice_for_files(
    in_service: Path, xdrift: Xdrift, kind: str
) -> None:
    log = pd.read_parquet("log.parquet")
    times = log.predicted_at
    seconds = (times - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(seconds=1)
    log["predicted_at"] = times.dt.strftime("%d/%m/%Y %H:%M") if kind == "day first" else seconds
    log.to_csv("log.csv", index=False)
    config = Path("xdrift.yaml")
    config.write_text(config.read_text().replace("log.parquet", "log.csv"))

    (probe,) = [
        one for one in xdrift("check-config", "--probe", "--json").json["probes"] if one["part"] == "predictions"
    ]
    assert "in a file, write" in probe["next"]

    # The advice, taken.
    how = {"dayfirst": True} if kind == "day first" else {"unit": "s"}
    log["predicted_at"] = pd.to_datetime(log.predicted_at, utc=True, **how)
    log.to_csv("log.csv", index=False)
    assert xdrift("check", "--at", QUIET).code == 0


def test_a_backfill_tells_failed_slots_from_unknown_ones(in_service: Path, xdrift: Xdrift) -> None:
    Path("log.parquet").rename("elsewhere.parquet")

    ran = xdrift("backfill", "--since", QUIET, "--until", "2024-02-20T00:00Z")

    assert ran.code == 3
    assert ran.out.splitlines()[0] == "1 slot: 0 checked now, 0 finished before, 1 failed."
    assert ran.out.splitlines()[2].split() == ["monitor", "checks", "failed"]
    assert "unknown" not in ran.out
    assert "result" in ran.out
    assert xdrift("backfill", "--since", QUIET, "--until", "2024-02-20T00:00Z").code == 3


def test_what_is_wrong_with_an_explanation_log_comes_first_with_a_step(in_service: Path, xdrift: Xdrift) -> None:
    text = Path("xdrift.yaml").read_text()
    at = text.index("    model:")
    Path("xdrift.yaml").write_text(text[:at] + "    telemetry:\n      path: serving.jsonl\n" + text[at:])
    record = {"timestamp": "2024-03-11T00:00:00Z", "shap_values": {"dep_delay": 0.5}, "explanation_latency_ms": 12}
    lines = [json.dumps({**record, "record_id": name, "note": "ada@example.org"}) for name in ("a", "b")]
    Path("serving.jsonl").write_text("\n".join([*lines, "{broken", ""]))

    lines = [line.strip() for line in xdrift("poll").out.splitlines()]

    assert lines[1].endswith("explanations that held personal data: email")
    assert lines[2].startswith("next: `xdrift doctor`")
    (quarantined,) = [number for number, line in enumerate(lines) if "could not be used" in line]
    assert lines[quarantined + 1].startswith("next: `xdrift doctor`")
    assert max(quarantined, 1) < min(n for n, line in enumerate(lines) if "read from the explanation log" in line)
