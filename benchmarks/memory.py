"""Many checks in one process: does memory stay flat?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.bounds import slope
from benchmarks.peers.meter import MB, rss
from benchmarks.progress import track
from benchmarks.results import Form
from monitor.drift import assess, compare, judge, measure, prepare
from monitor.drift.judge import Facts
from monitor.settings import DriftSettings

SEED = 6
ROWS, FEATURES = 1000, 50
CHECKS = {"smoke": 40, "short": 400, "full": 2500}
SETTLED = {"smoke": 10, "short": 100, "full": 200}
"""First checks, in which caches fill; left out of the slope."""
EVERY = 10
FACTS = Facts(
    model_changed=False,
    version_changed=False,
    labelled=True,
    explainer_changed=False,
    changes=(),
    prediction_shift=None,
    inputs={},
    source_of={},
)


def measure_memory(form: Form, *, seed: int = SEED) -> dict[str, Any]:
    """Slope of resident memory over checks, in bytes per check, for two ways of checking."""
    rng = np.random.default_rng(seed)
    # A few samples in turn, so that drawing rows is no part of what is measured.
    samples = [rng.normal(size=(ROWS, FEATURES)) for _ in range(5)]
    reference = rng.normal(size=(ROWS, FEATURES))
    ways = {"compare": _compare(reference), "kept reference": _kept(reference)}
    return {
        "seed": seed,
        "rows": ROWS,
        "features": FEATURES,
        "ways": [{"way": name, **_watched(check, samples, form)} for name, check in ways.items()],
    }


def _compare(reference: Any) -> Callable[[Any], object]:
    return lambda current: compare(reference, current)


def _kept(reference: Any) -> Callable[[Any], object]:
    settings = DriftSettings()
    prepared = prepare(reference, [f"f{j}" for j in range(FEATURES)], settings=settings)

    def check(current: Any) -> object:
        views = assess({"traffic": (prepared, measure(prepared, current))}, settings)
        return judge(views, (), FACTS)

    return check


def _watched(check: Callable[[Any], object], samples: list[Any], form: Form) -> dict[str, Any]:
    count, seen = CHECKS[form], []
    for i in track(range(count), "memory"):
        check(samples[i % len(samples)])
        if i % EVERY == 0:
            seen.append((i, rss() * MB))
    settled = np.array([point for point in seen if point[0] >= SETTLED[form]])
    return {
        "checks": count,
        "left_out": SETTLED[form],
        "bytes_per_check": slope(settled[:, 0], settled[:, 1]),
        "rise_mb": (settled[-1, 1] - settled[0, 1]) / MB,
    }
