"""Trigger, jobs and HTTP server, each alone."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standin import journal

from monitor import config, runner
from monitor.daemon import jobs as jobs_module
from monitor.daemon import serve
from monitor.daemon.http import bind
from monitor.daemon.jobs import Jobs
from monitor.daemon.timing import SlotTrigger
from monitor.errors import PublishError, StoreError
from monitor.settings import ScheduleSettings, ServerSettings, Settings
from monitor.store import Store

WriteConfig = Callable[..., Path]


@pytest.fixture
def quick(write_config: WriteConfig) -> Settings:
    return config.load(write_config("one", "two", "three", schedule={"every": "1w"}, max_checks=1), {})


@pytest.fixture
def store(quick: Settings) -> Iterator[Store]:
    with Store.open(quick.store.url) as opened:
        opened.upgrade()
        runner.register(quick, opened, runner.now())
        yield opened


@pytest.fixture
def jobs(quick: Settings, store: Store) -> Iterator[Jobs]:
    made = Jobs(quick, store, clock=runner.now, perform="standin:succeed")
    yield made
    made.stopping.set()
    if made.scheduler.running:
        made.scheduler.shutdown(wait=True)


def test_the_trigger_fires_a_fixed_time_after_each_slot() -> None:
    trigger = SlotTrigger(ScheduleSettings(every=timedelta(hours=1)), timedelta(minutes=3))
    noon = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    assert trigger.get_next_fire_time(None, noon) == noon + timedelta(minutes=3)
    assert trigger.get_next_fire_time(None, noon + timedelta(minutes=3)) == noon + timedelta(hours=1, minutes=3)


def test_the_trigger_never_fires_for_what_has_passed() -> None:
    trigger = SlotTrigger(ScheduleSettings(every=timedelta(hours=1)), timedelta(0))
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    assert trigger.get_next_fire_time(now - timedelta(days=9), now) == now + timedelta(hours=1)


def test_every_monitor_has_its_turn_although_one_check_runs_at_a_time(jobs: Jobs, journal_path: Path) -> None:
    jobs.start()
    assert wait_until(
        lambda: {line[0] for line in journal(journal_path) if line[3] == "saved"} == {"one", "two", "three"}
    )
    times = [line[3] for line in journal(journal_path)]
    assert times == ["begin", "saved"] * 3


def test_a_sweep_starts_what_became_due_without_its_slot_coming(
    jobs: Jobs, store: Store, quick: Settings, journal_path: Path
) -> None:
    jobs.start()
    assert wait_until(lambda: len(journal(journal_path)) == 6 and jobs.in_progress == 0)
    long_ago = datetime(2026, 1, 5, tzinfo=UTC)
    store.claim("two", long_ago, owner="elsewhere|b|1|1", lease=timedelta(seconds=1), now=long_ago)
    jobs.sweep()
    assert wait_until(lambda: ["two", long_ago.isoformat(), "2", "saved"] in journal(journal_path))


def test_a_database_that_is_away_for_a_while_costs_a_turn_and_not_the_slot(
    jobs: Jobs, store: Store, journal_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise StoreError("the database", seen="nothing")

    with monkeypatch.context() as patched:
        patched.setattr(store, "last_slot", away)
        jobs.start()
        time.sleep(1)
    assert journal(journal_path) == []
    jobs.sweep()
    assert wait_until(lambda: len(journal(journal_path)) == 6)


def test_the_heart_beats_through_the_scheduler(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "HEARTBEAT_EVERY", timedelta(seconds=0.2))
    jobs.start()
    first = jobs.health().heartbeat_at
    assert wait_until(lambda: jobs.health().heartbeat_at != first, seconds=20)


def test_a_scheduler_that_died_ends_the_daemon_with_a_failure(quick: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.daemon.service.STUCK", timedelta(seconds=0.5))
    monkeypatch.setattr(jobs_module, "HEARTBEAT_EVERY", timedelta(hours=1))
    with Store.open(quick.store.url) as opened:
        assert serve(quick, opened, perform="standin:succeed", grace=timedelta(0)) == 3


def test_the_daemon_runs_in_a_thread_and_stops_at_an_event(quick: Settings, journal_path: Path) -> None:
    stop = threading.Event()
    codes: list[int] = []

    def run() -> None:
        with Store.open(quick.store.url) as opened:
            codes.append(serve(quick, opened, stop=stop, perform="standin:succeed"))

    thread = threading.Thread(target=run)
    thread.start()
    assert wait_until(lambda: len(journal(journal_path)) == 6)
    stop.set()
    thread.join(30)
    assert codes == [0]


def test_monitors_that_are_no_longer_configured_are_retired(quick: Settings, write_config: WriteConfig) -> None:
    stop = threading.Event()
    stop.set()
    with Store.open(quick.store.url) as opened:
        serve(quick, opened, stop=stop)
        serve(config.load(write_config("two"), {}), opened, stop=stop)
        assert [monitor.name for monitor in opened.snapshot(runner.now()).monitors] == ["two"]


@pytest.mark.parametrize(
    ("host", "said"),
    [("no-such-host.invalid", "server.host"), ("192.0.2.1", "0.0.0.0 means all"), ("127.0.0.1", "XDRIFT_SERVER__PORT")],
)
def test_an_address_that_cannot_be_had_is_told_with_the_next_step(host: str, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = ServerSettings(host=host, port=taken.getsockname()[1])
        with pytest.raises(PublishError) as caught:
            bind(server)
    assert said in str(caught.value)
    assert caught.value.exit_code == 3


def wait_until(true: Callable[[], bool], seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
