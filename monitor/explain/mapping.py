"""Which input column stands behind every column that a preprocessing step puts out.

Only transformers known to treat every column by itself are followed (a literal table), and the result is then checked
against what the transformer does: cells of one input column are shuffled, and nothing but its own outputs may change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from monitor.explain.subject import lineage
from monitor.types import Floats

_CHECK_ROWS = 20
"""Background rows shuffled per column in the check."""


class MixedColumnsError(Exception):
    """A step mixes columns, or is not known to keep them apart. Stays inside the room."""


def source_positions(step: Any, names: Sequence[str]) -> list[int]:
    """For every output column of the fitted `step`, the position of its input column among `names`.

    Raises MixedColumnsError where a step mixes columns or is unknown.
    """
    if step is None or (isinstance(step, str) and step == "passthrough"):
        return list(range(len(names)))
    bases = lineage(step)
    for known, follow in _STEPS.items():
        if known in bases:
            return follow(step, names)
    raise MixedColumnsError(f"{type(step).__name__} is not known to keep columns apart")


def verify(transform: Callable[[pd.DataFrame], Any], sources: list[int], background: pd.DataFrame) -> None:
    """Raises MixedColumnsError unless each output column moves with its own input column only."""
    rows = background.iloc[:_CHECK_ROWS].reset_index(drop=True)
    before = _cells(transform(rows))
    if before.shape[1] != len(sources):
        raise MixedColumnsError(f"{before.shape[1]} columns come out where {len(sources)} were expected")
    names = list(rows.columns)
    turned = np.roll(np.arange(len(rows)), 1)
    moved = pd.concat([rows.assign(**{name: rows[name].array.take(turned)}) for name in names], ignore_index=True)
    after = _cells(transform(moved)).reshape(len(names), len(rows), -1)
    same = (after == before) | ((after != after) & (before != before))
    for position, name in enumerate(names):
        wrong = [j for j in np.flatnonzero(~same[position].all(axis=0)) if sources[j] != position]
        if wrong:
            raise MixedColumnsError(f"column {name} also moves output column {wrong[0]}")


def folding(sources: list[int], n_features: int) -> Floats:
    """(outputs, features) matrix of 0 and 1: attributions @ matrix sums them back to input columns."""
    matrix = np.zeros((len(sources), n_features))
    matrix[np.arange(len(sources)), sources] = 1.0
    return matrix


def _cells(rows: Any) -> Any:
    if hasattr(rows, "toarray"):
        rows = rows.toarray()
    return rows.to_numpy(dtype=object) if isinstance(rows, pd.DataFrame) else np.asarray(rows)


def _each(_step: Any, names: Sequence[str]) -> list[int]:
    return list(range(len(names)))


def _one_hot(step: Any, names: Sequence[str]) -> list[int]:
    rare = getattr(step, "infrequent_categories_", None) or [None] * len(names)
    dropped = step.drop_idx_ if step.drop_idx_ is not None else [None] * len(names)
    found = []
    for j, categories in enumerate(step.categories_):
        columns = len(categories) - (len(rare[j]) - 1 if rare[j] is not None else 0) - (dropped[j] is not None)
        found += [j] * columns
    return found


def _bins(step: Any, names: Sequence[str]) -> list[int]:
    if step.encode == "ordinal":
        return list(range(len(names)))
    return [j for j, bins in enumerate(step.n_bins_) for _ in range(bins)]


def _filled(step: Any, names: Sequence[str]) -> list[int]:
    gone = pd.isna(step.statistics_) if not step.keep_empty_features else np.zeros(len(names), dtype=bool)
    kept = [j for j in range(len(names)) if not gone[j]]
    return kept + (list(map(int, step.indicator_.features_)) if step.add_indicator else [])


def _indicated(step: Any, _names: Sequence[str]) -> list[int]:
    return list(map(int, step.features_))


def _selected(step: Any, _names: Sequence[str]) -> list[int]:
    return [int(j) for j in step.get_support(indices=True)]


def _blocks(step: Any, names: Sequence[str]) -> list[int]:
    """Every input gives the same number of outputs, next to each other."""
    return [j for j in range(len(names)) for _ in range(len(step.get_feature_names_out()) // len(names))]


def _function(step: Any, names: Sequence[str]) -> list[int]:
    if step.func is None or isinstance(step.func, np.ufunc) or step.feature_names_out == "one-to-one":
        return list(range(len(names)))
    raise MixedColumnsError("FunctionTransformer does not declare feature_names_out='one-to-one'")


def _chain(step: Any, names: Sequence[str]) -> list[int]:
    current, labels = list(range(len(names))), list(names)
    for _, part in step.steps:
        follow = source_positions(part, labels)
        current, labels = [current[j] for j in follow], [labels[j] for j in follow]
    return current


def _side_by_side(step: Any, names: Sequence[str]) -> list[int]:
    return [j for _, part in step.transformer_list if part != "drop" for j in source_positions(part, names)]


def _by_columns(step: Any, names: Sequence[str]) -> list[int]:
    width = max((where.stop for where in step.output_indices_.values()), default=0)
    found = np.full(width, -1)
    for name, part, columns in step.transformers_:
        where = step.output_indices_[name]
        if (isinstance(part, str) and part == "drop") or where.stop == where.start:
            continue
        picked = _positions(columns, names)
        follow = source_positions(part, [names[j] for j in picked])
        if len(follow) != where.stop - where.start:
            raise MixedColumnsError(f"transformer {name} puts out {where.stop - where.start} columns")
        found[where] = [picked[j] for j in follow]
    if (found < 0).any():
        raise MixedColumnsError("some output columns belong to no transformer")
    return [int(j) for j in found]


def _positions(columns: Any, names: Sequence[str]) -> list[int]:
    """A ColumnTransformer's column choice as positions."""
    if isinstance(columns, slice):
        ends = [list(names).index(end) if isinstance(end, str) else end for end in (columns.start, columns.stop)]
        if isinstance(columns.stop, str):  # a slice of labels includes its end
            ends[1] += 1
        return list(range(len(names)))[slice(ends[0], ends[1], columns.step)]
    chosen = [columns] if isinstance(columns, str | int) else list(columns)
    if chosen and all(isinstance(entry, bool | np.bool_) for entry in chosen):
        return [j for j, entry in enumerate(chosen) if entry]
    return [list(names).index(entry) if isinstance(entry, str) else range(len(names))[int(entry)] for entry in chosen]


_STEPS: dict[str, Callable[[Any, Sequence[str]], list[int]]] = {
    "sklearn.Pipeline": _chain,
    "sklearn.ColumnTransformer": _by_columns,
    "sklearn.FeatureUnion": _side_by_side,
    "sklearn.FunctionTransformer": _function,
    "sklearn.StandardScaler": _each,
    "sklearn.MinMaxScaler": _each,
    "sklearn.MaxAbsScaler": _each,
    "sklearn.RobustScaler": _each,
    "sklearn.QuantileTransformer": _each,
    "sklearn.PowerTransformer": _each,
    "sklearn.Binarizer": _each,
    "sklearn.OrdinalEncoder": _each,
    "sklearn.OneHotEncoder": _one_hot,
    "sklearn.KBinsDiscretizer": _bins,
    "sklearn.SplineTransformer": _blocks,
    "sklearn.TargetEncoder": _blocks,
    "sklearn.SimpleImputer": _filled,
    "sklearn.MissingIndicator": _indicated,
    "sklearn.SelectorMixin": _selected,
}
"""Steps that treat every column by itself. Normalizer, PCA, KNNImputer and their like mix columns and are not here."""
