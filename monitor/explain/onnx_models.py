"""ONNX through onnxruntime: one tensor of all columns, or one input per column; classifiers and regressors."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from monitor.errors import DataError, ExplainError
from monitor.explain.columns import numeric
from monitor.explain.subject import Subject
from monitor.types import Floats, Scale

LIBRARY = "onnxruntime"
_TYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.str_,
}


def input_names(session: Any) -> tuple[str, ...] | None:
    """Column names that the model knows: its inputs, where each is one column; None for one tensor of all columns."""
    inputs = session.get_inputs()
    if len(inputs) == 1 and _width(inputs[0]) != 1:
        return None
    return tuple(entry.name for entry in inputs)


def open_model(session: Any, features: tuple[str, ...]) -> Subject:
    """Raises ExplainError for element types or shapes that hold no table."""
    for entry in session.get_inputs():
        if entry.type not in _TYPES:
            raise ExplainError(
                f"ONNX input {entry.name}",
                seen=entry.type,
                expected=", ".join(_TYPES),
                hint="export with tensor inputs",
            )
    outputs = session.get_outputs()
    shares = next((entry for entry in outputs if "map(" in entry.type), None)
    if shares is None and len(outputs) > 1:
        shares = next((entry for entry in outputs[1:] if entry.type in ("tensor(float)", "tensor(double)")), None)
    named = input_names(session) is not None
    return Subject(
        native=session,
        kind="onnx",
        title="ONNX classifier" if shares else "ONNX model",
        structure="other",
        features=features,
        classes=None,  # known once the model was asked, see opening.settled
        n_outputs=None,
        scales=("probability",) if shares else ("margin", "probability"),
        encode=partial(_encode, session, named),
        output=partial(_output, session, shares.name if shares else outputs[0].name, shares is not None),
        threads=True,
    )


def _width(entry: Any) -> Any:
    return entry.shape[1] if entry.shape is not None and len(entry.shape) > 1 else None


def _encode(session: Any, named: bool, rows: pd.DataFrame) -> Any:
    """Input name to tensor."""
    inputs = session.get_inputs()
    if named:
        return {entry.name: _column(rows.iloc[:, [j]], entry.type) for j, entry in enumerate(inputs)}
    return {inputs[0].name: _column(rows, inputs[0].type)}


def _column(part: pd.DataFrame, kind: str) -> Any:
    wanted = _TYPES[kind]
    if wanted is np.str_:
        return part.astype(str).to_numpy(dtype=object)
    values = numeric(part)
    if np.issubdtype(wanted, np.integer) and (np.isnan(values).any() or (values != np.trunc(values)).any()):
        raise DataError(
            f"an ONNX input takes whole numbers only: {', '.join(part.columns)}", seen="fractions or missing values",
            expected=kind, hint="send what the model was exported for",
        )  # fmt: skip
    return values.astype(wanted)


def _output(session: Any, name: str, classifier: bool, feed: dict[str, Any], _scale: Scale) -> Floats:
    (raw,) = session.run([name], feed)
    if isinstance(raw, list):  # one {class: probability} per row
        raw = [[row[key] for key in sorted(row)] for row in raw]
    n = len(next(iter(feed.values())))
    outputs = np.asarray(raw, dtype=np.float64).reshape(n, -1)
    return outputs[:, 1:] if classifier and outputs.shape[1] == 2 else outputs
