"""`xdrift compare`: the daemon's engine on two attribution matrices in files."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.options import JsonOption
from monitor.cli.output import console, print_json, tell, working
from monitor.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

EXIT_CODES = {"none": 0, "drift": 1, "unknown": 3}


def compare(
    reference: Annotated[Path, typer.Argument(metavar="REF", help="Attributions then.", show_default=False)],
    current: Annotated[Path, typer.Argument(metavar="CUR", help="Attributions now.", show_default=False)],
    paired: Annotated[bool, typer.Option("--paired", help="Row i of both files explains the same input row.")] = False,
    periods: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of REF with the period (week, month) of each row, never a feature. From 4 periods on, "
            "thresholds know how much attributions move by themselves.",
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Numeric column of either file that is no feature; may be repeated."),
    ] = None,
    min_rows: Annotated[
        int, typer.Option(min=10, metavar="N", help="Fewer rows than this in either file: verdict unknown.")
    ] = 50,
    as_json: JsonOption = False,
) -> int:
    """Compare two attribution matrices: Parquet, CSV or NPY, one row per explained prediction.

    Numeric columns are features and are matched by name; other columns are left out. NPY columns are matched by
    position.

    Exit code 0: no drift. 1: drift. 3: unknown, there were too few rows to judge or a file could not be read.
    """
    if paired and periods:
        raise ConfigError(
            "--paired and --periods together",
            seen="both",
            expected="one of them",
            hint="leave out --periods: on the same rows no season plays a part",
        )
    with working("comparing", quiet=as_json):
        matrices = tuple(_read(path) for path in (reference, current))
        _require_columns(matrices, ignore or (), periods)
        labels = None if periods is None else _labels(matrices[0].column(periods), reference)
        drop = {*(ignore or ()), periods}
        ref, cur = (matrix.features.drop(columns=[*drop & {*matrix.features}]) for matrix in matrices)
        ref, cur = _by_position(ref, cur, reference, current)
        if paired:
            _require_pairs(ref, cur, reference, current)
        result = _compared(ref, cur, paired, labels, min_rows)
    if as_json:
        print_json(result)
    else:
        from monitor.cli.compare_view import comparison_view

        files, width = (reference, current), console().width
        ignored = _left_out(matrices, drop)
        tell(comparison_view(result, files=files, periods=periods, ignored=ignored, width=width))
    return EXIT_CODES[result["verdict"]]


def _compared(
    ref: pd.DataFrame, cur: pd.DataFrame, paired: bool, labels: list[str] | None, min_rows: int
) -> dict[str, Any]:
    # Imported after the files were read: what is wrong with them is told without waiting for scipy.
    from monitor.drift import compare as compare_matrices
    from monitor.settings import DriftSettings

    settings = DriftSettings(min_rows=min_rows)
    return compare_matrices(ref, cur, paired=paired, periods=labels, settings=settings).to_dict()


@dataclass(frozen=True, slots=True)
class _Matrix:
    """A file, read."""

    path: Path
    features: pd.DataFrame
    others: pd.DataFrame
    """Columns that are no features; none for NPY."""

    @property
    def names(self) -> list[str]:
        return [str(name) for name in (*self.features.columns, *self.others.columns)]

    def column(self, name: str) -> pd.Series:
        return self.features[name] if name in self.features.columns else self.others[name]


def _read(path: Path) -> _Matrix:
    import pandas as pd

    from monitor import sources

    values, names, extra = sources.read_matrix(path)
    features = pd.DataFrame(values, columns=list(names))
    return _Matrix(path, features, extra if extra is not None else pd.DataFrame(index=features.index))


def _left_out(matrices: Sequence[_Matrix], named: Collection[str | None]) -> dict[str, list[str]]:
    """Columns that were left out although nobody said so, by the reason."""
    from pandas.api.types import is_numeric_dtype

    found: dict[str, list[str]] = {}
    for matrix in matrices:
        for name in matrix.others.columns:
            reason = "an index that pandas saved" if is_numeric_dtype(matrix.others[name]) else "not numeric"
            if name not in named and name not in found.setdefault(reason, []):
                found[reason].append(str(name))
    return {reason: names for reason, names in found.items() if names}


def _require_pairs(ref: pd.DataFrame, cur: pd.DataFrame, reference: Path, current: Path) -> None:
    if len(ref) != len(cur):
        raise DataError(
            f"--paired: {reference} and {current} have different numbers of rows",
            seen=f"{len(ref):,} and {len(cur):,} rows",
            expected="as many in both, for row i of both explains the same input row",
            hint="leave out --paired, or save the explanations of the same rows in the same order",
        )


def _by_position(
    ref: pd.DataFrame, cur: pd.DataFrame, reference: Path, current: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """NPY files know no names: beside another kind of file they take its names, in order."""
    nameless = [path.suffix.lower() == ".npy" for path in (reference, current)]
    if not any(nameless) or (all(nameless) and ref.shape[1] == cur.shape[1]):
        return ref, cur
    if ref.shape[1] != cur.shape[1]:
        raise DataError(
            "the two matrices have different numbers of features",
            seen=f"{ref.shape[1]} in {reference}, {cur.shape[1]} in {current}",
            expected="the same features in the same order, as NPY files have no names",
            hint="name columns that are no features with --ignore, or save both as Parquet",
        )
    return (ref.set_axis(cur.columns, axis=1), cur) if nameless[0] else (ref, cur.set_axis(ref.columns, axis=1))


def _labels(column: pd.Series, path: Path) -> list[str]:
    missing = int(column.isna().sum())
    if missing:
        raise ConfigError(
            f"period column {column.name!r} of {path}",
            seen=f"{missing} of {len(column)} rows without a period",
            expected="a period in every row",
            hint="fill the column, or compare without --periods",
        )
    return [str(label) for label in column]


def _require_columns(matrices: Sequence[_Matrix], ignore: Sequence[str], periods: str | None) -> None:
    """An ignored column stands in either file, the periods in the reference."""
    for name in ignore:
        _known(name, "--ignore", matrices)
    if periods is not None:
        _known(periods, "--periods", matrices[:1])


def _known(name: str, option: str, matrices: Sequence[_Matrix]) -> None:
    columns = list(dict.fromkeys(column for matrix in matrices for column in matrix.names))
    if name in columns:
        return
    near = get_close_matches(name, columns, n=1)
    files = [str(matrix.path) for matrix in matrices]
    where = f"neither {' nor '.join(files)} has a column" if len(files) > 1 else f"{files[0]} has no column"
    raise ConfigError(
        f"{where} {name!r}",
        seen=f"columns {', '.join(columns)}",
        expected="the name of one of them",
        hint=f"did you mean {near[0]}?" if near else f"correct {option}",
    )
