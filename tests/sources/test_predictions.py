"""Reading a prediction log: what is mapped, what is refused, and how the refusal reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import sqlalchemy as sa

from monitor.errors import ConfigError, DataError, SourceError, XdriftError
from monitor.settings import ColumnSettings, PredictionSettings, SampleSettings
from monitor.sources import draw_sample, sql
from monitor.types import Sample, Window
from tests.sources.conftest import COLUMNS, FEATURES, WINDOW, store, write_table

DRAW = SampleSettings(rows=100, batch_rows=500)
Stored = Callable[[str], PredictionSettings]


def drawn(source: PredictionSettings, features: tuple[str, ...] = FEATURES, window: Window = WINDOW) -> Sample:
    return draw_sample(source, window, features=features, sample=DRAW, seed=1)


def mapped(source: PredictionSettings, **columns: Any) -> PredictionSettings:
    return source.model_copy(update={"columns": source.columns.model_copy(update=columns)})


@pytest.mark.parametrize("kind", ["parquet", "csv", "sqlite"])
def test_every_mapped_column_comes_back_beside_its_row(stored: Stored, log: pd.DataFrame, kind: str) -> None:
    sample = drawn(stored(kind))
    truth = log.set_index("id").loc[list(sample.row_ids)]
    assert tuple(sample.rows.columns) == FEATURES
    np.testing.assert_array_equal(sample.rows["income"], truth["income"])
    assert sample.times.dtype == "datetime64[us]"
    assert sample.times.tolist() == truth["timestamp"].dt.tz_localize(None).tolist()
    assert sample.predictions is not None
    assert sample.labels is not None
    np.testing.assert_array_equal(sample.predictions, truth["score"])
    np.testing.assert_array_equal(sample.labels, truth["outcome"])
    assert sample.model_versions == tuple(truth["version"])
    assert sample.versions_seen == truth["version"].value_counts().sort_index().to_dict()
    assert sample.segments == {"region": tuple(truth["region"])}
    assert list(sample.times) == sorted(sample.times)


def test_columns_that_are_not_mapped_are_none(stored: Stored) -> None:
    sample = drawn(stored("parquet").model_copy(update={"columns": ColumnSettings()}))
    assert (sample.predictions, sample.model_versions, sample.labels, sample.priority_rows) == (None,) * 4
    assert sample.segments == {}
    assert len(set(sample.row_ids)) == 100
    assert sample.row_ids[0].startswith("2024-01-03T0")


def test_source_columns_are_renamed_to_features(log: pd.DataFrame, tmp_path: Path) -> None:
    source = store(log.rename(columns={"income": "INCOME_EUR"}), "sqlite", tmp_path)
    sample = drawn(mapped(source, rename={"INCOME_EUR": "income"}))
    assert tuple(sample.rows.columns) == FEATURES
    with pytest.raises(ConfigError, match="two columns to feature income; seen: INCOME_EUR, age"):
        drawn(mapped(source, rename={"INCOME_EUR": "income", "age": "income"}))


@pytest.mark.parametrize("kind", ["parquet", "csv", "sqlite"])
def test_missing_columns_are_named_all_at_once_with_the_nearest(stored: Stored, kind: str) -> None:
    source = mapped(stored(kind), prediction="skore")
    with pytest.raises(
        SourceError, match=r"lack 2 columns; seen: no incom \(did you mean income\?\); no skore \(did you mean score"
    ):
        drawn(source, features=("incom", "age"))


def test_a_missing_table_is_named_with_the_nearest_and_the_known_ones(stored: Stored) -> None:
    source = stored("sqlite")
    with pytest.raises(SourceError, match=r"does not exist; seen: logs \(did you mean log\?\).*: log; next:"):
        drawn(source.model_copy(update={"table": "logs"}))


def test_a_missing_sqlite_file_is_refused_and_not_created(tmp_path: Path) -> None:
    path = tmp_path / "gone.db"
    with pytest.raises(SourceError, match="database of predictions does not exist"):
        drawn(PredictionSettings(url=f"sqlite:///{path}", table="log"))
    assert not path.exists()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:topsecret@127.0.0.1:9/db",
        "postgresql://me:topsecret@127.0.0.1:9/db?sslmode=disable&password=topsecret",
        "nosuchdialect://me:topsecret@127.0.0.1/db",
        "topsecret no url at all",
        "postgresql+psycopg://me:topsecret@127.0.0.1:port/db",
    ],
)
def test_an_unreachable_database_is_named_without_its_password(url: str) -> None:
    with pytest.raises(SourceError) as caught:
        drawn(PredictionSettings(url=url, table="log"))
    chain: list[str] = []
    error: BaseException | None = caught.value
    while error is not None:
        chain.append(str(error))
        error = error.__cause__
    assert "topsecret" not in " ".join(chain)
    assert "predictions" in chain[0] or "driver" in chain[0]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT * FROM log; DROP TABLE log", "seen: 2 statements"),
        ("DELETE FROM log", "is not a SELECT; seen: DELETE FROM log"),
        ("", "exactly one of path, table, query"),
        ("/* SELECT */ UPDATE log SET age = 1", "is not a SELECT"),
        ("-- nothing", "seen: 0 statements"),
    ],
)
def test_anything_but_one_select_is_a_configuration_error(stored: Stored, query: str, words: str) -> None:
    url = stored("sqlite").url
    with pytest.raises((ConfigError, ValueError), match=words):
        drawn(PredictionSettings(url=url, query=query, columns=COLUMNS))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM log",
        "  select * from log ;  ",
        "WITH recent AS (SELECT * FROM log) SELECT * FROM recent -- all; of them",
        "/* a; b */ SELECT *, 'it''s; fine' AS x, ':y' AS \"semi;colon\" FROM log",
    ],
)
def test_one_select_is_wrapped_whatever_its_comments_and_literals(stored: Stored, query: str) -> None:
    source = stored("sqlite")
    assert drawn(PredictionSettings(url=source.url, query=query, columns=COLUMNS)).row_ids == drawn(source).row_ids


def test_a_source_query_cannot_write_even_through_a_function_or_cte(stored: Stored) -> None:
    with sql.reading(str(stored("sqlite").url), "predictions") as connection, pytest.raises(sa.exc.OperationalError):
        connection.exec_driver_sql("DELETE FROM log")


@pytest.mark.postgres
def test_a_query_that_writes_is_refused_by_postgres(log: pd.DataFrame, postgres_url: str, tmp_path: Path) -> None:
    store(log.head(10), "postgres", tmp_path, postgres_url)
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SEQUENCE counter")
    engine.dispose()
    query = "SELECT * FROM log WHERE nextval('counter') > 0"
    with pytest.raises(SourceError, match=r"refused a query; seen: .*read-only transaction"):
        drawn(PredictionSettings(url=postgres_url, query=query, columns=COLUMNS))


@pytest.mark.postgres
def test_a_table_in_a_schema_and_decimals_and_dates_are_read_from_postgres(
    log: pd.DataFrame, postgres_url: str, tmp_path: Path
) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA scoring")
        connection.exec_driver_sql("CREATE TABLE scoring.log (id int, day date, income numeric(10, 2), member boolean)")
        connection.exec_driver_sql(
            "INSERT INTO scoring.log VALUES"
            " (1, '2024-01-04', 1.25, true), (2, '2024-01-04', NULL, NULL), (3, '2024-02-01', 1, true)"
        )
    engine.dispose()
    source = PredictionSettings(
        url=postgres_url,
        table="scoring.log",
        timezone="UTC",
        columns=ColumnSettings(time="day", id="id", prediction="income"),
    )
    sample = drawn(source, features=("income", "member"))
    assert (sample.row_ids, sample.n_seen) == (("1", "2"), 2)
    np.testing.assert_array_equal(sample.rows["income"], [1.25, np.nan])
    np.testing.assert_array_equal(sample.rows["member"], [1.0, np.nan])
    np.testing.assert_array_equal(np.asarray(sample.predictions), [1.25, np.nan])
    with pytest.raises(SourceError, match=r"schema scoring: log"):
        drawn(source.model_copy(update={"table": "scoring.logs"}))


@pytest.mark.postgres
def test_text_times_in_postgres_are_refused_with_a_cast_as_hint(
    log: pd.DataFrame, postgres_url: str, tmp_path: Path
) -> None:
    text = log.assign(timestamp=log["timestamp"].astype(str))
    with pytest.raises(DataError, match=r"is text; .*CAST\(ts AS timestamptz\)"):
        drawn(store(text, "postgres", tmp_path, postgres_url))


@pytest.mark.parametrize("kind", ["parquet", "csv", "sqlite"])
@pytest.mark.parametrize("unit", [1, 1000])
def test_seconds_since_1970_are_refused_with_a_hint(log: pd.DataFrame, tmp_path: Path, kind: str, unit: int) -> None:
    epoch = log["timestamp"].astype("int64") // 1_000_000 * unit
    source = PredictionSettings(path=str(tmp_path / "log.parquet"), columns=COLUMNS)
    if kind == "parquet":
        log.assign(timestamp=epoch).to_parquet(tmp_path / "log.parquet")
    elif kind == "sqlite":
        write_table(log.assign(timestamp=epoch), f"sqlite:///{tmp_path / 'log.db'}")
        source = PredictionSettings(url=f"sqlite:///{tmp_path / 'log.db'}", table="log", columns=COLUMNS)
    else:
        source = store(log.assign(timestamp=epoch), "csv", tmp_path)
    with pytest.raises(DataError, match=r"time column timestamp is not a time; seen: .*next: "):
        drawn(source)


@pytest.mark.parametrize("kind", ["parquet", "csv", "sqlite"])
def test_naive_times_need_a_zone_and_then_mean_that_zone(
    stored: Stored, log: pd.DataFrame, tmp_path: Path, kind: str
) -> None:
    local = log["timestamp"].dt.tz_convert("America/New_York").dt.tz_localize(None)
    (tmp_path / "naive").mkdir()
    source = store(log.assign(timestamp=local), kind, tmp_path / "naive")
    with pytest.raises(DataError, match=r"without a zone.*set timezone"):
        drawn(source)
    assert drawn(source.model_copy(update={"timezone": "America/New_York"})).row_ids == drawn(stored("parquet")).row_ids


@pytest.mark.parametrize("kind", ["parquet", "sqlite"])
def test_rows_in_the_repeated_hour_are_noted(tmp_path: Path, kind: str) -> None:
    times = pd.Series(pd.to_datetime(["2024-10-27 01:30", "2024-10-27 02:15", "2024-10-27 02:45", "2024-10-27 03:30"]))
    rows = pd.DataFrame({"id": list("abcd"), "timestamp": times, "income": 1.0})
    columns = ColumnSettings(id="id")
    if kind == "parquet":
        rows.to_parquet(tmp_path / "log.parquet")
        source = PredictionSettings(path=str(tmp_path / "log.parquet"), columns=columns, timezone="Europe/Berlin")
    else:
        write_table(rows.assign(timestamp=rows["timestamp"].astype(str)), f"sqlite:///{tmp_path / 'log.db'}")
        url = f"sqlite:///{tmp_path / 'log.db'}"
        source = PredictionSettings(url=url, table="log", columns=columns, timezone="Europe/Berlin")
    first = Window(start=datetime(2024, 10, 27, 0, tzinfo=UTC), end=datetime(2024, 10, 27, 1, tzinfo=UTC))
    second = Window(start=first.end, end=datetime(2024, 10, 27, 2, tzinfo=UTC))
    sample = drawn(source, features=("income",), window=first)
    assert sample.row_ids == ("b", "c")
    assert sample.notes == (
        "2 rows drawn lie in the hour that Europe/Berlin repeats in autumn; they are taken as the first",
    )
    assert drawn(source, features=("income",), window=second).n_seen == 0


@pytest.mark.parametrize("kind", ["parquet", "csv", "sqlite"])
def test_a_prediction_column_of_text_is_refused(log: pd.DataFrame, tmp_path: Path, kind: str) -> None:
    source = store(log.assign(score="high"), kind, tmp_path)
    with pytest.raises(DataError, match=r"prediction column score: wrong type; seen: string .*expected: numbers"):
        drawn(source)


@pytest.mark.parametrize("kind", ["parquet", "csv", "sqlite"])
def test_a_priority_column_that_is_no_flag_is_refused(log: pd.DataFrame, tmp_path: Path, kind: str) -> None:
    with pytest.raises(DataError, match="priority column flag is not boolean; seen: 'often'"):
        drawn(store(log.assign(flag="often"), kind, tmp_path))


def test_text_labels_stay_text_and_missing_ones_are_none(log: pd.DataFrame, tmp_path: Path) -> None:
    labels = np.where(np.arange(len(log)) % 2, "paid", None)
    sample = drawn(store(log.assign(outcome=labels), "parquet", tmp_path))
    assert sample.labels is not None
    assert set(sample.labels) == {"paid", None}


def test_decimals_in_parquet_are_numbers(log: pd.DataFrame, tmp_path: Path) -> None:
    source = store(log.assign(income=[Decimal("1.25")] * len(log)), "parquet", tmp_path)
    assert drawn(source).rows["income"].tolist() == [1.25] * 100


def test_a_folder_and_a_glob_are_read_like_one_file(stored: Stored, log: pd.DataFrame, tmp_path: Path) -> None:
    for number, part in enumerate((log.iloc[:700], log.iloc[700:])):
        folder = tmp_path / "parts" / f"day={number}"
        folder.mkdir(parents=True)
        part.to_parquet(folder / "part.parquet")
    (tmp_path / "parts" / "_SUCCESS").touch()
    (tmp_path / "parts" / "_temporary").mkdir()
    log.to_parquet(tmp_path / "parts" / "_temporary" / "half.parquet")
    one = drawn(stored("parquet"))
    for place in (tmp_path / "parts", tmp_path / "parts" / "**" / "part*.parquet"):
        sample = drawn(PredictionSettings(path=str(place), columns=COLUMNS))
        assert (sample.row_ids, sample.n_seen) == (one.row_ids, one.n_seen)


def test_a_column_that_some_files_lack_is_missing_there_and_noted(log: pd.DataFrame, tmp_path: Path) -> None:
    log.iloc[:1500].to_parquet(tmp_path / "a.parquet")
    log.iloc[1500:].drop(columns="income").to_parquet(tmp_path / "b.parquet")
    sample = drawn(PredictionSettings(path=str(tmp_path / "*.parquet"), columns=COLUMNS))
    assert sample.notes == ("column income is missing in 1 of 2 files and read as missing values there",)


def test_whole_and_broken_numbers_in_two_files_are_one_column(log: pd.DataFrame, tmp_path: Path) -> None:
    log.iloc[:1500].assign(age=1).to_parquet(tmp_path / "a.parquet")
    log.iloc[1500:].assign(age=1.5, region=lambda rows: rows["region"].astype("category")).to_parquet(
        tmp_path / "b.parquet"
    )
    sample = drawn(PredictionSettings(path=str(tmp_path), columns=COLUMNS))
    assert set(sample.rows["age"]) == {1.0, 1.5}


def test_files_whose_types_contradict_each_other_are_refused(log: pd.DataFrame, tmp_path: Path) -> None:
    log.iloc[:1500].to_parquet(tmp_path / "a.parquet")
    log.iloc[1500:].assign(age="old").to_parquet(tmp_path / "b.parquet")
    with pytest.raises(SourceError, match=r"cannot be read; seen: .*age"):
        drawn(PredictionSettings(path=str(tmp_path), columns=COLUMNS))


def test_csv_columns_that_start_whole_or_empty_may_continue_otherwise(log: pd.DataFrame, tmp_path: Path) -> None:
    ages = log["age"].astype(float)
    ages.iloc[-500:] += 0.5
    kinds = log["kind"].where(np.arange(len(log)) > 1000)
    source = store(log.assign(age=ages.map(lambda one: f"{one:g}"), kind=kinds), "csv", tmp_path)
    sample = drawn(source)
    assert (sample.rows["age"] % 1 == 0.5).any()
    assert sample.rows["kind"].isna().any()


def test_ids_and_versions_of_digits_keep_their_zeros_in_csv(log: pd.DataFrame, tmp_path: Path) -> None:
    source = store(log.assign(id=[f"{row:08d}" for row in range(len(log))], version="007"), "csv", tmp_path)
    sample = drawn(source)
    assert all(len(one) == 8 for one in sample.row_ids)
    assert sample.versions_seen == {"007": 100}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: None, r"holds no data file; seen: no such file"),
        (lambda folder: (folder / "log").mkdir(), "holds no data file"),
        (lambda folder: (folder / "log").write_text("x"), r"not data of one format; seen: log; expected: .*Parquet"),
    ],
)
def test_a_path_without_data_says_what_was_looked_for(tmp_path: Path, make: Callable[[Path], Any], words: str) -> None:
    make(tmp_path)
    with pytest.raises(SourceError, match=words):
        drawn(PredictionSettings(path=str(tmp_path / "log"), columns=COLUMNS))


@pytest.mark.parametrize("size", [0, 4, 1000])
def test_a_truncated_parquet_file_is_named(stored: Stored, tmp_path: Path, size: int) -> None:
    path = Path(str(stored("parquet").path))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(SourceError, match=r"log\.parquet cannot be read; seen: "):
        drawn(PredictionSettings(path=str(path), columns=COLUMNS))


def test_an_empty_csv_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.csv").touch()
    with pytest.raises(SourceError, match=r"log\.csv cannot be read"):
        drawn(PredictionSettings(path=str(tmp_path / "log.csv"), columns=COLUMNS))


def test_row_groups_outside_the_window_are_not_read(log: pd.DataFrame, tmp_path: Path) -> None:
    """A broken page in an old row group is never touched when the window does not need it."""
    ordered = log.sort_values("timestamp")
    ordered.to_parquet(tmp_path / "log.parquet", row_group_size=300, compression="none", use_dictionary=False)
    with pa.parquet.ParquetFile(tmp_path / "log.parquet") as file:
        column = file.metadata.row_group(0).column(2)
        assert column.path_in_schema == "income"
        first, size = column.data_page_offset, column.total_compressed_size
    data = bytearray((tmp_path / "log.parquet").read_bytes())
    data[first : first + size] = b"\xff" * size
    (tmp_path / "log.parquet").write_bytes(data)
    source = PredictionSettings(path=str(tmp_path / "log.parquet"), columns=COLUMNS)
    late = Window(start=ordered["timestamp"].iloc[1000].to_pydatetime(), end=datetime(2024, 2, 1, tzinfo=UTC))
    assert drawn(source, window=late).n == 100
    early = Window(start=datetime(2023, 12, 1, tzinfo=UTC), end=late.start)
    with pytest.raises(XdriftError, match="cannot be read"):
        drawn(source, window=early)
