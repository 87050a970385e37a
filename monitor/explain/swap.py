"""Rows put together from cells of other rows, every column keeping its type, categories and missing values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from monitor.types import Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """Background rows followed by explained rows, addressed by position."""

    columns: Mapping[str, Any]
    """Name to the column's values over all rows of the pool."""
    codes: Ints
    """(rows, d): equal numbers are equal cells; two missing values are equal."""

    @classmethod
    def of(cls, background: pd.DataFrame, rows: pd.DataFrame) -> Pool:
        """Both have the same columns in the same order."""
        columns = {str(name): _stacked(background[name], rows[name]) for name in background.columns}
        coded = [pd.factorize(pd.Series(values), use_na_sentinel=False)[0] for values in columns.values()]
        return cls(columns=columns, codes=np.column_stack(coded).astype(np.int64))

    def frame(self, source: Ints | None = None) -> pd.DataFrame:
        """source (d, m): per column and new row, the row of the pool it comes from; None gives the pool itself."""
        if source is None:
            return pd.DataFrame(dict(self.columns), copy=False)
        taken = {name: values.take(source[j]) for j, (name, values) in enumerate(self.columns.items())}
        return pd.DataFrame(taken, copy=False)


def _stacked(first: pd.Series[Any], second: pd.Series[Any]) -> Any:
    """Both columns as one array; categories of either side are kept."""
    if isinstance(first.dtype, pd.CategoricalDtype) and isinstance(second.dtype, pd.CategoricalDtype):
        return pd.api.types.union_categoricals([first, second], ignore_order=True)
    stacked = pd.concat([first, second], ignore_index=True)
    return stacked.to_numpy() if isinstance(stacked.dtype, np.dtype) else stacked.array
