"""Asks one peer, inside that peer's own environment: `python answers.py PEER EXCHANGE.npz LIMIT NULL_LIMIT`.

The exchange holds, per cell, pools of reference and current rows and the rows of each trial. Each trial gives one
JSON line: `flag` (the peer's own decision at its defaults, null where it has none), `score` (its own continuous answer,
larger is more drift), `top` (the feature it finds moved most), `seconds`. The last line has versions and peak memory.
This file imports nothing of xdrift, which is not installed here.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np

os.environ.setdefault("DO_NOT_TRACK", "1")
warnings.simplefilter("ignore")

Answer = dict[str, Any]
Ask = Callable[[Any, Any], Answer]
ALPHA = 0.05
SWIFT_TESTS = 20
"""Its permutation test takes seconds: the first trials only, which are those without drift."""


def _of_p_values(p: Any, flag: bool, distance: Any = None) -> Answer:
    """Where p-values underflow to 0 the distances still tell the features apart."""
    p = np.asarray(p, dtype=float)
    order = p if distance is None else p - 1e-12 * np.asarray(distance)
    return {"flag": bool(flag), "score": float(-np.min(order)), "top": int(np.argmin(order))}


def _of_statistics(values: Any, flag: bool | None) -> Answer:
    values = np.nan_to_num(np.asarray(values, dtype=float))
    return {"flag": flag, "score": float(values.max()), "top": int(values.argmax())}


def scipy_ks(_context: Any) -> Ask:
    """The usual loop: ks_2samp per feature, any p under 5 %."""
    from scipy import stats

    def ask(ref: Any, cur: Any) -> Answer:
        found = [stats.ks_2samp(r, c) for r, c in zip(ref.T, cur.T, strict=True)]
        p = [one.pvalue for one in found]
        return _of_p_values(p, min(p) < ALPHA, [one.statistic for one in found])

    return ask


def _evidently(method: str) -> Ask:
    """DataDriftPreset; a check is flagged when any column is."""
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataDriftPreset

    def ask(ref: Any, cur: Any) -> Answer:
        names = [f"f{j}" for j in range(ref.shape[1])]
        report = Report([DataDriftPreset(method=method)])
        result = report.run(pd.DataFrame(cur, columns=names), pd.DataFrame(ref, columns=names)).dict()
        found = {m["config"]["column"]: float(m["value"]) for m in result["metrics"] if "column" in m["config"]}
        values = np.array([found[name] for name in names])
        if method == "psi":
            return _of_statistics(values, bool((values >= 0.1).any()))
        return _of_p_values(values, bool((values < ALPHA).any()))

    return ask


def evidently_psi(_context: Any) -> Ask:
    return _evidently("psi")


def evidently_ks(_context: Any) -> Ask:
    return _evidently("ks")


def _alibi(correction: str) -> Ask:
    from alibi_detect.cd import KSDrift

    def ask(ref: Any, cur: Any) -> Answer:
        found = KSDrift(ref, correction=correction).predict(cur, return_p_val=True, return_distance=True)["data"]
        return _of_p_values(found["p_val"], bool(found["is_drift"]), found["distance"])

    return ask


def alibi_bonferroni(_context: Any) -> Ask:
    return _alibi("bonferroni")


def alibi_fdr(_context: Any) -> Ask:
    return _alibi("fdr")


def _nannyml(method: str) -> Ask:
    """Ten parts of the reference set the thresholds (three standard deviations), ten parts of the current are held
    against them: both are the defaults. A check is flagged when any part of any feature is."""
    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
    import nannyml
    import pandas as pd

    def ask(ref: Any, cur: Any) -> Answer:
        names = [f"f{j}" for j in range(ref.shape[1])]
        calculator = nannyml.UnivariateDriftCalculator(column_names=names, continuous_methods=[method])
        calculator.fit(pd.DataFrame(ref, columns=names))
        result = calculator.calculate(pd.DataFrame(cur, columns=names)).filter(period="analysis").to_df()
        flags = np.array([result[(name, method, "alert")].any() for name in names])
        ratios = [
            float((result[(name, method, "value")] / result[(name, method, "upper_threshold")]).max()) for name in names
        ]
        return _of_statistics(ratios, bool(flags.any()))

    return ask


def nannyml_ks(_context: Any) -> Ask:
    return _nannyml("kolmogorov_smirnov")


def nannyml_wasserstein(_context: Any) -> Ask:
    return _nannyml("wasserstein")


def nannyml_js(_context: Any) -> Ask:
    return _nannyml("jensen_shannon")


def shap_monitor(_context: Any) -> Ask:
    """Its PSI per feature; 0.25 is where its own bands say alert."""
    from shapmonitor.analysis.metrics import population_stability_index

    def ask(ref: Any, cur: Any) -> Answer:
        values = np.array([population_stability_index(r, c) for r, c in zip(ref.T, cur.T, strict=True)])
        return _of_statistics(values, bool((values > 0.25).any()))

    return ask


def shiftshap(_context: Any) -> Ask:
    """compare; severity `high` of any feature."""
    from shiftshap import compare

    def ask(ref: Any, cur: Any) -> Answer:
        names = [str(j) for j in range(ref.shape[1])]
        frame = compare(ref, cur, feature_names=names).to_frame().set_index("feature").loc[names]
        return _of_statistics(frame["psi"].to_numpy(), bool((frame["severity"] == "high").any()))

    return ask


def skshift(_context: Any) -> Ask:
    """Its detector fitted on every other row of both sides, AUC on the rest; it has no threshold of its own."""
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from skshift import ExplanationShiftDetector

    def ask(ref: Any, cur: Any) -> Answer:
        rows = pd.DataFrame(np.concatenate([ref, cur]) / (np.abs(ref).mean(axis=0) + 1e-12))
        label = np.repeat([False, True], [len(ref), len(cur)])
        fitted = np.arange(len(rows)) % 2 == 0
        detector = ExplanationShiftDetector(model=None, gmodel=LogisticRegression(max_iter=1000))
        detector.fit_explanation_shift(rows[fitted], label[fitted])
        auc = roc_auc_score(label[~fitted], detector.detector.predict_proba(rows[~fitted])[:, 1])
        top = int(np.abs(detector.detector.coef_[0]).argmax())
        return {"flag": None, "score": float(auc), "top": top}

    return ask


def swift(context: Any) -> Ask:
    """Fitted once on reference inputs; the score is its own maximum over features, the flag its permutation test."""
    import pandas as pd
    import xgboost as xgb
    from swift import SWIFTMonitor

    booster = xgb.Booster(model_file=str(context["model"]))
    names = booster.feature_names
    monitor = SWIFTMonitor(model=booster).fit(pd.DataFrame(context["fit_rows"], columns=names))
    tests = iter(range(SWIFT_TESTS))

    def ask(ref: Any, cur: Any) -> Answer:
        ref, cur = pd.DataFrame(ref, columns=names), pd.DataFrame(cur, columns=names)
        values = monitor.score(ref, cur)
        flag = None if next(tests, None) is None else bool(monitor.test(ref, cur).drifted_features)
        return _of_statistics([values[name] for name in names], flag)

    return ask


PEERS: dict[str, Callable[[Any], Ask]] = {
    made.__name__: made
    for made in (
        scipy_ks,
        evidently_psi,
        evidently_ks,
        alibi_bonferroni,
        alibi_fdr,
        nannyml_ks,
        nannyml_wasserstein,
        nannyml_js,
        shap_monitor,
        shiftshap,
        skshift,
        swift,
    )
}
PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "evidently",
    "alibi-detect",
    "nannyml",
    "shap-monitor",
    "shiftshap",
    "skshift",
    "swift-monitoring",
    "shap",
    "scikit-learn",
    "xgboost-cpu",
)


def versions() -> dict[str, str]:
    installed = {dist.metadata["Name"].lower(): dist.version for dist in metadata.distributions()}
    return {name: installed[name] for name in PACKAGES if name in installed}


def main(peer: str, exchange: str, limit: int, null_limit: int) -> None:
    import meter

    with np.load(exchange) as held:
        ask = PEERS[peer]({name: held[name] for name in ("model", "fit_rows") if name in held})
        cells = [key.removeprefix("rows_current_") for key in held if key.startswith("rows_current_")]
        for cell in cells:
            ref, cur = held[f"reference_{cell}"], held[f"current_{cell}"]
            rows = list(zip(held[f"rows_reference_{cell}"], held[f"rows_current_{cell}"], strict=True))
            for mine, theirs in rows[: null_limit if cell.startswith("null") else limit]:
                start = time.perf_counter()
                answer = ask(ref[mine], cur[theirs])
                print(json.dumps({"cell": cell, **answer, "seconds": time.perf_counter() - start}), flush=True)
    print(json.dumps({"versions": versions(), "rss": meter.rss()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
