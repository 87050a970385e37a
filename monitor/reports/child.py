"""Making a week's report in a process of its own: it takes seconds and hundreds of MB, and no check waits for it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import IO, Any, Protocol

from monitor.errors import PublishError, XdriftError
from monitor.logs import event
from monitor.privacy import withholding
from monitor.reports.weeks import Week
from monitor.settings import Settings

log = logging.getLogger(__name__)

_LOOK = 0.2
_LINES = 50
"""Lines of the child's output that are logged when it fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A report that was written, and what is told about it."""

    files: int
    subject: str
    text: str
    html: str


class Make(Protocol):
    """How a week's report comes about; raises PublishError."""

    def __call__(
        self, settings: Settings, week: Week, *, now: datetime, within: timedelta, stopping: threading.Event
    ) -> Made: ...


def make_here(
    settings: Settings, week: Week, *, now: datetime, within: timedelta | None = None, stopping: object = None
) -> Made:
    """Write a week's report as `settings.reports` says, in this process. Raises PublishError and StoreError."""
    del within, stopping
    from monitor.reports.make import make_weekly
    from monitor.reports.render import summary
    from monitor.store import Store

    reports = settings.reports
    assert reports is not None  # only a daemon with reports asks for one
    with Store.open(settings.store.url) as store:
        written = make_weekly(
            settings, store, week=week, now=now, directory=reports.path, weeks=reports.weeks,
            evidently=reports.evidently,
        )  # fmt: skip
    subject, text, html = summary(written.report)
    return Made(files=len(written.files), subject=subject, text=text, html=html)


def make_in_child(
    settings: Settings, week: Week, *, now: datetime, within: timedelta, stopping: threading.Event
) -> Made:
    """Write a week's report as `settings.reports` says. Raises PublishError when that fails, takes longer than
    `within` or is stopped; what was written until then is whole files."""
    task = json.dumps({"settings": settings.model_dump(mode="json"), "week": str(week), "now": now.isoformat()})
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        # Through the standard input, since settings hold passwords and a command line is seen by everybody.
        process = subprocess.Popen(
            [sys.executable, "-m", "monitor.reports"], stdin=subprocess.PIPE, stdout=out, stderr=err
        )
        seen = _watched(process, task.encode(), until=time.monotonic() + within.total_seconds(), stopping=stopping)
        if seen is None and process.returncode == 0:
            out.seek(0)
            return Made(**json.load(out))
        if seen is None:
            seen = _said(err, process.returncode)
    raise PublishError(f"weekly report {week}", seen=seen, expected="a report")


def _watched(process: subprocess.Popen[bytes], task: bytes, *, until: float, stopping: threading.Event) -> str | None:
    """Wait for the end; why it was ended before."""
    assert process.stdin is not None
    try:
        with process.stdin as given:
            given.write(task)
    except BrokenPipeError:
        pass  # it ended before it read; its exit code tells
    try:
        while process.poll() is None:
            if stopping.wait(_LOOK):
                return "stopped with the daemon"
            if time.monotonic() > until:
                return "took too long"
        return None
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _said(err: IO[bytes], code: int) -> str:
    """What went wrong: the last line for the record, all of it for the log."""
    err.seek(0)
    lines = err.read().decode("utf-8", "replace").splitlines()
    for line in lines[-_LINES:]:
        event(log, logging.WARNING, "output", job="report", line=line)
    return lines[-1] if lines and code == _KNOWN else f"process ended with {code}"


_KNOWN = 3
"""Exit code of a failure that the last line names."""


def main(given: IO[str], out: IO[str], err: IO[str]) -> int:
    """The child's side."""
    task: dict[str, Any] = json.load(given)
    settings = Settings.model_validate(task["settings"])
    try:
        with withholding(*settings.monitors):
            made = make_here(settings, Week.parse(task["week"]), now=datetime.fromisoformat(task["now"]))
    except XdriftError as error:
        err.write(f"{error.thing}: {error.seen}\n")
        return _KNOWN
    json.dump(asdict(made), out)
    return 0
