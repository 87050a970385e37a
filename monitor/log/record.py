"""One record as one line, columns that are kept back replaced."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.log.keeping import Keeping
from monitor.log.line import Numbers, encode
from monitor.privacy import Keeper

LINE_LIMIT = 1 << 20
"""Bytes; readers refuse longer lines."""
_BULKY = ("inputs", "top_features")
"""Left out of a record that is too long."""
UNNAMED = "unnamed"
"""Class of an error that is none: a message, or an object."""
_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYS = frozenset(
    (
        "record_id", "timestamp", "model_version", "explainer_version", "served_model_version", "prediction",
        "predicted_class", "shap_values", "top_features", "base_value", "explanation_latency_ms", "is_cached",
        "source", "compute_seconds", "unexplained_reason", "error", "inputs", "fingerprint",
    )
)  # fmt: skip
_ARGUMENTS = {"timestamp": "time", "explanation_latency_ms": "latency", "shap_values": "attributions"}
"""Name in the record to the argument that makes it, where they differ."""


class Records:
    """Makes lines, without their end, out of what an application says."""

    def __init__(self, keeper: Keeper, digits: int) -> None:
        self._keeping = Keeping(keeper) if keeper.columns else None
        self._numbers = Numbers(digits)

    def line(
        self,
        head: Mapping[str, Any],
        fields: Mapping[str, Any],
        inputs: Mapping[str, Any] | None,
        groups: Mapping[str, Any],
    ) -> str:
        """Fields that are None are left out. Raises TypeError or ValueError for what cannot be written."""
        keeping = self._keeping
        told = {name: value for name, value in fields.items() if value is not None}
        record = {**head, **(keeping.fields(told, untouched="shap_values") if keeping else told)}
        if groups:
            if not _KEYS.isdisjoint(groups):
                raise TypeError(_taken(sorted(_KEYS.intersection(groups))))
            record.update(keeping.columns_of(groups) if keeping else groups)
        if inputs is not None:
            record["inputs"] = keeping.columns_of(inputs) if keeping else dict(inputs)
        plain = None
        attributions = record.get("shap_values")
        if attributions is not None:
            if not isinstance(attributions, dict):
                attributions = record["shap_values"] = dict(attributions)
            plain = self._numbers.text(attributions)
            if plain is not None:
                del record["shap_values"]
            elif keeping:  # names are those of features; numbers are all that they should have
                record["shap_values"] = {name: keeping.value(value) for name, value in attributions.items()}
        line = _joined(record, plain)
        if len(line) > LINE_LIMIT:
            line = _joined({name: value for name, value in record.items() if name not in _BULKY}, plain)
        if len(line) > LINE_LIMIT:
            raise ValueError(f"record of {len(line)} bytes; expected at most {LINE_LIMIT}")
        return line


def head_of(record_id: str | int) -> dict[str, Any]:
    """What every record begins with. Raises ValueError for an empty id."""
    text = str(record_id)
    if not text or record_id is None:
        raise ValueError("record_id is empty; expected the unique id of the prediction")
    return {"record_id": text}


def _taken(names: Sequence[str]) -> str:
    meant = _ARGUMENTS.get(names[0])
    hint = f"; use {meant}=" if meant else ""
    return f"{', '.join(names)}: a name of the record itself, no group{hint}"


def class_of(error: BaseException | str) -> str:
    """The class's name; a text that is none is a message, and is not written."""
    if isinstance(error, BaseException):
        return type(error).__name__
    name = str(error).partition(":")[0].strip().rpartition(".")[2]
    return name if _CLASS.fullmatch(name) else UNNAMED


def _joined(record: Mapping[str, Any], attributions: str | None) -> str:
    text = encode(record)
    return text if attributions is None else f'{text[:-1]},"shap_values":{attributions}}}'
