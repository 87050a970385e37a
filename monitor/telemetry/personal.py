"""Personal data in one record: which kind, in which field, never the value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from monitor.privacy import Keeper, scan, worth_scanning
from monitor.settings import MonitorSettings
from monitor.telemetry.fields import FieldNames
from monitor.telemetry.kept import KeptBack

DEPTH = 4
"""Levels of lists and objects whose texts are looked at."""
REMEMBERED, SHORT = 10_000, 40
"""Texts that need no closer look, and their length: routes and classes come again and again."""

SHAPES = 64
"""Sets of top-level keys that are remembered: a serving system writes few."""
Incidents = tuple[tuple[str, str], ...]


class Personal:
    """Looks through the inputs, texts and names of a record."""

    def __init__(self, monitor: MonitorSettings, *, understood: Collection[str], attributions: str) -> None:
        """`understood`: top-level keys whose texts are not looked at, because they hold ids, times and words.

        `attributions`: the one of them whose names are.
        """
        privacy = monitor.privacy
        self._kept = KeptBack(Keeper.of(monitor))
        self._kinds = frozenset(privacy.kinds) if privacy.scan else frozenset()
        self._allow = frozenset(privacy.allow)
        self._understood = frozenset(understood)
        self._attributions = attributions
        self._names = FieldNames(monitor, self._kept.columns)
        self._shapes: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._harmless: set[str] = set()

    def found(self, record: Mapping[str, Any], inputs: Any, inputs_name: str, *, escaped: bool) -> Incidents:
        """(kind, field), each once. A column of the inputs is told as `inputs.column`.

        `escaped`: whether a backslash stands in the record as JSON.
        """
        incidents: set[tuple[str, str]] = set()
        if self._kept.columns and (clear := self._kept.in_clear(inputs, inputs_name, escaped=escaped)):
            incidents.update(("redacted_field", self._names.told(field, inputs_name)) for field in clear)
        if not self._kinds:
            return tuple(sorted(incidents))
        texts, harmless = self._gathered(record, inputs)
        if not harmless:
            self._look_at_names(record, inputs, inputs_name, incidents)
        if self._worth(texts):
            fields = {key: value for key, value in record.items() if key not in self._understood}
            if isinstance(inputs, dict):
                fields |= {f"{inputs_name}.{name}": value for name, value in inputs.items() if name not in self._allow}
            else:
                fields[inputs_name] = inputs
            self._scan(fields, inputs_name, incidents)
        return tuple(sorted(incidents)) if incidents else ()

    def _gathered(self, record: Mapping[str, Any], inputs: Any) -> tuple[list[str], bool]:
        """All texts that are looked at, and whether the names of all fields and features are known to be harmless."""
        texts: list[str] = []
        objects: list[dict[str, Any]] = []
        names = self._names.harmless
        looked_at = self._looked_at(record)
        harmless = looked_at is not None
        attributions = record.get(self._attributions)
        if type(attributions) is dict and not names.issuperset(attributions):
            harmless = False
        if inputs is not None:
            _collect(inputs, texts, objects, DEPTH)
        for key in record.keys() - self._understood if looked_at is None else looked_at:
            value = record[key]
            if type(value) is str:  # as nearly all are
                texts.append(value)
            else:
                _collect(value, texts, objects, DEPTH)
        return texts, harmless and all(map(names.issuperset, objects))

    def _looked_at(self, record: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Top-level keys whose texts are looked at; None where a key itself must be."""
        shape = tuple(record)
        if (keys := self._shapes.get(shape)) is None and self._names.harmless.issuperset(shape):
            if len(self._shapes) >= SHAPES:
                self._shapes.clear()
            keys = self._shapes[shape] = tuple(key for key in shape if key not in self._understood)
        return keys

    def _look_at_names(
        self, record: Mapping[str, Any], inputs: Any, inputs_name: str, incidents: set[tuple[str, str]]
    ) -> None:
        """Some name is new, or personal data: then each is told under the object that it stands in."""
        self._names.look(record, "", incidents, 0)
        self._names.look(inputs, inputs_name, incidents, DEPTH)
        for key, value in record.items():
            if (key == self._attributions or key not in self._understood) and key not in self._allow:
                self._names.look(value, key, incidents, DEPTH)

    def _worth(self, texts: list[str]) -> bool:
        """Whether any text needs a closer look; nearly every record stops here."""
        if self._harmless.issuperset(texts):
            return False
        new = [text for text in texts if text not in self._harmless]
        if worth_scanning("\n".join(new)):
            return True
        if len(self._harmless) < REMEMBERED:
            self._harmless.update(text for text in new if len(text) <= SHORT)
        return False

    def _scan(self, fields: Mapping[str, Any], inputs_name: str, incidents: set[tuple[str, str]]) -> None:
        for field, value in fields.items():
            if field in self._allow:
                continue
            texts: list[str] = []
            _collect(value, texts, [], DEPTH)
            # A name such as order_id says what a number is; one that is personal data itself would be found in all.
            before = "" if scan(field) else f"{field}: "
            if kinds := {kind for text in texts for kind in scan(before + text, self._kinds)}:
                told = self._names.told(field, inputs_name)
                incidents.update((kind, told) for kind in kinds)

    def keeps_back(self, inputs: Any) -> bool:
        """Whether these inputs hold columns that are kept back, other than hashed, however deep they stand."""
        return self._kept.hides(inputs)

    def holds(self, text: str) -> bool:
        """Whether a text holds personal data of the kinds looked for."""
        return bool(self._kinds) and bool(scan(text, self._kinds))


def _collect(value: Any, texts: list[str], objects: list[dict[str, Any]], depth: int) -> None:
    """Texts of a value, in lists and objects too, and these objects."""
    kind = type(value)
    if kind is str:
        texts.append(value)
    elif (kind is dict or kind is list) and depth:
        if kind is dict:
            objects.append(value)
        for part in value.values() if kind is dict else value:
            kind = type(part)
            if kind is float:  # as most inputs are
                continue
            if kind is str:
                texts.append(part)
            elif kind is dict or kind is list:
                _collect(part, texts, objects, depth - 1)
