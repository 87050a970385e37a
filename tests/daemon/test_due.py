"""Which slots are due, from what the store holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standin import checked

from monitor import config, runner
from monitor.daemon.due import due
from monitor.settings import MonitorSettings
from monitor.store import Store

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OWNER = "elsewhere|b|1|1"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def monitor(write_config: Callable[..., Path]) -> MonitorSettings:
    return config.load(write_config("one", schedule={"every": "1m", "catch_up": 3}), {}).monitors[0]


@pytest.fixture
def store(write_config: Callable[..., Path]) -> Iterator[Store]:
    settings = config.load(write_config("one", schedule={"every": "1m"}), {})
    with Store.open(settings.store.url) as opened:
        opened.upgrade()
        runner.register(settings, opened, NOON)
        yield opened


def finish(store: Store, monitor: MonitorSettings, slot: datetime) -> None:
    claim = store.claim(monitor.name, slot, owner=OWNER, lease=MINUTE, now=slot)
    assert claim is not None
    store.finish(claim, checked(monitor, claim, lambda: slot))


def test_a_monitor_without_slots_starts_with_the_latest(monitor: MonitorSettings, store: Store) -> None:
    assert due(monitor, store, NOON + MINUTE / 2).run == (NOON,)


def test_nothing_is_due_before_the_next_slot(monitor: MonitorSettings, store: Store) -> None:
    finish(store, monitor, NOON)
    assert due(monitor, store, NOON + MINUTE / 2).run == ()


def test_slots_since_the_last_one_are_due_oldest_first(monitor: MonitorSettings, store: Store) -> None:
    finish(store, monitor, NOON)
    found = due(monitor, store, NOON + 2 * MINUTE)
    assert found.run == (NOON + MINUTE, NOON + 2 * MINUTE)
    assert list(found.skip(monitor.schedule)) == []


def test_more_than_the_limit_are_skipped_without_a_gap(monitor: MonitorSettings, store: Store) -> None:
    finish(store, monitor, NOON)
    found = due(monitor, store, NOON + 6.5 * MINUTE)
    assert found.run == tuple(NOON + n * MINUTE for n in (4, 5, 6))
    assert list(found.skip(monitor.schedule)) == [NOON + n * MINUTE for n in (1, 2, 3)]


def test_nobody_goes_past_a_slot_that_another_process_runs(monitor: MonitorSettings, store: Store) -> None:
    store.claim("one", NOON, owner=OWNER, lease=MINUTE, now=NOON)
    found = due(monitor, store, NOON + 60 * MINUTE)
    assert found.run == (NOON,)
    assert list(found.skip(monitor.schedule)) == []


def test_an_interrupted_slot_comes_first_however_old(monitor: MonitorSettings, store: Store) -> None:
    store.claim("one", NOON, owner=OWNER, lease=MINUTE, now=NOON)
    store.release_dead(NOON + 2 * MINUTE, lambda owner: True)
    assert due(monitor, store, NOON + 60 * MINUTE).run == (NOON,)


def test_a_skipped_slot_counts_as_known(monitor: MonitorSettings, store: Store) -> None:
    store.skip("one", NOON, "catch_up", NOON)
    assert due(monitor, store, NOON + MINUTE).run == (NOON + MINUTE,)
