"""Clocks and memory of the process that imports this. Standard library only: peers' environments read it too."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
MB = 1e6
TICK = 0.001
"""Seconds between two signs of life of the thread that watches for pauses."""


def _status(key: str) -> float:
    """A field of the kernel's own account, in MB; the kernel gives kB."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) * 1024 / MB


def rss() -> float:
    """Resident memory now, MB."""
    return _status("VmRSS:")


def peak_rss() -> float:
    """Highest resident memory since the process (or `peak_above`) began, MB."""
    return _status("VmHWM:")


def peak_above(run: Callable[[], object]) -> float:
    """MB by which resident memory rose above the present at its highest while `run` ran."""
    gc.collect()
    before = rss()
    _CLEAR.write_text("5")  # the high-water mark begins anew
    run()
    return max(_status("VmHWM:") - before, 0.0)


def best_of(run: Callable[[], object], times: int) -> dict[str, float]:
    """Smallest wall and CPU seconds (all threads) of `times` runs."""
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {"wall": min(walls), "cpu": min(cpus)}


def longest_pause(run: Callable[[], object]) -> float:
    """Longest time, in seconds, that another Python thread could not go on while `run` ran.

    Without hindrance it is about one tick; code that holds the interpreter lock throughout gives its whole duration.
    """
    done, ready, pauses = threading.Event(), threading.Event(), [0.0]

    def tick() -> None:
        last = time.perf_counter()
        while True:
            ready.set()
            finished = done.wait(TICK)
            now = time.perf_counter()
            pauses.append(now - last)
            last = now
            if finished:
                return

    watcher = threading.Thread(target=tick)
    watcher.start()
    ready.wait()
    try:
        run()
    finally:
        done.set()
        watcher.join()
    return max(pauses)
