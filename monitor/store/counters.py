"""Durable totals: rows that only ever grow, changed in the transaction of what they count."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from monitor.names import COUNTERS, FAILURE_REASONS, LEVEL_NAMES
from monitor.store.tables import counters, monitors
from monitor.types import Check, Counter


def insert_into(connection: Connection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT; both databases spell it alike, SQLAlchemy does not."""
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def prepare(connection: Connection, monitor: str, model: str) -> None:
    """Every known total of a monitor at 0, so that the first event is an increase and not a new series."""
    rows = [_row(name, monitor, model, labels, 0.0) for name, labels in known_labels()]
    connection.execute(insert_into(connection, counters).on_conflict_do_nothing(), rows)


def known_labels() -> Iterable[tuple[str, dict[str, str]]]:
    """Every counter with every set of labels (beside monitor and model) that is known in advance."""
    for name, label in COUNTERS.items():
        if label is None:
            yield name, {}
        else:
            yield from ((name, {label[0]: value}) for value in label[1])


def count_check(connection: Connection, check: Check) -> None:
    events: list[tuple[str, dict[str, str], int]] = [
        ("xdrift_checks_total", {}, 1),
        ("xdrift_verdicts_total", {"verdict": check.verdict}, 1),
    ]
    if check.outcome == "failed":
        # The set of reasons is closed: each is a time series. The check itself keeps the word it came with.
        reason = check.reason if check.reason in FAILURE_REASONS else "internal"
        events.append(("xdrift_check_failures_total", {"reason": reason}, 1))
    if check.canary:
        events.append(("xdrift_canary_comparisons_total", {}, check.canary["comparisons"]))
        events += [("xdrift_canary_alarms_total", {"level": level}, check.canary[level]) for level in LEVEL_NAMES[1:]]
    for name, labels, amount in events:
        add(connection, name, monitor=check.monitor, model=check.model, labels=labels, amount=amount)


def add(
    connection: Connection, name: str, *, monitor: str, model: str, labels: Mapping[str, str], amount: float = 1.0
) -> None:
    """Raise one total by `amount` >= 0; it begins at 0."""
    if name not in COUNTERS:
        raise ValueError(f"{name} is not one of names.COUNTERS")
    if not amount >= 0:
        raise ValueError(f"{name} cannot change by {amount}: totals only grow")
    insert = insert_into(connection, counters).values(_row(name, monitor, model, labels, amount))
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=list(counters.primary_key), set_={"value": counters.c.value + insert.excluded.value}
        )
    )


def all_counters(connection: Connection) -> tuple[Counter, ...]:
    """The totals of every monitor in service, under the model name it has now."""
    served = (counters.c.monitor == monitors.c.name) & (counters.c.model == monitors.c.model)
    query = (
        select(counters)
        .join(monitors, served)
        .where(~monitors.c.retired)
        .order_by(counters.c.name, counters.c.monitor, counters.c.labels)
    )
    return tuple(
        Counter(
            name=row.name,
            labels={"monitor": row.monitor, "model": row.model, **json.loads(row.labels)},
            value=row.value,
        )
        for row in connection.execute(query)
    )


def _row(name: str, monitor: str, model: str, labels: Mapping[str, str], value: float) -> dict[str, Any]:
    key = json.dumps(dict(labels), sort_keys=True, separators=(",", ":"))
    return {"name": name, "monitor": monitor, "model": model, "labels": key, "value": value}
