"""Logged attributions of the sampled predictions, held against those recomputed in this check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from typing import Any

from monitor import sources
from monitor.drift import LoggedRow, Served, served_gap
from monitor.errors import SourceError
from monitor.privacy import names_told
from monitor.settings import MonitorSettings
from monitor.types import Attributions, LoadedModel, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedRows:
    """The comparison, what was logged per sampled row, and why there is none."""

    gap: Served | None = None
    rows: tuple[LoggedRow | None, ...] = ()
    note: str | None = None

    def record(self) -> Mapping[str, Any]:
        """As the check keeps it; empty where nothing was compared."""
        return {} if self.gap is None else {**asdict(self.gap), "text": self.gap.text}

    def values(self, row: int) -> Mapping[str, float] | None:
        """Logged attributions of the sampled row at this place."""
        found = self.rows[row] if self.rows else None
        return None if found is None else found.values


def compare_served(
    monitor: MonitorSettings, sample: Sample, traffic: Attributions | None, model: LoadedModel
) -> ServedRows:
    """Nothing where the monitor has no explanation log or the sample was not explained.

    A log that cannot be read leaves the check as it is, with a note: the poll of the log fails at the same time, and
    that is exported.
    """
    telemetry = monitor.telemetry
    if telemetry is None or traffic is None:
        return ServedRows()
    if monitor.predictions.columns.id is None:
        return ServedRows(note="logged attributions not compared: predictions.columns.id names no column to join by")
    try:
        rows = sources.logged_rows(telemetry, sample.row_ids, since=sample.window.start)
    except SourceError as error:
        return ServedRows(note=f"logged attributions not compared: {error}")
    known = {*traffic.feature_names, *traffic.source_features, *map(str, sample.rows.columns)}
    rows = told_rows(rows, known, names_told(monitor, known))
    versions = sample.model_versions
    if versions is not None:
        rows = tuple(
            row if row is None or row.served_version is not None else replace(row, served_version=version or None)
            for row, version in zip(rows, versions, strict=True)
        )
    gap = served_gap(traffic, rows, version=model.version, tolerance=telemetry.gap_tolerance)
    note = None if gap is not None else "no sampled prediction has logged attributions"
    return ServedRows(gap=gap, rows=rows, note=note)


def told_rows(
    rows: Sequence[LoggedRow | None], known: Set[str], told: Callable[[str], str]
) -> tuple[LoggedRow | None, ...]:
    """The rows under names that may be told; attributions of names that are told alike are added up."""
    seen: dict[str, str] = {}
    return tuple(
        row if row is None or row.values.keys() <= known else replace(row, values=_told(row.values, seen, told))
        for row in rows
    )


def _told(values: Mapping[str, float], seen: dict[str, str], told: Callable[[str], str]) -> dict[str, float]:
    """`seen`: names told before, which every row repeats."""
    found: dict[str, float] = {}
    for name, value in values.items():
        safe = seen.get(name)
        if safe is None:
            safe = seen[name] = told(name)
        found[safe] = found.get(safe, 0.0) + value
    return found
