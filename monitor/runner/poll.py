"""One poll of an explanation log: read, understand, count, commit, batch by batch, each record once.

A batch, its positions and the ids in it are saved in one transaction on top of the revision they were counted on. A
poll that is killed anywhere leaves whole batches behind, and the next one goes on from there; of two at the same time
one is overtaken, writes nothing, and begins again from the store.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from monitor.errors import SourceError, StoreError, XdriftError
from monitor.logs import event
from monitor.privacy import careful, withhold
from monitor.runner.remembered import Remembered
from monitor.settings import MonitorSettings
from monitor.sources.explanation_log import Lines, read_log
from monitor.store import Store
from monitor.store.telemetry import log_time
from monitor.telemetry import Batch, Known, Logged, Quarantined, Understanding, count, failed_requests

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


@dataclass(slots=True, kw_only=True)
class PollReport:
    """What one poll did."""

    monitor: str
    totals: dict[tuple[str, str], float] = field(default_factory=dict)
    """(counter of names.COUNTERS, value of its label or an empty text) to what was added."""
    batches: int = 0
    seconds: float = 0.0
    waiting: int = 0
    """Files about whose unfinished last line the next poll decides."""
    notes: list[str] = field(default_factory=list)
    finished: bool = False
    """The log was read to its end as it was at the beginning."""
    overtaken: bool = False
    """Another poll counted meanwhile."""

    @property
    def records(self) -> int:
        return int(self.totals.get(("xdrift_telemetry_records_total", ""), 0))


class Poller:
    """Polls one monitor's explanation log, and keeps in between what the store would have to be asked for again.

    Not for two threads at once. Raises ValueError for a monitor without telemetry.
    """

    def __init__(self, monitor: MonitorSettings, store: Store, *, clock: Clock) -> None:
        if monitor.telemetry is None:
            raise ValueError(f"monitor {monitor.name} has no telemetry")
        self._name, self._settings, self._store, self._clock = monitor.name, monitor.telemetry, store, clock
        self._understanding, self._told = Understanding(monitor), careful(monitor)
        self._remembered = Remembered(self._settings.remember)
        self._revision = -1
        """What is remembered is complete up to here."""

    def poll(self, cancel: threading.Event | None = None) -> PollReport:
        """Read on to the end, or to `cancel`, or until overtaken. What was committed stays in every case.

        Raises:
            SourceError: the log could not be read to its end; noted in the store before.
            StoreError: the database does not answer.
            XdriftError: anything else went wrong; noted in the store, without a word of the log.
        """
        report = PollReport(monitor=self._name)
        started = time.perf_counter()
        with self._noted():
            self._read(report, cancel or threading.Event())
        report.seconds = time.perf_counter() - started
        _tell(report)
        return report

    def _read(self, report: PollReport, cancel: threading.Event) -> None:
        state = self._store.telemetry_state(self._name)
        self._catch_up(state.revision, state.watermark)
        watermark = state.watermark
        with closing(read_log(self._settings, state.positions, now=self._clock())) as batches:
            for lines in batches:
                now = self._clock()
                batch = self._counted(lines, watermark, now)
                if not self._store.commit_telemetry(
                    self._name, self._revision, batch, lines.positions,
                    now=now, remember=self._settings.remember, finished=lines.last,
                ):  # fmt: skip
                    report.overtaken = True
                    return
                self._revision += 1
                watermark = batch.watermark
                self._remembered.add(log_time(now, watermark), batch.digests)
                _add(report, batch, lines)
                if cancel.is_set():
                    return

    def _catch_up(self, revision: int, watermark: datetime | None) -> None:
        """Learn the ids counted by others, or by an earlier process."""
        if revision < self._revision or self._revision < 0:
            self._remembered, self._revision = Remembered(self._settings.remember), -1
        if revision == self._revision:
            return
        since = log_time(self._clock(), watermark) - self._settings.remember
        for counted_at, digests in self._store.telemetry_seen(self._name, since, after_revision=self._revision):
            self._remembered.add(counted_at, digests)
        self._revision = revision

    def _counted(self, lines: Lines, watermark: datetime | None, now: datetime) -> Batch:
        seconds = now.timestamp()
        line, row = self._understanding.line, self._understanding.row
        records: list[Logged] = []
        refused = list(lines.refused)
        for source, position, size, raw in lines.items:
            found = line(raw, now=seconds) if isinstance(raw, bytes) else row(raw, now=seconds)
            if isinstance(found, str):
                refused.append(Quarantined(source=source, position=position, size=size, reason=found))
            else:
                records.append(found)
        self._remembered.forget(log_time(now, watermark))
        requests = failed_requests(records)
        return count(
            records,
            settings=self._settings,
            watermark=watermark,
            seen=self._remembered,
            known=self._store.telemetry_known(self._name, requests) if requests else Known(),
            quarantined=refused,
        )

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """A failure is in the store before it is raised."""
        try:
            yield
        except StoreError:
            raise
        except SourceError as error:
            withhold(error, self._told)  # a database quotes what it could not read
            self._store.telemetry_failed(self._name, str(error), self._clock())
            raise error from None
        except Exception as error:  # noqa: BLE001 - raised again below, without its message
            # The message may quote the log, which holds what must not be stored or shown: the place is enough.
            place = traceback.extract_tb(error.__traceback__)[-1]
            told = XdriftError(
                f"poll of the explanation log of {self._name}",
                seen=f"{type(error).__name__} in {place.name}, line {place.lineno} of {place.filename}",
                expected="every record understood, or quarantined",
                hint="report this line; the poll is tried again",
            )
            self._store.telemetry_failed(self._name, str(told), self._clock())
            raise told from None


def _add(report: PollReport, batch: Batch, lines: Lines) -> None:
    report.batches += 1
    report.finished, report.waiting = lines.last, lines.waiting
    report.notes += lines.notes
    for key, amount in batch.totals.items():
        report.totals[key] = report.totals.get(key, 0) + amount


def _tell(report: PollReport) -> None:
    """One line per poll that found something, and one per thing that a person should know."""
    for note in report.notes:
        event(log, logging.WARNING, "explanation log", monitor=report.monitor, note=note)
    refused = sum(n for (name, _), n in report.totals.items() if name == "xdrift_telemetry_quarantined_total")
    if report.totals:
        event(
            log,
            logging.INFO if report.records or refused else logging.DEBUG,
            "poll",
            monitor=report.monitor,
            records=report.records,
            quarantined=int(refused),
            seconds=round(report.seconds, 3),
            waiting=report.waiting,
            overtaken=report.overtaken,
        )
