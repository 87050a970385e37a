"""The daemon as a process: start, stop, kill, two at once."""

from __future__ import annotations

import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil
from standin import journal

from monitor.store import Store

WriteConfig = Callable[..., Path]
Start = Callable[..., "Daemon"]  # noqa: F821 - the class of conftest.py


def test_a_new_monitor_is_checked_at_once_and_shown(write_config: WriteConfig, start: Start) -> None:
    daemon = start(write_config("one"))
    daemon.wait_for(r' check monitor=one .* outcome=succeeded .*sentence="Nothing changed."')
    assert daemon.get("/livez")[0] == 200
    assert wait_until(lambda: daemon.get("/readyz")[0] == 200)
    assert wait_until(lambda: 'xdrift_checks_total{model="one",monitor="one"} 1.0' in daemon.get("/metrics")[1])
    assert "xdrift_check_next_run_timestamp_seconds{" in daemon.get("/metrics")[1]
    assert daemon.get("/")[0] == 200
    assert daemon.stop() == 0
    assert "Traceback" not in daemon.log


def test_slots_are_run_one_after_the_other_as_they_come(
    write_config: WriteConfig, start: Start, journal_path: Path
) -> None:
    daemon = start(write_config("one", schedule={"every": "1s", "catch_up": 1000}))
    assert wait_until(lambda: len(saved(journal_path)) >= 4)
    daemon.stop()
    slots = [datetime.fromisoformat(slot) for _, slot in saved(journal_path)]
    assert [(later - slots[0]).total_seconds() for later in slots] == list(range(len(slots)))


def test_slots_missed_while_nobody_ran_are_made_up_for_and_older_ones_recorded(
    write_config: WriteConfig, start: Start, tmp_path: Path, journal_path: Path
) -> None:
    config = write_config("one", schedule={"every": "1s", "catch_up": 2})
    first = start(config)
    assert wait_until(lambda: len(saved(journal_path)) >= 1)
    first.stop()
    time.sleep(6)
    before = len(saved(journal_path))
    second = start(config)
    second.wait_for("slots skipped monitor=one")
    assert wait_until(lambda: len(saved(journal_path)) >= before + 3)
    second.stop()
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        checks = store.checks("one", limit=1000)
        known = store.finished_slots("one", datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
        span = max(known) - min(known)
        assert len(known) == span.total_seconds() + 1
        skipped = {c.labels["reason"]: c.value for c in store.snapshot(datetime.now(UTC)).counters if "skip" in c.name}
    assert skipped["catch_up"] == len(known) - len(checks) > 0


def test_sigterm_lets_a_running_check_finish(write_config: WriteConfig, start: Start, journal_path: Path) -> None:
    daemon = start(write_config("one"), "slow")
    assert wait_until(lambda: len(journal(journal_path)) == 1)
    assert daemon.stop() == 0
    assert len(saved(journal_path)) == 1


def test_after_the_grace_a_check_is_ended_and_left_for_the_next_daemon(
    write_config: WriteConfig, start: Start, tmp_path: Path, journal_path: Path
) -> None:
    config = write_config("one")
    daemon = start(config, "slow_once", grace=0.5)
    assert wait_until(lambda: len(journal(journal_path)) == 1)
    family = daemon.family()
    assert daemon.stop() == 0
    assert wait_until(lambda: not any(running(one) for one in family))
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        # It was given back: found without any owner being dead or lease being over.
        assert [monitor for monitor, _ in store.release_dead(datetime.now(UTC), lambda owner: True)] == ["one"]
    second = start(config, "slow_once")
    second.wait_for(r" check monitor=one .*attempt=2")
    second.stop()
    assert [line[2:4] for line in journal(journal_path)] == [["1", "begin"], ["2", "begin"], ["2", "saved"]]


def test_while_stopping_it_is_alive_but_not_ready(write_config: WriteConfig, start: Start, journal_path: Path) -> None:
    daemon = start(write_config("one"), "hang", grace=4)
    assert wait_until(lambda: len(journal(journal_path)) == 1)
    daemon.send(signal.SIGTERM)
    daemon.wait_for(" stopping ")
    assert daemon.get("/livez")[0] == 200
    assert daemon.get("/readyz")[0] == 503
    assert daemon.wait() == 0


def test_a_second_signal_ends_everything_at_once(write_config: WriteConfig, start: Start, journal_path: Path) -> None:
    daemon = start(write_config("one"), "hang_with_company", grace=60)
    assert wait_until(lambda: len(journal(journal_path)) == 1)
    family = daemon.family()
    daemon.send(signal.SIGINT)
    daemon.wait_for(" stopping ")
    assert daemon.stop(signal.SIGINT) == 128 + signal.SIGINT
    assert wait_until(lambda: not any(running(one) for one in family))


def test_a_killed_daemon_leaves_no_process_and_the_next_one_runs_its_slot_once_more(
    write_config: WriteConfig, start: Start, database_url: str, journal_path: Path
) -> None:
    config = write_config("one", url=database_url)
    daemon = start(config, "slow_once")
    assert wait_until(lambda: len(journal(journal_path)) == 1)
    child, company = map(int, journal(journal_path)[0][4:])
    family = daemon.family()
    assert {child, company} <= {one.pid for one in family}
    daemon.stop(signal.SIGKILL)
    assert wait_until(lambda: not any(running(one) for one in family), seconds=10)
    second = start(config, "slow_once")
    second.wait_for("slot interrupted monitor=one")
    second.wait_for(r" check monitor=one .*attempt=2 .*outcome=succeeded")
    assert second.stop() == 0
    assert len(saved(journal_path)) == 1


def test_two_daemons_on_one_database_run_each_slot_once(
    write_config: WriteConfig, start: Start, database_url: str, journal_path: Path
) -> None:
    config = write_config("one", "two", url=database_url, schedule={"every": "1s", "catch_up": 1000})
    first = start(config)
    assert wait_until(lambda: {line[0] for line in journal(journal_path)} == {"one", "two"})
    daemons = [first, start(config)]
    assert wait_until(lambda: all(" check monitor=" in daemon.log for daemon in daemons), seconds=60), (
        "one of them idles"
    )
    time.sleep(3)
    assert [daemon.stop() for daemon in daemons] == [0, 0]
    found = saved(journal_path)
    assert max(Counter(found).values()) == 1
    for name in ("one", "two"):
        slots = [datetime.fromisoformat(slot) for monitor, slot in found if monitor == name]
        assert [(slot - slots[0]).total_seconds() for slot in slots] == list(range(len(slots))), "in order, no gap"


def test_an_address_in_use_is_told_before_anything_is_written(
    write_config: WriteConfig, start: Start, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        daemon = start(write_config("one", server={"port": taken.getsockname()[1]}))
        assert daemon.wait() == 3
    assert "Address already in use" in daemon.log
    assert "XDRIFT_SERVER__PORT" in daemon.log
    assert not (tmp_path / "store.db").exists()


def test_a_failing_check_is_told_and_the_daemon_goes_on(
    write_config: WriteConfig, start: Start, journal_path: Path
) -> None:
    daemon = start(write_config("one", schedule={"every": "1s"}), "raising")
    daemon.wait_for(r"warning check monitor=one .*outcome=failed .*reason=internal")
    assert wait_until(lambda: daemon.log.count("outcome=failed") >= 2)
    assert "ZeroDivisionError: a bug of ours" in daemon.log
    assert daemon.get("/livez")[0] == 200
    assert daemon.stop() == 0


def saved(path: Path) -> list[tuple[str, str]]:
    return [(line[0], line[1]) for line in journal(path) if line[3] == "saved"]


def running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(true: Callable[[], bool], seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
