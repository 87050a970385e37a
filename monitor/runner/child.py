"""One check in a process of its own: started in milliseconds, heard, and ended when it must be.

Children are forked from multiprocessing's fork server, a process that imported the heavy libraries once and has no
threads of ours. Each leads a process group, so that it ends together with whatever it started, and dies with the
daemon: also when the daemon is killed outright.
"""

from __future__ import annotations

import fcntl
import importlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from multiprocessing.connection import Connection, wait
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NoReturn

from monitor.errors import SlotLostError, XdriftError
from monitor.logs import event
from monitor.privacy import careful
from monitor.settings import MonitorSettings, Settings
from monitor.types import Check, Claim

if TYPE_CHECKING:
    from monitor.store import Announce

log = logging.getLogger(__name__)

_MAX_LINES = 500
"""Lines of a child's output that are logged; a child that prints without end is not worth the disk."""
_ALWAYS = (
    "monitor.pipeline", "monitor.store", "monitor.explain", "monitor.sources.holdout", "monitor.sources.models",
    "monitor.sources.predictions", "pandas", "pyarrow.parquet",
)  # fmt: skip
_KERNELS = "monitor.runner.warmed"
_BY_SUFFIX = {
    ".json": ("xgboost", _KERNELS),
    ".ubj": ("xgboost", _KERNELS),
    ".txt": ("lightgbm", _KERNELS),
    ".cbm": ("catboost",),
    ".onnx": ("onnxruntime",),
    ".skops": ("skops.io", "sklearn.ensemble", _KERNELS),
    ".joblib": ("sklearn.ensemble", _KERNELS),
    ".pkl": ("sklearn.ensemble", _KERNELS),
    ".pickle": ("sklearn.ensemble", _KERNELS),
}
"""Model file to what will explain it: libraries, and kernels that take a second to load and ten to compile.
A wrong guess costs the first seconds of each check, no more."""

_BY_SHAP = ("tree", "tree-interventional", "kernel", "sampling", "gradient", "deep")
"""Engines of shap, which takes seconds to import."""

# multiprocessing keeps one list of children per process and polls all of them whenever one is started: without the
# lock a thread could take the exit code that another is about to read.
_PROCESSES = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a child does. Everything is sent to it, so all of it can be pickled."""

    perform: str
    """module:function with the signature of pipeline.perform."""
    monitor: MonitorSettings
    claim: Claim
    store_url: str
    clock: Callable[[], datetime]
    announce: Announce | None = None
    """What is told about the check; the daemon's own store has the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a child says last."""

    check: Check | None = None
    """The saved check, without its parts."""
    lost: str | None = None
    reason: str | None = None
    """Word for metrics when the check failed and nothing was saved."""
    thing: str = ""
    error: str = ""


def preload(config: Settings) -> tuple[str, ...]:
    """Modules worth importing once, before any child needs them."""
    names = dict.fromkeys(_ALWAYS)
    for monitor in config.monitors:
        suffix = PurePath(monitor.model.path).suffix.lower() if monitor.model.path else ""
        names |= dict.fromkeys(_BY_SUFFIX.get(suffix, (_KERNELS,)))
        if monitor.explain.engine in _BY_SHAP:
            names |= {"shap": None}
        if monitor.model.uri:
            names |= dict.fromkeys(("mlflow",))
    # multiprocessing runs the program's main script again in every child; ours is one import of this.
    return (*names, "monitor.cli")


@cache
def warm(modules: tuple[str, ...]) -> None:
    """Have the fork server import these once, by a child that does nothing; later calls return at once.

    A machine that cannot start a process says so when the check's own child is started.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    with _PROCESSES:
        try:
            process = context.Process(target=_nothing)
            process.start()
        except (OSError, EOFError) as error:
            event(log, logging.WARNING, "fork server not warmed", error=str(error))
            return
        process.join()


def _nothing() -> None:
    """The work of a child that only has to be there."""


class Child:
    """A running check. Not for two threads at once.

    Raises OSError or EOFError from `start` when the machine has no process, memory or file handle left.
    """

    def __init__(self, process: Any, output: Connection, answers: Connection, monitor: MonitorSettings) -> None:
        self.answer: Answer | None = None
        self.exitcode: int | None = None
        self._process, self._label = process, monitor.name
        self._told = careful(monitor)
        self._output: Connection | None = output
        self._answers: Connection | None = answers
        self._unfinished = b""
        self._lines = 0

    @classmethod
    def start(cls, task: Task, modules: tuple[str, ...]) -> Child:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(modules))
        output, output_end = context.Pipe(duplex=False)
        answers, answers_end = context.Pipe(duplex=False)
        try:
            # Not daemonic: such processes may not start any of their own, which joblib does.
            process = context.Process(target=_main, args=(task, output_end, answers_end), daemon=False)
            with _PROCESSES:
                process.start()
        except BaseException:
            output.close()
            answers.close()
            raise
        finally:
            output_end.close()
            answers_end.close()
        return cls(process, output, answers, task.monitor)

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    def wait(self, timeout: float) -> bool:
        """Listen for at most `timeout` seconds; True when the child has ended and said everything."""
        until = time.monotonic() + timeout
        while self.exitcode is None:
            sources = [one for one in (self._process.sentinel, self._output, self._answers) if one is not None]
            ready = wait(sources, max(0.0, until - time.monotonic()))
            if self._output in ready:
                self._hear()
            if self._answers in ready:
                self._take_answer()
            if ready == [self._process.sentinel]:
                self._collect()
            if self.exitcode is None and time.monotonic() >= until:
                return False  # nothing was said, or it never stops talking
        return True

    def end(self, patience: timedelta) -> None:
        """Ask the child to end, wait, then kill it and all it started."""
        self._signal(signal.SIGTERM)
        if not self.wait(patience.total_seconds()):
            self._signal(signal.SIGKILL)
            # What sleeps in the kernel dies late; the caller must not hang with it.
            self.wait(10.0)

    def close(self) -> None:
        """Release the pipes. The child must have ended."""
        for one in (self._output, self._answers):
            if one is not None:
                one.close()
        self._output = self._answers = None
        if self.exitcode is not None:
            self._process.close()

    def _signal(self, number: signal.Signals) -> None:
        if self.exitcode is not None or wait([self._process.sentinel], 0):
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            # Not yet leader of its group, or gone meanwhile.
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def _collect(self) -> None:
        with _PROCESSES:
            self._process.join()
        self.exitcode = self._process.exitcode
        if self._unfinished:
            self._log(self._unfinished)

    def _hear(self) -> None:
        assert self._output is not None
        data = os.read(self._output.fileno(), 65536)
        if not data:
            self._output.close()
            self._output = None
            return
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        for line in lines:
            self._log(line)

    def _log(self, line: bytes) -> None:
        self._lines += 1
        if self._lines <= _MAX_LINES:
            # Warnings of libraries quote values just as their errors do.
            said = self._told(line.decode("utf-8", "replace").rstrip())
            event(log, logging.INFO, "output", monitor=self._label, line=said)
        elif self._lines == _MAX_LINES + 1:
            event(log, logging.WARNING, "more output dropped", monitor=self._label, after_lines=_MAX_LINES)

    def _take_answer(self) -> None:
        assert self._answers is not None
        try:
            self.answer = self._answers.recv()
        except (EOFError, OSError):
            self._answers.close()
            self._answers = None


def _main(task: Task, output: Connection, answers: Connection) -> None:
    """The child: perform, then say what came out."""
    os.setsid()
    _die_with_parent()
    signal.signal(signal.SIGTERM, _leave)
    for standard in (1, 2):
        os.dup2(output.fileno(), standard)
    output.close()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", force=True)
    answers.send(_answer(task))
    answers.close()


def _answer(task: Task) -> Answer:
    from monitor.store import Store

    try:
        with Store.open(task.store_url) as store:
            store.announce = task.announce
            check: Check = _function(task.perform)(task.monitor, task.claim, store, clock=task.clock)
    except SlotLostError as error:
        return Answer(lost=str(error))
    except XdriftError as error:
        return Answer(reason=error.reason, thing=error.thing, error=str(error))
    except Exception as error:  # noqa: BLE001 - told to the daemon, which saves it; the traceback is in its log
        told = careful(task.monitor)
        text = told(traceback.format_exc())
        sys.stderr.write(text)
        return Answer(reason="internal", thing=told(f"{type(error).__name__}: {error}"), error=text)
    return Answer(check=replace(check, findings=(), contributions=(), profiles=(), rows=()))


def _function(name: str) -> Callable[..., Check]:
    module, _, function = name.partition(":")
    found: Callable[..., Check] = getattr(importlib.import_module(module), function)
    return found


def _leave(number: int, _frame: Any) -> NoReturn:
    # As an exception, so that temporary files are removed on the way out.
    sys.exit(128 + number)


def _die_with_parent() -> None:
    """Die, with all of the group, in the moment the daemon ends.

    A pipe whose other end only the daemon holds is closed by the kernel whatever kills the daemon; F_SETSIG makes the
    kernel answer that with SIGKILL to this group, even while native code holds the interpreter. PR_SET_PDEATHSIG
    would not do: the parent of this process is the fork server, which lives as long as any of its children.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None  # only a child runs this
    if sys.platform == "linux":
        fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(parent.sentinel, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
        fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
    else:
        threading.Thread(target=_leave_after, args=(parent.sentinel,), daemon=True).start()
    if not parent.is_alive():  # it ended before the kernel was asked
        os._exit(1)


def _leave_after(sentinel: int) -> None:
    wait([sentinel])
    os.killpg(0, signal.SIGKILL)
