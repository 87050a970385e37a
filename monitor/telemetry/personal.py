"""Personal data in one record: which kind, in which field, never the value."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from monitor.privacy import Keeper, scan, worth_scanning
from monitor.settings import MonitorSettings
from monitor.telemetry.words import stored_text

DEPTH = 4
"""Levels of lists and objects that are looked into."""
REMEMBERED, SHORT = 10_000, 40
"""Texts that need no closer look, and their length: names of features, routes and classes come again and again."""
UNNAMED_FIELD = "(a name that is personal data itself)"

_NESTED = (dict, list)
Incidents = tuple[tuple[str, str], ...]


class Personal:
    """Looks through the inputs and texts of a record."""

    def __init__(self, monitor: MonitorSettings, *, understood: Collection[str]) -> None:
        """`understood`: top-level keys whose texts are not looked at, because they hold ids, times and words."""
        privacy = monitor.privacy
        self._keeper = Keeper.of(monitor)
        self._kept_back = frozenset(self._keeper.columns)
        self._kinds = frozenset(privacy.kinds) if privacy.scan else frozenset()
        self._allow = frozenset(privacy.allow)
        self._understood = frozenset(understood)
        self._harmless: set[str] = set()

    def found(self, record: Mapping[str, Any], inputs: Any, inputs_name: str) -> Incidents:
        """(kind, field), each once. A column of the inputs is told as `inputs.column`."""
        incidents: set[tuple[str, str]] = set()
        if self._kept_back:
            self._look_for_clear(_parsed(inputs), inputs_name, incidents, DEPTH)
        if self._kinds and self._worth(record, inputs):
            fields = {key: value for key, value in record.items() if key not in self._understood}
            if isinstance(inputs, dict):
                fields |= {f"{inputs_name}.{name}": value for name, value in inputs.items() if name not in self._allow}
            else:
                fields[inputs_name] = inputs
            self._scan(fields, incidents)
        return tuple(sorted(incidents)) if incidents else ()

    def _look_for_clear(self, inputs: Any, name: str, incidents: set[tuple[str, str]], depth: int) -> None:
        """Columns that are kept back and stand there in clear, in objects and lists below as well."""
        if type(inputs) is dict:
            if not self._kept_back.isdisjoint(inputs):
                for column in self._kept_back & inputs.keys():
                    if self._keeper.in_clear(column, inputs[column]):
                        incidents.add(("redacted_field", _field(f"{name}.{column}")))
            for key, value in inputs.items():
                if depth and type(value) in _NESTED:
                    self._look_for_clear(value, f"{name}.{key}", incidents, depth - 1)
        elif type(inputs) is list:
            for value in inputs:
                if depth and type(value) in _NESTED:
                    self._look_for_clear(value, name, incidents, depth - 1)

    def _worth(self, record: Mapping[str, Any], inputs: Any) -> bool:
        """Whether any text needs a closer look; nearly every record stops here."""
        texts: list[str] = []
        if inputs is not None:
            _collect(inputs, texts, DEPTH)
        understood = self._understood
        for key, value in record.items():
            if key not in understood:
                kind = type(value)
                if kind is str:
                    texts.append(value)
                elif kind is dict or kind is list:
                    _collect(value, texts, DEPTH)
        if self._harmless.issuperset(texts):
            return False
        new = [text for text in texts if text not in self._harmless]
        if worth_scanning("\n".join(new)):
            return True
        if len(self._harmless) < REMEMBERED:
            self._harmless.update(text for text in new if len(text) <= SHORT)
        return False

    def _scan(self, fields: Mapping[str, Any], incidents: set[tuple[str, str]]) -> None:
        for field, value in fields.items():
            if field in self._allow:
                continue
            texts: list[str] = []
            _collect(value, texts, DEPTH)
            # A name such as order_id says what a number is; one that is personal data itself would be found in all.
            before = "" if scan(field) else f"{field}: "
            incidents.update((kind, _field(field)) for text in texts for kind in scan(before + text, self._kinds))

    def keeps_back(self, inputs: Any) -> bool:
        """Whether these inputs hold columns that are kept back, other than hashed."""
        if not self._kept_back or not isinstance(inputs, dict):
            return False
        return any(not str(inputs[column]).startswith("hash:") for column in self._kept_back & inputs.keys())

    def holds(self, text: str) -> bool:
        """Whether a text holds personal data of the kinds looked for."""
        return bool(self._kinds) and bool(scan(text, self._kinds))


def _parsed(inputs: Any) -> Any:
    """Inputs that were logged as JSON in JSON are looked through like any other."""
    if type(inputs) is not str or not inputs.lstrip().startswith("{"):
        return inputs
    try:
        return json.loads(inputs)
    except (ValueError, RecursionError):
        return inputs


def _collect(value: Any, texts: list[str], depth: int) -> None:
    """Texts of a value, in lists and objects too."""
    kind = type(value)
    if kind is str:
        texts.append(value)
    elif (kind is dict or kind is list) and depth:
        for part in value.values() if kind is dict else value:
            if type(part) is not float:  # most inputs are numbers
                _collect(part, texts, depth - 1)


def _field(name: str) -> str:
    return UNNAMED_FIELD if scan(name) else stored_text(name)
