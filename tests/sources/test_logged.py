"""Logged attributions of some predictions, found again in files and tables."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.drift import LoggedRow
from monitor.errors import SourceError
from monitor.settings import TelemetrySettings
from monitor.sources import logged_rows
from monitor.sources.explanation_log import finding

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def record(name: Any, **changes: Any) -> dict[str, Any]:
    return {
        "record_id": name, "timestamp": "2024-01-05T12:00:00Z", "model_version": "v1",
        "shap_values": {"income": 0.5, "age": -0.25}, "base_value": 0.1, "source": "live_treeshap", **changes,
    }  # fmt: skip


ROW = LoggedRow(
    values={"income": 0.5, "age": -0.25}, base_value=0.1, version="v1", served_version=None, approximate=False
)


def written(path: Path, *records: dict[str, Any] | str) -> TelemetrySettings:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in records]
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return TelemetrySettings(path=str(path))


def looked_up(telemetry: TelemetrySettings, *ids: str, since: datetime = LONG_AGO) -> tuple[LoggedRow | None, ...]:
    return logged_rows(telemetry, ids, since=since)


def test_rows_come_in_the_order_asked_for_and_none_where_nothing_was_logged(tmp_path):
    log = written(tmp_path / "log.jsonl", record("a"), record("b", base_value=None), record("c"))

    found = looked_up(log, "c", "z", "a")

    assert found == (ROW, None, ROW)


def test_rotated_and_gzipped_files_are_looked_through(tmp_path):
    written(tmp_path / "log.jsonl.2.gz", record("old"))
    log = written(tmp_path / "log.jsonl", record("new"))

    assert looked_up(log, "old", "new") == (ROW, ROW)


def test_files_last_written_before_the_window_are_not_opened(tmp_path):
    log = written(tmp_path / "log.jsonl", record("a"))
    os.utime(tmp_path / "log.jsonl", (0, datetime(2024, 1, 1, tzinfo=UTC).timestamp()))

    assert looked_up(log, "a", since=datetime(2023, 12, 31, tzinfo=UTC)) == (ROW,)
    assert looked_up(log, "a", since=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=1)) == (None,)


def test_files_that_are_rotated_between_listing_and_opening_are_looked_for_again(tmp_path, monkeypatch):
    written(tmp_path / "log.jsonl.1", record("old"))
    log = written(tmp_path / "log.jsonl", record("young"))
    listed, looks = finding.find, []

    def find(location):
        found = listed(location)
        if not looks:
            (tmp_path / "log.jsonl.1").rename(tmp_path / "log.jsonl.2")
            (tmp_path / "log.jsonl").rename(tmp_path / "log.jsonl.1")
            written(tmp_path / "log.jsonl", record("new"))
        looks.append(location)
        return found

    monkeypatch.setattr(finding, "find", find)

    assert looked_up(log, "old", "young", "new") == (ROW, ROW, ROW)


@pytest.mark.parametrize("name", ['quote"d', "back\\slash", "ünïcode", "with: colon", "17"])
def test_ids_of_any_shape_are_found(tmp_path, name):
    log = written(tmp_path / "log.jsonl", record("other"), record(name))

    assert looked_up(log, name) == (ROW,)


def test_a_number_is_the_text_of_itself(tmp_path):
    assert looked_up(written(tmp_path / "log.jsonl", record(17)), "17") == (ROW,)


@pytest.mark.parametrize(
    "changes",
    [{"shap_values": None}, {"shap_values": {}}, {"shap_values": [1.0]}, {"shap_values": {"a": "x"}},
     {"shap_values": {"a": True}}],
)  # fmt: skip
def test_records_without_usable_attributions_are_none(tmp_path, changes):
    assert looked_up(written(tmp_path / "log.jsonl", record("a", **changes)), "a") == (None,)


def test_lines_that_are_no_records_are_passed_by(tmp_path):
    log = written(tmp_path / "log.jsonl", '{"record_id": "a", torn', "[]", '"record_id"', record("a"))

    assert looked_up(log, "a") == (ROW,)


def test_a_line_that_breaks_a_parser_is_passed_by(tmp_path):
    deep = b'{"record_id": "p0", "shap_values": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001
    huge = b'{"record_id": "p1", "shap_values": {"income": ' + b"9" * 400 + b"}}"
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join([deep, huge, b""]))

    assert looked_up(TelemetrySettings(path=str(path)), "p0", "p1") == (None, None)


def test_a_file_that_is_still_being_compressed_is_read_as_far_as_it_goes(tmp_path):
    old = tmp_path / "log.jsonl.1.gz"
    written(old, *(record(f"p{number}") for number in range(5000)))
    old.write_bytes(old.read_bytes()[: old.stat().st_size // 2])
    written(tmp_path / "log.jsonl", record("new"))

    found = looked_up(TelemetrySettings(path=str(tmp_path)), "p0", "new", "p4999")
    assert [row is not None for row in found] == [True, True, False]


def test_the_first_record_of_an_id_counts(tmp_path):
    log = written(tmp_path / "log.jsonl", record("a"), record("a", shap_values={"income": 9.0}))

    assert looked_up(log, "a") == (ROW,)


def test_approximate_sources_and_served_versions_are_told(tmp_path):
    log = written(tmp_path / "log.jsonl", record("a", source="fallback", served_model_version="v2"))

    (found,) = looked_up(log, "a")

    assert found is not None
    assert (found.approximate, found.version, found.served_version) == (True, "v1", "v2")


def test_other_names_and_deeper_keys_are_mapped(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"meta": {"id": "a"}, "shap": {"x": 1.0}}) + "\n")
    columns = {"record_id": "meta.id", "attributions": "shap"}

    (found,) = looked_up(TelemetrySettings(path=str(path), columns=columns), "a")

    assert found is not None
    assert found.values == {"x": 1.0}


def test_a_table_is_asked_for_the_ids(tmp_path):
    path = tmp_path / "log.db"
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE log (n INTEGER PRIMARY KEY, record_id INTEGER, shap_values TEXT, base_value REAL)"
        )
        rows = [(i, i, json.dumps({"income": 0.5, "age": -0.25}), 0.1) for i in range(1200)]
        database.executemany("INSERT INTO log VALUES (?, ?, ?, ?)", rows)
    telemetry = TelemetrySettings(url=f"sqlite:///{path}", table="log", order="n")

    found = looked_up(telemetry, *map(str, range(1500)))

    assert sum(row is not None for row in found) == 1200
    assert found[7] is not None
    assert found[7].values == ROW.values


def test_a_log_that_is_not_there_is_an_error_with_its_place(tmp_path):
    with pytest.raises(SourceError, match=r"explanation log .*nothing\.jsonl"):
        looked_up(TelemetrySettings(path=str(tmp_path / "nothing.jsonl")), "a")
