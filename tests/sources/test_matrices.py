"""Attribution matrices for `xdrift compare`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from monitor.errors import DataError, SourceError
from monitor.sources import read_matrix

VALUES = np.random.default_rng(8).normal(size=(6, 2))


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_numeric_columns_are_features_and_the_others_are_kept(tmp_path: Path, suffix: str) -> None:
    rows = pd.DataFrame(VALUES, columns=["income", "age"]).assign(
        week=[f"2024-0{row + 1}" for row in range(6)], whole=1
    )
    path = tmp_path / f"matrix.{suffix}"
    rows.to_parquet(path) if suffix == "parquet" else rows.to_csv(path, index=False)
    values, names, extra = read_matrix(path)
    assert names == ("income", "age", "whole")
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, rows[list(names)])
    assert extra is not None
    assert list(extra["week"]) == list(rows["week"])


def test_an_npy_array_has_numbered_columns(tmp_path: Path) -> None:
    np.save(tmp_path / "matrix.npy", VALUES.astype(np.float32))
    values, names, extra = read_matrix(tmp_path / "matrix.npy")
    assert (names, extra, values.dtype) == (("f0", "f1"), None, np.float64)
    np.testing.assert_array_equal(values, VALUES.astype(np.float32))


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("index", [None, "row"])
def test_an_index_written_by_pandas_is_no_feature(tmp_path: Path, suffix: str, index: str | None) -> None:
    rows = pd.DataFrame(VALUES, columns=["income", "age"])
    rows.index = pd.Index(range(10, 16), name=index)
    path = tmp_path / f"matrix.{suffix}"
    rows.to_parquet(path) if suffix == "parquet" else rows.to_csv(path)
    expected = ("row", "income", "age") if (suffix, index) == ("csv", "row") else ("income", "age")
    assert read_matrix(path)[1] == expected  # a CSV index with a name cannot be told from a feature


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("suffix", ["parquet", "csv", "npy"])
def test_missing_and_infinite_attributions_are_refused_by_column(tmp_path: Path, suffix: str, bad: float) -> None:
    values = VALUES.copy()
    values[2, 1] = bad
    path, rows = tmp_path / f"matrix.{suffix}", pd.DataFrame(values, columns=["f0", "f1"])
    if suffix == "npy":
        np.save(path, values)
    else:
        rows.to_parquet(path) if suffix == "parquet" else rows.to_csv(path, index=False)
    with pytest.raises(DataError, match="missing or infinite; seen: f1 in 1 rows"):
        read_matrix(path)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros(3), r"seen: shape \(3,\), float64; expected: a 2-D array"),
        (np.zeros((2, 2), dtype=complex), "complex128"),
        (np.array([["a"]]), "<U1"),
        (np.zeros((0, 3)), "seen: 0 rows, 3 numeric columns"),
        (np.zeros((3, 0)), "seen: 3 rows, 0 numeric columns"),
    ],
)
def test_an_array_that_is_no_matrix_is_refused(tmp_path: Path, array: np.ndarray, words: str) -> None:
    np.save(tmp_path / "matrix.npy", array)
    with pytest.raises(DataError, match=words):
        read_matrix(tmp_path / "matrix.npy")


def test_a_pickled_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "matrix.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(SourceError, match="without pickled objects"):
        read_matrix(tmp_path / "matrix.npy")


@pytest.mark.parametrize("name", ["gone.npy", "gone.csv", "gone.parquet"])
def test_a_missing_matrix_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=name):
        read_matrix(tmp_path / name)


def test_a_file_of_text_only_holds_no_attributions(tmp_path: Path) -> None:
    pd.DataFrame({"a": ["x"]}).to_csv(tmp_path / "matrix.csv", index=False)
    with pytest.raises(DataError, match="seen: 1 rows, 0 numeric columns"):
        read_matrix(tmp_path / "matrix.csv")


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "matrix.csv").write_text("a,a\n1,2\n")
    with pytest.raises(DataError, match="columns of one name; seen: a"):
        read_matrix(tmp_path / "matrix.csv")
