"""The holdout: read whole, refused when unfit, recognised by content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.errors import ConfigError, DataError, SourceError
from monitor.settings import HoldoutSettings
from monitor.sources import read_holdout
from tests.sources.conftest import write_table


@pytest.fixture
def rows() -> pd.DataFrame:
    rng, n = np.random.default_rng(5), 60
    return pd.DataFrame(
        {
            "key": [f"h{row}" for row in range(n)],
            "at": pd.date_range("2024-01-01", periods=n, freq="D", tz="UTC").as_unit("us"),
            "income": np.where(np.arange(n) % 7 == 0, np.nan, rng.normal(size=n) * 1e5),
            "age": rng.integers(18, 90, n),
            "member": rng.random(n) < 0.5,
            "kind": pd.Categorical(rng.choice(["flat", "boat"], n), categories=["flat", "boat", "house"]),
            "bad": rng.integers(0, 2, n),
        }
    )


SPECIAL = {"id": "key", "time": "at", "label": "bad"}
FEATURES = ("income", "age", "member", "kind")


def write(rows: pd.DataFrame, kind: str, folder: Path) -> HoldoutSettings:
    path = folder / f"holdout.{kind}"
    if kind == "db":
        write_table(rows.assign(at=rows["at"].astype(str), kind=rows["kind"].astype(str)), f"sqlite:///{path}")
        return HoldoutSettings(url=f"sqlite:///{path}", query="SELECT * FROM log ORDER BY rowid;", **SPECIAL)
    rows.to_parquet(path) if kind == "parquet" else rows.to_csv(path, index=False)
    return HoldoutSettings(path=str(path), **SPECIAL)


@pytest.mark.parametrize("kind", ["parquet", "csv", "db"])
def test_ids_times_labels_and_features_come_apart(rows: pd.DataFrame, tmp_path: Path, kind: str) -> None:
    holdout = read_holdout(write(rows, kind, tmp_path), None)
    assert tuple(holdout.rows.columns) == FEATURES
    assert holdout.row_ids == tuple(rows["key"])
    assert holdout.times is not None
    assert holdout.times.tolist() == rows["at"].dt.tz_localize(None).tolist()
    np.testing.assert_array_equal(np.asarray(holdout.labels), rows["bad"])
    np.testing.assert_array_equal(holdout.rows["income"], rows["income"])


def test_parquet_and_csv_of_the_same_rows_have_one_digest(rows: pd.DataFrame, tmp_path: Path) -> None:
    digests = {kind: read_holdout(write(rows, kind, tmp_path), None).digest for kind in ("parquet", "csv")}
    assert digests["parquet"] == digests["csv"]


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.assign(income=rows["income"] * 1.0000001),
        lambda rows: rows.iloc[::-1],
        lambda rows: rows.assign(key=rows["key"] + "x"),
        lambda rows: rows.assign(at=rows["at"] + pd.Timedelta(1, "us")),
        lambda rows: rows.rename(columns={"age": "years"}),
        lambda rows: rows.iloc[:-1],
    ],
)
def test_any_change_of_rows_ids_or_times_changes_the_digest(
    rows: pd.DataFrame, tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    before = read_holdout(write(rows, "parquet", tmp_path), None).digest
    assert read_holdout(write(change(rows), "parquet", tmp_path), None).digest != before


def test_labels_that_arrive_later_do_not_change_the_digest(rows: pd.DataFrame, tmp_path: Path) -> None:
    before = read_holdout(write(rows, "parquet", tmp_path), None).digest
    assert read_holdout(write(rows.assign(bad=None), "parquet", tmp_path), None).digest == before


def test_parquet_keeps_categories_and_their_order(rows: pd.DataFrame, tmp_path: Path) -> None:
    holdout = read_holdout(write(rows, "parquet", tmp_path), None)
    assert list(holdout.rows["kind"].cat.categories) == ["flat", "boat", "house"]


def test_features_given_are_the_columns_read_in_that_order(rows: pd.DataFrame, tmp_path: Path) -> None:
    holdout = read_holdout(write(rows, "parquet", tmp_path), ["kind", "income"])
    assert tuple(holdout.rows.columns) == ("kind", "income")


def test_without_an_id_rows_are_numbered_and_without_time_there_is_none(rows: pd.DataFrame, tmp_path: Path) -> None:
    rows.to_parquet(tmp_path / "holdout.parquet")
    holdout = read_holdout(HoldoutSettings(path=str(tmp_path / "holdout.parquet")), ["age"])
    assert holdout.row_ids == tuple(str(row) for row in range(60))
    assert holdout.times is None
    assert holdout.labels is None


def test_a_named_index_saved_by_pandas_is_a_column(rows: pd.DataFrame, tmp_path: Path) -> None:
    holdout = read_holdout(write(rows.set_index("key"), "parquet", tmp_path), None)
    assert holdout.row_ids == tuple(rows["key"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows.iloc[:0], r"has no rows; seen: 0 rows"),
        (lambda rows: rows.assign(key="same"), "60 rows with a repeated or missing id|59 rows with a repeated"),
        (lambda rows: rows.assign(key=rows["key"].where(rows["age"] > 30)), "repeated or missing id"),
        (
            lambda rows: rows.assign(at=rows["at"].where(rows["age"] > 30)),
            r"at has missing values; seen: \d+ of 60 rows",
        ),
        (lambda rows: rows.assign(at=rows["at"].dt.tz_localize(None)), "without a zone"),
        (lambda rows: rows.assign(at=range(60)), "is not a time"),
        (lambda rows: rows.assign(income=np.inf), "infinite values; seen: income in 60 of 60 rows"),
        (lambda rows: rows.assign(age=[[1]] * 60), "column age holds values that are no features"),
        (lambda rows: rows.drop(columns="bad"), r"lacks 1 column; seen: no bad"),
        (lambda rows: rows.drop(columns="age"), r"lacks 1 column; seen: no age.*did you mean|no age"),
    ],
)
def test_an_unfit_holdout_is_refused_and_the_reason_given(
    rows: pd.DataFrame, tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        read_holdout(write(change(rows), "parquet", tmp_path), FEATURES)


@pytest.mark.parametrize("kind", ["parquet", "csv", "db"])
def test_more_rows_than_allowed_are_refused(rows: pd.DataFrame, tmp_path: Path, kind: str) -> None:
    settings = write(rows, kind, tmp_path).model_copy(update={"max_rows": 59})
    with pytest.raises(DataError, match="too large; seen: more than 59 rows; expected: at most 59"):
        read_holdout(settings, None)
    assert len(read_holdout(settings.model_copy(update={"max_rows": 60}), None).rows) == 60


def test_naive_times_are_read_in_the_configured_zone(rows: pd.DataFrame, tmp_path: Path) -> None:
    aware = read_holdout(write(rows, "parquet", tmp_path), None)
    local = rows.assign(at=rows["at"].dt.tz_convert("Asia/Tokyo").dt.tz_localize(None))
    settings = write(local, "parquet", tmp_path).model_copy(update={"timezone": "Asia/Tokyo"})
    assert read_holdout(settings, None).digest == aware.digest


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"path": "gone.parquet"}, SourceError, "holds no data file"),
        ({"url": "sqlite:///gone.db", "query": "SELECT 1"}, SourceError, "does not exist"),
    ],
)
def test_a_holdout_that_is_not_there_is_named(settings: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        read_holdout(HoldoutSettings(**settings), None)


def test_a_holdout_query_must_be_one_select(rows: pd.DataFrame, tmp_path: Path) -> None:
    settings = write(rows, "db", tmp_path).model_copy(update={"query": "SELECT 1; SELECT 2"})
    with pytest.raises(ConfigError, match="query of holdout is not one statement"):
        read_holdout(settings, None)


@pytest.mark.parametrize("kind", ["parquet", "csv", "db"])
def test_segments_are_text_as_in_the_sample_and_no_part_of_the_digest(
    rows: pd.DataFrame, tmp_path: Path, kind: str
) -> None:
    plain = read_holdout(write(rows, kind, tmp_path), FEATURES)
    region = pd.Series([None if row % 4 == 3 else f"0{row % 4}" for row in range(len(rows))], dtype=object)
    (tmp_path / "more").mkdir()
    settings = write(rows.assign(region=region), kind, tmp_path / "more")
    holdout = read_holdout(settings, FEATURES, {"region": "region", "channel": "channel"})
    assert holdout.digest == plain.digest
    assert holdout.segments == {"region": tuple(region.fillna(""))}


@pytest.mark.parametrize("kind", ["parquet", "csv", "db"])
def test_a_feature_may_be_a_segment_and_keeps_its_kind(rows: pd.DataFrame, tmp_path: Path, kind: str) -> None:
    holdout = read_holdout(write(rows, kind, tmp_path), FEATURES, {"years": "age", "kind": "kind"})
    np.testing.assert_array_equal(holdout.rows["age"], rows["age"])
    assert holdout.segments == {"years": tuple(map(str, rows["age"])), "kind": tuple(rows["kind"])}


def test_csv_segments_of_digits_keep_their_zeros(rows: pd.DataFrame, tmp_path: Path) -> None:
    settings = write(rows.assign(branch=[f"{row % 2:03d}" for row in range(len(rows))]), "csv", tmp_path)
    assert set(read_holdout(settings, FEATURES, {"branch": "branch"}).segments["branch"]) == {"000", "001"}
