"""What serving did lately, from what was counted of the explanation log."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from monitor.names import LEFT_OUT
from monitor.slo import BUCKET_SECONDS
from monitor.store.served_tables import telemetry_buckets, unexplained
from monitor.types import ServedLately, UnexplainedGroup


def lately(connection: Connection, monitor: str, since: datetime) -> ServedLately:
    """Counts of the five minutes of event time that `since` falls into, and of all after it."""
    table = telemetry_buckets.c
    first = datetime.fromtimestamp(since.timestamp() // BUCKET_SECONDS * BUCKET_SECONDS, UTC)
    counted = tuple(ServedLately.__dataclass_fields__)
    sums = (func.coalesce(func.sum(table[name]), 0).label(name) for name in counted)
    row = connection.execute(select(*sums).where(table.monitor == monitor, table.start >= first)).mappings().one()
    return ServedLately(**{name: int(row[name]) for name in counted})


def groups(connection: Connection, monitor: str, since: datetime, limit: int) -> list[UnexplainedGroup]:
    """Predictions without an explanation of whole UTC days from `since` on, the most frequent first; without those that
    sampling left out, which were not to be explained."""
    table = unexplained.c
    total, last = func.sum(table.n), func.max(table.last_seen)
    key = (table.reason, table.model_version, table.group_key)
    query = (
        select(*key, total.label("n"), last.label("last_seen"))
        .where(table.monitor == monitor, table.day >= since, table.reason != LEFT_OUT)
        .group_by(*key)
        .order_by(total.desc(), *key)
        .limit(limit)
    )
    return [
        UnexplainedGroup(
            reason=row.reason,
            model_version=row.model_version,
            groups=json.loads(row.group_key),
            n=int(row.n),
            last_seen=row.last_seen,
        )
        for row in connection.execute(query)
    ]
