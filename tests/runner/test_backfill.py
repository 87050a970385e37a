"""Slots of the past: in order, resumable, past failures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standin import journal

from monitor.runner import SlotOutcome, backfill
from monitor.settings import Settings
from monitor.store import Store

SINCE = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
UNTIL = SINCE + timedelta(minutes=4)
SLOTS = [SINCE + timedelta(minutes=n) for n in range(4)]

Make = Callable[..., Settings]
Opened = Callable[[Settings], Store]


def test_every_slot_is_run_oldest_first_within_each_monitor(make: Make, opened: Opened, journal_path: Path) -> None:
    config = make("one", "two")
    report = backfill(config, ["one", "two"], SINCE, UNTIL, opened(config), perform="standin:succeed")
    assert (report.planned, report.done, report.failed, report.not_run) == (8, 8, 0, 0)
    for name in ("one", "two"):
        begun = [line[1] for line in journal(journal_path) if line[0] == name and line[3] == "begin"]
        assert begun == [slot.isoformat() for slot in SLOTS]


def test_finished_slots_are_not_run_again(make: Make, opened: Opened, journal_path: Path) -> None:
    config = make()
    store = opened(config)
    backfill(config, ["one"], SINCE, SINCE + timedelta(minutes=2), store, perform="standin:succeed")
    report = backfill(config, ["one"], SINCE, UNTIL, store, perform="standin:succeed")
    assert (report.done, report.finished) == (2, 2)
    assert len(journal(journal_path)) == 8


def test_a_failed_check_does_not_end_the_backfill(make: Make, opened: Opened) -> None:
    config = make()
    report = backfill(config, ["one"], SINCE, UNTIL, opened(config), perform="standin:fail_on_even_minutes")
    assert (report.done, report.failed) == (2, 2)
    assert [outcome.planned_at for outcome in report.failures] == SLOTS[::2]


def test_slots_that_failed_before_are_run_again_and_the_others_left_alone(
    make: Make, opened: Opened, journal_path: Path
) -> None:
    config = make()
    store = opened(config)
    first = backfill(config, ["one"], SINCE, UNTIL, store, perform="standin:fail_on_even_minutes")
    journal_path.unlink()
    second = backfill(config, ["one"], SINCE, UNTIL, store, perform="standin:succeed")

    assert first.failed > 0
    assert (second.done, second.failed, second.finished) == (first.failed, 0, first.done)
    assert {line[1] for line in journal(journal_path)} == {one.planned_at.isoformat() for one in first.failures}


def test_progress_is_told_in_the_callers_thread(make: Make, opened: Opened) -> None:
    config = make("one", "two")
    told: list[tuple[int, int, str, int]] = []

    def progress(done: int, total: int, outcome: SlotOutcome) -> None:
        told.append((done, total, outcome.state, threading.get_ident()))

    backfill(config, ["one", "two"], SINCE, UNTIL, opened(config), perform="standin:succeed", progress=progress)
    assert told == [(n, 8, "done", threading.get_ident()) for n in range(1, 9)]


def test_slots_of_the_future_are_not_run(make: Make, opened: Opened) -> None:
    config = make()
    report = backfill(
        config, ["one"], SINCE, UNTIL, opened(config), perform="standin:succeed", clock=in_the_middle
    )  # fmt: skip
    assert report.planned == 2


def test_a_wish_to_stop_ends_the_running_check_and_leaves_the_rest_for_the_next_run(
    make: Make, opened: Opened, journal_path: Path
) -> None:
    config = make()
    store = opened(config)
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    report = backfill(config, ["one"], SINCE, UNTIL, store, perform="standin:slow_once", stop=stop)
    assert report.not_run == 4
    again = backfill(config, ["one"], SINCE, SINCE + timedelta(minutes=1), store, perform="standin:slow_once")
    assert again.done == 1
    assert journal(journal_path)[-1][2] == "2"


def test_an_error_of_the_progress_ends_the_backfill_and_its_children(make: Make, opened: Opened) -> None:
    config = make()
    store = opened(config)

    def progress(done: int, total: int, outcome: SlotOutcome) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backfill(config, ["one"], SINCE, UNTIL, store, perform="standin:slow", progress=progress)
    assert backfill(config, ["one"], SINCE, UNTIL, store, perform="standin:slow").not_run == 0


def test_a_slot_that_another_process_holds_is_waited_for(make: Make, opened: Opened, journal_path: Path) -> None:
    config = make()
    store = opened(config)
    claim = store.claim("one", SLOTS[1], owner="elsewhere|b|1|1", lease=timedelta(seconds=2), now=datetime.now(UTC))
    assert claim is not None
    report = backfill(config, ["one"], SINCE, UNTIL, store, perform="standin:succeed")
    assert report.done == 4
    begun = [line[1] for line in journal(journal_path) if line[3] == "begin"]
    assert begun == [slot.isoformat() for slot in SLOTS]


def test_an_unknown_monitor_is_refused_before_anything_runs(make: Make, opened: Opened, journal_path: Path) -> None:
    config = make()
    with pytest.raises(KeyError):
        backfill(config, ["one", "nobody"], SINCE, UNTIL, opened(config), perform="standin:succeed")
    assert journal(journal_path) == []


def in_the_middle() -> datetime:
    return SINCE + timedelta(minutes=1, seconds=30)
