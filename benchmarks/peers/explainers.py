"""One SHAP engine on one model, in a process of its own: `python explainers.py TASK.json`.

Run by this interpreter and by the peer's, where nothing of xdrift is installed: imports are late. The task names the
engine, the threads, files with the pickled model and the rows, the numbers of rows with the runs of each, and the file
that takes the attributions of the first rows. The last line printed is JSON: seconds, memory, pauses, versions.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import time
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import meter

FIRST = 16
"""Rows explained before an engine counts as prepared: some do half of their work in the first call."""
PACKAGES = ("shap", "fasttreeshap-fixed", "xgboost-cpu", "xgboost", "lightgbm", "scikit-learn", "numba", "numpy")
Explain = Callable[[Any], Any]
Make = Callable[[Any, Any, int], Explain]


def xdrift(model: Any, background: Any, _threads: int) -> Explain:
    """What a monitor runs: the attributions, the model's own prediction, and the check that they add up."""
    from monitor.explain import prepare
    from monitor.settings import ExplainSettings
    from monitor.types import LoadedModel

    library = type(model).__module__.partition(".")[0]
    loaded = LoadedModel(
        native=model, family=library, location="", format="", digest="", version="", feature_names=None, libraries={}
    )
    settings = ExplainSettings(engine="tree-compiled")
    explainer = prepare(
        loaded, feature_names=None, background=background, settings=settings, scale="auto", class_index=None
    )
    if explainer.ref.engine != "tree-compiled":
        raise RuntimeError(f"engine {explainer.ref.engine} came instead of tree-compiled")
    return lambda rows: explainer.explain(rows).values


def xgboost_own(model: Any, _background: Any, threads: int) -> Explain:
    """`pred_contribs`: attributions and the base value as the last column."""
    import xgboost as xgb

    booster = model.get_booster()
    return lambda rows: booster.predict(xgb.DMatrix(rows, nthread=threads), pred_contribs=True)[:, :-1]


def lightgbm_own(model: Any, _background: Any, threads: int) -> Explain:
    """`pred_contrib`: attributions and the base value as the last column."""
    return lambda rows: model.booster_.predict(rows, pred_contrib=True, num_threads=threads)[:, :-1]


def shap(model: Any, _background: Any, _threads: int) -> Explain:
    """Path dependent; without its own additivity check, which costs another prediction."""
    import shap as library

    explainer = library.TreeExplainer(model, feature_perturbation="tree_path_dependent")
    return lambda rows: explainer.shap_values(rows, check_additivity=False)


def fasttreeshap(model: Any, _background: Any, threads: int) -> Explain:
    """FastTreeSHAP v2, path dependent."""
    import fasttreeshap_fixed as library

    explainer = library.TreeExplainer(model, algorithm="v2", n_jobs=threads)
    return lambda rows: explainer.shap_values(rows, check_additivity=False)


ENGINES: dict[str, Make] = {made.__name__: made for made in (xdrift, xgboost_own, lightgbm_own, shap, fasttreeshap)}


def second_class(values: Any) -> Any:
    """(n, d), for engines that give each class of two: a list, or a third axis."""
    if isinstance(values, list):
        return np.asarray(values[-1])
    values = np.asarray(values)
    return values[..., -1] if values.ndim == 3 else values


def loaded(path: str, threads: int) -> Any:
    """A pickle of another scikit-learn is an error here, for it may compute something else."""
    warnings.simplefilter("ignore")
    warnings.filterwarnings("error", message="Trying to unpickle estimator")
    with Path(path).open("rb") as file:
        model = pickle.load(file)
    if type(model).__name__.startswith("RandomForest"):
        model.n_jobs = threads  # the others use the cores that the process has
    return model


def timed(explain: Explain, rows: Any, times: int) -> dict[str, float]:
    """Best of `times` runs; another thread watches for pauses during the first."""
    seconds = []
    pause = meter.longest_pause(lambda: seconds.append(meter.best_of(lambda: explain(rows), 1)))
    if times > 1:
        seconds.append(meter.best_of(lambda: explain(rows), times - 1))
    return {**{key: min(one[key] for one in seconds) for key in ("wall", "cpu")}, "pause": pause}


def main(task: dict[str, Any]) -> None:
    # Before any library that starts threads is loaded: they count the cores that the process may use.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: task["threads"]])
    import pandas as pd

    model = loaded(task["model"], task["threads"])
    held = np.load(task["rows"])
    rows = pd.DataFrame(held["rows"], columns=[f"f{j}" for j in range(held["rows"].shape[1])])
    background = pd.DataFrame(held["background"], columns=rows.columns)
    make = ENGINES[task["engine"]]
    make(model, background, task["threads"])  # imports are no part of preparing
    start = time.perf_counter()
    explain = make(model, background, task["threads"])
    first = explain(rows[:FIRST])
    prepared = time.perf_counter() - start
    assert second_class(first).shape == (min(FIRST, len(rows)), rows.shape[1])
    sizes = [{"rows": n, **timed(explain, rows[:n], times)} for n, times in task["sizes"]]
    np.save(task["values"], second_class(explain(rows[: task["compared"]])))
    installed = {dist.metadata["Name"].lower(): dist.version for dist in metadata.distributions()}
    versions = {name: installed[name] for name in PACKAGES if name in installed}
    print(json.dumps({"prepare": prepared, "sizes": sizes, "peak_mb": meter.peak_rss(), "versions": versions}))


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
