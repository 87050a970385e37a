"""Questions to the peers: which engine lives where, how many trials it is worth waiting for, what it answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.environments import ENVIRONMENTS, interpreter, missing

SCRIPT = Path(__file__).with_name("answers.py")
TIMEOUT = 3600.0
QUICK_TRIALS = 50
"""Engines worth fewer trials than this are slow, and left out of short forms."""
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Engine:
    """A peer with its decision rule."""

    name: str
    """Function of answers.py."""
    title: str
    environment: str
    trials: int
    null_trials: int
    """Slow ones are asked less often."""
    everywhere: bool = False
    """Its package is also in the development environment, so it takes part without `--peers`."""
    wants: str = "attributions"
    """`inputs`: it takes the model and its inputs, not attributions."""

    @property
    def slow(self) -> bool:
        return self.trials < QUICK_TRIALS


ENGINES: tuple[Engine, ...] = (
    Engine("scipy_ks", "scipy ks_2samp, p < 0.05", "scipy", 200, 400, everywhere=True),
    Engine("evidently_psi", "evidently PSI", "evidently", 10, 100, everywhere=True),
    Engine("evidently_ks", "evidently KS", "evidently", 10, 100, everywhere=True),
    Engine("alibi_bonferroni", "alibi-detect KSDrift, Bonferroni", "alibi-detect", 100, 400),
    Engine("alibi_fdr", "alibi-detect KSDrift, FDR", "alibi-detect", 100, 400),
    Engine("nannyml_ks", "nannyml KS", "nannyml", 20, 100),
    Engine("nannyml_wasserstein", "nannyml Wasserstein", "nannyml", 20, 100),
    Engine("nannyml_js", "nannyml Jensen-Shannon", "nannyml", 20, 100),
    Engine("shap_monitor", "shap-monitor PSI", "shap-monitor", 100, 400),
    Engine("shiftshap", "shiftshap PSI", "shiftshap", 100, 400),
    Engine("skshift", "skshift AUC", "skshift", 50, 200),
    Engine("swift", "swift-monitoring", "swift-monitoring", 50, 200, wants="inputs"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Trials of one setting: rows of two pools."""

    reference: Matrix
    current: Matrix
    rows_reference: NDArray[np.int64]
    """(trials, n)."""
    rows_current: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Answers:
    """What one engine said; `reason` is set, and there is nothing else, when it could not be asked."""

    by_cell: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None


def asked(peers: bool, *, quick: bool = False, without: Collection[str] = ()) -> tuple[Engine, ...]:
    """All engines, or those that need no environment of their own; `quick` leaves out the slow ones, `without` those
    of these environments.
    """
    chosen = (one for one in ENGINES if (peers or one.everywhere) and one.environment not in without)
    return tuple(one for one in chosen if not (quick and one.slow))


def python_of(engine: Engine) -> tuple[Path, str | None]:
    """The interpreter that has the package, and why there is none."""
    environment = next(one for one in ENVIRONMENTS if one.name == engine.environment)
    reason = missing(environment)
    if reason and engine.everywhere:
        return Path(sys.executable), None
    return interpreter(environment), reason


def ask(
    engine: Engine, cells: Mapping[str, Cell], *, share: float = 1.0, extra: Mapping[str, Any] | None = None
) -> Answers:
    """One process, all cells. `share` of the engine's trials are run; cells named null* get its null trials."""
    python, reason = python_of(engine)
    if reason:
        return Answers(reason=reason)
    with tempfile.TemporaryDirectory() as folder:
        exchange = Path(folder) / "exchange.npz"
        np.savez(exchange, **_arrays(cells), **(extra or {}))
        limits = [str(max(1, round(share * count))) for count in (engine.trials, engine.null_trials)]
        command = [str(python), str(SCRIPT), engine.name, str(exchange), *limits]
        env = {**os.environ, "OMP_NUM_THREADS": "1", "DO_NOT_TRACK": "1"}
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT, env=env)
        except subprocess.TimeoutExpired:
            return Answers(reason=f"no answer within {TIMEOUT:.0f} seconds")
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return Answers(reason=f"failed: {lines[-1][:200] if lines else 'no message'}")
    return _read(done.stdout)


def _arrays(cells: Mapping[str, Cell]) -> dict[str, Any]:
    parts = ("reference", "current", "rows_reference", "rows_current")
    return {f"{part}_{key}": getattr(cell, part) for key, cell in cells.items() for part in parts}


def _read(text: str) -> Answers:
    """Peers print on their own account as well; our lines are JSON objects."""
    by_cell: dict[str, list[dict[str, Any]]] = {}
    versions: dict[str, str] = {}
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        answer = json.loads(line)
        if "cell" in answer:
            by_cell.setdefault(answer.pop("cell"), []).append(answer)
        else:
            versions = answer["versions"]
    return Answers(by_cell=by_cell, versions=versions)
