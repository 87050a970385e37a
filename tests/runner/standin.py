"""Stand-ins for pipeline.perform: the real store, no model. What they do is chosen by the name of the function."""
# ruff: noqa: T201 - what a child prints is under test

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor import runner, slots
from monitor.errors import XdriftError
from monitor.settings import MonitorSettings, Settings
from monitor.store import Store, check_id
from monitor.types import Check, Claim, Level, Verdict

Clock = Callable[[], datetime]


def succeed(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    """Save a check that found nothing; leave a line in the journal, which is model.path."""
    write_journal(monitor, claim, "begin")
    check = checked(monitor, claim, clock)
    store.finish(claim, check)
    write_journal(monitor, claim, "saved")
    return check


def severe_first(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    """Severe at level 2 in every planned slot, quiet when looked at again."""
    write_journal(monitor, claim, "begin")
    level: Level = 0 if claim.confirms else 2
    verdict: Verdict = "data" if level else "none"
    check = replace(checked(monitor, claim, clock), level=level, verdict=verdict, levels={"traffic": level})
    store.finish(claim, check)
    write_journal(monitor, claim, "confirms" if claim.confirms else "planned")
    return check


def severe(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    """A check that always finds severe drift."""
    write_journal(monitor, claim, "begin")
    found = replace(checked(monitor, claim, clock), level=2, verdict="data", levels={"traffic": 2})
    store.finish(claim, found)
    write_journal(monitor, claim, "confirms" if claim.confirms else "planned")
    return found


def slow(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    """A check of a quarter of a second."""
    write_journal(monitor, claim, "begin")
    time.sleep(0.25)
    check = checked(monitor, claim, clock)
    store.finish(claim, check)
    write_journal(monitor, claim, "saved")
    return check


def slow_once(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    """Hangs in the first attempt, with a process of its own, and succeeds in the second."""
    if claim.attempt == 1:
        hang_with_company(monitor, claim, store, clock=clock)
    return succeed(monitor, claim, store, clock=clock)


def refuse(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    """What perform does with an error of ours: a saved, failed check."""
    check = replace(
        checked(monitor, claim, clock), outcome="failed", verdict="unknown", reason="data", error="no column 'age'"
    )
    store.finish(claim, check)
    return check


def fail_on_even_minutes(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    return (raising if claim.planned_at.minute % 2 == 0 else succeed)(monitor, claim, store, clock=clock)


def raising(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    raise ZeroDivisionError("a bug of ours")


def raise_ours(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    raise XdriftError("the result could not be saved", hint="look at the disk")


def crash(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    print("about to crash", flush=True)
    no_core_dump()
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError("unreachable")


def run_out_of_memory(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def leave(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    os._exit(7)


def save_then_crash(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    """A library that crashes while it is unloaded: the result is safe."""
    succeed(monitor, claim, store, clock=clock)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def hang(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    """Hangs and does not listen to SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    write_journal(monitor, claim, f"begin {os.getpid()}")
    time.sleep(600)
    raise AssertionError("unreachable")


def tidy(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    """Hangs, but cleans up when asked to end."""
    try:
        time.sleep(600)
    finally:
        write_journal(monitor, claim, "cleaned up")
    raise AssertionError("unreachable")


def hang_with_company(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    """Hangs in native code that holds the interpreter, beside a process of its own."""
    company = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    write_journal(monitor, claim, f"begin {os.getpid()} {company.pid}")
    while True:
        pow(7, 10**6)


def chatter(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    """Prints faster than anybody can read."""
    lines = b"and another thing\n" * 3000
    while True:
        os.write(1, lines)


def speak(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    os.write(1, b"from native code\n")
    print("from Python, schön")
    print("on standard error", file=sys.stderr)
    return succeed(monitor, claim, store, clock=clock)


def pid_in_sentence(monitor: MonitorSettings, claim: Claim, store: Store, *, clock: Clock) -> Check:
    check = replace(checked(monitor, claim, clock), sentence=f"pid {os.getpid()} threads {threading.active_count()}")
    store.finish(claim, check)
    return check


def checked(monitor: MonitorSettings, claim: Claim, clock: Clock) -> Check:
    """Built here, not by the pipeline, whose imports take seconds."""
    return Check(
        id=check_id(monitor.name, claim.planned_at),
        monitor=monitor.name,
        model=monitor.model_label,
        planned_at=claim.planned_at,
        window=slots.window_of(monitor.schedule, claim.planned_at),
        started_at=clock(),
        finished_at=clock(),
        outcome="succeeded",
        verdict="none",
        level=0,
        reason=None,
        sentence="Nothing changed.",
        evidence=(),
        error=None,
        seed=1,
        n_seen=7,
        n_drawn=7,
        n_explained=7,
        n_holdout=7,
        reference_id=None,
        model_version=None,
        model_digest=None,
        holdout_digest=None,
        explainer=None,
        holdout_skipped=False,
        additivity_gap=None,
        levels={},
        model_numbers={},
        input_drift={},
        confirms=claim.confirms,
    )


def settings(url: str, journal: Path, *names: str, **more: Any) -> Settings:
    """Monitors whose model.path is the stand-ins' journal."""
    schedule = {"every": "1m", "deadline": "60s", **more.pop("schedule", {})}
    monitors = [
        {
            "name": name,
            "owner": "tests",
            "model": {"path": str(journal)},
            "holdout": {"path": "unused.csv"},
            "predictions": {"path": "unused.csv"},
            "schedule": schedule,
        }
        for name in names or ("one",)
    ]
    return Settings.model_validate({"store": {"url": url}, "monitors": monitors, **more})


def write_journal(monitor: MonitorSettings, claim: Claim, text: str) -> None:
    """One line, whole, whoever else writes."""
    line = f"{monitor.name} {claim.planned_at.isoformat()} {claim.attempt} {text}\n"
    handle = os.open(str(monitor.model.path), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)


def no_core_dump() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def backfill_until_killed(config: Settings, since: datetime, until: datetime) -> None:
    """A process to be killed: `xdrift backfill` in little.

    Its children are forked from itself: a fork server of its own would import everything again after every kill.
    """
    fork = multiprocessing.get_context("fork")
    multiprocessing.get_context = lambda method=None: fork  # type: ignore[assignment, method-assign, misc]
    with Store.open(config.store.url) as store:
        names = [monitor.name for monitor in config.monitors]
        runner.backfill(config, names, since, until, store, perform="standin:slow")


def journal(path: Path) -> list[list[str]]:
    """The journal's lines: monitor, slot, attempt, what, ..."""
    return [line.split() for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
