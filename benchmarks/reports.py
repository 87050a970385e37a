"""What a week's reports cost: seconds, memory and size, without Evidently's sections and with them.

The store is filled through its own calls, as daemons fill it: every check is claimed and finished, the explanation log
is committed day by day. The reports are then made in a process of their own, whose memory is its own.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.progress import track
from benchmarks.results import Form
from monitor import runner, slots
from monitor.names import LATENCY_BUCKETS
from monitor.settings import Settings
from monitor.sources import read_holdout
from monitor.store import Store, check_id
from monitor.telemetry.records import Batch, Bucket, Day
from monitor.types import (
    VIEWS,
    AttributionRow,
    Attributions,
    Check,
    Contribution,
    ExplainerRef,
    Finding,
    Level,
    Profile,
    Reference,
    Window,
)

SEED = 29
END = datetime(2026, 11, 16, tzinfo=UTC)
"""A Monday: the end of the week that is reported."""
FEATURES = tuple(f"feature_{number:02d}" for number in range(20))
HOLDOUT_ROWS, SAMPLE_ROWS = 1000, 1000
WEEKS = 26
MONITORS = {"smoke": 3, "short": 10, "full": 50}
DAILY = 10
"""One monitor in so many is checked daily, the others weekly."""
TESTS = ("psi", "ks", "stability")
_EXPLAINER = ExplainerRef(
    engine="tree-compiled", exact=True, scale="margin", class_index=None, config={}, libraries={"xgboost": "3.2.0"},
    digest="e" * 64,
)  # fmt: skip


def measure_reports(form: Form) -> dict[str, Any]:
    """Fill a store, then make one week's reports in a process of its own, and one monitor's with Evidently's."""
    with tempfile.TemporaryDirectory() as name:
        config = _settings(Path(name), MONITORS[form])
        start = time.perf_counter()
        checks = _fill(config)
        filled = time.perf_counter() - start
        runs = [_measured(config, None, evidently=False)]
        if form != "smoke":
            runs.append(_measured(config, [config.monitors[0].name], evidently=True))
    return {
        "monitors": MONITORS[form],
        "weeks": WEEKS,
        "checks": checks,
        "features": len(FEATURES),
        "fill_seconds": round(filled, 1),
        "runs": runs,
    }


def _settings(folder: Path, monitors: int) -> Settings:
    rng = np.random.default_rng(SEED)
    rows = pd.DataFrame(rng.normal(size=(HOLDOUT_ROWS, len(FEATURES))), columns=list(FEATURES))
    rows.assign(id=[f"h{number}" for number in range(HOLDOUT_ROWS)]).to_parquet(folder / "holdout.parquet")
    each = {
        "owner": "simulation",
        "model": {"path": "model.json"},
        "features": FEATURES,
        "holdout": {"path": str(folder / "holdout.parquet"), "id": "id"},
        "predictions": {"path": "log.parquet"},
        "telemetry": {"path": str(folder), "adverse_classes": ["deny"]},
    }
    return Settings.model_validate(
        {
            "store": {"url": f"sqlite:///{folder}/store.db"},
            "reports": {"directory": str(folder / "reports")},
            "monitors": [
                {**each, "name": f"monitor-{number:02d}", "schedule": {"every": "1d" if number % DAILY == 9 else "1w"}}
                for number in range(monitors)
            ],
        }
    )


def _fill(config: Settings) -> int:
    """The checks saved."""
    count = 0
    digest = read_holdout(config.monitors[0].holdout, FEATURES).digest
    with Store.open(config.store.url) as store:
        store.upgrade()
        runner.register(config, store, END - (WEEKS + 1) * timedelta(weeks=1))
        for number, monitor in enumerate(track(config.monitors, f"{len(config.monitors)} monitors")):
            rng = np.random.default_rng((SEED, number))
            reference = _reference(monitor.name, rng, digest)
            store.save_reference(reference, activate=True)
            store.activate_reference(
                monitor.name, reference.id, author="simulation", reason="filled", at=END - WEEKS * timedelta(weeks=1)
            )
            begin = END - WEEKS * timedelta(weeks=1) + timedelta(seconds=1)
            for planned_at in slots.planned(monitor.schedule, begin, END + timedelta(seconds=1)):
                rows = SAMPLE_ROWS if END - planned_at < timedelta(days=1) else 0
                window = slots.window_of(monitor.schedule, planned_at)
                check = _check(monitor.name, planned_at, reference, rng, window=window, rows=rows)
                claim = store.claim(monitor.name, planned_at, owner="here", lease=timedelta(minutes=1), now=planned_at)
                assert claim is not None
                store.finish(claim, check)
                count += 1
            _log(store, monitor.name, rng)
    return count


def _reference(monitor: str, rng: np.random.Generator, digest: str) -> Reference:
    values = rng.normal(size=(HOLDOUT_ROWS, len(FEATURES))) * np.linspace(2, 0.1, len(FEATURES))
    return Reference(
        id=f"{rng.integers(2**60):016x}",
        monitor=monitor,
        attributions=Attributions(
            values=values,
            base_values=np.zeros(HOLDOUT_ROWS),
            predictions=values.sum(axis=1),
            feature_names=FEATURES,
            explainer=_EXPLAINER,
            additivity_gap=0.0,
            source_features=FEATURES,
        ),
        row_ids=tuple(f"h{number}" for number in range(HOLDOUT_ROWS)),
        periods=None,
        holdout_digest=digest,
        model_digest="a" * 64,
        model_version="1",
        model_libraries={},
        input_profiles=(),
        created_at=END - (WEEKS + 1) * timedelta(weeks=1),
        author="simulation",
        reason="filled",
    )


def _check(
    monitor: str, planned_at: datetime, reference: Reference, rng: np.random.Generator, *, window: Window, rows: int
) -> Check:
    level: Level = 2 if rng.random() < 0.06 else 1 if rng.random() < 0.08 else 0
    moved = rng.normal(0, 0.05, len(FEATURES))
    if level:
        moved[rng.integers(5)] += level
    importance = np.abs(reference.attributions.values).mean(axis=0)
    words = ("Nothing drifted.", "The data changed, the model did not: feature_00 counts 1.5x more.")
    levels = [int(level) if shift > 0.5 else 0 for shift in moved]
    return Check(
        id=check_id(monitor, planned_at),
        monitor=monitor,
        model=monitor,
        planned_at=planned_at,
        window=window,
        started_at=planned_at + timedelta(seconds=1),
        finished_at=planned_at + timedelta(seconds=4),
        outcome="succeeded",
        verdict="data" if level else "none",
        level=level,
        reason=None,
        sentence=words[level > 0],
        evidence=("holdout view: no drift", "model digest unchanged"),
        error=None,
        seed=1,
        n_seen=50_000,
        n_drawn=SAMPLE_ROWS,
        n_explained=SAMPLE_ROWS,
        n_holdout=HOLDOUT_ROWS,
        reference_id=reference.id,
        model_version="1",
        model_digest="a" * 64,
        holdout_digest=reference.holdout_digest,
        explainer=_EXPLAINER,
        additivity_gap=0.0,
        levels={"holdout": 0, "traffic": level, "total": level},
        findings=tuple(_findings(levels)),
        contributions=tuple(_contributions(importance, moved, levels)),
        profiles=tuple(_profile(name) for name in FEATURES),
        rows=tuple(_rows(rng, rows)),
    )


def _findings(levels: list[int]) -> Iterator[Finding]:
    for view in VIEWS:
        for name, level in zip(FEATURES, levels, strict=True):
            for test in TESTS:
                yield Finding(
                    view=view, feature=name, test=test, statistic=0.05, p_value=0.5, p_adjusted=0.7, threshold=0.1,
                    threshold_severe=0.2, level=level if view in ("traffic", "total") else 0,  # type: ignore[arg-type]
                    n_reference=HOLDOUT_ROWS, n_current=SAMPLE_ROWS,
                )  # fmt: skip


def _contributions(importance: Any, moved: Any, levels: list[int]) -> Iterator[Contribution]:
    total = float(importance.sum())
    for name, before, shift, level in zip(FEATURES, importance.tolist(), moved.tolist(), levels, strict=True):
        after = max(0.0, before * (1 + shift))
        yield Contribution(
            feature=name, importance_reference=before, importance_holdout=before, importance_current=after,
            share_reference=before / total, share_current=after / total, model_part=0.0, data_part=after - before,
            level=level,  # type: ignore[arg-type]
        )  # fmt: skip


def _profile(name: str) -> Profile:
    return Profile(
        kind="attribution", side="traffic", feature=name, n=SAMPLE_ROWS, n_missing=0, edges=(-1.0, 0.0, 1.0),
        categories=(), counts=(250, 250, 250, 250), quantiles=(), mean=0.0, mean_abs=1.0, std=1.0, minimum=-3.0,
        maximum=3.0,
    )  # fmt: skip


def _rows(rng: np.random.Generator, count: int) -> Iterator[AttributionRow]:
    values, inputs = rng.normal(size=(count, len(FEATURES))), rng.normal(size=(count, len(FEATURES)))
    for number, (attributions, given) in enumerate(zip(values.tolist(), inputs.tolist(), strict=True)):
        yield AttributionRow(
            row_id=f"p{number}", kind="sample", time=END, prediction=sum(attributions), logged_prediction=None,
            base_value=0.0, values=dict(zip(FEATURES, attributions, strict=True)),
            inputs=dict(zip(FEATURES, given, strict=True)),
        )  # fmt: skip


def _log(store: Store, monitor: str, rng: np.random.Generator) -> None:
    """One batch per week, of seven days of two model versions and a bucket each hour."""
    for week in range(WEEKS):
        start = END - (week + 1) * timedelta(weeks=1)
        batch = Batch(watermark=start + timedelta(days=7))
        for day in (start + timedelta(days=number) for number in range(7)):
            for version in ("1", "2"):
                n = int(rng.integers(5_000, 10_000))
                batch.days[day, version] = Day(
                    predictions=n, explained=n - 40, explanations=n - 10, errors=20, slow=100, adverse=n // 5,
                    compute_seconds=n / 100, cost=1.0, payload_bytes=500.0 * n,
                    sources={"cache": n // 2, "live_treeshap": n // 3, "fallback": 30},
                    latency=[n // 12] * (len(LATENCY_BUCKETS) + 1),
                )  # fmt: skip
            for hour in range(24):
                batch.buckets[day + timedelta(hours=hour)] = Bucket(
                    predictions=600, unexplained=3, explanations=598, errors=1, slow=6, privacy=0
                )
        state = store.telemetry_state(monitor)
        store.commit_telemetry(
            monitor, state.revision, batch, {}, now=batch.watermark or END, remember=timedelta(days=2), finished=True
        )


def _measured(config: Settings, names: list[str] | None, *, evidently: bool) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_making, args=(config, names, evidently, theirs))
    process.start()
    theirs.close()
    found: dict[str, Any] = ours.recv()
    process.join()
    return found


def _making(config: Settings, names: list[str] | None, evidently: bool, told: Connection) -> None:
    from monitor.reports.make import make_weekly
    from monitor.reports.weeks import Week

    assert config.reports is not None
    wall, cpu = time.perf_counter(), time.process_time()
    with Store.open(config.store.url) as store:
        written = make_weekly(
            config, store, week=Week.ended_by(END), now=END + timedelta(hours=6), directory=config.reports.path,
            weeks=WEEKS, names=names, evidently=evidently,
        )  # fmt: skip
    pages = [path for path in written.files if path.suffix == ".html" and path.parent.name == "monitors"]
    extra = [path for path in written.files if path.parent.name == "evidently"]
    told.send(
        {
            "monitors": len(written.report.monitors),
            "evidently": evidently,
            "seconds": round(time.perf_counter() - wall, 2),
            "cpu_seconds": round(time.process_time() - cpu, 2),
            "peak_rss_mb": round(_peak(), 1),
            "largest_html_kb": round(max(path.stat().st_size for path in pages) / 1024, 1),
            "evidently_html_mb": round(max((path.stat().st_size for path in extra), default=0) / 2**20, 2),
            "files": len(written.files),
        }
    )
    told.close()


def _peak() -> float:
    """Largest resident memory of this process in MB. ru_maxrss would also count the process that started it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
