"""LightGBM's trees, from the text of the model."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.explain.columns import numeric
from monitor.explain.forests.ensemble import Ensemble, Tree, unreadable
from monitor.explain.lightgbm_models import booster_of, header
from monitor.explain.subject import Subject
from monitor.types import Floats

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
"""Bits of decision_type; the two above them are the kind of missing value."""
_NONE, _ZERO, _NAN = 0, 1, 2
_NEARLY_ZERO = 1e-35
"""Numbers up to this size are zero to LightGBM, as a single-precision number."""


def read(subject: Subject) -> Ensemble:
    """Splits hold for x <= threshold; categories listed in a node go left, all others and missing ones right.

    Raises ExplainError for linear leaves, and where one column has missing values of several kinds.
    """
    booster = booster_of(subject.native)
    head_text, *blocks = booster.model_to_string().partition("\nend of trees")[0].split("\nTree=")
    head = header(head_text)
    outputs = int(head["num_tree_per_iteration"])
    d = int(head["max_feature_idx"]) + 1
    raws = [header(block) for block in blocks]
    if any(raw.get("is_linear", "0") != "0" for raw in raws):
        raise unreadable("linear leaves")
    kinds = _kinds(raws, d)
    codes = _codes(raws)
    share = outputs / len(raws) if "average_output" in head_text.splitlines() and raws else 1.0
    trees = [_tree(raw, number % outputs, share, codes) for number, raw in enumerate(raws)]
    return Ensemble(
        trees=trees,
        matrix=partial(_matrix, booster.pandas_categorical, kinds, np.array(sorted(codes), dtype=np.int64)),
        columns=np.arange(d),
        n_outputs=outputs,
        start=np.zeros(outputs),
        codes=codes,
    )


def _numbers(raw: dict[str, str], key: str, kind: Any) -> NDArray[Any]:
    return np.array(raw.get(key, "").split(), dtype=np.float64).astype(kind)


def _tree(raw: dict[str, str], output: int, share: float, codes: dict[int, int]) -> Tree:
    """Splits come first, then leaves: leaf i is ~i among the children, and node splits + i here."""
    splits = int(raw["num_leaves"]) - 1
    leaves = splits + 1
    below = [
        np.where(child >= 0, child, splits + ~child)
        for child in (_numbers(raw, key, np.int64) for key in ("left_child", "right_child"))
    ]
    none = np.full(leaves, -1, dtype=np.int64)
    decision = _numbers(raw, "decision_type", np.int64)[:splits]
    feature = _numbers(raw, "split_feature", np.int64)[:splits]
    threshold = _numbers(raw, "threshold", np.float64)[:splits]
    is_category = (decision & _CATEGORICAL) > 0
    value = np.concatenate([np.zeros(splits), _numbers(raw, "leaf_value", np.float64)]) * share
    counts = np.concatenate(
        [_numbers(raw, "internal_count", np.float64)[:splits], _numbers(raw, "leaf_count", np.float64)]
    )
    return Tree(
        left=np.concatenate([below[0][:splits], none]),
        right=np.concatenate([below[1][:splits], none]),
        feature=np.concatenate([feature, none]),
        threshold=np.concatenate([threshold, np.zeros(leaves)]),
        missing_left=np.concatenate([((decision & _DEFAULT_LEFT) > 0) & ~is_category, np.zeros(leaves, dtype=bool)]),
        cover=counts if splits else np.ones(1),
        values=value[:, None],
        output=output,
        categories={
            int(node): _table(raw, int(threshold[node]), codes[int(feature[node])])
            for node in np.flatnonzero(is_category)
        },
    )


def _set(raw: dict[str, str], index: int) -> NDArray[np.bool_]:
    """Bit set number `index` of a tree, as one flag a category."""
    ends = _numbers(raw, "cat_boundaries", np.int64)
    words = _numbers(raw, "cat_threshold", np.uint32)[ends[index] : ends[index + 1]]
    return np.unpackbits(words.view(np.uint8), bitorder="little").astype(bool)


def _table(raw: dict[str, str], index: int, codes: int) -> NDArray[np.bool_]:
    table = np.zeros(codes + 1, dtype=bool)
    flags = _set(raw, index)
    table[: len(flags)] = flags
    return table


def _codes(raws: list[dict[str, str]]) -> dict[int, int]:
    """Column to how many categories its bit sets have room for."""
    found: dict[int, int] = {}
    for raw in raws:
        decision = _numbers(raw, "decision_type", np.int64)
        feature, threshold = _numbers(raw, "split_feature", np.int64), _numbers(raw, "threshold", np.float64)
        for node in np.flatnonzero((decision & _CATEGORICAL) > 0):
            column = int(feature[node])
            found[column] = max(found.get(column, 0), len(_set(raw, int(threshold[node]))))
    return found


def _kinds(raws: list[dict[str, str]], d: int) -> NDArray[np.int64]:
    """(d,): what counts as missing in each column; the library decides it once a column."""
    kinds = np.full(d, -1, dtype=np.int64)
    for raw in raws:
        decision, feature = _numbers(raw, "decision_type", np.int64), _numbers(raw, "split_feature", np.int64)
        numeric_split = (decision & _CATEGORICAL) == 0
        for column, kind in set(
            zip(feature[numeric_split].tolist(), (decision[numeric_split] >> 2 & 3).tolist(), strict=True)
        ):
            if kinds[column] not in (-1, kind):
                raise unreadable(f"column {column} has missing values of two kinds")
            kinds[column] = kind
    return kinds


def _matrix(known: Any, kinds: NDArray[np.int64], categorical: NDArray[np.int64], encoded: Any) -> Floats:
    x = _coded(encoded, known) if isinstance(encoded, pd.DataFrame) and known else numeric(encoded)
    x = np.array(x, dtype=np.float64)
    x[:, categorical] = np.trunc(x[:, categorical])
    plain = np.flatnonzero((kinds == _NONE) | (kinds == _ZERO))
    if len(plain):
        part = x[:, plain]
        x[:, plain] = np.where(np.isnan(part), 0.0, part)
    zeros = np.flatnonzero(kinds == _ZERO)
    if len(zeros):
        part = x[:, zeros]
        x[:, zeros] = np.where(np.abs(part) <= np.float32(_NEARLY_ZERO), np.nan, part)
    return x


def _coded(frame: pd.DataFrame, known: list[list[Any]]) -> Floats:
    """Categories as their codes in training, as the library looks them up; unknown ones are missing."""
    columns = []
    categories = iter(known)
    for name in frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes = column.cat.set_categories(next(categories)).cat.codes.to_numpy(dtype=np.float64)
            columns.append(np.where(codes < 0, np.nan, codes))
        else:
            columns.append(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.column_stack(columns)
