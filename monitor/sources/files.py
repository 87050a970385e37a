"""Parquet and CSV: one file, a folder or a glob, read in batches with projection and time filter pushed down."""

from __future__ import annotations

import difflib
import glob
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset as ds
import pyarrow.parquet

from monitor.errors import SourceError
from monitor.sources.sampling import Request, whole_number
from monitor.sources.times import local_bound, naive, wrong_kind

_SUFFIXES: Mapping[str, str] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
}
_CSV_BLOCK = 8 << 20
"""Bytes whose values decide the types of a CSV file read in batches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Data files of one format, read as one table."""

    location: str
    kind: str
    """parquet or csv."""
    dataset: Any
    columns: tuple[str, ...]
    lacking: Mapping[str, int]
    """Column to the number of files without it; read as missing there."""
    n_files: int

    def batches(self, columns: Sequence[str], *, condition: Any, batch_rows: int) -> Iterator[pd.DataFrame]:
        """Rows that meet the condition (a pyarrow expression or None), in path order and then file order."""
        with _named(self.location):
            # No buffering and no read-ahead beyond the next row group: memory must not grow with the file.
            options = ds.ParquetFragmentScanOptions(pre_buffer=False) if self.kind == "parquet" else None
            scanner = self.dataset.scanner(
                columns=list(columns),
                filter=condition,
                batch_size=batch_rows,
                batch_readahead=1,
                fragment_readahead=1,
                fragment_scan_options=options,
            )
            for batch in scanner.to_batches():
                if batch.num_rows:
                    yield batch.to_pandas()

    def type_of(self, column: str) -> Any:
        """The column's Arrow type."""
        return self.dataset.schema.field(column).type


def open_files(location: str, *, text: Collection[str] = ()) -> Files:
    """The files behind a path, folder or glob. In CSV, the columns in `text` are read as text, not guessed.

    Raises SourceError: nothing there, several formats, unreadable, or columns whose types contradict each other.
    """
    paths, kind = _find(location)
    with _named(location):
        form = ds.CsvFileFormat(**_csv_options({}, _CSV_BLOCK)) if kind == "csv" else ds.ParquetFileFormat()
        schemas = [ds.dataset([path], format=form).schema for path in paths]
        schema = pa.unify_schemas([_plain(one) for one in schemas], promote_options="permissive")
        if kind == "csv":
            types = {field.name: _csv_type(field, text) for field in schema}
            form = ds.CsvFileFormat(**_csv_options(types, _CSV_BLOCK))
            schema = pa.schema(types)
        dataset = ds.dataset(paths, schema=schema, format=form)
    present = Counter(name for one in schemas for name in one.names)
    return Files(
        location=location,
        kind=kind,
        dataset=dataset,
        columns=tuple(schema.names),
        lacking={name: len(paths) - count for name, count in present.items() if count < len(paths)},
        n_files=len(paths),
    )


def read_table(location: str, *, max_rows: int | None = None, text: Collection[str] = ()) -> pd.DataFrame:
    """One whole Parquet or CSV file; a named index saved by pandas is a column again, an unnamed one is dropped.

    Reads at most `max_rows` + 1 rows, so that the caller can refuse a larger file without loading it.
    Raises SourceError.
    """
    paths, kind = _find(location)
    if len(paths) > 1:
        raise SourceError(
            f"{location} is more than one file", seen=f"{len(paths)} files", expected="one Parquet or CSV file"
        )
    with _named(paths[0]):
        if kind == "csv":
            size = max(Path(paths[0]).stat().st_size, 1)  # the whole file decides the types
            head = pyarrow.csv.open_csv(paths[0]).schema.names
            options = _csv_options({name: pa.string() for name in head if name in text}, size)
            table = pyarrow.csv.read_csv(
                paths[0], read_options=options["read_options"], convert_options=options["convert_options"]
            )
            table = table.slice(0, None if max_rows is None else max_rows + 1)
            return _without_row_numbers(table.to_pandas())
        with pyarrow.parquet.ParquetFile(paths[0]) as file:
            if max_rows is None or file.metadata.num_rows <= max_rows:
                return _without_row_numbers(file.read().to_pandas())
            batch = next(file.iter_batches(batch_size=max_rows + 1))
            return _without_row_numbers(batch.to_pandas())


def index_names(location: str) -> tuple[str, ...]:
    """Columns of a Parquet file that pandas saved as its index; none for other files."""
    paths, kind = _find(location)
    if kind == "csv":
        return ()
    with _named(paths[0]):
        described = pyarrow.parquet.read_schema(paths[0]).pandas_metadata or {}
    # A plain range is not stored as a column but described by its bounds and name.
    names = [one if isinstance(one, str) else one.get("name") for one in described.get("index_columns", [])]
    return tuple(name for name in names if name)


def time_condition(kind: Any, request: Request) -> Any:
    """The window as a pyarrow expression in the column's own type; None for text, which is cut after parsing.

    Raises DataError for naive times without a zone and for numbers.
    """
    column, what = ds.field(request.time), f"time column {request.time}"
    window, zone = request.window, request.zone
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        return None
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        raise wrong_kind(0 if numeric else f"a column of type {kind}", what)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        low, high = (pa.scalar(one, pa.timestamp("us", tz="UTC")) for one in (window.start, window.end))
    elif zone is None:
        raise naive(f"a column of type {kind}", what)
    else:
        low, high = (pa.scalar(local_bound(one, zone), pa.timestamp("us")) for one in (window.start, window.end))
    return (column >= low) & (column < high)


def id_condition(kind: Any, column: str, row_id: str) -> Any:
    """An id as a pyarrow expression in the column's own type; None where its text has to be compared."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return ds.field(column) == row_id
    if pa.types.is_integer(kind) and (whole := whole_number(row_id)) is not None:
        return ds.field(column) == whole
    return None


def both(first: Any, second: Any) -> Any:
    """Two pyarrow expressions, either of which may be None."""
    return first & second if first is not None and second is not None else second if first is None else first


def _without_row_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    if any(name is not None for name in frame.index.names):
        return frame.reset_index()
    return frame.reset_index(drop=True)


def _find(location: str) -> tuple[list[str], str]:
    """Sorted data files and their one format."""
    path = Path(location)
    if path.is_file():
        found = [path]
    elif path.is_dir():
        found = [one for one in path.rglob("*") if one.is_file() and _format(one)]
        found = [one for one in found if not any(part[0] in "._" for part in one.relative_to(path).parts)]
    else:
        matches = glob.glob(location, recursive=True)  # noqa: PTH207 -- Path.glob takes no absolute pattern
        found = [Path(one) for one in matches if Path(one).is_file()]
    kinds = {_format(one) for one in found}
    if not found or None in kinds or len(kinds) > 1:
        raise SourceError(
            f"{location} holds no data file" if not found else f"{location} is not data of one format",
            seen="no such file" if not found else ", ".join(sorted({one.name for one in found})[:5]),
            expected="a file, folder or glob of Parquet (.parquet, .pq) or CSV (.csv, .csv.gz), not both",
            hint=where_else(path) if not found else "name the files of one format by a glob, as in 'log/*.parquet'",
        )
    return sorted(one.as_posix() for one in found), str(kinds.pop())


def where_else(path: Path) -> str:
    """The next step for a place without data: what is near by its name, else where it was looked for."""
    beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
    if near := difflib.get_close_matches(path.name, beside, n=3):
        return f"did you mean {', '.join(near)}, in the same folder?"
    looked = "" if path.is_absolute() else f"; a relative path is looked up in {Path.cwd()}"
    return f"correct the path, or write the file there{looked}"


def known(path: Path) -> bool:
    """Whether the name is that of a Parquet or CSV file."""
    return _format(path) is not None


def _format(path: Path) -> str | None:
    return next((kind for suffix, kind in _SUFFIXES.items() if path.name.lower().endswith(suffix)), None)


@contextmanager
def _named(location: str) -> Iterator[None]:
    """Arrow's own errors (ArrowInvalid is a ValueError) as SourceError with the place in front."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"{location} cannot be read",
            seen=str(error).splitlines()[0][:300],
            expected="complete Parquet or CSV files with one type per column",
            hint="write the file again; Parquet keeps types, CSV types are guessed from its first 8 MB",
        ) from error


def _csv_options(types: Mapping[str, Any], block: int) -> dict[str, Any]:
    return {
        "read_options": pyarrow.csv.ReadOptions(block_size=min(block, (1 << 31) - 1)),
        "convert_options": pyarrow.csv.ConvertOptions(column_types=dict(types), strings_can_be_null=True),
    }


def _csv_type(field: Any, text: Collection[str]) -> Any:
    """Whole numbers may continue as fractions and an empty start may continue as text: take the wider type."""
    if field.name in text or pa.types.is_null(field.type):
        return pa.string()
    return pa.float64() if pa.types.is_integer(field.type) else field.type


def _plain(schema: Any) -> Any:
    """Dictionaries as their values: every file has its own codes."""
    fields = [
        pa.field(field.name, field.type.value_type if pa.types.is_dictionary(field.type) else field.type)
        for field in schema
    ]
    return pa.schema(fields)
