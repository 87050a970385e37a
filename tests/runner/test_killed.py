"""kill -9 at any moment: every slot still ends done exactly once."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standin import backfill_until_killed, journal, settings

from monitor.settings import Settings
from monitor.store import Store

SINCE = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KILLS = 8
SLOTS = KILLS + 2

Opened = Callable[[Settings], Store]


@pytest.mark.parametrize("seed", [7])
def test_a_process_killed_at_random_moments_leaves_every_slot_done_once(
    database_url: str, journal_path: Path, opened: Opened, seed: int
) -> None:
    rng = random.Random(seed)
    config = settings(database_url, journal_path, "one")
    store = opened(config)
    until = SINCE + timedelta(minutes=SLOTS)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["standin"])
    for _ in range(KILLS):
        before = len(store.finished_slots("one", SINCE, until))
        process = context.Process(target=backfill_until_killed, args=(config, SINCE, until))
        process.start()
        # A slot is run twice at most: the one interrupted before must be through before the next kill.
        wait_until(lambda: len(store.finished_slots("one", SINCE, until)) > before)  # noqa: B023
        time.sleep(rng.uniform(0, 0.4))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    last = context.Process(target=backfill_until_killed, args=(config, SINCE, until))
    last.start()
    last.join()
    assert last.exitcode == 0
    checks = store.checks("one", limit=100)
    assert len({check.planned_at for check in checks}) == len(checks) == SLOTS
    assert {check.outcome for check in checks} == {"succeeded"}
    attempts = Counter(line[1] for line in journal(journal_path) if line[3] == "begin")
    assert max(attempts.values()) <= 2
    totals = {counter.value for counter in store.snapshot(datetime.now(UTC)).counters if is_total(counter.name)}
    assert totals == {SLOTS}


def is_total(name: str) -> bool:
    return name == "xdrift_checks_total"


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
