"""Everything that the dashboards ask, one by one, with variables filled in as Grafana does it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import promql_parser

import dashboards
from dashboards.preview.grafana import Around, promql, sql
from dashboards.preview.run import panels

AROUND = Around(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=6))
_LABEL_VALUES = re.compile(r"label_values\((.+), *(\w+)\)")


@dataclass(frozen=True)
class Asked:
    """One query."""

    board: str
    where: str
    """Panel, variable or annotation."""
    source: str
    """promql or sql."""
    raw: str
    text: str
    """With variables and macros in their places."""

    def __str__(self) -> str:
        return f"{self.board}: {self.where}"


def asked() -> Iterator[Asked]:
    for board in dashboards.NAMES:
        document = dashboards.load(board)
        for where, source, raw in _raw(document):
            fill = sql if source == "sql" else promql
            yield Asked(board, where, source, raw, fill(raw, document, {}, AROUND))


def _raw(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for panel in panels(document):
        for target in panel.get("targets", []):
            where = f"panel {panel['id']} {panel['title']} {target['refId']}"
            yield (where, "sql", target["rawSql"]) if "rawSql" in target else (where, "promql", target["expr"])
    for variable in document["templating"]["list"]:
        if variable["type"] == "query":
            found = _LABEL_VALUES.fullmatch(variable["query"])
            where = f"variable {variable['name']}"
            yield (where, "promql", found[1]) if found else (where, "sql", variable["query"])
    for annotation in document["annotations"]["list"]:
        if "expr" in annotation:
            yield f"annotation {annotation['name']}", "promql", annotation["expr"]


ASKED = tuple(asked())
PROMQL = [one for one in ASKED if one.source == "promql"]
SQL = [one for one in ASKED if one.source == "sql"]


def selectors(expression: Any, inside: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(name of a series, functions and aggregations around it, the outermost first) of a parsed expression."""
    if isinstance(expression, promql_parser.VectorSelector):
        yield expression.name or "", inside
        return
    if isinstance(expression, promql_parser.Call):
        own: tuple[str, ...] = (expression.func.name,)
    else:
        own = ("aggregation",) if isinstance(expression, promql_parser.AggregateExpr) else ()
    parts = list(getattr(expression, "args", None) or [])
    parts += [getattr(expression, name, None) for name in ("lhs", "rhs", "expr", "vector_selector")]
    for part in parts:
        if part is not None and not isinstance(part, str | float | int):
            yield from selectors(part, inside + own)
