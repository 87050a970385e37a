"""Trials on several processes, in an order that does not depend on how many."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from benchmarks.progress import track

Task = TypeVar("Task")
Result = TypeVar("Result")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def run(function: Callable[[Task], Result], tasks: Sequence[Task], *, jobs: int, what: str) -> list[Result]:
    """`function` of every task. It lives at module level, and seeds itself from its task."""
    if jobs <= 1:
        return [function(task) for task in track(tasks, what)]
    context: Any = multiprocessing.get_context("spawn")
    with _one_thread_each(), ProcessPoolExecutor(jobs, mp_context=context) as pool:
        return list(track(pool.map(function, tasks), what, total=len(tasks)))


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
