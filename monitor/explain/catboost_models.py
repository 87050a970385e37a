"""CatBoost models. Exact contributions come from the library itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from monitor.errors import DataError
from monitor.explain.subject import Subject, binary_or_many
from monitor.explain.tasks import Run
from monitor.types import Floats, Scale

LIBRARY = "catboost"
_LOG_LINK = ("Poisson", "Tweedie")


def open_model(native: Any, features: tuple[str, ...]) -> Subject:
    """Raises what the library raises on an object that was not trained."""
    labels = tuple(str(label) for label in native.classes_)
    classes = labels or None
    loss = str(native.get_all_params().get("loss_function", "")).partition(":")[0]
    notes: tuple[str, ...] = ()
    if loss in _LOG_LINK:
        notes = (f"loss {loss}: the raw score is explained, which is the logarithm of the predicted value",)
    return Subject(
        native=native,
        kind="catboost",
        title=f"CatBoost model ({loss})" if loss else "CatBoost model",
        structure="tree",
        features=features,
        classes=classes,
        n_outputs=binary_or_many(classes) or int(np.size(native.get_scale_and_bias()[1])),
        scales=("margin", "probability") if classes else ("margin",),
        encode=partial(_encode, tuple(native.feature_names_), _special(native)),
        output=partial(_output, native),
        threads=True,
        notes=notes,
    )


def build_native(subject: Subject) -> Run:
    """Exact contributions in margin, by feature importance of type ShapValues."""
    return partial(_contributions, subject.encode, subject.native)


def pool(native: Any, encoded: Any) -> Any:
    """The library's own data set, which must repeat which columns are categorical."""
    import catboost

    categorical, text = _special(native)
    return catboost.Pool(encoded, cat_features=list(categorical), text_features=list(text) or None)


def _special(native: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Positions of categorical and of text features."""
    return tuple(native.get_cat_feature_indices()), tuple(native.get_text_feature_indices())


def _encode(names: tuple[str, ...], special: tuple[tuple[int, ...], tuple[int, ...]], rows: pd.DataFrame) -> Any:
    rows = rows.set_axis(pd.Index(names), axis=1)
    categorical = [names[i] for i in (*special[0], *special[1])]
    empty = [name for name in categorical if rows[name].isna().any()]
    if empty:
        raise DataError(
            "categorical columns have missing values, which CatBoost does not take", seen=", ".join(empty),
            expected="the text that stood for missing in training",
            hint="fill them as the serving code does, in the source or in a pipeline",
        )  # fmt: skip
    for name in categorical:
        rows[name] = rows[name].astype(object)
    return rows


def _output(native: Any, encoded: Any, scale: Scale) -> Floats:
    kind = "RawFormulaVal" if scale == "margin" else "Probability"
    rows = pool(native, encoded)
    raw = np.asarray(native.predict(rows, prediction_type=kind), dtype=np.float64).reshape(rows.num_row(), -1)
    return raw[:, 1:] if scale == "probability" and raw.shape[1] == 2 and len(native.classes_) == 2 else raw


def _contributions(encode: Any, native: Any, rows: Any) -> tuple[Floats, Floats]:
    phi = np.asarray(native.get_feature_importance(pool(native, encode(rows)), type="ShapValues"), dtype=np.float64)
    if phi.ndim == 2:
        phi = phi[:, None, :]
    phi = np.moveaxis(phi, 1, 2)
    return phi[:, :-1, :], phi[:, -1, :]
