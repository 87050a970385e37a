"""What Grafana does to a query before it is sent: variables by format, macros by data source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

Value = str | tuple[str, ...]
EVERY = "$__all"
"""The choice All."""
_VARIABLE = re.compile(r"\$\{(\w+)(?:\.([^:}]+))?(?::(\w+))?\}|\$(\w+)")
_SPECIAL = re.compile(r"([\\^$*+?.()|\[\]{}])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Time range and step under which a dashboard is looked at."""

    start: datetime
    end: datetime
    step: int = 15
    """Seconds between two points."""

    def times(self) -> dict[str, str]:
        seconds = int((self.end - self.start).total_seconds())
        # Four scrapes of 15 s, as a Prometheus data source does it that nobody told otherwise.
        rate = max(self.step + 15, 60)
        return {
            "__interval": f"{self.step}s",
            "__interval_ms": str(self.step * 1000),
            "__rate_interval": f"{rate}s",
            "__range": f"{seconds}s",
            "__range_s": str(seconds),
            "__url_time_range": f"from={int(self.start.timestamp() * 1000)}&to={int(self.end.timestamp() * 1000)}",
        }


def values(document: Mapping[str, Any], chosen: Mapping[str, Value]) -> dict[str, Value]:
    """Name to value of every variable of a dashboard: what was chosen, else what stands in its file."""
    found: dict[str, Value] = {}
    for one in document["templating"]["list"]:
        current = one.get("current", {}).get("value", one.get("query", ""))
        found[one["name"]] = tuple(current) if isinstance(current, list) else current
    return found | dict(chosen)


def fill(text: str, document: Mapping[str, Any], chosen: Mapping[str, Value], around: Around, *, default: str) -> str:
    """`text` with variables and times in their places. `default`: the format of a variable that names none."""
    known = {one["name"]: one for one in document["templating"]["list"]}
    given, times = values(document, chosen), around.times()

    def one(found: re.Match[str]) -> str:
        name = found[1] or found[4]
        if name in times:
            return times[name]
        if name not in known:
            return found[0]
        return _formatted(known[name], given[name], found[3] or default)

    return _VARIABLE.sub(one, text)


def _formatted(variable: Mapping[str, Any], value: Value, how: str) -> str:
    every = value in (EVERY, (EVERY,))
    if how == "queryparam":
        shown = ("All",) if every else (value,) if isinstance(value, str) else value
        return "&".join(f"var-{variable['name']}={quote(one, safe='')}" for one in shown)
    if every:
        if "allValue" not in variable:
            raise ValueError(f"{variable['name']} is All and has no value for it")
        return quote(variable["allValue"], safe="") if how == "percentencode" else str(variable["allValue"])
    several = (value,) if isinstance(value, str) else value
    if how == "regex":
        escaped = [_SPECIAL.sub(r"\\\1", one) for one in several]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
    if how == "prometheus":
        escaped = [_SPECIAL.sub(r"\\\\\1", one) for one in several]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
    if how == "sqlstring":
        return ",".join("'" + one.replace("'", "''") + "'" for one in several)
    if how == "percentencode":
        return quote(several[0], safe="")
    if how == "raw":
        return ",".join(several)
    raise ValueError(f"format {how} is not known here")


def promql(expr: str, document: Mapping[str, Any], chosen: Mapping[str, Value], around: Around) -> str:
    return fill(expr, document, chosen, around, default="prometheus")


def sql(text: str, document: Mapping[str, Any], chosen: Mapping[str, Value], around: Around) -> str:
    """With the macros of Grafana's PostgreSQL data source."""
    start, end = (f"'{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'" for moment in (around.start, around.end))
    text = re.sub(r"\$__timeFilter\(([^()]+)\)", rf"\1 BETWEEN {start} AND {end}", text)
    text = text.replace("$__timeFrom()", start).replace("$__timeTo()", end)
    filled = fill(text, document, chosen, around, default="sqlstring")
    left = re.search(r"\$[_{a-zA-Z]", filled.replace(")$'", ""))
    if left:
        raise ValueError(f"left as it was: {filled[left.start() : left.start() + 40]}")
    return filled
