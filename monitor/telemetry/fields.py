"""Names of fields and features in a record: personal data in them, and what may be kept of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from monitor.privacy import WITHHELD, holds_name, scan, worth_scanning
from monitor.settings import MonitorSettings
from monitor.telemetry.words import stored_text

REMEMBERED, LONG = 10_000, 200
"""Names that were looked at and are harmless, and their length: those of a model come with every record."""
UNNAMED_FIELD = "(a name that is personal data itself)"


class FieldNames:
    """Remembers the names that come again and again."""

    def __init__(self, monitor: MonitorSettings, kept_back: Collection[str]) -> None:
        """Names of the configuration are told and not looked at."""
        rename = monitor.predictions.columns.rename
        self._allow = frozenset(monitor.privacy.allow)
        self._expected = self._allow | {*(monitor.features or ()), *rename, *rename.values()}
        self._kinds = monitor.privacy.kinds
        self._kept_back = kept_back
        self._parts = _parted(kept_back)
        self.harmless = set(self._expected)
        """Names that were looked at, and nothing was found."""

    def look(self, value: Any, where: str, incidents: set[tuple[str, str]], depth: int) -> None:
        """Add what the names in a value hold, and those in objects and lists below, `depth` levels deep."""
        if type(value) is dict:
            self._look_at([name for name in value if name not in self.harmless], where, incidents)
            parts = [part for name, part in value.items() if name not in self._allow] if depth else []
        else:
            parts = value if depth and type(value) is list else []
        for part in parts:
            if type(part) is dict or type(part) is list:
                self.look(part, where, incidents, depth - 1)

    def _look_at(self, names: list[str], where: str, incidents: set[tuple[str, str]]) -> None:
        if names and worth_scanning("\n".join(names)):
            found = {name: scan(name, self._kinds) for name in names}
            field = f"{where}.{UNNAMED_FIELD}" if where else UNNAMED_FIELD
            incidents.update((kind, field) for kinds in found.values() for kind in kinds)
            names = [name for name in names if not found[name]]
        if len(self.harmless) + len(names) > REMEMBERED:
            self.harmless.clear()  # somebody makes names up: the model's own come again
            self.harmless |= self._expected
        self.harmless.update([name for name in names if len(name) <= LONG][:REMEMBERED])

    def told(self, field: str, inputs_name: str) -> str:
        """The field as it is kept: a name that is personal data is not, nor what follows a column that is kept back.

        `name_Jane` and `name.Jane` hold a value of the column `name`; `user_name` is a field like any other.
        """
        within = inputs_name + "."
        root, name = (within, field[len(within) :]) if field.startswith(within) else ("", field)
        if scan(name):
            return stored_text(root) + UNNAMED_FIELD
        return stored_text(root + ".".join(self._told(name)))

    def _told(self, name: str) -> list[str]:
        told: list[str] = []
        within = False
        for part in self._parts(name):
            stem = part if part in self._kept_back else holds_name(part, self._kept_back)
            if stem is not None and part.find(stem) + len(stem) < len(part):
                told.append(f"{stem}_{WITHHELD}")
                within = True
            elif stem == part or not within:
                told.append(part)
                within = within or stem is not None
            elif not told[-1].endswith(WITHHELD):
                told[-1] += f"_{WITHHELD}"
        return told


def _parted(columns: Collection[str]) -> Callable[[str], list[str]]:
    """Takes a name apart at its dots, but for those of the columns themselves."""
    dotted = sorted((column for column in columns if "." in column), key=len, reverse=True)
    if not dotted:
        return lambda name: name.split(".")
    return re.compile(rf"[^.]*?(?:{'|'.join(map(re.escape, dotted))})[^.]*|[^.]+").findall
