"""The door to shap: imported late, kept quiet, its process-wide random state put back."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

_DRAWING = threading.Lock()
"""shap draws from numpy's one global generator: two threads must not share it."""


def load_shap() -> Any:
    """The module. Importing it takes seconds and makes matplotlib complain about calls that shap's plots make."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=PendingDeprecationWarning, module=r"shap\.plots\.")
        import shap
    return shap


@contextmanager
def drawing() -> Iterator[None]:
    """While shap draws from numpy's global generator: nobody else of ours does, and its state is put back after."""
    with _DRAWING:
        state = np.random.get_state()  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(state)  # noqa: NPY002


def reseed(seed: int) -> None:
    """Start shap's next row from `seed`; only inside `drawing()`."""
    np.random.seed(seed % 2**32)  # noqa: NPY002


@contextmanager
def quiet() -> Iterator[None]:
    """Without shap's advice to use a smaller background: its size is the configuration's choice."""
    log = logging.getLogger("shap")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
