"""A migrated store on each database, and builders of the records that tests save."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from monitor.settings import MonitorSettings
from monitor.store import Store, check_id, migrate
from monitor.store.engine import Database
from monitor.store.tables import metadata
from monitor.types import (
    AttributionRow,
    Attributions,
    Check,
    Claim,
    Contribution,
    ExplainerRef,
    Finding,
    Profile,
    Reference,
    Window,
)

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
FEATURES = ("age", "income", "région")
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database without a schema."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/xdrift.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="session", params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One migrated database of each kind for all tests: migrating and connecting would be most of their time."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('store')}/xdrift.db"
    else:
        import psycopg

        server_address = request.getfixturevalue("postgres_server")
        with psycopg.connect(f"postgresql://{server_address}/postgres", autocommit=True) as server:
            server.execute("CREATE DATABASE store_room")
        url = f"postgresql+psycopg://{server_address}/store_room"
    database = Database(url, timedelta(seconds=20))
    migrate.upgrade(database)
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> Store:
    """A store that holds nothing but the registered monitor `credit`."""
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    store = Store(database)
    register(store)
    return store


@pytest.fixture
def url(store: Store, database: Database) -> str:
    """URL of the database of `store`, for other processes."""
    return database.url.render_as_string(hide_password=False)


def settings(name: str = "credit", **more: Any) -> MonitorSettings:
    given = {
        "name": name,
        "owner": "team-risk",
        "model": {"path": "model.json"},
        "holdout": {"path": "holdout.parquet"},
        "predictions": {"path": "log.parquet"},
        "schedule": {"every": "1h", "window": "2h", "delay": "5m"},
    }
    return MonitorSettings.model_validate({**given, **more})


def register(store: Store, name: str = "credit", **more: Any) -> None:
    store.register(settings(name, **more), cadence="hourly", interval_seconds=3600.0, config_digest="c0ffee", now=START)


def slot(number: float) -> datetime:
    return START + number * HOUR


def explainer(**more: Any) -> ExplainerRef:
    given = {
        "engine": "xgboost-native",
        "exact": True,
        "scale": "margin",
        "class_index": (0, 2),
        "config": {"seed": 7, "perturbation": "tree_path_dependent", "nested": {"a": [1, 2.5, None]}},
        "libraries": {"xgboost": "3.0.0"},
        "digest": "e" * 64,
    }
    return ExplainerRef(**{**given, **more})


def profile(**more: Any) -> Profile:
    given = {
        "kind": "attribution",
        "side": "traffic",
        "feature": "age",
        "n": 12,
        "n_missing": 2,
        "edges": (-0.1, 0.1 + 0.2),
        "categories": (),
        "counts": (3, 4, 5),
        "quantiles": tuple(float(q) for q in range(11)),
        "mean": 0.25,
        "mean_abs": 0.5,
        "std": None,
        "minimum": -1e-300,
        "maximum": 1e300,
    }
    return Profile(**{**given, **more})


def reference(monitor: str = "credit", *, rows: int = 5, seed: int = 0, **more: Any) -> Reference:
    values = np.random.default_rng(seed).normal(size=(rows, len(FEATURES)))
    given = {
        "id": f"{seed:016x}",
        "monitor": monitor,
        "attributions": Attributions(
            values=values,
            base_values=np.full((rows, 1), 0.5),
            predictions=values.sum(axis=1, keepdims=True) + 0.5,
            feature_names=FEATURES,
            explainer=explainer(),
            additivity_gap=1e-9,
            source_features=FEATURES,
            notes=("summed back",),
        ),
        "row_ids": tuple(f"row-{number}" for number in range(rows)),
        "periods": tuple("2024-01-01" for _ in range(rows)),
        "holdout_digest": "b" * 64,
        "model_digest": "a" * 64,
        "model_version": "v1",
        "model_libraries": {"xgboost": "3.0.0"},
        "input_profiles": (profile(kind="input", side="holdout"), profile(kind="prediction", feature="__prediction__")),
        "created_at": START,
        "author": "ada",
        "reason": "first deployment",
    }
    return Reference(**{**given, **more})


def finding(**more: Any) -> Finding:
    given = {
        "view": "traffic",
        "feature": "age",
        "test": "psi",
        "statistic": 0.31,
        "p_value": 0.001,
        "p_adjusted": 0.01,
        "threshold": 0.1,
        "threshold_severe": 0.2,
        "level": 2,
        "n_reference": 1000,
        "n_current": 900,
        "reason": None,
    }
    return Finding(**{**given, **more})


def contribution(**more: Any) -> Contribution:
    given = {
        "feature": "age",
        "importance_reference": 0.5,
        "importance_holdout": 0.5,
        "importance_current": 1.0,
        "share_reference": 0.25,
        "share_current": 0.4,
        "model_part": 0.0,
        "data_part": 0.5,
        "level": 2,
    }
    return Contribution(**{**given, **more})


def attribution(number: int = 0, **more: Any) -> AttributionRow:
    given = {
        "row_id": f"p-{number}",
        "kind": "sample",
        "time": START,
        "prediction": 0.75,
        "logged_prediction": None,
        "base_value": 0.5,
        "values": {name: number + index / 3 for index, name in enumerate(FEATURES)},
        "inputs": {"age": 41, "income": None, "région": "Île-de-France", "flag": True, "tags": [1, 2]},
        "segments": {"channel": "web"},
    }
    return AttributionRow(**{**given, **more})


def check(number: float = 0, monitor: str = "credit", **more: Any) -> Check:
    planned_at = slot(number)
    given = {
        "id": check_id(monitor, planned_at),
        "monitor": monitor,
        "model": monitor,
        "planned_at": planned_at,
        "window": Window(start=planned_at - HOUR, end=planned_at),
        "started_at": planned_at + timedelta(seconds=1),
        "finished_at": planned_at + timedelta(seconds=3, microseconds=123456),
        "outcome": "succeeded",
        "verdict": "data",
        "level": 2,
        "reason": None,
        "sentence": "The data changed: age counts 2.0x more.",
        "evidence": ("age: PSI 0.31 over 0.20",),
        "error": None,
        "seed": 2**63 - 1,
        "n_seen": 5_000_000_000,
        "n_drawn": 1000,
        "n_explained": 1050,
        "newest_at": planned_at - timedelta(seconds=7, microseconds=1),
        "n_holdout": 1000,
        "reference_id": None,
        "model_version": "v1",
        "model_digest": "a" * 64,
        "holdout_digest": "b" * 64,
        "explainer": explainer(),
        "holdout_skipped": False,
        "additivity_gap": 1e-9,
        "levels": {"holdout": 0, "traffic": 2, "total": 2},
        "model_numbers": {"traffic": {"ndcg": 0.98, "cosine": 0.9}, "holdout": {"ndcg": 1.0}},
        "input_drift": {"age": 0.4, "__prediction__": 0.2},
        "findings": (finding(), finding(feature=None, test="ndcg", level=0), finding(view="holdout", level=0)),
        "contributions": (contribution(), contribution(feature="income", level=0, importance_current=0.25)),
        "profiles": (profile(), profile(kind="input", edges=(), categories=("a", "b"), counts=(3, 7), quantiles=())),
        "rows": (attribution(0), attribution(1), attribution(2, kind="priority", time=None, prediction=None)),
        "stage_seconds": {"sample": 0.5, "explain": 1.25},
        "versions": {"shap": "0.51"},
        "notes": ("fell back",),
        "config_digest": "c0ffee",
    }
    return Check(**{**given, **more})


def bare(number: float, monitor: str = "credit", **more: Any) -> Check:
    """A check without parts, for tests about order and state."""
    nothing: dict[str, Any] = {"findings": (), "contributions": (), "profiles": (), "rows": ()}
    return check(number, monitor, **{**nothing, **more})


def failed(number: float, monitor: str = "credit", **more: Any) -> Check:
    """What is saved of a check that could not run."""
    nothing: dict[str, Any] = {
        "outcome": "failed", "verdict": "unknown", "level": 0, "reason": "sampling", "error": "no such table",
        "levels": {}, "model_numbers": {}, "input_drift": {}, "model_digest": None, "model_version": None,
        "explainer": None, "additivity_gap": None, "newest_at": None,
    }  # fmt: skip
    return bare(number, monitor, **{**nothing, **more})


def claim(store: Store, number: float = 0, monitor: str = "credit", **more: Any) -> Claim:
    given = {"owner": "here", "lease": HOUR, "now": slot(number)}
    held = store.claim(monitor, slot(number), **{**given, **more})
    assert held is not None
    return held


def save(store: Store, result: Check) -> Check:
    """Claim the slot of a check and finish it."""
    held = store.claim(result.monitor, result.planned_at, owner="here", lease=HOUR, now=result.started_at)
    assert held is not None
    store.finish(held, result)
    return result


def totals(store: Store, monitor: str = "credit") -> dict[str, float]:
    """Totals above 0 of one monitor, as `name` or `name word`."""
    return {
        " ".join(
            [counter.name, *(v for k, v in counter.labels.items() if k not in ("monitor", "model"))]
        ): counter.value
        for counter in store.snapshot(START).counters
        if counter.labels["monitor"] == monitor and counter.value
    }


def together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Results of `work(0) ... work(count - 1)`, each in a process of its own, all let go at the same moment."""
    context = multiprocessing.get_context("fork")  # spawned ones would spend ten seconds on imports
    barrier, results = context.Barrier(count), context.Queue()

    def run(number: int) -> None:
        barrier.wait(30)
        try:
            results.put((number, work(number)))
        except BaseException as error:  # noqa: BLE001 - the parent compares it and shows it
            results.put((number, repr(error)))

    workers = [context.Process(target=run, args=(number,)) for number in range(count)]
    for worker in workers:
        worker.start()
    found = dict(results.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join(30)
    return [found[number] for number in range(count)]


class Make(NamedTuple):
    """The builders above, for tests: under pytest's importlib mode they cannot be imported."""

    settings: Callable[..., MonitorSettings] = settings
    register: Callable[..., None] = register
    slot: Callable[[float], datetime] = slot
    explainer: Callable[..., ExplainerRef] = explainer
    profile: Callable[..., Profile] = profile
    reference: Callable[..., Reference] = reference
    finding: Callable[..., Finding] = finding
    contribution: Callable[..., Contribution] = contribution
    attribution: Callable[..., AttributionRow] = attribution
    check: Callable[..., Check] = check
    bare: Callable[..., Check] = bare
    failed: Callable[..., Check] = failed
    claim: Callable[..., Claim] = claim
    save: Callable[..., Check] = save
    totals: Callable[..., dict[str, float]] = totals
    together: Callable[..., list[Any]] = together
    start: datetime = START
    hour: timedelta = HOUR
    features: tuple[str, ...] = FEATURES


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()
