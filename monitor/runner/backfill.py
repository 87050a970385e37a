"""Every slot of the past, oldest first within a monitor; resumable: of what is finished only failures run again."""

from __future__ import annotations

import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime

from monitor import slots
from monitor.logs import event
from monitor.runner.slot import PERFORM, Clock, SlotOutcome, now, recover, register, release_own, run_slot
from monitor.settings import Settings
from monitor.store import Store

log = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0
"""Between two looks at a slot that another process holds."""

Progress = Callable[[int, int, SlotOutcome], None]
"""(slots behind us, slots in all, the latest outcome); called in the caller's thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillReport:
    """How many slots ended how."""

    planned: int
    done: int
    failed: int
    finished: int
    """Judged or skipped before this run, or run by another process meanwhile."""
    not_run: int
    """Left over because of the wish to stop; a second run takes them up."""
    failures: tuple[SlotOutcome, ...]


@dataclass(slots=True)
class _Work:
    """Shared by the threads of one backfill."""

    config: Settings
    store: Store
    clock: Clock
    perform: str
    stop: threading.Event
    began: datetime
    """Slots that failed before it are run again; what another process saw fail since then is not."""
    outcomes: queue.SimpleQueue[SlotOutcome | None] = field(default_factory=queue.SimpleQueue)
    """None: one thread is through."""


def backfill(
    config: Settings,
    names: Sequence[str],
    since: datetime,
    until: datetime,
    store: Store,
    *,
    clock: Clock = now,
    progress: Progress | None = None,
    perform: str = PERFORM,
    stop: threading.Event | None = None,
) -> BackfillReport:
    """Run every slot in [since, until) that lies in the past, also those whose check failed before. Failed checks are
    saved and do not end it.

    Within one monitor slots run in order, since a check looks at those before it; monitors run side by side, at most
    `config.max_checks`. A slot that another process runs is waited for.

    Raises:
        KeyError: a monitor is not configured.
        StoreError: the database does not answer; what was finished stays.
    """
    now_ = clock()
    plan = {
        name: [slot for slot in slots.planned(config.monitor(name).schedule, since, until) if slot <= now_]
        for name in dict.fromkeys(names)
    }
    register(config, store, now_, names)
    recover(store, now_)
    work = _Work(config=config, store=store, clock=clock, perform=perform, stop=stop or threading.Event(), began=now_)
    outcomes = _run_all(work, plan, progress)
    count = Counter(outcome.state for outcome in outcomes)
    total = sum(map(len, plan.values()))
    report = BackfillReport(
        planned=total,
        done=count["done"],
        failed=count["failed"],
        finished=count["finished"],
        not_run=total - count["done"] - count["failed"] - count["finished"],
        failures=tuple(outcome for outcome in outcomes if outcome.state == "failed"),
    )
    event(log, logging.INFO, "backfill", planned=total, done=report.done, failed=report.failed, not_run=report.not_run)
    return report


def _run_all(work: _Work, plan: dict[str, list[datetime]], progress: Progress | None) -> list[SlotOutcome]:
    total = sum(map(len, plan.values()))
    outcomes: list[SlotOutcome] = []
    with ThreadPoolExecutor(work.config.max_checks, thread_name_prefix="backfill") as pool:
        threads = [pool.submit(_run_monitor, work, name, due) for name, due in plan.items()]
        try:
            through = 0
            while through < len(threads):
                outcome = work.outcomes.get()
                if outcome is None:
                    through += 1
                    continue
                outcomes.append(outcome)
                if progress is not None:
                    progress(len(outcomes), total, outcome)
        except BaseException:
            # Also KeyboardInterrupt: the threads end their children, then nothing of ours runs any more.
            work.stop.set()
            wait(threads)
            release_own(work.store, work.clock())
            raise
    for thread in threads:
        thread.result()
    if work.stop.is_set():
        release_own(work.store, work.clock())
    return outcomes


def _run_monitor(work: _Work, name: str, due: Sequence[datetime]) -> None:
    try:
        for slot in due:
            outcome = _run_until_finished(work, name, slot)
            if outcome is None:
                return
            work.outcomes.put(outcome)
    except BaseException:
        work.stop.set()
        raise
    finally:
        work.outcomes.put(None)


def _run_until_finished(work: _Work, name: str, slot: datetime) -> SlotOutcome | None:
    """None: the wish to stop came first."""
    while not work.stop.is_set():
        outcome = run_slot(
            work.config,
            name,
            slot,
            work.store,
            clock=work.clock,
            perform=work.perform,
            cancel=work.stop,
            failed_before=work.began,
        )
        if outcome.state in ("done", "failed", "finished"):
            return outcome
        if outcome.state in ("held", "lost") and not work.stop.wait(_RETRY_SECONDS):
            recover(work.store, work.clock())
    return None
