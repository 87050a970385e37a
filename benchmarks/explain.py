"""Rows explained per second, model family by family; every engine and model in a process of its own, taking turns.

Models are trained here from one seed and pickled; every engine, also the peer in its own environment, loads that file.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.environments import ENVIRONMENTS, interpreter, missing
from benchmarks.progress import track
from benchmarks.results import Form

SCRIPT = Path(__file__).parent / "peers" / "explainers.py"
TIMEOUT = 600.0
SEED, WIDTH, TRAINED, BACKGROUND = 7, 50, 8_000, 1_000
COMPARED = 60
"""Rows whose attributions are held against those of the library or of shap."""
FEW = 60
"""Rows for an engine that explains a few dozen in a second."""
PEER = "fasttreeshap"
TITLES: Mapping[str, str] = {
    "xdrift": "xdrift, tree-compiled, end to end",
    "xgboost_own": "XGBoost's own",
    "lightgbm_own": "LightGBM's own",
    "shap": "shap TreeExplainer",
    PEER: "FastTreeSHAP v2",
}


@dataclass(frozen=True, slots=True)
class Family:
    """A model and the engine whose attributions count as right."""

    name: str
    title: str
    oracle: str
    """Slower than all others, so it runs once."""
    few: bool = False
    """The oracle gets 60 rows."""


FAMILIES: tuple[Family, ...] = (
    Family("xgboost", "XGBoost, 300 x depth 6", "xgboost_own"),
    Family("lightgbm", "LightGBM, 300 x 31 leaves", "lightgbm_own"),
    Family("hist", "histogram gradient boosting, 200 x 31 leaves", "shap"),
    Family("gradient", "gradient boosting, 200 x depth 4", "shap"),
    Family("forest", "random forest, 300 x depth 10", "shap", few=True),
)
CHOSEN: Mapping[Form, tuple[str, ...]] = {
    "smoke": ("gradient",),
    "short": ("xgboost", "hist"),
    "full": tuple(family.name for family in FAMILIES),
}
SIZES: Mapping[Form, tuple[int, ...]] = {"smoke": (100,), "short": (1_000,), "full": (1_000, 10_000)}
THREADS: Mapping[Form, tuple[int, ...]] = {"smoke": (1,), "short": (1, 2), "full": (1, 2)}
ROUNDS: Mapping[Form, int] = {"smoke": 1, "short": 1, "full": 2}
TIMES, LARGE, LARGE_TIMES = 3, 10_000, 2
"""Runs per round, the best of which counts; the oracle of a family has one run and one round."""
SMOKE_SHARE = 0.05
"""Of the trees, in the smoke form."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One engine on one model and number of threads."""

    family: Family
    engine: str
    threads: int


def measure_explain(form: Form, *, peers: bool) -> dict[str, Any]:
    """Every family, engine and number of threads that there are cores for."""
    cores = len(os.sched_getaffinity(0))
    families = [family for family in FAMILIES if family.name in CHOSEN[form]]
    turns = [
        Turn(family, engine, threads)
        for family in families
        for threads in THREADS[form]
        if threads <= cores
        for engine in ("xdrift", family.oracle, *((PEER,) if peers else ()))
    ]
    _compile()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for family in track(families, "models"):
            write_model(family.name, folder, SMOKE_SHARE if form == "smoke" else 1.0)
        answers: dict[Turn, list[dict[str, Any]]] = {turn: [] for turn in turns}
        work = [turn for i in range(ROUNDS[form]) for turn in turns if i == 0 or _again(turn, answers)]
        for turn in track(work, "explain"):
            if _again(turn, answers) or not answers[turn]:
                answers[turn].append(run(turn, SIZES[form], folder))
        rows = [_row(turn, answers[turn], folder) for turn in turns]
    return {
        "seed": SEED,
        "features": WIDTH,
        "trained_rows": TRAINED,
        "libraries": _versions(answers, peer=False),
        "peer_libraries": _versions(answers, peer=True),
        "families": [{"name": family.name, "title": family.title} for family in families],
        "engines": rows,
    }


def _versions(answers: Mapping[Turn, Sequence[Mapping[str, Any]]], *, peer: bool) -> dict[str, str]:
    """What is installed here, or in the peer's environment."""
    kept = (one[0] for turn, one in answers.items() if (turn.engine == PEER) == peer and "versions" in one[0])
    return dict(next(kept, {"versions": {}})["versions"])


def _again(turn: Turn, answers: Mapping[Turn, Sequence[Mapping[str, Any]]]) -> bool:
    """Whether a further round is worth it."""
    return turn.engine != turn.family.oracle and not any("reason" in one for one in answers[turn])


def _compile() -> None:
    """Kernels compile once per machine; no engine's first process shall pay for that."""
    from monitor.explain import warm

    warm()


def model_of(family: str, share: float = 1.0) -> Any:
    """An untrained classifier of two classes."""
    from lightgbm import LGBMClassifier
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
    from xgboost import XGBClassifier

    few, many = round(200 * share), round(300 * share)
    made = {
        "xgboost": lambda: XGBClassifier(n_estimators=many, max_depth=6, random_state=SEED),
        "lightgbm": lambda: LGBMClassifier(n_estimators=many, num_leaves=31, verbose=-1, random_state=SEED),
        "hist": lambda: HistGradientBoostingClassifier(
            max_iter=few, max_leaf_nodes=31, early_stopping=False, random_state=SEED
        ),
        "gradient": lambda: GradientBoostingClassifier(n_estimators=few, max_depth=4, random_state=SEED),
        "forest": lambda: RandomForestClassifier(n_estimators=many, max_depth=10, random_state=SEED, n_jobs=2),
    }
    return made[family]()


def write_model(family: str, folder: Path, share: float) -> None:
    """The trained model, and beside it the rows to explain."""
    import pandas as pd

    rng = np.random.default_rng(SEED)
    X = rng.normal(size=(TRAINED + BACKGROUND + max(SIZES["full"]), WIDTH))
    y = X[:, :10].sum(axis=1) + X[:, 0] * X[:, 1] + rng.normal(size=len(X)) > 0
    table = pd.DataFrame(X, columns=[f"f{j}" for j in range(WIDTH)])
    model = model_of(family, share).fit(table[:TRAINED], y[:TRAINED].astype(int))
    (folder / f"{family}.pickle").write_bytes(pickle.dumps(model))
    if not (folder / "rows.npz").exists():
        np.savez(folder / "rows.npz", background=X[TRAINED:][:BACKGROUND], rows=X[TRAINED + BACKGROUND :])


def _values(turn: Turn, folder: Path) -> Path:
    return folder / f"{turn.family.name}-{turn.engine}-{turn.threads}.npy"


def _times(rows: int, slow: bool) -> int:
    if slow:
        return 1
    return LARGE_TIMES if rows >= LARGE else TIMES


def run(turn: Turn, sizes: Sequence[int], folder: Path) -> dict[str, Any]:
    """What the engine's process answered, or the reason why not."""
    python = Path(sys.executable)
    if turn.engine == PEER:
        environment = next(one for one in ENVIRONMENTS if one.name == PEER)
        if reason := missing(environment):
            return {"reason": reason}
        python = interpreter(environment)
    slow = turn.engine == turn.family.oracle
    task = {
        "engine": turn.engine,
        "threads": turn.threads,
        "model": str(folder / f"{turn.family.name}.pickle"),
        "rows": str(folder / "rows.npz"),
        "values": str(_values(turn, folder)),
        "compared": COMPARED,
        "sizes": [(FEW, 1)] if slow and turn.family.few else [(n, _times(n, slow)) for n in sizes],
    }
    path = folder / "task.json"
    path.write_text(json.dumps(task))
    # Run from the repository, so that the benchmark measures the code beside it.
    env = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[2]), "DO_NOT_TRACK": "1"}
    command = [str(python), str(SCRIPT), str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT, env=env)
    except subprocess.TimeoutExpired:
        return {"reason": f"no answer within {TIMEOUT:.0f} seconds"}
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return {"reason": f"failed: {lines[-1][:200] if lines else 'no message'}"}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _row(turn: Turn, answers: Sequence[Mapping[str, Any]], folder: Path) -> dict[str, Any]:
    """Best of all rounds."""
    known = {"family": turn.family.name, "engine": turn.engine, "threads": turn.threads}
    failed = next((one for one in answers if "reason" in one), None)
    if failed is not None:
        return {**known, "reason": failed["reason"]}
    sizes = []
    for found in zip(*(one["sizes"] for one in answers), strict=True):
        n = found[0]["rows"]
        sizes.append(
            {
                "rows": n,
                "per_second": n / min(one["wall"] for one in found),
                "per_cpu_second": n / min(one["cpu"] for one in found),
                "pause": min(one["pause"] for one in found),
            }
        )
    return {
        **known,
        "sizes": sizes,
        "prepare": min(one["prepare"] for one in answers),
        "peak_mb": max(one["peak_mb"] for one in answers),
        "difference": _difference(turn, folder),
    }


def _difference(turn: Turn, folder: Path) -> float | None:
    """Largest difference of a value to the oracle's; None for the oracle itself, or when it gave none."""
    right = _values(Turn(turn.family, turn.family.oracle, turn.threads), folder)
    if turn.engine == turn.family.oracle or not right.exists():
        return None
    return float(np.abs(np.load(_values(turn, folder)) - np.load(right)).max())
