"""How fast the explanation log is read, in how much memory, and whether every counter is exact afterwards."""

from __future__ import annotations

import multiprocessing
import random
import tempfile
import time
from contextlib import closing
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.progress import track
from benchmarks.results import Form
from benchmarks.serving import START, Serving, differences, settings, totals_of
from monitor.runner.poll import Poller
from monitor.settings import MonitorSettings
from monitor.store import Store

SEED = 17
RECORDS = {"smoke": 5_000, "short": 200_000, "full": 2_000_000}
STEPS = 96
KILLS_PER_DAY = 12


def measure_telemetry(form: Form, *, url: str | None = None) -> dict[str, Any]:
    """A simulated day, read while it is written by a process that is killed now and then and started again.

    `url`: an empty database; a SQLite file when absent.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "log")
        folder.mkdir()
        return _day(folder, url or f"sqlite:///{name}/store.db", RECORDS[form])


def _day(folder: Path, url: str, records: int) -> dict[str, Any]:
    monitor = settings(folder)
    serving = Serving(folder, records=records, steps=STEPS, seed=SEED)
    with Store.open(url) as store:
        store.upgrade()
        store.register(monitor, cadence="hourly", interval_seconds=3600.0, config_digest="c0", now=START)
    rng = random.Random(SEED)
    lost = set(rng.sample(range(1, STEPS), KILLS_PER_DAY))
    wall = cpu = peak = slowest = steady = 0.0
    undisturbed = 0
    reader = _Reader(url, monitor)
    for step in track(range(STEPS), f"{records:,} records"):
        before = _written(serving)
        serving.step()
        if step in lost:
            reader.kill_while_reading(serving.now, rng.uniform(0.05, 0.5))
            reader = _Reader(url, monitor)
        used = reader.read(serving.now)
        wall, cpu, peak = wall + used["wall"], cpu + used["cpu"], max(peak, used["peak"])
        slowest = max(slowest, used["wall"])
        if step and step not in lost:
            steady, undisturbed = steady + used["wall"], undisturbed + _written(serving) - before
    reader.close()
    with Store.open(url) as store:
        wrong = differences(serving.truth, totals_of(store))
    lines = _written(serving)
    run = {
        "database": url.partition(":")[0],
        "lines": lines,
        "kills": KILLS_PER_DAY,
        "seconds": round(wall, 2),
        "cpu_seconds": round(cpu, 2),
        "records_per_second": round(lines / wall),
        "records_per_cpu_second": round(lines / cpu),
        "records_per_second_between_kills": round(undisturbed / steady),
        "slowest_poll_seconds": round(slowest, 2),
        "peak_rss_mb": round(peak, 1),
        "wrong": wrong,
    }
    return {"runs": [run]}


_LINES = ("xdrift_telemetry_records_total", "xdrift_telemetry_duplicates_total", "xdrift_telemetry_quarantined_total")


def _written(serving: Serving) -> int:
    """Lines so far."""
    return sum(n for (name, _), n in serving.truth.totals.items() if name in _LINES)


class _Reader:
    """A process that polls when told to, started anew so that its memory is its own."""

    def __init__(self, url: str, monitor: MonitorSettings) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_reading, args=(url, monitor, theirs))
        self._process.start()
        theirs.close()

    def read(self, now: datetime) -> dict[str, float]:
        """Read to the end; seconds used, and the largest memory so far in MB."""
        self._ours.send(now)
        used: dict[str, float] = self._ours.recv()
        return used

    def kill_while_reading(self, now: datetime, after: float) -> None:
        self._ours.send(now)
        time.sleep(after)
        self._process.kill()
        self.close()

    def close(self) -> None:
        self._ours.close()
        self._process.join()


def _reading(url: str, monitor: MonitorSettings, told: Connection) -> None:
    now = [START]
    with closing(told), Store.open(url) as store:
        poller = Poller(monitor, store, clock=lambda: now[0])
        while True:
            try:
                now[0] = told.recv()
            except EOFError:
                return
            wall, cpu = time.perf_counter(), time.process_time()
            report = poller.poll()
            while report.waiting or report.overtaken:
                report = poller.poll()
            used = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak": _peak()}
            told.send(used)


def _peak() -> float:
    """Largest resident memory of this process in MB. ru_maxrss would also count the process that started it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
