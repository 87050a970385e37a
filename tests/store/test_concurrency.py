"""Real threads and real processes on one database."""

from __future__ import annotations

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from monitor.errors import SlotLostError
from monitor.store import Store


def count(store: Store, table: str) -> int:
    with store._database.read() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()


def test_of_many_threads_exactly_one_claims_a_slot(store, make):
    def attempt(number: int):
        return store.claim("credit", make.slot(0), owner=f"thread {number}", lease=make.hour, now=make.slot(0))

    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(attempt, range(8)))

    assert sum(claim is not None for claim in claims) == 1


def test_of_many_processes_exactly_one_claims_each_slot(url, make):
    def attempt(number: int) -> list[int]:
        with Store.open(url) as own:
            order = random.Random(number).sample(range(10), 10)
            return [
                slot
                for slot in order
                if own.claim("credit", make.slot(slot), owner=f"process {number}", lease=make.hour, now=make.start)
            ]

    won = make.together(4, attempt)

    assert sorted(slot for each in won for slot in each) == list(range(10))


def test_of_many_processes_exactly_one_claims_a_released_slot(store, url, make):
    make.claim(store, owner="dead")

    def attempt(number: int) -> int:
        with Store.open(url) as own:
            own.release_dead(make.slot(1), lambda owner: owner != "dead")
            claim = own.claim("credit", make.slot(0), owner=f"process {number}", lease=make.hour, now=make.slot(1))
            return 0 if claim is None else claim.attempt

    assert sorted(make.together(4, attempt)) == [0, 0, 0, 2]


def test_of_many_processes_with_one_token_exactly_one_finishes(store, url, make):
    held = make.claim(store)

    def finish(number: int) -> str:
        with Store.open(url) as own:
            try:
                own.finish(held, make.check(0, sentence=f"process {number}"))
            except SlotLostError:
                return "lost"
            return "saved"

    assert sorted(make.together(4, finish)) == ["lost", "lost", "lost", "saved"]
    assert count(store, "checks") == 1
    assert make.totals(store)["xdrift_checks_total"] == 1


def test_no_event_is_lost_when_processes_count_at_once(store, url, make):
    for name in ("a", "b"):
        make.register(store, name)

    def run(number: int) -> None:
        with Store.open(url) as own:
            for slot in range(number, 20, 4):
                for name in ("a", "b") if number % 2 else ("b", "a"):
                    make.save(own, make.bare(slot, name, levels={"traffic": 1}))

    assert make.together(4, run) == [None] * 4
    for name in ("a", "b"):
        assert make.totals(store, name) == {"xdrift_checks_total": 20, "xdrift_verdicts_total data": 20}
    assert {status.streaks["traffic"] for status in store.snapshot(make.start).monitors[:2]} == {20}
    assert count(store, "model_deployments") == 2


def test_two_releases_at_once_close_a_slot_once(store, url, make):
    make.claim(store)
    store.release_dead(make.slot(1), lambda owner: False)
    make.claim(store)

    def release(number: int) -> list:
        with Store.open(url) as own:
            return own.release_dead(make.slot(9), lambda owner: False)

    assert make.together(3, release) == [[], [], []]
    assert make.totals(store)["xdrift_checks_total"] == 1


def test_readers_do_not_wait_for_a_writer(store, url, make):
    make.save(store, make.bare(0))
    with store._database.write() as connection:
        connection.exec_driver_sql("UPDATE monitors SET owner = 'someone'")
        with Store.open(url, wait=timedelta(seconds=1)) as reader:
            (status,) = reader.snapshot(make.start).monitors

    assert status.owner == "team-risk"


def test_a_snapshot_is_of_one_moment(store, url, make):
    """A check that is saved between two of its statements is in none of them."""
    with store._database.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM checks").scalar_one()
        with Store.open(url) as other:
            make.save(other, make.bare(0))

        assert connection.exec_driver_sql("SELECT count(*) FROM checks").scalar_one() == 0


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.03, 0.1])
def test_a_process_killed_while_saving_leaves_a_whole_check_or_none(store, url, make, delay):
    held = make.claim(store)
    findings = tuple(make.finding(feature=f"feature {number}") for number in range(500))
    check = make.check(0, findings=findings, rows=tuple(make.attribution(number) for number in range(500)))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with Store.open(url) as own:
            own.ping()
            os.write(writer, b".")
            own.finish(held, check)
            os._exit(0)
    os.read(reader, 1)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)

    saved = store.check(check.id)

    assert saved in (None, check)
    done = store.finished_slots("credit", make.slot(0), make.slot(1))
    assert len(done) == (saved is not None)
    assert make.totals(store).get("xdrift_checks_total", 0) == len(done)
    if saved is None:
        store.finish(held, check)
        assert store.check(check.id) == check


def test_what_was_saved_survives_the_kill_of_its_process(store, url, make):
    child = os.fork()
    if child == 0:
        own = Store.open(url)
        make.save(own, make.check(0))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)

    assert store.check(make.check(0).id) == make.check(0)
