"""Six days of a monitor that saw a new model and then drifting data, with its explanation log, up to this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from monitor.log import Log
from monitor.pipeline import create_reference, perform
from monitor.settings import MonitorSettings
from monitor.store import Store
from tests.e2e.world import FEATURES, fit, make_label, make_rows

NAME = "credit"
DAY = timedelta(days=1)
DAYS = 6
PER_DAY = 160
NEW_MODEL, DRIFT, LOGGED_OTHERWISE = 2, 4, 5
"""The first day of each change."""
SECRET = "jane.doe@example.com"
"""Stands in the explanation log, and must be found nowhere else."""
REDACTED = "tenure"


@dataclass(frozen=True)
class History:
    folder: Path
    settings: dict[str, Any]
    """The monitor as a configuration has it."""
    today: datetime
    accepted: dict[str, Any]
    retrained: dict[str, Any]

    @property
    def log(self) -> Path:
        return self.folder / "credit.jsonl"


def prepare(folder: Path, now: datetime) -> History:
    """Models, holdout, traffic and the log, on disk."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    train = make_rows(1500, seed=1)
    accepted = _model(folder / "accepted", train, seed=0)
    retrained = _model(folder / "retrained", train.assign(income=train["income"] ** 0.5), seed=3)
    holdout = _regions(make_rows(800, seed=2, start=today - 70 * DAY))
    holdout.to_parquet(folder / "holdout.parquet")
    traffic = _regions(make_rows(DAYS * PER_DAY, seed=3, start=today - DAYS * DAY))
    traffic["timestamp"] = [today - DAYS * DAY + i * DAY / PER_DAY for i in range(len(traffic))]
    drifting = traffic["timestamp"] >= today - (DAYS - DRIFT) * DAY
    traffic.loc[drifting, "income"] *= 3
    traffic.to_parquet(folder / "credit.parquet")
    settings = {
        "name": NAME,
        "model_name": "Consumer credit",
        "owner": "risk",
        "tier": "critical",
        "model": {"path": str(folder / "model.ubj"), "version": "1"},
        "features": list(FEATURES),
        "holdout": {"path": str(folder / "holdout.parquet"), "id": "row_id", "time": "timestamp"},
        "predictions": {
            "path": str(folder / "credit.parquet"),
            "columns": {"time": "timestamp", "id": "row_id", "segments": ["region"]},
        },
        "schedule": {"every": "1d"},
        "sample": {"rows": PER_DAY},
        "drift": {"canary_comparisons": 4},
        "redact": [REDACTED],
        "telemetry": {"path": str(folder / "credit.jsonl"), "every": "10s", "price_per_hour": 3.0},
    }
    history = History(folder, settings, today, accepted, retrained)
    _deploy(history, accepted)
    _write_log(history, traffic)
    return history


def run(history: History, store: Store) -> None:
    """Reference and checks, as the daemon would have made them."""
    monitor = MonitorSettings.model_validate(history.settings)
    begin = history.today - DAYS * DAY
    store.register(monitor, cadence="daily", interval_seconds=DAY.total_seconds(), config_digest="test", now=begin)
    create_reference(monitor, store, author="ada", reason="accepted", now=begin)
    for day in range(DAYS):
        if day == NEW_MODEL:
            _deploy(history, history.retrained)
            changed = monitor.model.model_copy(update={"version": "2"})
            monitor = monitor.model_copy(update={"model": changed})
        slot = begin + (day + 1) * DAY
        at = slot + timedelta(minutes=5)
        claim = store.claim(NAME, slot, owner="test|boot|1|1", lease=timedelta(minutes=5), now=at)
        assert claim is not None
        perform(monitor, claim, store, clock=lambda at=at: at)  # type: ignore[misc]


def _model(folder: Path, rows: pd.DataFrame, seed: int) -> dict[str, Any]:
    folder.mkdir()
    return fit("xgboost", "binary", rows[list(FEATURES)], make_label(rows, "binary"), folder, seed=seed)


def _deploy(history: History, model: dict[str, Any]) -> None:
    (history.folder / "model.ubj").write_bytes(Path(model["path"]).read_bytes())


def _regions(rows: pd.DataFrame) -> pd.DataFrame:
    rows["region"] = np.random.default_rng(4).choice(["north", "south"], len(rows), p=[0.7, 0.3])
    return rows


def _write_log(history: History, traffic: pd.DataFrame) -> None:
    """Explained by the model in force; a tenth is not explained, some fail, one holds personal data."""
    import xgboost

    data = xgboost.DMatrix(traffic[list(FEATURES)])
    by = [
        xgboost.Booster(model_file=one["path"]).predict(data, pred_contribs=True).astype(float)
        for one in (history.accepted, history.retrained)
    ]
    with Log(history.log) as log:
        for place, row in enumerate(traffic.itertuples()):
            day = place // PER_DAY
            contributions = by[day >= NEW_MODEL][place] * (1.5 if day >= LOGGED_OTHERWISE else 1.0)
            _write_one(log, place, row, contributions, version="1" if day < NEW_MODEL else "2")


def _write_one(log: Log, place: int, row: Any, contributions: np.ndarray, *, version: str) -> None:
    time = row.timestamp.to_pydatetime()
    if place % 10 == 3:
        log.unexplained(row.row_id, "timeout", model_version=version, time=time, route="/quote", flow="web")
    elif place % 40 == 5:
        log.failed(row.row_id, "TimeoutError", model_version=version, time=time, fingerprint=f"request-{place}")
    else:
        values = dict(zip(FEATURES, contributions[:-1].tolist(), strict=True))
        log.explained(
            row.row_id, values, base_value=float(contributions[-1]), model_version=version, time=time,
            latency=0.3 if place % 20 == 7 else 0.02, source="cache" if place % 3 else "live_treeshap",
            inputs={"comment": f"write to {SECRET}"} if place % 400 == 11 else None,
        )  # fmt: skip
