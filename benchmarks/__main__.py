"""`python -m benchmarks [--full] [--json]`: the drift engine beside a scipy loop and Evidently."""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable

import numpy as np

os.environ.setdefault("DO_NOT_TRACK", "1")

SHORT = ((1_000, 50), (10_000, 50))
FULL = (*SHORT, (100_000, 50), (10_000, 500))


def xdrift(reference: np.ndarray, current: np.ndarray) -> Callable[[], object]:
    """Everything of one view: PSI, KS with p-values, stability, Wasserstein, JS, KL. Reference prepared once."""
    from monitor.drift import measure, prepare

    prepared = prepare(reference, [f"f{j}" for j in range(reference.shape[1])])
    return lambda: measure(prepared, current)


def scipy_loop(reference: np.ndarray, current: np.ndarray) -> Callable[[], object]:
    """KS and Wasserstein only, one feature at a time."""
    from scipy import stats

    def run() -> list[tuple[float, float]]:
        return [
            (stats.ks_2samp(r, c, method="asymp").pvalue, stats.wasserstein_distance(r, c))
            for r, c in zip(reference.T, current.T, strict=True)
        ]

    return run


def evidently(reference: np.ndarray, current: np.ndarray) -> Callable[[], object]:
    """PSI only, through DataDriftPreset."""
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from evidently import Report
        from evidently.presets import DataDriftPreset
    names = [f"f{j}" for j in range(reference.shape[1])]
    ref, cur = pd.DataFrame(reference, columns=names), pd.DataFrame(current, columns=names)

    def run() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Report([DataDriftPreset(method="psi")]).run(cur, ref).dict()

    return run


ENGINES = (xdrift, scipy_loop, evidently)


def measure_one(engine: Callable[..., Callable[[], object]], n: int, d: int) -> float:
    """Best CPU seconds of three runs, after one run to warm up."""
    rng = np.random.default_rng(0)
    run = engine(rng.normal(size=(n, d)), rng.normal(size=(n, d)))
    run()
    seconds = []
    for _ in range(3):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="larger sizes as well, some minutes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for n, d in FULL if options.full else SHORT:
        row: dict[str, float] = {engine.__name__: measure_one(engine, n, d) for engine in ENGINES}
        rows.append({"rows": n, "features": d, **row})
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'rows x features':>16}" + "".join(f"{engine.__name__:>26}" for engine in ENGINES))
    for row in rows:
        cells = "".join(
            f"{row[engine.__name__]:>14.4f} s {row[engine.__name__] / row['xdrift']:>7.1f} x" for engine in ENGINES
        )
        print(f"{row['rows']:>9} x {row['features']:<4}{cells}")


if __name__ == "__main__":
    main()
