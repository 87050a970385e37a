"""What a data file tells: columns, their kinds, and which could be the time, the id, the label, the prediction."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from monitor.errors import SourceError
from monitor.init.given import existing_file

if TYPE_CHECKING:
    import pandas as pd

LOOKED_AT = 20_000
"""Rows from the start of the file; enough to guess, quick on a file of any size."""
SEGMENT_VALUES = 20
"""More distinct values than this do not make groups that people look at."""

Kind = Literal["time", "number", "flag", "text"]

_TIME_NAME = re.compile(r"(^|_)(time|timestamp|ts|date|datetime|at|when)($|_)", re.IGNORECASE)
_ID_NAME = re.compile(r"(^|_)(id|uuid|guid|key)$", re.IGNORECASE)
_LABEL_NAME = re.compile(r"^(label|target|y|y_true|outcome|actual|actual_.*|truth|ground_truth)$", re.IGNORECASE)
_PREDICTION_NAME = re.compile(
    r"^(pred|prediction|predicted|y_pred|y_hat|score|proba|probability)(_.*)?$", re.IGNORECASE
)
_VERSION_NAME = re.compile(r"^(model_?)?version$", re.IGNORECASE)
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column, as far as the rows looked at show it."""

    name: str
    kind: Kind
    aware: bool
    """Times only: they carry a zone."""
    n_missing: int
    n_distinct: int
    first: datetime | None = None
    last: datetime | None = None
    """Times only: the span looked at, naive ones read as UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """A data file, inspected."""

    path: Path
    """Of a table its name."""
    n_rows: int | None
    """None when only counting every line would tell."""
    n_looked_at: int
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A column chosen for a role, why, and what else it could have been."""

    column: Column
    why: str
    others: tuple[str, ...]


def inspect_data(path: Path, *, option: str = "--data") -> DataFacts:
    """Look at the first rows of a Parquet or CSV file.

    Raises ConfigError where `path` is no file, SourceError when it is neither Parquet nor CSV, or empty.
    """
    existing_file(path, option=option, expected="a Parquet or CSV file")
    frame, n_rows = _head(path)
    if frame.empty:
        raise SourceError(
            f"data file {path}", seen=f"{len(frame)} rows, {len(frame.columns)} columns", expected="rows to look at",
            hint="give the file with the rows the model was accepted on",
        )  # fmt: skip
    return DataFacts(path=path, n_rows=n_rows, n_looked_at=len(frame), columns=_columns(frame))


def inspect_table(url: str, table: str) -> DataFacts:
    """Look at the first rows that a database gives of a table. Raises SourceError when it cannot, or is empty."""
    import sqlalchemy as sa

    from monitor.sources import sql

    with sql.reading(url, "predictions") as connection:
        source = sql.relation(connection, table=table, query=None, what="predictions")
        result = connection.execute(sa.select(source).limit(LOOKED_AT))
        frame = sql.frame(result.fetchall(), list(result.keys()))
    if frame.empty:
        raise SourceError(f"table {table}", seen="no rows", expected="rows to look at")
    return DataFacts(path=Path(table), n_rows=None, n_looked_at=len(frame), columns=_columns(frame.infer_objects()))


def _columns(frame: pd.DataFrame) -> tuple[Column, ...]:
    return tuple(_column(str(name), frame[name]) for name in frame.columns)


def _head(path: Path) -> tuple[pd.DataFrame, int | None]:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            file = pq.ParquetFile(path)
            batch = next(file.iter_batches(batch_size=LOOKED_AT), None)
            return (pd.DataFrame() if batch is None else batch.to_pandas()), file.metadata.num_rows
        frame = pd.read_csv(path, nrows=LOOKED_AT)
        return frame, len(frame) if len(frame) < LOOKED_AT else None
    except (OSError, ValueError, pa.ArrowException) as error:
        raise SourceError(
            f"data file {path} cannot be read",
            seen=str(error).splitlines()[0],
            expected="a Parquet or CSV file with one row per prediction",
            hint="check the path, or save the data again",
        ) from error


def _column(name: str, values: pd.Series) -> Column:
    import pandas as pd

    present = values.dropna()
    kind: Kind = "text"
    times = None
    if pd.api.types.is_bool_dtype(values):
        kind = "flag"
    elif pd.api.types.is_numeric_dtype(values):
        kind = "number"
    elif pd.api.types.is_datetime64_any_dtype(values):
        kind, times = "time", present
    elif len(present) and all(isinstance(v, str) and _ISO.match(v) for v in present.head(200)):
        times = _parsed(present)
        kind = "text" if times is None else "time"
    return Column(
        name=name,
        kind=kind,
        aware=times is not None and times.dt.tz is not None,
        n_missing=int(values.isna().sum()),
        n_distinct=int(present.map(str).nunique()) if values.dtype == object else int(present.nunique()),
        first=_end(times, "min"),
        last=_end(times, "max"),
    )


def _parsed(texts: pd.Series) -> pd.Series | None:
    """Times written as ISO 8601 text; None when some are not, or only some carry a zone."""
    import pandas as pd

    zoned = texts.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True)
    if zoned.any() and not zoned.all():
        return None
    try:
        return pd.to_datetime(texts, format="ISO8601", utc=bool(zoned.all()))
    except ValueError:
        return None


def _end(times: pd.Series | None, which: Literal["min", "max"]) -> datetime | None:
    if times is None or times.empty:
        return None
    moment: datetime = getattr(times, which)().to_pydatetime(warn=False)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def guess_time(facts: DataFacts, features: Collection[str]) -> Guess | None:
    """A column of times that is no feature; one named like a time before others."""
    found = [c for c in facts.columns if c.kind == "time" and c.name not in features]
    return _best(found, _TIME_NAME, "the only column of times", "its values are times and its name says so")


def guess_time_by_name(facts: DataFacts, features: Collection[str], *, first: str | None) -> Guess | None:
    """A column that is no feature and named like a time, although its values were not read as times; `first` before
    others, the name that times have elsewhere."""
    found = [c for c in facts.columns if c.name not in features and (c.name == first or _TIME_NAME.search(c.name))]
    if not found:
        return None
    ranked = sorted(found, key=lambda column: column.name != first)
    named = "the holdout's times are called so" if ranked[0].name == first else "its name says so"
    why = f"{named}, though its values are not dates and times as in 2024-01-31T12:00:00Z"
    return Guess(column=ranked[0], why=why, others=tuple(column.name for column in ranked[1:]))


def guess_id(facts: DataFacts, features: Collection[str]) -> Guess | None:
    """A column without gaps or repetitions, named like an id, that is no feature."""
    found = [
        c
        for c in facts.columns
        if c.kind in ("number", "text")
        and c.name not in features
        and not c.n_missing
        and c.n_distinct == facts.n_looked_at
        and _ID_NAME.search(c.name)
    ]
    why = f"its {facts.n_looked_at:,} values looked at are all different and its name ends like an id"
    return _best(found, _ID_NAME, why, why)


def guess_label(facts: DataFacts, features: Collection[str], n_classes: int | None) -> Guess | None:
    """A column that is no feature and is named like a label."""
    found = [c for c in facts.columns if c.kind != "time" and c.name not in features and _LABEL_NAME.match(c.name)]
    guess = _best(found, _LABEL_NAME, "its name says so", "its name says so")
    if guess and n_classes and n_classes > 1 and guess.column.n_distinct == n_classes:
        why = f"its name says so and it has {n_classes} values, as the model has classes"
        return Guess(column=guess.column, why=why, others=guess.others)
    return guess


def label_candidates(facts: DataFacts, taken: Collection[str]) -> tuple[str, ...]:
    """Columns that hold two values without gaps, as flags or as numbers, and could be what came true."""
    return tuple(
        c.name
        for c in facts.columns
        if c.kind in ("number", "flag") and c.name not in taken and c.n_distinct == 2 and not c.n_missing
    )


def guess_prediction(facts: DataFacts, features: Collection[str]) -> Guess | None:
    """A numeric column that is no feature and is named like a prediction."""
    found = [c for c in facts.columns if c.kind == "number" and c.name not in features]
    found = [c for c in found if _PREDICTION_NAME.match(c.name)]
    return _best(found, _PREDICTION_NAME, "a number and its name says so", "a number and its name says so")


def guess_version(facts: DataFacts, features: Collection[str]) -> Guess | None:
    """A column named like a model version."""
    found = [c for c in facts.columns if c.name not in features and _VERSION_NAME.match(c.name)]
    return _best(found, _VERSION_NAME, "its name says so", "its name says so")


def segment_candidates(facts: DataFacts, taken: Collection[str]) -> tuple[str, ...]:
    """Text columns with few values: groups one could look at separately."""
    return tuple(
        c.name
        for c in facts.columns
        if c.kind in ("text", "flag") and c.name not in taken and 2 <= c.n_distinct <= SEGMENT_VALUES
    )


def _best(found: Sequence[Column], name: re.Pattern[str], only: str, named: str) -> Guess | None:
    if not found:
        return None
    ranked = sorted(found, key=lambda column: name.search(column.name) is None)
    why = named if name.search(ranked[0].name) else only if len(found) == 1 else "the first column of times"
    return Guess(column=ranked[0], why=why, others=tuple(column.name for column in ranked[1:]))
