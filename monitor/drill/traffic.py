"""Incidents in the rows that arrive: the model and the holdout stay as they are."""

from __future__ import annotations

import math
from difflib import get_close_matches
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from monitor.drift.lattice import step_of
from monitor.drift.units import UNITS
from monitor.drill.grammar import number, share, wrong
from monitor.drill.incident import Incident, Mask, Scene
from monitor.errors import ConfigError, DataError
from monitor.publish.phrases import percent
from monitor.types import Sample

TINY = 1e-9
"""A tenth takes away one power of ten, whatever its last bit."""


def unit(rest: str, scene: Scene) -> Incident:
    """unit:COLUMN:FACTOR or unit:COLUMN:CONVERSION."""
    name, _, by = rest.rpartition(":")
    column = _numeric(scene, scene.column(name or rest))
    factor, offset, words = _conversion(by if name else "")
    digits = _digits(scene.subject.holdout.rows[column], factor)
    return Incident(
        words=f"{column} arrives {words}",
        monitor=scene.monitor,
        columns=(column,),
        change=partial(_convert, column, factor, offset, digits),
    )


def swap(rest: str, scene: Scene) -> Incident:
    """swap:A:B."""
    columns = [str(one) for one in scene.subject.holdout.rows.columns]
    cuts = [(rest[:place], rest[place + 1 :]) for place, letter in enumerate(rest) if letter == ":"]
    first, second = next((cut for cut in cuts if set(cut) <= set(columns)), rest.partition(":")[::2])
    first, second = scene.column(first), scene.column(second)
    if first == second:
        raise wrong("swap", rest, "two different columns")
    return Incident(
        words=f"{first} and {second} arrive exchanged",
        monitor=scene.monitor,
        columns=(first, second),
        change=partial(_exchange, first, second),
    )


def missing(rest: str, scene: Scene) -> Incident:
    """missing:COLUMN[:SHARE]."""
    name, part = _name_and_share(rest, scene)
    column = scene.column(name)
    rows = "all rows" if part == 1 else f"{percent(part)} of rows"
    return Incident(
        words=f"{column} is missing in {rows}",
        monitor=scene.monitor,
        columns=(column,),
        change=partial(_empty, column, part),
    )


def constant(rest: str, scene: Scene) -> Incident:
    """constant:COLUMN[:VALUE]."""
    known = [str(one) for one in scene.subject.holdout.rows.columns]
    name, _, text = rest.rpartition(":") if rest not in known and ":" in rest else (rest, "", "")
    column = scene.column(name)
    value = _given(scene, column, text) if text else _usual(scene.subject.holdout.rows[column])
    return Incident(
        words=f"{column} is {text or 'the same'} in every row",
        monitor=scene.monitor,
        columns=(column,),
        change=partial(_freeze, column, value),
    )


def _convert(
    column: str, factor: float, offset: float, digits: int | None, sample: Sample, after: Mask
) -> pd.DataFrame:
    values = sample.rows[column].astype("float64")
    made = values * factor + offset
    return sample.rows.assign(**{column: values.mask(after, made if digits is None else made.round(digits))})


def _digits(values: pd.Series[Any], factor: float) -> int | None:
    """Decimals that the column is recorded with, and one more for each power of ten that the factor takes away; None
    for raw floating point. Who sends another unit sends it as precisely as the one before."""
    present = values.dropna().to_numpy(dtype=np.float64)
    step = step_of(present) if len(present) else None
    if step is None:
        return None
    taken = math.floor(-math.log10(abs(factor)) + TINY)
    return round(-math.log10(step)) + max(taken, 0)


def _exchange(first: str, second: str, sample: Sample, after: Mask) -> pd.DataFrame:
    one, two = loose(sample.rows[first]), loose(sample.rows[second])
    return sample.rows.assign(**{first: one.mask(after, two), second: two.mask(after, one)})


def _empty(column: str, part: float, sample: Sample, after: Mask) -> pd.DataFrame:
    gone = after & (np.random.default_rng(sample.seed).random(sample.n) < part)
    return sample.rows.assign(**{column: loose(sample.rows[column]).mask(gone)})


def _freeze(column: str, value: object, sample: Sample, after: Mask) -> pd.DataFrame:
    return sample.rows.assign(**{column: loose(sample.rows[column]).mask(after, value)})


def loose(values: pd.Series[Any]) -> pd.Series[Any]:
    """A column that takes any value of its kind: numbers and booleans as float64, the rest as objects."""
    return values.astype("float64" if pd.api.types.is_numeric_dtype(values.dtype) else object)


def _is_number(values: pd.Series[Any]) -> bool:
    dtype = values.cat.categories.dtype if isinstance(values.dtype, pd.CategoricalDtype) else values.dtype
    return pd.api.types.is_numeric_dtype(dtype)


def _numeric(scene: Scene, column: str) -> str:
    values = scene.subject.holdout.rows[column]
    if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        raise ConfigError(
            f"column {column} has no unit",
            seen=str(values.dtype),
            expected="a numeric column",
            hint=f"inject missing:{column} or constant:{column} instead",
        )
    return column


def _conversion(by: str) -> tuple[float, float, str]:
    """(factor, offset, in words). Raises ConfigError for neither a number nor a known conversion."""
    names = {name.lower(): (factor, offset, f"converted, {name}") for name, factor, offset in UNITS}
    if by.lower() in names:
        return names[by.lower()]
    try:
        factor = number("unit", by)
    except ConfigError:
        near = get_close_matches(by.lower(), names, n=1, cutoff=0.5)
        raise ConfigError(
            "unit needs a factor or a conversion",
            seen=by or "nothing",
            expected=f"a number, or one of: {', '.join(name for name, *_ in UNITS)}",
            hint=f"did you mean {near[0]!r}?" if near else "write it as in unit:distance:1.609344",
        ) from None
    if factor in (0.0, 1.0):
        raise wrong("unit", by, "a factor other than 0 and 1")
    return factor, 0.0, f"times {factor:g}"


def _name_and_share(rest: str, scene: Scene) -> tuple[str, float]:
    known = [str(one) for one in scene.subject.holdout.rows.columns]
    if rest in known or ":" not in rest:
        return rest, 1.0
    name, _, text = rest.rpartition(":")
    return name, share("missing", text)


def _given(scene: Scene, column: str, text: str) -> object:
    return number("constant", text) if _is_number(scene.subject.holdout.rows[column]) else text


def _usual(values: pd.Series[Any]) -> object:
    """The middle value of numbers, as imputation writes it; else the most frequent one."""
    present = values.dropna()
    if not len(present):
        raise DataError(
            f"column {values.name} has no value in the holdout",
            expected="a value to repeat",
            hint=f"give one: constant:{values.name}:0",
        )
    if pd.api.types.is_numeric_dtype(values.dtype):
        return float(present.astype("float64").quantile(0.5, interpolation="nearest"))
    found: object = present.mode().iloc[0]
    return found
