"""A serving system that writes predictions and the explanation log, and can be made to misbehave while it runs."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from monitor.log import Log
from tests.e2e.world import FEATURES, make_rows

TICK = 0.25
"""Seconds between two batches."""
ROWS = 40
"""Predictions in a batch."""


@dataclass
class Serving:
    """What is served, and how; the switches may be turned at any time."""

    folder: Path
    model: Any
    """XGBoost booster."""
    drifting: bool = False
    unexplained: bool = False
    slow: bool = False
    leaking: bool = False
    stopped: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None

    @property
    def predictions(self) -> str:
        return f"sqlite:///{self.folder / 'predictions.db'}"

    @property
    def log_path(self) -> Path:
        return self.folder / "explanations.jsonl"

    def prepare(self) -> None:
        with sqlite3.connect(self.folder / "predictions.db") as database:
            database.execute("PRAGMA journal_mode = WAL")
            columns = ", ".join(f"{name} REAL" for name in FEATURES)
            database.execute(f"CREATE TABLE predictions (id TEXT PRIMARY KEY, timestamp TEXT, {columns})")
            database.execute("CREATE INDEX by_time ON predictions (timestamp)")

    def run(self) -> None:
        try:
            rng = np.random.default_rng(7)
            with sqlite3.connect(self.folder / "predictions.db", timeout=30) as database:
                log = Log(self.log_path)
                while not self.stopped.wait(TICK):
                    self._batch(database, log, rng)
        except BaseException as error:
            self.failure = error
            raise

    def _batch(self, database: sqlite3.Connection, log: Log, rng: np.random.Generator) -> None:
        import xgboost

        rows = make_rows(ROWS, seed=int(rng.integers(1 << 30)))[list(FEATURES)]
        if self.drifting:
            rows["income"] *= 3
        now = datetime.now(UTC)
        ids = [str(uuid.uuid4()) for _ in range(ROWS)]
        text = now.strftime("%Y-%m-%d %H:%M:%S.%f")
        values = [(name, text, *row) for name, row in zip(ids, rows.to_numpy().tolist(), strict=True)]
        marks = ", ".join("?" * (len(FEATURES) + 2))
        database.executemany(f"INSERT INTO predictions VALUES ({marks})", values)
        database.commit()
        contributions = self.model.predict(xgboost.DMatrix(rows), pred_contribs=True).astype(float)
        for name, row in zip(ids, contributions.tolist(), strict=True):
            self._logged(log, name, row)

    def _logged(self, log: Log, name: str, row: list[float]) -> None:
        if self.unexplained:
            log.unexplained(name, "disabled", model_version="1")
            return
        inputs = {"comment": "write to jane.doe@example.com"} if self.leaking else None
        log.explained(
            name, dict(zip(FEATURES, row[:-1], strict=True)), base_value=row[-1], model_version="1",
            latency=0.5 if self.slow else 0.02, source="live_treeshap", inputs=inputs,
        )  # fmt: skip


@contextmanager
def serving(folder: Path, model: Any, kind: type[Serving] = Serving) -> Iterator[Serving]:
    one = kind(folder, model)
    one.prepare()
    thread = threading.Thread(target=one.run, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.stopped.set()
        thread.join(10)
        assert one.failure is None, one.failure


def holdout(rows: pd.DataFrame, path: Path) -> None:
    rows[list(FEATURES)].assign(row_id=rows["row_id"]).to_parquet(path)
