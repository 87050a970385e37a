"""Rows explained piece by piece, here or on whatever cluster joblib is configured for.

Pieces depend on settings only, never on timing or on the number of workers, so results are the same everywhere.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pandas as pd

from monitor.types import Floats

Run = Callable[[Any], tuple[Floats, Floats]]
"""Rows to values (n, d, K) and base values (n, K)."""
Piece = tuple[Floats, Floats, Floats]
"""Values (n, d, K), base values (n, K) and the model's own output (n, K)."""

PAYS_SECONDS = 5.0
"""Saving that justifies starting worker processes: a cold start takes 1.8 s, and importing the model's library more."""


def explain_rows(work: Callable[[pd.DataFrame], Piece], rows: pd.DataFrame, *, task_rows: int, spread: bool) -> Piece:
    """`work` over pieces of `task_rows` rows, put together in order; n >= 1.

    spread: `work` uses one core. It then follows an active `joblib.parallel_config`, and otherwise uses this machine's
    cores (affinity and LOKY_MAX_CPU_COUNT respected) when the first piece shows that this pays. Work that cannot be
    sent to another process (an ONNX session, an open connection) stays here.
    """
    pieces = [rows.iloc[start : start + task_rows] for start in range(0, len(rows), task_rows)]
    if spread and len(pieces) > 1 and joblib.effective_n_jobs(None) > 1 and _sendable(work):
        return _joined(joblib.Parallel()(joblib.delayed(work)(piece) for piece in pieces))
    started = time.perf_counter()
    done = [work(pieces[0])]
    rest = pieces[1:]
    if spread and rest:
        jobs = min(joblib.cpu_count(), len(rest))
        saving = (time.perf_counter() - started) * (len(rest) - -(-len(rest) // jobs))
        if saving > PAYS_SECONDS and _sendable(work):
            return _joined(done + joblib.Parallel(n_jobs=jobs)(joblib.delayed(work)(piece) for piece in rest))
    return _joined(done + [work(piece) for piece in rest])


def _sendable(work: Callable[[pd.DataFrame], Piece]) -> bool:
    try:
        pickle.dumps(joblib.wrap_non_picklable_objects(work))
    except Exception:  # noqa: BLE001 - objects raise anything when they cannot be pickled; it costs time, not results
        return False
    return True


def _joined(pieces: list[Piece]) -> Piece:
    values, base, predictions = (np.concatenate(part) for part in zip(*pieces, strict=True))
    return values, base, predictions
