"""Trials on several processes, in an order that does not depend on how many."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.progress import track

Task = TypeVar("Task")
Result = TypeVar("Result")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def run(
    function: Callable[[Task], Result], tasks: Sequence[Task], *, jobs: int, what: str, kept: Kept | None = None
) -> list[Result]:
    """`function` of every task. It lives at module level, and seeds itself from its task.

    `kept`: results are written down one by one, and those written down before are not worked out again, so that hours
    of trials survive the end of their process.
    """
    kept = kept or Kept(None)
    known = [kept.get(task) for task in tasks]
    todo = [number for number, found in enumerate(known) if found is None]
    for number, found in zip(todo, _worked_out(function, [tasks[i] for i in todo], jobs, what), strict=True):
        kept.add(tasks[number], found)
        known[number] = found
    return [found for found in known if found is not None]


def _worked_out(function: Callable[[Task], Result], tasks: Sequence[Task], jobs: int, what: str) -> Iterator[Result]:
    if jobs <= 1:
        yield from (function(task) for task in track(tasks, what))
        return
    context: Any = multiprocessing.get_context("spawn")
    with _one_thread_each(), ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield from track(pool.map(function, tasks), what, total=len(tasks))


class Kept:
    """Results of single tasks in a file, under the words that decide them: the task's own and the engine's sources."""

    def __init__(self, path: Path | None, *, words: Callable[[Any], object] = repr) -> None:
        """None keeps nothing. `words`: what of a task decides its result."""
        self._path, self._words = path, words
        self._found: dict[str, Any] = {}
        self._engine = _sources() if path is not None else ""
        if path is not None and path.exists():
            for line in path.read_text().splitlines():
                entry = json.loads(line)
                self._found[entry["key"]] = entry["result"]

    def _key(self, task: object) -> str:
        return hashlib.sha256(f"{self._engine} {self._words(task)}".encode()).hexdigest()

    def get(self, task: object) -> Any:
        return self._found.get(self._key(task))

    def add(self, task: object, result: object) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as out:
            out.write(json.dumps({"key": self._key(task), "result": result}) + "\n")


def _sources() -> str:
    """Digest of the drift engine: results of another one are worth nothing."""
    digest = hashlib.sha256()
    for path in sorted((Path(__file__).parents[1] / "monitor" / "drift").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def beside(function: Callable[[Task], Result], tasks: Sequence[Task], *, jobs: int, what: str) -> list[Result]:
    """The same for functions that only wait for a process of their own."""
    with ThreadPoolExecutor(max(jobs, 1)) as pool:
        return list(track(pool.map(function, tasks), what, total=len(tasks)))


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes started inside get one thread each: two with two threads on two cores wait for each other."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def generator(*parts: object) -> np.random.Generator:
    """Random numbers that depend on these words alone: the same on every machine and in every process."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return np.random.default_rng(list(digest))
