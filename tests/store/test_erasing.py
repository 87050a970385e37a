"""A monitor and all that is kept of it, gone; the others as they were. On both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import select

from monitor.store.tables import metadata
from monitor.telemetry.records import Batch, Bucket, Quarantined

NOW = datetime(2024, 1, 2, 12, tzinfo=UTC)


def fill(store, make, name: str) -> None:
    make.register(store, name, telemetry={"path": "log.jsonl"})
    store.save_reference(make.reference(name), activate=False)
    store.activate_reference(name, make.reference(name).id, author="a", reason="r", at=NOW)
    make.save(store, make.check(0, name))
    store.start_maintenance(name, until=NOW + timedelta(hours=1), author="a", reason="r", now=NOW)
    batch = Batch(
        totals={("xdrift_telemetry_records_total", ""): 1.0},
        digests=np.array([1], np.uint64),
        buckets={NOW: Bucket(predictions=1)},
        quarantined=[Quarantined(source="log", position=0, size=1, reason="torn")],
    )
    store.commit_telemetry(name, 0, batch, {}, now=NOW, remember=timedelta(days=2), finished=True)


def contents(store) -> dict[str, list[dict]]:
    with store._database.read() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in metadata.sorted_tables
        }


def test_nothing_is_left_of_an_erased_monitor_and_nothing_of_others_is_touched(store, make):
    fill(store, make, "credit")
    before = contents(store)
    fill(store, make, "other")
    assert store.monitors() == {"credit": "credit", "other": "other"}

    store.erase("other")

    assert contents(store) == before
    assert sum(bool(rows) for rows in before.values()) > 15


def test_a_retired_monitor_is_still_known(store, make):
    make.register(store)
    store.retire([])

    assert store.monitors() == {"credit": "credit"}
