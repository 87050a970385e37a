from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from monitor.errors import ConfigError, SourceError
from monitor.settings import ColumnSettings, PredictionSettings
from monitor.sources import find_prediction
from monitor.types import Window

from .conftest import FEATURES, WINDOW, write_table

Stored = Callable[[str], PredictionSettings]
KINDS = ["parquet", "csv", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture
def source(request: pytest.FixtureRequest, stored: Stored, log: pd.DataFrame) -> Callable[[str], PredictionSettings]:
    def made(kind: str) -> PredictionSettings:
        if kind != "postgres":
            return stored(kind)
        url = request.getfixturevalue("postgres_url")
        write_table(log, url)
        return PredictionSettings(url=url, table="log", columns=stored("parquet").columns)

    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_prediction_is_found_with_all_that_a_sample_has(source: Stored, log: pd.DataFrame, kind: str) -> None:
    settings = source(kind)
    inside = log[(log["timestamp"] >= WINDOW.start) & (log["timestamp"] < WINDOW.end)]
    for place in (0, 7, 500):
        row = inside.iloc[place]
        found = find_prediction(settings, WINDOW, features=FEATURES, row_id=row["id"])
        assert (found.n, found.n_seen, found.row_ids) == (1, 1, (row["id"],))
        assert pd.Timestamp(found.times[0], tz="UTC") == row["timestamp"]
        shown = found.rows.iloc[0]
        assert (shown["age"], shown["kind"]) == (row["age"], row["kind"])
        assert shown["income"] == row["income"] or (pd.isna(shown["income"]) and pd.isna(row["income"]))
        assert found.predictions is not None
        assert found.predictions[0] == row["score"]
        assert found.segments == {"region": (row["region"],)}
        assert found.model_versions == (str(row["version"]),)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_window_is_searched_start_included_end_not(source: Stored, log: pd.DataFrame, kind: str) -> None:
    settings = source(kind)  # rows 0, 1 and 2 lie at the start, at the end, and one microsecond before the end
    there = [find_prediction(settings, WINDOW, features=(), row_id=log["id"][i]).n for i in (0, 1, 2)]

    assert there == [1, 0, 1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row_id", ["", "p", "nobody", "' OR '1'='1", "%", "٣", "9" * 5000])
def test_an_id_that_is_not_there_is_not_found(source: Stored, kind: str, row_id: str) -> None:
    assert find_prediction(source(kind), WINDOW, features=FEATURES, row_id=row_id).n == 0


@pytest.mark.parametrize("kind", ["int64", "int32", "uint64", "float64", "string", "category"])
def test_ids_of_any_type_are_known_by_their_text(tmp_path: Path, log: pd.DataFrame, kind: str) -> None:
    ids = pd.Series(range(len(log))).astype("int64" if kind == "category" else kind)
    if kind in ("category", "string"):
        ids = ids.astype(str).astype(kind)
    log.assign(id=ids).to_parquet(tmp_path / "log.parquet", row_group_size=500)
    settings = PredictionSettings(path=str(tmp_path / "log.parquet"), columns=ColumnSettings(id="id"))
    text = str(ids.iloc[0])

    found = find_prediction(settings, WINDOW, features=FEATURES, row_id=text)

    assert found.row_ids == (text,)
    assert found.rows["age"].iloc[0] == log["age"][0]
    for other in ("007", "+7", " 7", "7.00", "99999999999999999999", "-7"):
        assert find_prediction(settings, WINDOW, features=FEATURES, row_id=other).n == 0


@pytest.mark.postgres
def test_a_database_finds_ids_of_any_type(postgres_url: str, log: pd.DataFrame) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE log (id uuid, n bigint, timestamp timestamptz, age int)"))
        uuid = "00000000-0000-4000-8000-000000000007"
        connection.execute(sa.text("INSERT INTO log VALUES (:uuid, 7, :at, 33)"), {"uuid": uuid, "at": WINDOW.start})
    engine.dispose()
    for column, text in (("id", uuid), ("n", "7")):
        settings = PredictionSettings(url=postgres_url, table="log", columns=ColumnSettings(id=column))
        assert find_prediction(settings, WINDOW, features=("age",), row_id=text).rows["age"].tolist() == [33]
        assert find_prediction(settings, WINDOW, features=("age",), row_id="8").n == 0


@pytest.mark.parametrize("kind", ["parquet", "sqlite"])
def test_of_several_rows_of_one_id_the_first_is_taken_and_all_are_counted(
    tmp_path: Path, log: pd.DataFrame, stored: Stored, kind: str
) -> None:
    log = log.assign(id=log["id"].where(log.index != 2, log["id"][0]))
    if kind == "parquet":
        log.to_parquet(tmp_path / "twice.parquet")
        settings = PredictionSettings(path=str(tmp_path / "twice.parquet"), columns=stored("parquet").columns)
    else:
        url = f"sqlite:///{tmp_path / 'twice.db'}"
        write_table(log.assign(timestamp=[one.isoformat() for one in log["timestamp"]]), url)
        settings = PredictionSettings(url=url, table="log", columns=stored("parquet").columns)

    found = find_prediction(settings, WINDOW, features=FEATURES, row_id=log["id"][0])

    assert (found.n, found.n_seen) == (1, 2)
    assert found.rows["age"].iloc[0] == log["age"][0]


def test_the_database_can_use_an_index_on_the_id(tmp_path: Path, log: pd.DataFrame, stored: Stored) -> None:
    settings = stored("sqlite")
    assert settings.url is not None
    engine, asked = sa.create_engine(settings.url), []
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE INDEX by_id ON log (id)"))
    engine.dispose()

    def listen(conn: object, cursor: object, statement: str, parameters: object, *rest: object) -> None:
        asked.append((statement, parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    try:
        assert find_prediction(settings, WINDOW, features=FEATURES, row_id=log["id"][0]).n == 1
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", listen)
    statement, parameters = next(one for one in reversed(asked) if "age" in one[0])
    import sqlite3

    with sqlite3.connect(settings.url.removeprefix("sqlite:///")) as raw:
        raw.create_function("xdrift_time", 1, lambda _: 0)
        plan = raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()  # type: ignore[arg-type]
    assert any("by_id" in str(step) for step in plan), plan


def test_no_column_of_ids_is_an_error_that_says_where_to_name_one(stored: Stored) -> None:
    settings = stored("parquet").model_copy(update={"columns": ColumnSettings()})

    with pytest.raises(ConfigError, match=r"name it in predictions\.columns\.id"):
        find_prediction(settings, WINDOW, features=FEATURES, row_id="p1")


@pytest.mark.parametrize("kind", ["parquet", "sqlite"])
def test_a_missing_column_is_named(stored: Stored, kind: str) -> None:
    with pytest.raises(SourceError, match="no wage"):
        find_prediction(stored(kind), WINDOW, features=("wage",), row_id="p1")


def test_a_window_without_rows_finds_nothing(stored: Stored) -> None:
    later = Window(start=WINDOW.end + timedelta(days=400), end=WINDOW.end + timedelta(days=401))

    assert find_prediction(stored("sqlite"), later, features=FEATURES, row_id="p1").n == 0
