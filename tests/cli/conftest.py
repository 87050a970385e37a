"""A newcomer's folder: a model, its holdout, a prediction log, attribution matrices; and commands run in it."""

from __future__ import annotations

import json
import logging
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.cli import main, options

NOW = datetime(2024, 3, 11, 9, 30, tzinfo=UTC)
"""When every command of these tests is run: a Monday, the day of a weekly slot."""
BREAK = pd.Timestamp("2024-02-26", tz="UTC")
"""From then on the log has wind in another unit."""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        def refuse(word: str) -> None:
            raise AssertionError(f"{word} is not JSON")

        return json.loads(self.out, parse_constant=refuse)

    @property
    def error(self) -> Any:
        return json.loads(self.err)


Xdrift = Callable[..., Ran]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder's files, made once."""
    import xgboost

    folder = tmp_path_factory.mktemp("newcomer")
    rng = np.random.default_rng(2024)
    n = 7000
    times = pd.date_range("2024-01-01", periods=n, freq="14min", tz="UTC")
    rows = pd.DataFrame(
        {
            "distance_km": rng.gamma(2, 400, n).round(1),
            "departure_hour": rng.integers(5, 23, n).astype(float),
            "wind_kmh": rng.gamma(2, 8, n).round(1),
            "temperature_c": rng.normal(12, 9, n).round(1),
            "inbound_delay_min": rng.exponential(8, n).round(0),
        }
    )
    log_odds = -3 + 0.12 * rows.departure_hour + 0.03 * rows.wind_kmh + 0.05 * rows.inbound_delay_min
    late = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(int)
    model = xgboost.XGBClassifier(n_estimators=40, max_depth=3, random_state=0, n_jobs=1).fit(rows, late)
    model.save_model(folder / "late_flights.json")
    log = rows.assign(flight_id=np.arange(n), predicted_at=times, airport=rng.choice(["EWR", "JFK", "LGA"], n))
    log.head(1500).assign(label=late[:1500]).to_parquet(folder / "holdout.parquet", index=False)
    log.loc[log.predicted_at >= BREAK, "wind_kmh"] *= 3.6
    log["score"] = model.predict_proba(log[rows.columns])[:, 1].astype(float)
    log.to_parquet(folder / "log.parquet", index=False)
    contributions = model.get_booster().predict(xgboost.DMatrix(rows), pred_contribs=True)[:, :-1].astype(float)
    matrix = pd.DataFrame(contributions, columns=rows.columns).assign(week=times.strftime("%G-W%V"))
    matrix.iloc[:3000].to_parquet(folder / "january.parquet", index=False)
    matrix.iloc[3000:5000].to_parquet(folder / "february.parquet", index=False)
    shifted = matrix.iloc[3000:5000].assign(wind_kmh=lambda m: m.wind_kmh * 2.4)
    shifted.assign(temperature_c=lambda m: m.temperature_c + 0.08).to_parquet(folder / "shifted.parquet", index=False)
    return folder


@pytest.fixture(scope="session")
def watched(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after `init`, `db upgrade` and `reference create`."""
    folder = tmp_path_factory.mktemp("watched") / "flights"
    shutil.copytree(made, folder)
    with pytest.MonkeyPatch.context() as patch:
        settle(patch, folder)
        files = ["--model", "late_flights.json", "--data", "holdout.parquet", "--predictions", "log.parquet"]
        assert main(["init", *files, "--json"]) == 0
        assert main(["db", "upgrade", "--json"]) == 0
        assert main(["reference", "create", "late-flights", "--author", "ada", "--reason", "launch", "--json"]) == 0
    return folder


def settle(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Work in `folder`, at NOW, in a terminal of 100 columns, with none of our variables set."""
    import os

    patch.chdir(folder)
    for name in list(os.environ):
        if name.startswith("XDRIFT_"):
            patch.delenv(name)
    patch.setenv("COLUMNS", "100")
    patch.setattr(options, "utc_now", lambda: NOW)


@pytest.fixture(autouse=True)
def _quiet_logging() -> Iterator[None]:
    """A command takes over the root logger and Python's warnings; tests after it want theirs back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    assert warnings.showwarning is not None


@pytest.fixture
def newcomer(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "flights"
    shutil.copytree(made, folder)
    settle(monkeypatch, folder)
    return folder


@pytest.fixture
def in_service(watched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "flights"
    shutil.copytree(watched, folder)
    settle(monkeypatch, folder)
    return folder


@pytest.fixture
def xdrift(capsys: pytest.CaptureFixture[str]) -> Xdrift:
    """Run a command line in this process."""

    def run(*words: str) -> Ran:
        capsys.readouterr()
        code = main(words)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run
