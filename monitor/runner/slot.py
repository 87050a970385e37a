"""One slot: claimed, run in a child with a deadline, its outcome saved whatever it is."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from monitor import config as configuration
from monitor import slots
from monitor.errors import DeadlineError, ExplainError, SlotLostError, StoreError, XdriftError
from monitor.logs import event
from monitor.runner.child import Answer, Child, Task, preload, warm
from monitor.runner.ownership import alive, own
from monitor.settings import MonitorSettings, Settings, format_duration
from monitor.store import Store
from monitor.types import Check, Claim

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
State = Literal["done", "failed", "finished", "held", "lost", "interrupted"]

PERFORM = "monitor.pipeline:perform"
LEASE = timedelta(minutes=1)
"""How long a slot stays ours without a sign of life; seen from another machine, a dead daemon's slots are free then."""
PATIENCE = timedelta(seconds=5)
"""Time that a child gets to clean up after it was asked to end."""
_LISTEN = 0.2
"""Seconds between two looks at the deadline, the lease and the wish to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotOutcome:
    """What became of one attempt to run a slot."""

    monitor: str
    planned_at: datetime
    state: State
    """`done`, `failed`: a check was saved now. `finished`: one was saved or skipped before. `held`: another process
    runs it. `lost`: another process took it over meanwhile. `interrupted`: the wish to stop ended it."""
    check: Check | None = None
    """The check saved now, without findings, contributions, profiles and rows."""


def now() -> datetime:
    """The clock: aware, UTC."""
    return datetime.now(UTC)


def register(config: Settings, store: Store, at: datetime, names: Sequence[str] | None = None) -> None:
    """Tell the store of these monitors (all); nothing can be claimed for one that it does not know."""
    for monitor in config.monitors:
        if names is None or monitor.name in names:
            store.register(
                monitor,
                cadence=slots.cadence(monitor.schedule),
                interval_seconds=slots.longest_gap(monitor.schedule).total_seconds(),
                config_digest=configuration.digest(monitor),
                now=at,
            )


def recover(store: Store, at: datetime) -> list[tuple[str, datetime]]:
    """Take slots from owners that are gone; every interrupted slot that waits for its second run, oldest first."""
    waiting = store.release_dead(at, alive)
    for monitor, planned_at in waiting:
        event(log, logging.WARNING, "slot interrupted", monitor=monitor, slot=planned_at)
    return waiting


def release_own(store: Store, at: datetime) -> None:
    """Give back what this process still holds, so that nobody waits for the lease. No child may be running."""
    me = own()
    store.release_dead(at, lambda owner: owner != me and alive(owner))


def run_slot(
    config: Settings,
    name: str,
    planned_at: datetime,
    store: Store,
    *,
    clock: Clock = now,
    perform: str = PERFORM,
    cancel: threading.Event | None = None,
    lease: timedelta = LEASE,
    confirms: str | None = None,
    failed_before: datetime | None = None,
) -> SlotOutcome:
    """Run the check of one slot, once over all processes that share the store.

    Returns when a check is saved, or nothing was to be done. Child processes that crash, hang or raise end as a saved
    check with outcome `failed`. `cancel` ends the child and leaves the slot to `release_own`.

    Args:
        clock: a function of a module, since the child calls it as well.
        perform: module:function with the signature of pipeline.perform.
        confirms: the check that a slot beside the planned ones looks at again.
        failed_before: a slot whose check failed before this moment is run again: because somebody asked for it, since
            what made it fail makes it fail once more unless it was put right.

    Raises:
        KeyError: the monitor is not configured.
        StoreError: the database does not answer. The slot is free again once the lease is over.
    """
    monitor = config.monitor(name)
    if _finished(store, name, planned_at, failed_before):  # said before anything is imported for nothing
        return SlotOutcome(monitor=name, planned_at=planned_at, state="finished")
    modules = preload(config) if perform == PERFORM else (perform.partition(":")[0],)
    # Before the claim: the libraries take seconds to import, and a daemon killed in these must not use up an attempt.
    warm(modules)
    claim = store.claim(
        name, planned_at, owner=own(), lease=lease, now=clock(), confirms=confirms, failed_before=failed_before
    )
    if claim is None:
        state: State = "finished" if _finished(store, name, planned_at, failed_before) else "held"
        return SlotOutcome(monitor=name, planned_at=planned_at, state=state)
    task = Task(
        perform=perform, monitor=monitor, claim=claim, store_url=config.store.url, clock=clock, announce=store.announce
    )
    started_at = clock()
    failure = _run(task, modules, store, cancel=cancel or threading.Event(), lease=lease)
    if isinstance(failure, SlotOutcome):
        outcome = failure
    else:
        outcome = _save(store, claim, _failed_check(monitor, claim, failure, started_at, clock()))
    _tell(outcome, claim)
    return outcome


def _finished(store: Store, name: str, planned_at: datetime, failed_before: datetime | None) -> bool:
    end = planned_at + timedelta(microseconds=1)
    return bool(store.finished_slots(name, planned_at, end, failed_before=failed_before))


def _run(
    task: Task, modules: tuple[str, ...], store: Store, *, cancel: threading.Event, lease: timedelta
) -> SlotOutcome | XdriftError:
    """What the child did, or the error to save in its place."""
    claim = task.claim
    claimed = time.monotonic()
    try:
        # The very first start waits until the fork server has imported the libraries.
        child = Child.start(task, modules)
    except (OSError, EOFError) as error:
        log.exception("no child process for the check of %s", claim.monitor)
        return XdriftError("no process could be started for the check", seen=f"{type(error).__name__}: {error}")
    try:
        ended = _watch(child, task, store, claimed=claimed, cancel=cancel, lease=lease)
    finally:
        # Also after KeyboardInterrupt: a child must not outlive the interest in it.
        if child.exitcode is None:
            child.end(PATIENCE)
        child.close()
    state: State
    answer = child.answer or Answer()
    if answer.check is not None:
        # Saved is saved, whatever happened to the process afterwards.
        state = "failed" if answer.check.outcome == "failed" else "done"
        return SlotOutcome(monitor=claim.monitor, planned_at=claim.planned_at, state=state, check=answer.check)
    if answer.lost is not None or ended in ("lost", "interrupted"):
        state = "interrupted" if ended == "interrupted" else "lost"
        return SlotOutcome(monitor=claim.monitor, planned_at=claim.planned_at, state=state)
    if ended == "deadline":
        return _deadline_error(task.monitor)
    return _failure(answer, child.exitcode)


def _watch(
    child: Child, task: Task, store: Store, *, claimed: float, cancel: threading.Event, lease: timedelta
) -> Literal["itself", "deadline", "lost", "interrupted"]:
    """Listen to the child, keep the lease, and say why listening came to an end."""
    deadline = time.monotonic() + task.monitor.schedule.deadline.total_seconds()
    pause = lease.total_seconds() / 3
    renew_at = claimed + pause
    while not child.wait(max(0.0, min(_LISTEN, deadline - time.monotonic()))):
        if cancel.is_set():
            return "interrupted"
        if time.monotonic() >= deadline:
            return "deadline"
        if time.monotonic() >= renew_at:
            renew_at = time.monotonic() + pause
            if not _renewed(store, task, lease):
                return "lost"
    return "itself"


def _renewed(store: Store, task: Task, lease: timedelta) -> bool:
    try:
        return store.renew(task.claim, lease=lease, now=task.clock())
    except StoreError as error:
        # The child goes on: only a claim that is still good when it finishes can save anything.
        event(log, logging.WARNING, "lease not renewed", monitor=task.claim.monitor, error=str(error))
        return True


def _deadline_error(monitor: MonitorSettings) -> DeadlineError:
    return DeadlineError(
        "it did not finish before its deadline and was ended",
        expected=f"an end within {format_duration(monitor.schedule.deadline)}",
        hint="raise schedule.deadline, or lower sample.rows or explain.max_evals",
    )


def _failure(answer: Answer, exitcode: int | None) -> XdriftError:
    """Why a child ended without having saved a check."""
    if answer.reason is not None:
        return _SaidError(answer)
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name if -exitcode in set(signal.Signals) else f"signal {-exitcode}"
        hint = "the machine may be out of memory: lower sample.rows, explain.chunk_rows or max_checks"
        if -exitcode != signal.SIGKILL:
            hint = "a native library of the model or the explainer crashed: its output is in the log (xdrift --debug)"
        return ExplainError(f"its process was ended by {name}", seen=name, expected="a result", hint=hint)
    return XdriftError(
        f"its process ended with exit code {exitcode} and no result", seen=f"exit code {exitcode}",
        expected="a result", hint="its output is in the log (xdrift --debug)",
    )  # fmt: skip


class _SaidError(XdriftError):
    """An error that a child told of, under its own reason."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.thing)
        self.reason = answer.reason or self.reason
        self._text = answer.error

    def __str__(self) -> str:
        return self._text


def _failed_check(
    monitor: MonitorSettings, claim: Claim, error: XdriftError, started_at: datetime, finished_at: datetime
) -> Check:
    # Not at the top: the pipeline brings pandas and SciPy, which a daemon whose checks succeed never needs itself.
    from monitor.pipeline import could_not_run

    return could_not_run(monitor, claim, error=error, started_at=started_at, finished_at=finished_at)


def _save(store: Store, claim: Claim, check: Check) -> SlotOutcome:
    """Save a check that could not be done, unless the child saved its own in its last moment."""
    try:
        store.finish(claim, check)
    except SlotLostError:
        saved = store.check(check.id)
        if saved is None or saved.finished_at < check.started_at:  # it may be the failed one that was run again
            return SlotOutcome(monitor=claim.monitor, planned_at=claim.planned_at, state="lost")
        check = saved
    state: State = "failed" if check.outcome == "failed" else "done"
    return SlotOutcome(monitor=claim.monitor, planned_at=claim.planned_at, state=state, check=check)


def _tell(outcome: SlotOutcome, claim: Claim) -> None:
    """One log line per check, with the sentence."""
    place = {"monitor": outcome.monitor, "slot": outcome.planned_at, "attempt": claim.attempt}
    check = outcome.check
    if check is None:
        event(log, logging.WARNING, f"check {outcome.state}", **place)
        return
    event(
        log,
        logging.WARNING if outcome.state == "failed" or check.level > 0 else logging.INFO,
        "check",
        **place,
        id=check.id,
        outcome=check.outcome,
        verdict=check.verdict,
        level=check.level,
        reason=check.reason,
        rows=check.n_explained,
        seconds=(check.finished_at - check.started_at).total_seconds(),
        sentence=check.sentence,
        error=check.error,
    )
