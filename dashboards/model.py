"""What a dashboard is made of, as literal tables have it; panels.py turns it into Grafana's model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["timeseries", "stat", "table", "status-history", "heatmap", "barchart", "bargauge", "xychart", "text"]
Format = Literal["time_series", "table", "heatmap"]
Steps = tuple[tuple[float | None, str], ...]
"""(from which value, colour), the first from None on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prom:
    """A query to Prometheus."""

    expr: str
    legend: str = ""
    instant: bool = False
    format: Format = "time_series"
    exemplar: bool = False
    step: str = ""
    """Least distance of two points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql:
    """A query to the views in PostgreSQL."""

    sql: str
    format: Literal["time_series", "table"] = "table"


Query = Prom | Sql


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a click on a value leads."""

    title: str
    url: str
    new_tab: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How one field of a result is shown."""

    name: str
    """In the result: a column, a label, or `Value #A`; with `regex` a pattern of names."""
    title: str = ""
    unit: str = ""
    decimals: int | None = None
    width: int | None = None
    scale: Scale | None = None
    """Judged values only."""
    links: tuple[Link, ...] = ()
    custom: Mapping[str, Any] | None = None
    colour: str = ""
    """One fixed colour, of the neutral ones."""
    regex: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How a judged value is coloured: by thresholds, by its word, or both."""

    steps: Steps = ((None, "text"),)
    words: Mapping[str, tuple[str, str]] | None = None
    """Value to (text, colour)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel; `id` never changes, because links to a single panel carry it."""

    id: int
    kind: Kind
    title: str
    description: str
    answers: str
    """The requirement or question it is there for, for docs/dashboards.md."""
    queries: tuple[Query, ...] = ()
    unit: str = "short"
    width: int = 12
    height: int = 8
    scale: Scale | None = None
    columns: tuple[Column, ...] = ()
    links: tuple[Link, ...] = ()
    options: Mapping[str, Any] | None = None
    """Over those of its kind."""
    custom: Mapping[str, Any] | None = None
    """Over those of its kind."""
    transformations: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    min: float | None = None
    max: float | None = None
    decimals: int | None = None
    no_value: str = ""
    interval: str = ""
    content: str = ""
    """Markdown of a text panel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard: one question."""

    name: str
    title: str
    description: str
    since: str
    """Beginning of its time range, as in now-6h."""
    refresh: str
    rows: tuple[Row, ...]

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for row in self.rows for panel in row.panels)
