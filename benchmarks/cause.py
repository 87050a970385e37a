"""Is the cause named? Real models and real files through the whole of a check, one known cause at a time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.bounds import share
from benchmarks.parallel import generator, run
from benchmarks.results import Form
from monitor.names import VERDICTS
from monitor.pipeline import create_reference, perform
from monitor.settings import MonitorSettings
from monitor.store import Store

SEED = 4
SEEDS = {"smoke": 1, "short": 1, "full": 10}
FAMILIES = ("xgboost", "lightgbm")
START, WEEK, NOW = datetime(2024, 1, 1, tzinfo=UTC), timedelta(weeks=1), datetime(2024, 6, 1, tzinfo=UTC)
HOLDOUT_WEEKS, HOLDOUT_ROWS, TRAFFIC_ROWS, TRAINED_ROWS = 8, 1000, 1200, 4000
FEATURES = ("income", "age", "debt", "tenure", "visits", "noise")
Frame = pd.DataFrame


def rows(n: int, rng: np.random.Generator, start: datetime, weeks: int) -> Frame:
    """Recorded numbers as databases hold them: money in cents, ages and counts whole."""
    made = Frame(
        {
            "income": np.round(rng.lognormal(3, 0.5, n), 2),
            "age": rng.integers(18, 80, n).astype(float),
            "debt": np.round(np.where(rng.random(n) < 0.5, 0.0, rng.exponential(8, n)), 2),
            "tenure": np.round(np.abs(rng.normal(10, 3, n)), 1),
            "visits": rng.poisson(4, n).astype(float),
            "noise": rng.normal(size=n),
        }
    )
    made["timestamp"] = [start + weeks * WEEK * (i / n) for i in range(n)]
    made["row_id"] = [f"{start:%m%d}-{i}" for i in range(n)]
    return made


def label(frame: Frame, rng: np.random.Generator, *, other: bool = False) -> Any:
    """`other`: what a later model learns, when the world has changed its mind."""
    signs = {"income": 0.08, "age": -0.04, "debt": -0.15, "tenure": 0.15, "visits": 0.2}
    if other:
        signs = {"income": 0.03, "age": -0.08, "debt": -0.05, "tenure": 0.3, "visits": 0.1}
    score = sum(weight * (frame[name] - frame[name].mean()) for name, weight in signs.items())
    return (score + rng.normal(0, 0.5, len(frame)) > 0).astype(int)


def fit(family: str, frame: Frame, y: Any, folder: Path, *, seed: int = 0) -> str:
    """Train, save in the family's safe format, return the file."""
    X = frame[list(FEATURES)]
    if family == "xgboost":
        import xgboost as xgb

        path = folder / "model.ubj"
        xgb.XGBClassifier(n_estimators=60, max_depth=3, random_state=seed, n_jobs=1).fit(X, y).save_model(path)
        return str(path)
    import lightgbm as lgb

    path = folder / "model.txt"
    model = lgb.LGBMClassifier(
        n_estimators=60, max_depth=3, random_state=seed, n_jobs=1, verbose=-1, deterministic=True
    )
    model.fit(X, y).booster_.save_model(path)
    return str(path)


# What happens to traffic.


def _scaled(name: str, factor: float, decimals: int | None, traffic: Frame, _rng: np.random.Generator) -> Frame:
    """`decimals` None: a conversion leaves the decimals it gives."""
    values = traffic[name] * factor
    return traffic.assign(**{name: values if decimals is None else values.round(decimals)})


def _mixture(traffic: Frame, rng: np.random.Generator) -> Frame:
    """Half the traffic comes from the young."""
    young = rng.random(len(traffic)) < 0.5
    return traffic.assign(age=np.where(young, rng.integers(18, 30, len(traffic)), traffic["age"]).astype(float))


def _more_debt(traffic: Frame, rng: np.random.Generator) -> Frame:
    return traffic.assign(
        debt=np.round(np.where(rng.random(len(traffic)) < 0.15, 0.0, rng.exponential(12, len(traffic))), 2)
    )


def _constant(name: str, value: float, traffic: Frame, _rng: np.random.Generator) -> Frame:
    return traffic.assign(**{name: value})


def _missing(name: str, of: float, traffic: Frame, rng: np.random.Generator) -> Frame:
    return traffic.assign(**{name: traffic[name].where(rng.random(len(traffic)) >= of)})


def _noise(traffic: Frame, rng: np.random.Generator) -> Frame:
    """A column without importance moves by its standard deviation. Farther out, what trees learned from a few extreme
    values would make it count."""
    return traffic.assign(noise=rng.normal(1, 1, len(traffic)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One variant of one cause."""

    cause: str
    variant: str
    traffic: Callable[[Frame, np.random.Generator], Frame] | None = None
    model: str | None = None
    """`other`: learned from another label; `dropped`: without income; `resaved`: the same file again."""
    explain: tuple[tuple[str, Any], ...] = ()
    """Settings of the explainer that change after the reference was made."""


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(cause="none", variant="another week"),
    Scenario(cause="none", variant="an unimportant column moves", traffic=_noise),
    Scenario(cause="none", variant="the same file saved again", model="resaved"),
    Scenario(cause="data", variant="incomes halve", traffic=partial(_scaled, "income", 0.5, 2)),
    Scenario(cause="data", variant="half of traffic is young", traffic=_mixture),
    Scenario(cause="data", variant="more and larger debts", traffic=_more_debt),
    Scenario(cause="model", variant="learned from another label", model="other"),
    Scenario(cause="model", variant="no longer uses income", model="dropped"),
    Scenario(
        cause="both", variant="another label, incomes halve", model="other", traffic=partial(_scaled, "income", 0.5, 2)
    ),
    Scenario(cause="both", variant="no income, half is young", model="dropped", traffic=_mixture),
    Scenario(cause="pipeline", variant="income in another unit", traffic=partial(_scaled, "income", 1.609344, None)),
    Scenario(cause="pipeline", variant="income in hundredths", traffic=partial(_scaled, "income", 100.0, None)),
    Scenario(cause="pipeline", variant="tenure constant", traffic=partial(_constant, "tenure", 4.0)),
    Scenario(cause="pipeline", variant="age missing in 70 % of rows", traffic=partial(_missing, "age", 0.7)),
    Scenario(cause="explainer", variant="interventional values", explain=(("engine", "tree-interventional"),)),
    Scenario(cause="explainer", variant="sampled values", explain=(("engine", "permutation"), ("background_rows", 20))),
)


def measure(form: Form, *, jobs: int, seed: int = SEED) -> dict[str, Any]:
    """Every scenario for every model family and seed; the smoke form takes one scenario."""
    chosen = SCENARIOS[3:4] if form == "smoke" else SCENARIOS
    work = [(scenario, family, seed, turn) for scenario in chosen for family in FAMILIES for turn in range(SEEDS[form])]
    verdicts = run(_verdict, work, jobs=jobs, what="causes")
    done = [(scenario, found) for (scenario, *_), found in zip(work, verdicts, strict=True)]
    return {"seed": seed, "families": FAMILIES, **counted(done)}


def counted(done: Sequence[tuple[Scenario, str]]) -> dict[str, Any]:
    """Confusion matrix, accuracy with bounds, and the verdicts of every variant."""
    causes = list(dict.fromkeys(scenario.cause for scenario, _ in done))
    matrix = {
        cause: {
            verdict: sum(found == verdict for scenario, found in done if scenario.cause == cause)
            for verdict in VERDICTS
        }
        for cause in causes
    }
    variants = []
    for scenario in dict.fromkeys(scenario for scenario, _ in done):
        found = [verdict for one, verdict in done if one == scenario]
        variants.append(
            {
                "cause": scenario.cause,
                "variant": scenario.variant,
                "runs": len(found),
                "right": sum(verdict == scenario.cause for verdict in found),
                "verdicts": {verdict: found.count(verdict) for verdict in sorted(set(found))},
            }
        )
    right = sum(scenario.cause == found for scenario, found in done)
    return {"matrix": matrix, "accuracy": share(right, len(done)), "variants": variants}


def _verdict(work: tuple[Scenario, str, int, int]) -> str:
    scenario, family, seed, turn = work
    rng = generator(seed, scenario.cause, scenario.variant, family, turn)
    with tempfile.TemporaryDirectory() as folder:
        return _run(scenario, family, rng, Path(folder))


def _run(scenario: Scenario, family: str, rng: np.random.Generator, folder: Path) -> str:
    """Reference, then the world changes, then one check."""
    trained = rows(TRAINED_ROWS, rng, START, HOLDOUT_WEEKS)
    model = fit(family, trained, label(trained, rng), folder)
    rows(HOLDOUT_ROWS, rng, START, HOLDOUT_WEEKS).to_parquet(folder / "holdout.parquet")
    traffic = rows(TRAFFIC_ROWS, rng, START + HOLDOUT_WEEKS * WEEK, 1)
    if scenario.traffic is not None:
        traffic = scenario.traffic(traffic, rng)
    traffic.to_parquet(folder / "traffic.parquet")
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
        store.upgrade()
        monitor = _monitor(model, folder, ())
        store.register(monitor, cadence="weekly", interval_seconds=WEEK.total_seconds(), config_digest="b", now=NOW)
        create_reference(monitor, store, author="benchmark", reason="first", now=NOW)
        _change_model(scenario, family, model, folder, rng)
        monitor = _monitor(model, folder, scenario.explain)
        slot = START + (HOLDOUT_WEEKS + 1) * WEEK
        claim = store.claim(monitor.name, slot, owner="benchmark|1|1|1", lease=timedelta(minutes=5), now=NOW)
        assert claim is not None, "nobody else runs here"
        check = perform(monitor, claim, store, clock=lambda: NOW)
        # Attributions that do not add up are refused by name; some libraries' interventional values are such.
        return "explainer" if check.reason == "explainer" else check.verdict


def _change_model(scenario: Scenario, family: str, model: str, folder: Path, rng: np.random.Generator) -> None:
    if scenario.model == "resaved":
        copy = shutil.copy(model, folder / "copy")
        Path(copy).replace(model)
    elif scenario.model is not None:
        later = rows(TRAINED_ROWS, rng, START, HOLDOUT_WEEKS)
        y = label(later, rng, other=scenario.model == "other")
        fit(family, later.assign(income=0.0) if scenario.model == "dropped" else later, y, folder, seed=1)


def _monitor(model: str, folder: Path, explain: tuple[tuple[str, Any], ...]) -> MonitorSettings:
    return MonitorSettings.model_validate(
        {
            "name": "cause",
            "owner": "benchmark",
            "model": {"path": model, "version": "1"},
            "features": FEATURES,
            "holdout": {"path": str(folder / "holdout.parquet"), "id": "row_id", "time": "timestamp"},
            "predictions": {"path": str(folder / "traffic.parquet"), "columns": {"time": "timestamp", "id": "row_id"}},
            "schedule": {"every": "1w"},
            "sample": {"rows": 1000},
            "explain": dict(explain),
        }
    )
