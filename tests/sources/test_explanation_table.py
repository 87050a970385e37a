"""Rows of a table once each, also those whose transaction was committed late."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.errors import SourceError
from monitor.settings import TelemetrySettings
from monitor.sources.explanation_log import gathering as gathering_module
from monitor.sources.explanation_log import look_at_log, read_log
from monitor.sources.explanation_log import table as table_module

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    found = (
        str(request.getfixturevalue("postgres_url")) if request.param == "postgres" else f"sqlite:///{tmp_path}/log.db"
    )
    engine = sa.create_engine(found)
    json_type = "JSONB" if request.param == "postgres" else "TEXT"
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE TABLE served (seq BIGINT PRIMARY KEY, record_id TEXT, made_at TIMESTAMP, shap_values {json_type})"
        )
    engine.dispose()
    return found


class Table:
    """A table that is polled again and again."""

    def __init__(self, url: str) -> None:
        self.settings = TelemetrySettings(url=url, table="served", order="seq")
        self.engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        self.positions: dict[str, Any] = {}
        self.batches: list[Any] = []
        self.now = NOW

    def add(self, *numbers: int, prefix: str = "r") -> None:
        with self.engine.begin() as connection:
            for number in numbers:
                connection.execute(
                    sa.text("INSERT INTO served (seq, record_id, shap_values) VALUES (:n, :name, :shap)"),
                    {"n": number, "name": f"{prefix}{number}", "shap": json.dumps({"a": 0.5})},
                )

    def remove(self, condition: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"DELETE FROM served WHERE {condition}")

    @property
    def notes(self) -> list[str]:
        return [note for batch in self.batches for note in batch.notes]

    def poll(self) -> list[int]:
        got = []
        self.batches = []
        for batch in read_log(self.settings, self.positions, now=self.now):
            self.batches.append(batch)
            self.positions = json.loads(json.dumps(batch.positions))
            got += [position for _, position, _, _ in batch.items]
        return got


def test_rows_are_read_once_in_their_order(url: str) -> None:
    table = Table(url)
    assert table.poll() == []
    table.add(3, 1, 2)
    assert table.poll() == [1, 2, 3]
    assert table.poll() == []
    table.add(4)
    assert table.poll() == [4]
    source, _, _, row = table.batches[0].items[0]
    assert (source, row["record_id"]) == ("served", "r4")
    assert look_at_log(table.settings) == {"table": "served", "largest": 4}


def test_a_row_that_is_committed_late_is_read_once(url: str) -> None:
    table = Table(url)
    table.add(5, 9)
    assert table.poll() == [5, 9]
    table.add(7)  # its transaction took its number before 9 and ends only now
    table.add(12)
    assert table.poll() == [7, 12]
    table.add(6, 8, 2, 11, 10)
    assert table.poll() == [2, 6, 8, 10, 11]
    assert table.poll() == []


def test_a_number_that_never_came_is_given_up_after_a_while(url: str) -> None:
    table = Table(url)
    table.add(5, 9)
    table.poll()
    table.now = NOW + table_module.LATE - timedelta(seconds=1)
    table.add(7)
    assert table.poll() == [7]
    table.now = NOW + table_module.LATE + timedelta(seconds=1)
    table.add(8)
    assert table.poll() == []
    assert table.positions["table"]["gaps"] == []


def test_what_is_remembered_of_missing_numbers_is_bounded(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "MOST_GAPS", 10)
    table = Table(url)
    table.add(*range(0, 400, 2))
    assert len(table.poll()) == 200
    assert len(table.positions["table"]["gaps"]) == 10
    table.add(1, 397)
    assert table.poll() == [397]


def test_pages_and_batches_are_bounded(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "_PAGE", 7)
    monkeypatch.setattr(gathering_module, "BATCH_LINES", 10)
    table = Table(url)
    table.add(*range(1, 41), *range(61, 101))
    assert table.poll() == [*range(1, 41), *range(61, 101)]
    assert max(len(batch.items) for batch in table.batches) == 10
    table.add(*range(41, 61))
    assert table.poll() == list(range(41, 61))


@pytest.mark.parametrize("refilled", [3, 100, 140])
def test_a_table_that_was_emptied_and_begins_again_is_told_of_and_read(url: str, refilled: int) -> None:
    """Also when it holds more rows by the next poll than before: other records stand under the same numbers."""
    table = Table(url)
    for number in range(1, 101, 20):
        table.add(*range(number, number + 20))
        table.poll()
    table.remove("1 = 1")
    assert table.poll() == []
    table.add(*range(1, refilled + 1), prefix="again")
    assert table.poll() == list(range(1, refilled + 1))
    assert "numbers of served begin again: 100 had been read" in table.notes[0]
    table.add(refilled + 1)
    assert table.poll() == [refilled + 1]
    assert table.notes == []


def test_a_replica_that_is_behind_is_an_error_and_nothing_is_read_twice(url: str) -> None:
    table = Table(url)
    for number in range(1, 101, 2):
        table.add(number, number + 1)
        table.poll()
    assert len(table.positions["table"]["marks"]) <= table_module.MOST_MARKS
    table.remove("seq > 7")
    with pytest.raises(SourceError, match=r"telemetry\.order seq of served; seen: 7, after 100 had been read"):
        table.poll()
    table.add(*range(8, 102))
    assert table.poll() == [101]


def test_old_rows_may_be_removed(url: str) -> None:
    table = Table(url)
    for number in range(1, 40):
        table.add(number)
        table.poll()
    table.remove("seq < 39")
    table.add(40)
    assert table.poll() == [40]
    table.remove("seq < 41")
    assert table.poll() == []
    table.add(41)
    assert table.poll() == [41]


def test_positions_saved_before_rows_were_remembered_go_on(url: str) -> None:
    table = Table(url)
    table.add(1)
    table.poll()
    del table.positions["table"]["marks"]
    table.add(2)
    assert table.poll() == [2]


def test_another_table_is_read_from_its_beginning(url: str) -> None:
    table = Table(url)
    table.add(1)
    table.poll()
    table.positions = {"table": {**table.positions["table"], "name": "older"}}
    assert table.poll() == [1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"table": "serving"}, "table of explanation log does not exist"),
        ({"order": "number"}, "column number of served"),
        ({"order": "record_id"}, "a value of type str"),
    ],
)
def test_what_is_wrong_is_named(url: str, settings: dict[str, str], message: str) -> None:
    table = Table(url)
    table.add(1)
    table.settings = table.settings.model_copy(update=settings)
    with pytest.raises(SourceError, match=message):
        table.poll()
