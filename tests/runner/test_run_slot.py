"""One slot in a child process: every way in which it can end."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from standin import journal

from monitor.errors import SlotLostError, StoreError
from monitor.runner import own, release_own, run_slot
from monitor.settings import Settings
from monitor.store import Store

SLOT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

Make = Callable[..., Settings]
Opened = Callable[[Settings], Store]


def test_a_check_runs_in_another_process_and_is_saved(make: Make, opened: Opened) -> None:
    config = make()
    store = opened(config)
    outcome = run_slot(config, "one", SLOT, store, perform="standin:pid_in_sentence")
    assert outcome.state == "done"
    assert outcome.check is not None
    saved = store.check(outcome.check.id)
    assert saved is not None
    assert saved.sentence.startswith("pid ")
    assert saved.sentence.split()[1] != str(os.getpid())
    assert store.finished_slots("one", SLOT, SLOT + timedelta(minutes=1)) == {SLOT}


def test_a_finished_slot_is_not_run_again(make: Make, opened: Opened, journal_path: Path) -> None:
    config = make()
    store = opened(config)
    run_slot(config, "one", SLOT, store, perform="standin:succeed")
    again = run_slot(config, "one", SLOT, store, perform="standin:succeed")
    assert again.state == "finished"
    assert [line[3] for line in journal(journal_path)] == ["begin", "saved"]


def test_a_failed_slot_is_run_again_only_when_asked_for(make: Make, opened: Opened) -> None:
    config = make()
    store = opened(config)
    run_slot(config, "one", SLOT, store, perform="standin:refuse")

    assert run_slot(config, "one", SLOT, store, perform="standin:succeed").state == "finished"
    again = run_slot(config, "one", SLOT, store, perform="standin:succeed", failed_before=datetime.now(UTC))
    assert again.state == "done"
    saved = store.checks("one")[0]
    assert saved.outcome == "succeeded"
    assert len(saved.notes) == 1
    third = run_slot(config, "one", SLOT, store, perform="standin:succeed", failed_before=datetime.now(UTC))
    assert third.state == "finished"


def test_a_run_of_a_failed_slot_that_is_stopped_leaves_it_failed(make: Make, opened: Opened) -> None:
    config = make()
    store = opened(config)
    run_slot(config, "one", SLOT, store, perform="standin:refuse")
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()

    again = run_slot(config, "one", SLOT, store, perform="standin:hang", cancel=stop, failed_before=datetime.now(UTC))
    release_own(store, datetime.now(UTC))

    assert again.state == "interrupted"
    assert store.checks("one")[0].reason == "data"
    assert store.finished_slots("one", SLOT, SLOT + timedelta(minutes=1)) == {SLOT}


def test_a_run_of_a_failed_slot_that_was_lost_is_not_said_to_have_saved_the_failure(
    make: Make, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make()
    store = opened(config)
    run_slot(config, "one", SLOT, store, perform="standin:refuse")

    def lost(claim: object, check: object) -> None:
        raise SlotLostError("slot", seen="another", expected="this process", hint="nothing")

    monkeypatch.setattr(store, "finish", lost)
    again = run_slot(config, "one", SLOT, store, perform="standin:leave", failed_before=datetime.now(UTC))

    assert again.state == "lost"


def test_a_slot_that_another_owner_holds_is_left_alone(make: Make, opened: Opened, journal_path: Path) -> None:
    config = make()
    store = opened(config)
    store.claim("one", SLOT, owner="elsewhere|b|1|1", lease=timedelta(minutes=1), now=datetime.now(UTC))
    assert run_slot(config, "one", SLOT, store, perform="standin:succeed").state == "held"
    assert journal(journal_path) == []


def test_a_failed_check_that_the_pipeline_saved_counts_as_failed(make: Make, opened: Opened) -> None:
    config = make()
    outcome = run_slot(config, "one", SLOT, opened(config), perform="standin:refuse")
    assert outcome.state == "failed"
    assert outcome.check is not None
    assert outcome.check.reason == "data"


@pytest.mark.parametrize(
    ("perform", "reason", "said"),
    [
        ("crash", "explainer", "SIGSEGV"),
        ("run_out_of_memory", "explainer", "SIGKILL"),
        ("leave", "internal", "exit code 7"),
        ("raising", "internal", "ZeroDivisionError: a bug of ours"),
        ("raise_ours", "internal", "look at the disk"),
        ("no_such_function", "internal", "AttributeError"),
    ],
)
def test_a_child_that_ends_badly_leaves_a_failed_check_with_the_reason(
    make: Make, opened: Opened, perform: str, reason: str, said: str
) -> None:
    config = make()
    store = opened(config)
    outcome = run_slot(config, "one", SLOT, store, perform=f"standin:{perform}")
    assert outcome.state == "failed"
    assert outcome.check is not None
    saved = store.check(outcome.check.id)
    assert saved is not None
    assert (saved.outcome, saved.verdict, saved.reason) == ("failed", "unknown", reason)
    assert saved.error is not None
    assert said in saved.error


def test_a_result_that_was_saved_counts_although_the_child_crashed_afterwards(make: Make, opened: Opened) -> None:
    config = make()
    outcome = run_slot(config, "one", SLOT, opened(config), perform="standin:save_then_crash")
    assert outcome.state == "done"
    assert outcome.check is not None
    assert outcome.check.outcome == "succeeded"


@pytest.mark.parametrize("perform", ["hang", "chatter", "hang_with_company"])
def test_a_check_beyond_its_deadline_is_ended_and_saved_as_timed_out(
    make: Make, opened: Opened, journal_path: Path, perform: str
) -> None:
    config = make(schedule={"deadline": "2s"})
    begun = time.monotonic()
    outcome = run_slot(config, "one", SLOT, opened(config), perform=f"standin:{perform}")
    assert time.monotonic() - begun < 30
    assert outcome.check is not None
    assert outcome.check.reason == "timeout"
    assert "within 2s" in str(outcome.check.error)
    for line in journal(journal_path):
        assert not any(running(int(pid)) for pid in line[4:])


def test_a_child_at_its_deadline_may_clean_up(make: Make, opened: Opened, journal_path: Path) -> None:
    config = make(schedule={"deadline": "2s"})
    run_slot(config, "one", SLOT, opened(config), perform="standin:tidy")
    assert journal(journal_path)[-1][3:] == ["cleaned", "up"]


def test_what_a_child_writes_is_in_the_log(make: Make, opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    config = make()
    with caplog.at_level(logging.INFO):
        run_slot(config, "one", SLOT, opened(config), perform="standin:speak")
    lines = [record.fields["line"] for record in caplog.records if record.message == "output"]  # type: ignore[attr-defined]
    assert set(lines) >= {"from native code", "from Python, schön", "on standard error"}


def test_output_without_end_is_cut(make: Make, opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    config = make(schedule={"deadline": "1s"})
    with caplog.at_level(logging.INFO):
        run_slot(config, "one", SLOT, opened(config), perform="standin:chatter")
    assert sum(record.message == "output" for record in caplog.records) == 500
    assert sum(record.message == "more output dropped" for record in caplog.records) == 1


def test_the_traceback_of_a_bug_is_in_the_log(make: Make, opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    config = make()
    with caplog.at_level(logging.INFO):
        run_slot(config, "one", SLOT, opened(config), perform="standin:raising")
    assert any("Traceback" in str(getattr(record, "fields", "")) for record in caplog.records)


def test_one_line_tells_the_check_and_its_sentence(
    make: Make, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    config = make()
    with caplog.at_level(logging.INFO):
        run_slot(config, "one", SLOT, opened(config), perform="standin:succeed")
    (told,) = [record for record in caplog.records if record.message == "check"]
    assert told.fields["sentence"] == "Nothing changed."  # type: ignore[attr-defined]
    assert told.fields["monitor"] == "one"  # type: ignore[attr-defined]


def test_cancelling_ends_the_child_and_leaves_the_slot_for_the_next_run(
    make: Make, opened: Opened, journal_path: Path
) -> None:
    config = make()
    store = opened(config)
    cancel = threading.Event()
    threading.Timer(1.0, cancel.set).start()
    outcome = run_slot(config, "one", SLOT, store, perform="standin:slow_once", cancel=cancel)
    assert outcome.state == "interrupted"
    release_own(store, datetime.now(UTC))
    again = run_slot(config, "one", SLOT, store, perform="standin:slow_once")
    assert again.state == "done"
    assert journal(journal_path)[-1][2] == "2"


def test_the_lease_is_renewed_while_the_child_works(make: Make, opened: Opened) -> None:
    config = make()
    store = opened(config)
    thread = threading.Thread(
        target=run_slot,
        args=(config, "one", SLOT, store),
        kwargs={"perform": "standin:hang", "lease": timedelta(seconds=0.9), "cancel": (cancel := threading.Event())},
    )
    thread.start()
    try:
        time.sleep(2.5)
        assert store.release_dead(datetime.now(UTC), lambda owner: True) == []
    finally:
        cancel.set()
        thread.join()


def test_a_child_whose_slot_was_taken_over_is_ended(make: Make, opened: Opened, journal_path: Path) -> None:
    config = make()
    store = opened(config)

    def take_over() -> None:
        while not journal(journal_path):
            time.sleep(0.05)
        store.release_dead(datetime.now(UTC), lambda owner: False)

    thread = threading.Thread(target=take_over)
    thread.start()
    outcome = run_slot(config, "one", SLOT, store, perform="standin:hang", lease=timedelta(seconds=0.6))
    thread.join()
    assert outcome.state == "lost"
    assert outcome.check is None
    assert not running(int(journal(journal_path)[0][4]))


def test_a_lease_that_cannot_be_renewed_for_a_moment_does_not_end_the_check(
    make: Make, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make()
    store = opened(config)

    def unreachable(*_: object, **__: object) -> bool:
        raise StoreError("the database", seen="nothing")

    monkeypatch.setattr(store, "renew", unreachable)
    outcome = run_slot(config, "one", SLOT, store, perform="standin:slow", lease=timedelta(seconds=0.3))
    assert outcome.state == "done"


def test_a_failure_is_not_saved_over_the_result_of_the_one_who_took_over(
    make: Make, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make()
    store = opened(config)

    def lost(*_: object) -> None:
        raise SlotLostError("slot")

    monkeypatch.setattr(store, "finish", lost)
    assert run_slot(config, "one", SLOT, store, perform="standin:raising").state == "lost"
    assert store.checks("one") == []


def test_a_child_starts_in_a_fraction_of_a_second(make: Make, opened: Opened) -> None:
    config = make()
    store = opened(config)
    run_slot(config, "one", SLOT, store, perform="standin:succeed")
    seconds = []
    for minute in range(1, 6):
        begun = time.perf_counter()
        run_slot(config, "one", SLOT + timedelta(minutes=minute), store, perform="standin:succeed")
        seconds.append(time.perf_counter() - begun)
    assert min(seconds) < 0.5


def test_the_owner_is_written_into_the_claim(make: Make, opened: Opened) -> None:
    config = make()
    store = opened(config)
    cancel = threading.Event()
    cancel.set()
    run_slot(config, "one", SLOT, store, perform="standin:hang", cancel=cancel)
    seen: list[str] = []
    store.release_dead(datetime.now(UTC), lambda owner: seen.append(owner) is None)
    assert seen == [own()]


def running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
