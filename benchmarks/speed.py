"""Seconds and memory of one comparison, every engine in a process of its own, engines taking turns (A B A B)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bounds import exponent
from benchmarks.peers.ask import ENGINES as PEERS
from benchmarks.peers.ask import asked, python_of
from benchmarks.progress import track
from benchmarks.results import Form

SCRIPT = Path(__file__).with_name("timing.py")
AVX2 = {"NPY_DISABLE_CPU_FEATURES": "X86_V4"}
"""Makes numpy sort without AVX-512, which is slower on some processors that have it."""
TIMEOUT = 1200.0
SIZES: Mapping[Form, tuple[tuple[int, int], ...]] = {
    "smoke": ((500, 5),),
    "short": ((1_000, 50), (10_000, 50), (100_000, 50)),
    "full": ((1_000, 50), (10_000, 50), (100_000, 50), (10_000, 500), (1_000_000, 20)),
}
SMOKE = ("xdrift", "sort", "scipy_ks")
ROUNDS = {"smoke": 1, "short": 1, "full": 3}
SLOW_VALUES = 4_000_000
"""Peers run in one round only, and once, from this many values on: some take most of a minute."""
TIMES = 5
"""Runs per round of which the best counts."""
BY_ROWS, FEATURES = (1_000, 3_000, 10_000, 30_000, 100_000), 50
BY_FEATURES, ROWS = (10, 50, 100, 200, 500), 10_000


@dataclass(frozen=True, slots=True)
class Timed:
    """One row of the table."""

    engine: str
    title: str
    dtype: str = "float64"
    peer: str | None = None
    """Function of answers.py that finds the interpreter; None runs here."""
    variables: tuple[tuple[str, str], ...] = ()
    slow: bool = False
    """Takes seconds even on small samples."""


OWN: tuple[Timed, ...] = (
    Timed("xdrift", "xdrift measure: PSI, KS, stability, Wasserstein, JS, KL, p-values"),
    Timed("xdrift", "the same, float32 input", dtype="float32"),
    Timed("xdrift_prepare", "xdrift prepare, once per reference"),
    Timed("xdrift_compare", "xdrift compare: prepare, measure, judge"),
    Timed("sort", "limit: np.sort of the current columns"),
    Timed("sort", "limit: the same without AVX-512", variables=tuple(AVX2.items())),
)
THEIRS: tuple[Timed, ...] = (
    Timed("scipy_ks", "scipy loop: KS", peer="scipy_ks"),
    Timed("scipy_loop", "scipy loop: KS, Wasserstein", peer="scipy_ks"),
    Timed("evidently_psi", "evidently: PSI", peer="evidently_psi", slow=True),
    Timed("evidently_ks", "evidently: KS", peer="evidently_ks", slow=True),
    Timed("alibi_bonferroni", "alibi-detect: KS", peer="alibi_bonferroni"),
    Timed("nannyml_ks", "nannyml: KS", peer="nannyml_ks"),
    Timed("nannyml_wasserstein", "nannyml: Wasserstein", peer="nannyml_wasserstein"),
    Timed("shap_monitor", "shap-monitor: PSI", peer="shap_monitor"),
    Timed("shiftshap", "shiftshap: PSI", peer="shiftshap"),
)
EVIDENTLY = ("evidently_psi", "evidently_ks")
KS_ALONE = ("scipy_ks", "evidently_ks", "alibi_bonferroni", "nannyml_ks")


def measure_speed(form: Form, *, peers: bool) -> dict[str, Any]:
    """Every size and engine, then how cost grows."""
    allowed = {engine.name for engine in asked(peers)}
    chosen = [*OWN, *(timed for timed in THEIRS if timed.peer in allowed)]
    if form == "smoke":
        chosen = [timed for timed in chosen if timed.engine in SMOKE and not timed.variables]
    work = [(n, d, turn) for n, d in SIZES[form] for turn in range(ROUNDS[form])]
    rows: dict[tuple[int, int, Timed], list[dict[str, Any]]] = {}
    for n, d, turn in track(work, "speed"):
        for timed in chosen:
            slow = timed.slow or (timed.peer is not None and n * d >= SLOW_VALUES)
            if not slow or turn == 0:
                rows.setdefault((n, d, timed), []).append(_run(timed, n, d, 1 if slow else TIMES))
    sizes = [_size(n, d, {timed: rows[n, d, timed] for timed in chosen}) for n, d in SIZES[form]]
    return {"sizes": sizes, "growth": _growth(form)}


def _size(n: int, d: int, runs: Mapping[Timed, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Best of all rounds, and ratios to xdrift's own wall seconds of the same run."""
    found = [
        {"engine": timed.engine, "title": timed.title, "dtype": timed.dtype, **_best(rounds)}
        for timed, rounds in runs.items()
    ]
    own = next(row for row in found if row["engine"] == "xdrift" and row["dtype"] == "float64")
    for row in found:
        if "wall" in row and "wall" in own:
            row["ratio"] = row["wall"] / own["wall"]
            row["cpu_ratio"] = row["cpu"] / own["cpu"]
    return {"rows": n, "features": d, "engines": found, "against": against(found)}


def against(found: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Wall seconds over xdrift's: evidently's faster method, the fastest peer of KS alone, the faster way to sort."""

    def fastest(engines: Sequence[str]) -> float | None:
        return min((row["ratio"] for row in found if row["engine"] in engines and "ratio" in row), default=None)

    return {"evidently": fastest(EVIDENTLY), "ks_alone": fastest(KS_ALONE), "sort": fastest(("sort",))}


def _best(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    done = [one for one in rounds if "wall" in one]
    if not done:
        return dict(rounds[0])
    return {
        **{key: min(one[key] for one in done) for key in ("wall", "cpu")},
        "peak_mb": max(one["peak_mb"] for one in done),
        "input_mb": done[0]["input_mb"],
    }


def _run(timed: Timed, n: int, d: int, times: int) -> dict[str, Any]:
    python, reason = Path(sys.executable), None
    if timed.peer is not None:
        python, reason = python_of(next(peer for peer in PEERS if peer.name == timed.peer))
    if reason:
        return {"reason": reason}
    # Run from the repository, so that the benchmark measures the code beside it.
    env = {**os.environ, **dict(timed.variables), "PYTHONPATH": str(SCRIPT.parents[1]), "DO_NOT_TRACK": "1"}
    command = [str(python), str(SCRIPT), timed.engine, str(n), str(d), timed.dtype, str(times)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT, env=env)
    except subprocess.TimeoutExpired:
        return {"reason": f"no answer within {TIMEOUT:.0f} seconds"}
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return {"reason": f"failed: {lines[-1][:200] if lines else 'no message'}"}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Over the three largest sizes: small ones cost what a call costs."""
    return exponent(list(sizes[-3:]), list(seconds[-3:]))


def _growth(form: Form) -> dict[str, Any]:
    """Exponents of wall seconds: 1 is linear, sorting alone gives a little more than 1 in rows."""
    tried = {"smoke": 2, "short": 3, "full": 99}[form]
    rows, features = BY_ROWS[:tried], BY_FEATURES[:tried]
    by_rows = [_run(OWN[0], n, FEATURES, TIMES)["wall"] for n in track(rows, "growth in rows")]
    by_features = [_run(OWN[0], ROWS, d, TIMES)["wall"] for d in track(features, "growth in features")]
    return {
        "rows": {"sizes": rows, "features": FEATURES, "wall": by_rows, "exponent": _exponent(rows, by_rows)},
        "features": {
            "sizes": features,
            "rows": ROWS,
            "wall": by_features,
            "exponent": _exponent(features, by_features),
        },
    }
