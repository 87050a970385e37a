"""Attribution matrices from files, for `xdrift compare`."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from monitor.errors import DataError, SourceError
from monitor.sources import columns
from monitor.types import Floats


def read_matrix(path: str | Path) -> tuple[Floats, tuple[str, ...], pd.DataFrame | None]:
    """Values (n, d) float64, their names, and the other columns (ids, periods; None when there are none).

    In Parquet and CSV the numeric columns are the features; an index that pandas saved, and a first CSV column
    without a name, count as others. NPY holds a 2-D array whose columns are called f0, f1, ...

    Raises SourceError (missing, unreadable, other format), DataError (no rows, no numeric column, names twice,
    missing or infinite values).
    """
    place = Path(path)
    _require_file(place)
    if place.suffix.lower() == ".npy":
        values = _read_npy(place)
        names, extra = tuple(f"f{column}" for column in range(values.shape[1])), None
    else:
        values, names, extra = _read_columns(place)
    if not len(values) or not names:
        raise DataError(
            f"{place} holds no attributions",
            seen=f"{len(values)} rows, {len(names)} numeric columns" + _named(extra if not names else None),
            expected="at least one row and one numeric column per feature",
            hint="save numbers, one column per feature; in a CSV, text in a column makes all of it text",
        )
    _refuse_gaps(values, names, place)
    return values, names, extra


def _named(columns_there: pd.DataFrame | None) -> str:
    return "" if columns_there is None else f" among {', '.join(map(str, columns_there.columns[:10]))}"


def _require_file(place: Path) -> None:
    """Raises SourceError for nothing there and for another kind of file. A folder or glob of one file is one."""
    from monitor.sources import files

    there = place.is_file()
    if (
        (there and (files.known(place) or place.suffix.lower() == ".npy"))
        or place.is_dir()
        or glob.has_magic(str(place))
    ):
        return
    raise SourceError(
        f"{place} is no file of attributions" if there else f"{place} does not exist",
        seen=f"a name that ends in {place.suffix or 'nothing'}" if there else "no such file",
        expected="a Parquet (.parquet, .pq), CSV (.csv, .csv.gz) or NPY (.npy) file",
        hint="save it as one of these, or rename it where it is one" if there else files.where_else(place),
    )


def _read_npy(place: Path) -> Floats:
    try:
        loaded = np.load(place, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise SourceError(
            f"{place} cannot be read",
            seen=str(error).splitlines()[0],
            expected="an .npy file written by numpy.save, without pickled objects",
        ) from error
    if not isinstance(loaded, np.ndarray) or loaded.ndim != 2 or loaded.dtype.kind not in "fiu":
        shape, kind = getattr(loaded, "shape", None), getattr(loaded, "dtype", type(loaded).__name__)
        raise DataError(
            f"{place} is not a matrix of attributions",
            seen=f"shape {shape}, {kind}",
            expected="a 2-D array of numbers, one row per prediction and one column per feature",
        )
    return np.ascontiguousarray(loaded, dtype=np.float64)


def _read_columns(place: Path) -> tuple[Floats, tuple[str, ...], pd.DataFrame | None]:
    from monitor.sources import files

    table, index = files.read_table(str(place)), files.index_names(str(place))
    table = table.rename(columns={name: "index" for name in table.columns if not str(name).strip()})
    twice = sorted({str(name) for name in table.columns[table.columns.duplicated()]})
    if twice:
        raise DataError(f"{place} has columns of one name", seen=", ".join(twice), expected="unique column names")
    numeric = [
        name
        for name in table.columns
        if name not in ("index", *index) and columns.kind_of(table[name]) in ("number", "missing")
    ]
    values = np.column_stack([np.empty((len(table), 0)), *(_column(table, name, place) for name in numeric)])
    others = table.drop(columns=numeric)
    return values, tuple(str(name) for name in numeric), others if len(others.columns) else None


def _column(table: pd.DataFrame, name: str, place: Path) -> Floats:
    return columns.numbers(table[name], f"{place}, column {name}")


def _refuse_gaps(values: Floats, names: Sequence[str], place: Path) -> None:
    bad = ~np.isfinite(values)
    if bad.any():
        counts = dict(zip(names, bad.sum(axis=0).tolist(), strict=True))
        where = [f"{name} in {count} rows" for name, count in counts.items() if count]
        raise DataError(
            f"{place} holds attributions that are missing or infinite",
            seen=", ".join(where[:10]),
            expected="a finite number for every row and feature",
            hint="an attribution method gives one for every feature: look for failed rows or a wrong join",
        )
