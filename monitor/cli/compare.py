"""`xdrift compare`: the daemon's engine on two attribution matrices in files."""

from __future__ import annotations

from collections.abc import Sequence
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
        typer.Option(metavar="COLUMN", help="Numeric column that is no feature, as a row id; may be repeated."),
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
        ref, labels, left_out = _read(reference, ignore or (), periods)
        cur, _, left_out_now = _read(current, ignore or (), periods, required=False)
        result = _compared(*_by_position(ref, cur, reference, current), paired, labels, min_rows)
    if as_json:
        print_json(result)
    else:
        from monitor.cli.compare_view import comparison_view

        ignored = tuple(dict.fromkeys((*left_out, *left_out_now)))
        files, width = (reference, current), console().width
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


def _read(
    path: Path, ignore: Sequence[str], periods: str | None, *, required: bool = True
) -> tuple[pd.DataFrame, list[str] | None, tuple[str, ...]]:
    """Features, period labels, and the names of columns that were left out although nobody said so.

    With `required`, an absent period or ignored column is an error; the current file need not have them.
    """
    import pandas as pd

    from monitor import sources

    values, names, extra = sources.read_matrix(path)
    features = pd.DataFrame(values, columns=list(names))
    others = extra if extra is not None else pd.DataFrame(index=features.index)
    if required:
        _known([*ignore, *([periods] if periods else [])], [*features.columns, *others.columns], path)
    labels = None
    if periods and required:
        column = features[periods] if periods in features.columns else others[periods]
        labels = _labels(column, path)
    drop = {*ignore, periods}
    kept = [name for name in features.columns if name not in drop]
    unasked = tuple(str(name) for name in others.columns if name not in drop)
    return features[kept], labels, unasked


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


def _known(wanted: Sequence[str], columns: Sequence[str], path: Path) -> None:
    for name in wanted:
        if name not in columns:
            near = get_close_matches(name, columns, n=1)
            raise ConfigError(
                f"{path} has no column {name!r}",
                seen=f"columns {', '.join(columns)}",
                expected="the name of one of them",
                hint=f"did you mean {near[0]}?" if near else "--periods and --ignore take columns of REF",
            )
