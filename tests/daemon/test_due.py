"""Which slots are due, from what the store holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standin import checked

from monitor import config, runner, slots
from monitor.daemon.due import due
from monitor.settings import MonitorSettings
from monitor.store import Store
from monitor.types import Check, Level

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


DAILY = {"every": "1d", "catch_up": 3}
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
AGAIN = MIDNIGHT + timedelta(minutes=30)


@pytest.fixture
def daily(write_config: Callable[..., Path]) -> MonitorSettings:
    return config.load(write_config("one", schedule=DAILY), {}).monitors[0]


def judged(store: Store, monitor: MonitorSettings, slot: datetime, level: Level, confirms: str | None = None) -> Check:
    claim = store.claim(monitor.name, slot, owner=OWNER, lease=MINUTE, now=slot, confirms=confirms)
    assert claim is not None
    check = replace(checked(monitor, claim, lambda: slot), level=level)
    store.finish(claim, check)
    return check


def test_a_severe_check_of_a_daily_monitor_is_looked_at_again_half_an_hour_later(
    daily: MonitorSettings, store: Store
) -> None:
    severe = judged(store, daily, MIDNIGHT, 2)
    assert due(daily, store, AGAIN - MINUTE).run == ()

    found = due(daily, store, AGAIN)

    assert (found.run, found.confirms) == ((AGAIN,), severe.id)
    assert list(found.skip(daily.schedule)) == []


@pytest.mark.parametrize("level", [0, 1])
def test_no_other_level_is_looked_at_again(daily: MonitorSettings, store: Store, level: Level) -> None:
    judged(store, daily, MIDNIGHT, level)
    assert due(daily, store, AGAIN).run == ()


def test_a_confirming_check_is_not_confirmed_itself_and_moves_no_planned_slot(
    daily: MonitorSettings, store: Store
) -> None:
    severe = judged(store, daily, MIDNIGHT, 2)
    judged(store, daily, AGAIN, 2, confirms=severe.id)

    assert due(daily, store, AGAIN + 40 * MINUTE).run == ()
    found = due(daily, store, MIDNIGHT + timedelta(days=1))
    assert (found.run, found.confirms) == ((MIDNIGHT + timedelta(days=1),), None)
    assert list(found.skip(daily.schedule)) == []


def test_a_confirming_check_late_within_its_interval_is_made_up_for_and_later_not(
    daily: MonitorSettings, store: Store
) -> None:
    judged(store, daily, MIDNIGHT, 2)

    assert due(daily, store, MIDNIGHT + timedelta(hours=23)).run == (AGAIN,)
    for days in (1, 2.5):
        found = due(daily, store, MIDNIGHT + timedelta(days=days))
        assert AGAIN not in found.run
        assert found.confirms is None


def test_nothing_is_confirmed_past_a_newer_slot(daily: MonitorSettings, store: Store) -> None:
    judged(store, daily, MIDNIGHT, 2)
    store.skip("one", MIDNIGHT + MINUTE, "catch_up", MIDNIGHT)
    assert due(daily, store, AGAIN + 5 * MINUTE).run == ()


@pytest.mark.parametrize("schedule", [{"every": "5h"}, {"every": "1d", "confirm_after": None}, {"every": "6h"}])
def test_only_monitors_with_long_gaps_are_confirmed_and_only_where_wanted(
    write_config: Callable[..., Path], store: Store, schedule: dict[str, Any]
) -> None:
    monitor = config.load(write_config("one", schedule=schedule), {}).monitors[0]
    slot = slots.previous_slot(monitor.schedule, MIDNIGHT)
    judged(store, monitor, slot, 2)

    run = due(monitor, store, slot + timedelta(minutes=31)).run

    assert run == ((slot + timedelta(minutes=30),) if schedule == {"every": "6h"} else ())


def test_a_wait_longer_than_the_interval_confirms_nothing(write_config: Callable[..., Path], store: Store) -> None:
    path = write_config("one", schedule={"every": "6h", "confirm_after": "6h"})
    monitor = config.load(path, {}).monitors[0]
    judged(store, monitor, MIDNIGHT, 2)
    assert slots.confirming_slot(monitor.schedule, MIDNIGHT) is None
    assert due(monitor, store, MIDNIGHT + timedelta(hours=5, minutes=59)).run == ()


def test_a_restart_changes_nothing(daily: MonitorSettings, store: Store, write_config: Callable[..., Path]) -> None:
    """Interrupted in the middle of the confirming check: the next daemon finds the slot and what it confirms."""
    severe = judged(store, daily, MIDNIGHT, 2)
    found = due(daily, store, AGAIN)
    store.claim("one", AGAIN, owner=OWNER, lease=MINUTE, now=AGAIN, confirms=found.confirms)
    store.release_dead(AGAIN + 2 * MINUTE, lambda owner: True)

    assert due(daily, store, AGAIN + 3 * MINUTE).run == (AGAIN,)
    again = store.claim("one", AGAIN, owner=OWNER, lease=MINUTE, now=AGAIN + 3 * MINUTE)

    assert again is not None
    assert (again.attempt, again.confirms) == (2, severe.id)
