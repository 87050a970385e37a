from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from monitor.errors import SourceError
from monitor.settings import PredictionSettings, TelemetrySettings
from monitor.sources import log_keys, prediction_columns


def test_columns_of_a_table_and_of_a_query_are_known_without_a_row(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/served.db"
    with sqlite3.connect(tmp_path / "served.db") as database:
        database.execute("CREATE TABLE served (at TEXT, income REAL)")

    assert prediction_columns(PredictionSettings(url=url, table="served")) == ("at", "income")
    query = PredictionSettings(url=url, query="SELECT income AS earned FROM served")
    assert prediction_columns(query) == ("earned",)


def test_keys_of_a_logs_table_are_its_columns_and_those_of_the_latest_json(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    settings = TelemetrySettings(url=url, table="log", order="n")
    with sqlite3.connect(tmp_path / "log.db") as database:
        database.execute("CREATE TABLE log (n INTEGER, inputs TEXT, route TEXT)")
    assert log_keys(settings) == {"n", "inputs", "route"}

    with sqlite3.connect(tmp_path / "log.db") as database:
        rows = [(n, '{"old": 1}' if n < 300 else '{"income": 1}', "{no json") for n in range(500)]
        database.executemany("INSERT INTO log VALUES (?, ?, ?)", rows)
    assert log_keys(settings) == {"n", "inputs", "route", "income", "inputs.income"}


def test_a_log_without_a_record_has_no_keys_and_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.touch()
    assert log_keys(TelemetrySettings(path=str(path))) == frozenset()

    with pytest.raises(SourceError, match="no such file"):
        log_keys(TelemetrySettings(path=str(tmp_path / "none" / "log.jsonl")))


def test_only_the_end_of_the_newest_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"old": 1}\n' + '{"filler": "' + "x" * (1 << 20) + '"}\n{"new": {"a": 1}}\n')

    assert log_keys(TelemetrySettings(path=str(path))) == {"new", "a", "new.a"}
