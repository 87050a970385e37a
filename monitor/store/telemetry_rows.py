"""The rows that one batch of the explanation log adds to, each kind with one statement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, Table, case, func, select

from monitor.names import COUNTERS, LATENCY_BUCKETS
from monitor.store.columns import dumps
from monitor.store.counters import insert_into
from monitor.store.served_tables import (
    explanation_errors,
    privacy_incidents,
    quarantine,
    telemetry_buckets,
    telemetry_days,
    unexplained,
)
from monitor.store.tables import counters
from monitor.telemetry.records import Batch, Day, Span

GROUPS_PER_DAY = 1_000
"""Groups of predictions without explanation that are kept per monitor and day; the rest is added up under `other`."""
VERSIONS_PER_DAY = 100
"""Model versions with a day of their own; the rest is added up under `other`."""
FIELDS_PER_DAY = 200
"""Fields that personal data was found in, per monitor and day; the rest is added up under `other`."""
QUARANTINED_ROWS = 10_000
"""Places of unusable lines that are kept per monitor. The total goes on counting."""
DURATION = "xdrift_explanation_duration_seconds"
OTHER = "other"
_DAY_COUNTS = (
    "predictions", "left_out", "explained", "explanations", "errors", "slow", "adverse", "compute_seconds", "cost",
    "payload_bytes",
)  # fmt: skip

Rows = list[dict[str, Any]]


def add(connection: Connection, monitor: str, model: str, batch: Batch, now: datetime) -> None:
    """Add everything of a batch but its digests. The caller holds the monitor's telemetry state."""
    _upsert(connection, counters, _totals(monitor, model, batch), adds=("value",))
    buckets = [
        {"monitor": monitor, "start": start, **{name: getattr(bucket, name) for name in bucket.__slots__}}
        for start, bucket in batch.buckets.items()
    ]
    _upsert(connection, telemetry_buckets, buckets, adds=tuple(buckets[0])[2:] if buckets else ())
    _upsert(connection, telemetry_days, _days(connection, monitor, batch.days), replaces=(*_DAY_COUNTS, *_DAY_JSON))
    _upsert(connection, unexplained, _groups(connection, monitor, batch), adds=("n",), spans=True)
    errors = [
        {"monitor": monitor, "fingerprint": fingerprint, "day": day, "reason": reason, "error": error,
         "model_version": version, **_span(span)}
        for (fingerprint, day), (reason, error, version, span) in batch.errors.items()
    ]  # fmt: skip
    _upsert(connection, explanation_errors, errors, adds=("n",), spans=True)
    _upsert(connection, privacy_incidents, _incidents(connection, monitor, batch), adds=("n",), spans=True)
    _upsert(connection, quarantine, _refused(connection, monitor, batch, now), replaces=("reason", "size", "seen_at"))


_DAY_JSON = ("sources", "latency")


def _upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    adds: Sequence[str] = (),
    replaces: Sequence[str] = (),
    spans: bool = False,
) -> None:
    """Insert rows; where one is there already add to some columns, replace others, widen first_seen to last_seen."""
    if not rows:
        return
    made = insert_into(connection, table)
    changes: dict[str, Any] = {name: table.c[name] + made.excluded[name] for name in adds}
    changes |= {name: made.excluded[name] for name in replaces}
    if spans:
        first, last = made.excluded.first_seen, made.excluded.last_seen
        changes["first_seen"] = case((first < table.c.first_seen, first), else_=table.c.first_seen)
        changes["last_seen"] = case((last > table.c.last_seen, last), else_=table.c.last_seen)
    connection.execute(made.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes), list(rows))


def _totals(monitor: str, model: str, batch: Batch) -> Rows:
    totals: list[tuple[str, dict[str, str], float]] = []
    for (name, word), amount in batch.totals.items():
        label = COUNTERS[name]
        totals.append((name, {} if label is None else {label[0]: word}, amount))
    if any(batch.latency):
        bounds = (*map(str, LATENCY_BUCKETS), "+Inf")
        cumulated = zip(bounds, accumulate(batch.latency), strict=True)
        totals += [(f"{DURATION}_bucket", {"le": bound}, float(count)) for bound, count in cumulated]
        totals.append((f"{DURATION}_sum", {}, batch.latency_sum))
    return [
        {"name": name, "monitor": monitor, "model": model, "labels": _labels(labels), "value": amount}
        for name, labels, amount in totals
        if amount
    ]


def _labels(labels: Mapping[str, str]) -> str:
    return json.dumps(labels, sort_keys=True, separators=(",", ":"))


def _days(connection: Connection, monitor: str, days: Mapping[tuple[datetime, str], Day]) -> Rows:
    """The rows of these days as they are afterwards: JSON columns cannot be added to in SQL."""
    if not days:
        return []
    table = telemetry_days
    query = select(table).where(table.c.monitor == monitor, table.c.day.in_({day for day, _ in days}))
    rows = {(row["day"], row["model_version"]): dict(row) for row in connection.execute(query).mappings()}
    changed = set()
    for (day, version), found in days.items():
        versions = sum(known == day for known, _ in rows)
        key = (day, version if (day, version) in rows or versions < VERSIONS_PER_DAY else OTHER)
        row = rows.setdefault(key, _empty_day(monitor, *key))
        changed.add(key)
        for name in _DAY_COUNTS:
            row[name] += getattr(found, name)
        sources = {**row["sources"]}
        for source, n in found.sources.items():
            sources[source] = sources.get(source, 0) + n
        row["sources"] = sources
        if found.latency:
            row["latency"] = [a + b for a, b in zip(row["latency"], found.latency, strict=True)]
    return [rows[key] for key in changed]


def _empty_day(monitor: str, day: datetime, version: str) -> dict[str, Any]:
    nothing: dict[str, Any] = {**dict.fromkeys(_DAY_COUNTS, 0), "sources": {}}
    return {"monitor": monitor, "day": day, "model_version": version, **nothing,
            "latency": [0] * (len(LATENCY_BUCKETS) + 1)}  # fmt: skip


def _groups(connection: Connection, monitor: str, batch: Batch) -> Rows:
    """The groups of a batch; those beyond the limit of their day under `other`, by reason."""
    if not batch.unexplained:
        return []
    table = unexplained
    columns = (table.c.day, table.c.reason, table.c.model_version, table.c.group_key)
    wanted = {day for day, *_ in batch.unexplained}
    query = select(*columns).where(table.c.monitor == monitor, table.c.day.in_(wanted))
    there = {tuple(row) for row in connection.execute(query)}
    sizes = {day: sum(key[0] == day for key in there) for day in wanted}
    rows: dict[tuple[datetime, str, str, str], dict[str, Any]] = {}
    for (day, reason, version, pairs), span in batch.unexplained.items():
        groups: dict[str, Any] = dict(pairs)
        key = (day, reason, version, dumps(dict(sorted(groups.items()))))
        if key not in there and sizes[day] >= GROUPS_PER_DAY:
            groups = {OTHER: f"beyond {GROUPS_PER_DAY} groups"}
            key = (day, reason, OTHER, dumps(groups))
        elif key not in there:
            there.add(key)
            sizes[day] += 1
        known = rows.get(key)
        if known is None:
            names = dict(zip(("day", "reason", "model_version", "group_key"), key, strict=True))
            rows[key] = {"monitor": monitor, **names, "groups": groups, **_span(span)}
        else:
            known["n"] += span.n
            known["first_seen"] = min(known["first_seen"], span.first)
            known["last_seen"] = max(known["last_seen"], span.last)
    return list(rows.values())


def _incidents(connection: Connection, monitor: str, batch: Batch) -> Rows:
    """Personal data by day, kind and field; the names of fields are the writer's, so their number is bounded."""
    if not batch.incidents:
        return []
    table = privacy_incidents
    wanted = {day for day, *_ in batch.incidents}
    query = select(table.c.day, table.c.field).where(table.c.monitor == monitor, table.c.day.in_(wanted)).distinct()
    there = {(row.day, row.field) for row in connection.execute(query)}
    sizes = {day: sum(known == day for known, _ in there) for day in wanted}
    rows: dict[tuple[datetime, str, str], dict[str, Any]] = {}
    for (day, kind, field), span in batch.incidents.items():
        name = field
        if (day, field) not in there:
            if sizes[day] >= FIELDS_PER_DAY:
                name = OTHER
            else:
                there.add((day, field))
                sizes[day] += 1
        known = rows.get((day, kind, name))
        if known is None:
            rows[day, kind, name] = {"monitor": monitor, "day": day, "kind": kind, "field": name, **_span(span)}
        else:
            known["n"] += span.n
            known["first_seen"] = min(known["first_seen"], span.first)
            known["last_seen"] = max(known["last_seen"], span.last)
    return list(rows.values())


def _refused(connection: Connection, monitor: str, batch: Batch, now: datetime) -> Rows:
    if not batch.quarantined:
        return []
    query = select(func.count()).select_from(quarantine).where(quarantine.c.monitor == monitor)
    room = max(0, QUARANTINED_ROWS - connection.execute(query).scalar_one())
    rows = {(line.source, line.position): line for line in batch.quarantined[:room]}
    return [
        {"monitor": monitor, "source": line.source, "position": line.position, "reason": line.reason,
         "size": line.size, "seen_at": now}
        for line in rows.values()
    ]  # fmt: skip


def _span(span: Span) -> dict[str, Any]:
    return {"n": span.n, "first_seen": span.first, "last_seen": span.last}
