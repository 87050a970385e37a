"""Ask real servers what a panel asks, and give the answer in the shape of Grafana's frames."""

from __future__ import annotations

import json
import math
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from dashboards.preview.grafana import Around, Value, promql, sql

Frame = dict[str, Any]
"""{refId, name, fields: [{name, type, labels, values}]}; times are milliseconds since 1970."""
Rows = Callable[[str], tuple[list[str], list[tuple[Any, ...]]]]
"""SQL to (names of columns, rows)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """What the data sources of a dashboard stand for."""

    prometheus: str
    rows: Rows
    chosen: Mapping[str, Value]
    around: Around


def panels(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every panel of a dashboard that is no row."""
    found: list[dict[str, Any]] = []
    for panel in document["panels"]:
        found += panel.get("panels", []) if panel["type"] == "row" else [panel]
    return found


def frames(panel: Mapping[str, Any], document: Mapping[str, Any], servers: Servers) -> list[Frame]:
    """What all targets of a panel answer."""
    several = len(panel["targets"]) > 1
    found: list[Frame] = []
    for target in panel["targets"]:
        if "rawSql" in target:
            found += _sql(target, document, servers)
        else:
            found += _promql(target, document, servers, several=several)
    return found


def _sql(target: Mapping[str, Any], document: Mapping[str, Any], servers: Servers) -> list[Frame]:
    names, rows = servers.rows(sql(target["rawSql"], document, servers.chosen, servers.around))
    if target["format"] == "table":
        columns = [[_plain(row[place]) for row in rows] for place in range(len(names))]
        kinds = [_kind([row[place] for row in rows]) for place in range(len(names))]
        return [_frame(target, [_field(*one) for one in zip(names, kinds, columns, strict=True)])]
    if names[0] != "time":
        raise ValueError(f"a time series begins with a column named time, not {names[0]}")
    return _long(target, rows) if "metric" in names else _wide(target, names, rows)


def _long(target: Mapping[str, Any], rows: list[tuple[Any, ...]]) -> list[Frame]:
    """Rows of (time, metric, value): a series for every metric."""
    series: dict[str, list[tuple[Any, Any]]] = {}
    for time, metric, value in rows:
        series.setdefault(str(metric), []).append((_plain(time), _plain(value)))
    return [
        _frame(target, [_field("time", "time", [at for at, _ in points]),
                        _field(name, "number", [value for _, value in points])])
        for name, points in series.items()
    ]  # fmt: skip


def _wide(target: Mapping[str, Any], names: list[str], rows: list[tuple[Any, ...]]) -> list[Frame]:
    times = [_plain(row[0]) for row in rows]
    values = [_field(name, "number", [_plain(row[place]) for row in rows]) for place, name in enumerate(names)]
    return [_frame(target, [_field("time", "time", times), *values[1:]])] if rows else []


def _promql(target: Mapping[str, Any], document: Mapping[str, Any], servers: Servers, *, several: bool) -> list[Frame]:
    expr = promql(target["expr"], document, servers.chosen, servers.around)
    if target.get("instant"):
        series = [(one["metric"], [one["value"]]) for one in instant(servers, expr)]
    else:
        series = [(one["metric"], one["values"]) for one in ranged(servers, expr)]
    if target["format"] == "table":
        return _table(target, series, "Value #" + target["refId"] if several else "Value")
    return [
        _frame(target, [_field("Time", "time", [1000 * float(at) for at, _ in points]),
                        _field("Value", "number", [_number(value) for _, value in points],
                               labels=labels, shown=_legend(target["legendFormat"], labels))])
        for labels, points in series
    ]  # fmt: skip


def _table(target: Mapping[str, Any], series: list[tuple[dict[str, str], list[Any]]], value: str) -> list[Frame]:
    """One row per series: a column for every label, and its value."""
    if not series:
        return []
    names = sorted({name for labels, _ in series for name in labels})
    fields = [_field("Time", "time", [1000 * float(points[-1][0]) for _, points in series])]
    fields += [_field(name, "string", [labels.get(name, "") for labels, _ in series]) for name in names]
    return [_frame(target, [*fields, _field(value, "number", [_number(points[-1][1]) for _, points in series])])]


def instant(servers: Servers, expr: str) -> list[dict[str, Any]]:
    return _ask(servers.prometheus, "query", {"query": expr, "time": servers.around.end.timestamp()})


def ranged(servers: Servers, expr: str) -> list[dict[str, Any]]:
    around = servers.around
    times = {"start": around.start.timestamp(), "end": around.end.timestamp(), "step": around.step}
    return _ask(servers.prometheus, "query_range", {"query": expr, **times})


def _ask(address: str, what: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    url = f"{address}/api/v1/{what}?{urllib.parse.urlencode(given)}"
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  an address of our own
        found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return found


def _frame(target: Mapping[str, Any], fields: list[dict[str, Any]]) -> Frame:
    return {"refId": target["refId"], "fields": fields}


def _field(
    name: str, kind: str, values: list[Any], *, labels: Mapping[str, str] | None = None, shown: str = ""
) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name, "type": kind, "values": values}
    if labels:
        field["labels"] = {key: value for key, value in labels.items() if key != "__name__"}
    if shown:
        field["config"] = {"displayNameFromDS": shown}
    return field


def _legend(pattern: str, labels: Mapping[str, str]) -> str:
    if pattern == "__auto":
        return ""
    for name, value in labels.items():
        pattern = pattern.replace("{{" + name + "}}", value)
    return pattern


def _number(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp() * 1000
    return float(value) if isinstance(value, Decimal) else value


def _kind(values: list[Any]) -> str:
    some = next((value for value in values if value is not None), None)
    if isinstance(some, bool):
        return "boolean"
    if isinstance(some, int | float | Decimal):
        return "number"
    return "time" if isinstance(some, datetime) else "string"
