"""The daemon's life: start, watch itself, stop."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from types import FrameType

from monitor import __version__, runner
from monitor.daemon.http import Server, bind
from monitor.daemon.jobs import Jobs
from monitor.errors import StoreError
from monitor.logs import event
from monitor.publish.app import create_app
from monitor.publish.metrics import Metrics
from monitor.runner.slot import Clock
from monitor.settings import Settings
from monitor.store import Store

log = logging.getLogger(__name__)

GRACE = timedelta(seconds=20)
"""Running checks get so long to finish after the signal to stop; Kubernetes gives 30 s in all."""
STUCK = timedelta(seconds=120)
"""Without a heartbeat for so long the scheduler is dead, and a restart is the only cure."""
_ENDING = timedelta(seconds=10)
_STUCK_CODE = 3


def serve(
    config: Settings,
    store: Store,
    *,
    stop: threading.Event | None = None,
    grace: timedelta = GRACE,
    clock: Clock = runner.now,
    perform: str = runner.PERFORM,
) -> int:
    """Run checks at their slots and serve metrics and pages until SIGTERM, SIGINT or `stop`; returns the exit code.

    The database is migrated, monitors are registered and those no longer configured retired. At the end running
    checks get `grace` to finish; what is then still running is ended and left for the next daemon. A second signal
    ends everything at once.

    Raises:
        PublishError: the address is taken; nothing was started or written.
        StoreError: the database does not answer at the start.
    """
    with closing(bind(config.server)) as listening:
        jobs = Jobs(config, store, clock=clock, perform=perform)
        with _signals(jobs, stop or threading.Event()) as stopped:
            store.upgrade()
            runner.register(config, store, clock())
            store.retire([monitor.name for monitor in config.monitors])
            jobs.recover()
            jobs.metrics = Metrics(
                jobs.holder,
                health=jobs.health,
                version=__version__,
                features_per_monitor=config.server.features_per_monitor,
                clock=clock,
            )
            app = create_app(
                store, holder=jobs.holder, metrics=jobs.metrics, health=jobs.health, server=config.server,
                version=__version__, clock=clock,
            )  # fmt: skip
            server = Server(app, listening)
            server.start()
            jobs.start()
            event(log, logging.INFO, "serving", url=server.url, monitors=len(config.monitors), version=__version__)
            code = _watch(jobs, stopped, clock)
            _stop(jobs, store, grace, clock)
            server.stop()
    event(log, logging.INFO, "stopped", code=code)
    return code


def _watch(jobs: Jobs, stopped: threading.Event, clock: Clock) -> int:
    """Wait for the wish to stop. A scheduler that died makes the daemon end, so that it is started again."""
    while not stopped.wait(1.0):
        beat = jobs.health().heartbeat_at
        if beat is not None and clock() - beat > STUCK:
            event(log, logging.CRITICAL, "scheduler stuck", last_heartbeat=beat)
            return _STUCK_CODE
    return 0


def _stop(jobs: Jobs, store: Store, grace: timedelta, clock: Clock) -> None:
    """Nothing new; wait; end what is left; give its slots back."""
    jobs.stopping.set()
    jobs.scheduler.pause()
    event(log, logging.INFO, "stopping", checks_in_progress=jobs.in_progress, grace_seconds=grace.total_seconds())
    if not _idle(jobs, grace):
        jobs.cancel.set()
        _idle(jobs, _ENDING)
        try:
            runner.release_own(store, clock())
        except StoreError as error:
            # The next daemon finds this one dead, or its lease over.
            event(log, logging.WARNING, "slots not given back", error=str(error))
    jobs.scheduler.shutdown(wait=False)


def _idle(jobs: Jobs, patience: timedelta) -> bool:
    """Wait until no check runs; False when `patience` is over first."""
    until = time.monotonic() + patience.total_seconds()
    while jobs.in_progress and time.monotonic() < until:
        time.sleep(0.05)
    return jobs.in_progress == 0


@contextmanager
def _signals(jobs: Jobs, stopped: threading.Event) -> Iterator[threading.Event]:
    """SIGTERM and SIGINT set a flag; the second one ends the process where it stands, and its children with it."""
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        if stopped.is_set():
            os._exit(128 + number)
        jobs.stopping.set()
        stopped.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
