"""One record as one line, columns that are kept back replaced."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.log.line import Numbers, encode
from monitor.privacy import Keeper

LINE_LIMIT = 1 << 20
"""Bytes; readers refuse longer lines."""
_BULKY = ("inputs", "top_features")
"""Left out of a record that is too long."""
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
        self._keeper, self._numbers = keeper, Numbers(digits)

    def line(
        self,
        head: Mapping[str, Any],
        fields: Mapping[str, Any],
        inputs: Mapping[str, Any] | None,
        groups: Mapping[str, Any],
    ) -> str:
        """Fields that are None are left out. Raises TypeError or ValueError for what cannot be written."""
        record = {**head, **{name: value for name, value in fields.items() if value is not None}}
        if groups:
            if not _KEYS.isdisjoint(groups):
                raise TypeError(_taken(sorted(_KEYS.intersection(groups))))
            record.update(self._kept(groups))
        if self._keeper.columns and "top_features" in record:
            record["top_features"] = self._below(record["top_features"])
        if inputs is not None:
            record["inputs"] = self._kept(inputs)
        plain = None
        attributions = record.get("shap_values")
        if attributions is not None:
            if not isinstance(attributions, dict):
                attributions = record["shap_values"] = dict(attributions)
            plain = self._numbers.text(attributions)
            if plain is not None:
                del record["shap_values"]
        line = _joined(record, plain)
        if len(line) > LINE_LIMIT:
            line = _joined({name: value for name, value in record.items() if name not in _BULKY}, plain)
        if len(line) > LINE_LIMIT:
            raise ValueError(f"record of {len(line)} bytes; expected at most {LINE_LIMIT}")
        return line

    def _kept(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values by column, those of columns that are kept back replaced, however deep they stand."""
        if not self._keeper.columns:
            return dict(values)
        return {
            name: self._keeper.value(name, value) if name in self._keeper.columns else self._below(value)
            for name, value in values.items()
        }

    def _below(self, value: Any) -> Any:
        """A list or an object with the same replaced; `{"feature": column, "value": ...}` is a value of that column."""
        if isinstance(value, Mapping):
            kept = self._kept(value)
            if kept.get("feature") in self._keeper.columns and "value" in kept:
                kept["value"] = self._keeper.value(kept["feature"], kept["value"])
            return kept
        return [self._below(one) for one in value] if isinstance(value, list | tuple) else value


def head_of(record_id: str | int, model_version: str | None) -> dict[str, Any]:
    """What every record begins with, without its time. Raises ValueError for an empty id."""
    text = str(record_id)
    if not text or record_id is None:
        raise ValueError("record_id is empty; expected the unique id of the prediction")
    head = {"record_id": text}
    if model_version is not None:
        head["model_version"] = str(model_version)
    return head


def _taken(names: Sequence[str]) -> str:
    meant = _ARGUMENTS.get(names[0])
    hint = f"; use {meant}=" if meant else ""
    return f"{', '.join(names)}: a name of the record itself, no group{hint}"


def class_of(error: BaseException | str) -> str:
    """The class's name; a text that is none is a message, and is not written."""
    if isinstance(error, BaseException):
        return type(error).__name__
    name = str(error).partition(":")[0].strip().rpartition(".")[2]
    return name if _CLASS.fullmatch(name) else "unnamed"


def _joined(record: Mapping[str, Any], attributions: str | None) -> str:
    text = encode(record)
    return text if attributions is None else f'{text[:-1]},"shap_values":{attributions}}}'
