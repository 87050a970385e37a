"""One engine, one size, in a process of its own: `python -m benchmarks.timing ENGINE ROWS FEATURES DTYPE TIMES`.

Run by the peers' interpreters as well, as a script: then only numpy, the standard library and the peer are there.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "peers"))
import meter

os.environ.setdefault("DO_NOT_TRACK", "1")
warnings.simplefilter("ignore")
SEED = 1
SMALL = 200
"""Rows of the run that compiles and imports whatever is compiled and imported late."""
Make = Callable[[Any, Any], Callable[[], object]]


def xdrift(reference: Any, current: Any) -> Callable[[], object]:
    """All six statistics and the p-values of every feature; the reference prepared before."""
    from monitor.drift import measure, prepare

    prepared = prepare(reference, _names(reference))
    return lambda: measure(prepared, current)


def xdrift_prepare(reference: Any, _current: Any) -> Callable[[], object]:
    """Sorting and binning the reference, once per reference."""
    from monitor.drift import prepare

    return lambda: prepare(reference, _names(reference))


def xdrift_compare(reference: Any, current: Any) -> Callable[[], object]:
    """The library call: prepare, measure and judge."""
    from monitor.drift import compare

    return lambda: compare(reference, current)


def sort(_reference: Any, current: Any) -> Callable[[], object]:
    """What any exact engine must at least do: the current columns in order."""
    return lambda: np.sort(current.T, axis=1)


def scipy_loop(reference: Any, current: Any) -> Callable[[], object]:
    """KS with p-value and Wasserstein, one feature at a time."""
    from scipy import stats

    pairs = [(r, c) for r, c in zip(reference.T, current.T, strict=True)]
    return lambda: [(stats.ks_2samp(r, c, method="asymp"), stats.wasserstein_distance(r, c)) for r, c in pairs]


def scipy_ks(reference: Any, current: Any) -> Callable[[], object]:
    """KS alone."""
    from scipy import stats

    pairs = [(r, c) for r, c in zip(reference.T, current.T, strict=True)]
    return lambda: [stats.ks_2samp(r, c, method="asymp") for r, c in pairs]


def _asked(peer: str) -> Make:
    def make(reference: Any, current: Any) -> Callable[[], object]:
        import answers

        ask = answers.PEERS[peer](None)
        return lambda: ask(reference, current)

    return make


def _names(matrix: Any) -> list[str]:
    return [f"f{j}" for j in range(matrix.shape[1])]


PEERS = (
    "evidently_psi",
    "evidently_ks",
    "alibi_bonferroni",
    "nannyml_ks",
    "nannyml_wasserstein",
    "shap_monitor",
    "shiftshap",
)
ENGINES: dict[str, Make] = {
    **{made.__name__: made for made in (xdrift, xdrift_prepare, xdrift_compare, sort, scipy_loop, scipy_ks)},
    **{name: _asked(name) for name in PEERS},
}


def main(engine: str, rows: int, features: int, dtype: str, times: int) -> None:
    rng = np.random.default_rng(SEED)
    reference, current = (rng.normal(size=(rows, features)).astype(dtype) for _ in range(2))
    make = ENGINES[engine]
    small = make(reference[:SMALL], current[:SMALL])
    if times > 1:
        small()  # slow peers, timed once, are warm from the run that measures memory

    def all_of_it() -> None:
        make(reference, current)()

    peak = meter.peak_above(all_of_it)
    seconds = meter.best_of(make(reference, current), times)
    print(json.dumps({**seconds, "peak_mb": peak, "input_mb": (reference.nbytes + current.nbytes) / meter.MB}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
