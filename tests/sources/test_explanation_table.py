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
    create(found, "JSONB" if request.param == "postgres" else "TEXT")
    return found


def create(url: str, json_type: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE served (seq BIGINT, record_id TEXT, timestamp TIMESTAMP, "
            f"shap_values {json_type}, meta {json_type})"
        )
    engine.dispose()


class Table:
    """A table that is polled again and again."""

    def __init__(self, url: str) -> None:
        self.settings = TelemetrySettings(url=url, table="served", order="seq")
        self.engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        self.positions: dict[str, Any] = {}
        self.batches: list[Any] = []
        self.now = NOW

    def add(self, *numbers: int | None, prefix: str = "r") -> None:
        with self.engine.begin() as connection:
            connection.execute(
                sa.text("INSERT INTO served (seq, record_id, shap_values, meta) VALUES (:n, :name, :shap, :meta)"),
                [
                    {"n": number, "name": f"{prefix}{number}", "shap": '{"a": 0.5}', "meta": f'{{"id": "m{number}"}}'}
                    for number in numbers
                ],
            )

    def run(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def remove(self, condition: str) -> None:
        self.run(f"DELETE FROM served WHERE {condition}")

    @property
    def rows(self) -> dict[int, Any]:
        """Of the latest poll."""
        return {position: raw for batch in self.batches for _, position, _, raw in batch.items}

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


@pytest.mark.parametrize("altered", ["seq = 1", "seq = 60", "seq = 100", "seq > 50"])
def test_ids_replaced_for_privacy_make_no_other_table(url: str, altered: str) -> None:
    """All that is known of a row is its id; half of those looked at again may be replaced by others."""
    table = Table(url)
    for number in range(1, 101, 20):
        table.add(*range(number, number + 20))
        table.poll()
    table.run(f"UPDATE served SET record_id = 'anonymous' WHERE {altered}")
    table.add(101)
    assert table.poll() == [101]
    assert "other records than those that were read under their numbers" in " ".join(table.notes)
    table.add(102)
    assert table.poll() == [102]
    assert table.notes == []


def test_rows_that_kept_their_time_are_the_same_whatever_became_of_their_ids(url: str) -> None:
    table = Table(url)
    table.add(*range(1, 11))
    for number in range(1, 11):
        table.run(f"UPDATE served SET timestamp = '2026-11-20 10:00:{number}' WHERE seq = {number}")
    table.poll()
    table.run("UPDATE served SET record_id = 'anonymous'")
    assert table.poll() == []
    assert table.notes == []


def test_an_id_within_json_is_known_whatever_stands_beside_it(url: str) -> None:
    table = Table(url)
    table.settings = table.settings.model_copy(
        update={"columns": table.settings.columns.model_copy(update={"record_id": "meta.id"})}
    )
    table.add(*range(1, 11))
    table.run('UPDATE served SET meta = \'{"id": "m10", "address": "1.2.3.4"}\' WHERE seq = 10')
    table.poll()
    table.run('UPDATE served SET meta = \'{"address": null, "id": "m10"}\' WHERE seq = 10')
    table.add(11)
    assert table.poll() == [11]
    assert table.notes == []


def test_two_rows_under_one_number_are_told_also_where_a_page_ends_between_them(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_module, "_PAGE", 5)
    table = Table(url)
    table.add(1, 2, 3, 4, 5, 5, 6)
    with pytest.raises(SourceError, match=r"telemetry\.order seq of served; seen: 5 more than once"):
        table.poll()


def test_a_row_under_the_number_that_was_read_last_is_told(url: str) -> None:
    table = Table(url)
    table.add(1, 2, 3)
    assert table.poll() == [1, 2, 3]
    table.add(3, prefix="again")
    with pytest.raises(SourceError, match="seen: 3 more than once"):
        table.poll()


def test_rows_without_a_number_are_told_after_all_others_were_read(url: str) -> None:
    table = Table(url)
    table.add(1, None, 2)
    with pytest.raises(SourceError, match=r"telemetry\.order seq of served; seen: rows in which it is NULL"):
        table.poll()
    assert sorted(table.rows) == [1, 2]
    assert not table.batches[-1].last
    table.run("UPDATE served SET seq = 3 WHERE seq IS NULL")
    assert table.poll() == [3]
    assert table.batches[-1].last


DEEP = "'{\"a\": ' || repeat('[', 1200) || repeat(']', 1200) || '}'"
LONG = "'{\"a\": 1' || repeat('0', 5000) || '}'"


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("column", "value", "begins"),
    [
        ("timestamp", "'infinity'", "infinity"),
        ("timestamp", "'-infinity'", "-infinity"),
        ("timestamp", "'20000-01-01'", "20000-01-01 "),
        ("timestamp", "'0044-03-15 BC'", "0044-03-15 "),
        ("shap_values", f"({DEEP})::jsonb", '{"a": [[['),
        ("shap_values", f"({LONG})::jsonb", '{"a": 1000'),
    ],
)
@pytest.mark.parametrize("bad", [[1], [4], [9], [2, 3, 9], list(range(1, 10))], ids=str)
def test_a_value_that_the_driver_cannot_decode_is_text_and_keeps_no_other_row_back(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, column: str, value: str, begins: str, bad: list[int]
) -> None:
    monkeypatch.setattr(table_module, "_PAGE", 5)
    create(postgres_url, "JSONB")
    table = Table(postgres_url)
    table.add(*range(1, 10))
    table.run(f"UPDATE served SET {column} = {value} WHERE seq IN ({', '.join(map(str, bad))})")
    assert table.poll() == list(range(1, 10))
    for number, row in table.rows.items():
        assert row["record_id"] == f"r{number}"
        if number in bad:
            assert row[column].startswith(begins)
        else:
            assert (row["timestamp"], row["shap_values"]) == (None, {"a": 0.5})
    table.add(10)
    assert table.poll() == [10]
    assert table.notes == []


@pytest.mark.postgres
def test_a_late_row_with_a_value_that_cannot_be_decoded_is_read_once(postgres_url: str) -> None:
    create(postgres_url, "JSONB")
    table = Table(postgres_url)
    table.add(1, 3, 5)
    assert table.poll() == [1, 3, 5]
    table.add(2, 4)
    table.run("UPDATE served SET timestamp = 'infinity' WHERE seq IN (2, 3)")
    assert table.poll() == [2, 4]
    assert table.poll() == []


def test_text_in_another_encoding_keeps_no_other_row_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    create(url, "TEXT")
    table = Table(url)
    table.add(1, 2, 3, 4)
    table.run("UPDATE served SET record_id = CAST(x'e9e8' AS TEXT) WHERE seq IN (2, 4)")
    assert table.poll() == [1, 2, 3, 4]
    assert [row["record_id"] for row in table.rows.values()] == ["r1", "\udce9\udce8", "r3", "\udce9\udce8"]
    assert table.poll() == []


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
