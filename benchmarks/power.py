"""How small a shift is seen, at the same false-alarm rate for every engine, and is the right feature named?

Every engine gives a continuous score. Its own trials without drift set the value that 1 % of them exceed, and a shift
counts as seen when its score is beyond that. Beside it stands what the engine says at its own defaults.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.detection import NULL, RATE, Case, Score, by_test, detected, involved, localisation
from benchmarks.parallel import beside, generator, run
from benchmarks.peers.ask import ENGINES as PEERS
from benchmarks.peers.ask import Answers, Engine, ask, asked
from benchmarks.peers.ask import Cell as Exchange
from benchmarks.results import Form
from benchmarks.shifts import SHIFTS, Shift, Shifted, World, world
from monitor.drift import ViewResult, assess, measure, prepare
from monitor.drift.catalogue import PAIRED
from monitor.settings import DriftSettings
from monitor.types import View

SEED = 3
N = 1000
POOL_ROWS = {"smoke": 2500, "short": 5000, "full": 20_000}
TRIALS = {"smoke": 3, "short": 15, "full": 200}
NULL_TRIALS = {"smoke": 10, "short": 60, "full": 1000}
SHORT_SHIFTS = ("important", "silent")
DECISIVE = "important"
SIZES_TRIED = {"smoke": 1, "short": 2, "full": 99}
PEER_SHARE = {"smoke": 0.01, "short": 0.05, "full": 1.0}


def cases(form: Form) -> list[Case]:
    chosen = [shift for shift in SHIFTS if form == "full" or shift.name in SHORT_SHIFTS]
    made = [Case(shift=shift, size=size) for shift in chosen for size in shift.sizes[-SIZES_TRIED[form] :]]
    return [Case(shift=None, size=0.0), *made]


def measure_power(
    form: Form,
    *,
    jobs: int,
    peers: bool,
    without: Collection[str] = (),
    held: Mapping[str, Any] | None = None,
    seed: int = SEED,
) -> dict[str, Any]:
    """All shifts, all engines. Peers of the environments `without` keep what `held`, an earlier result, says of them,
    if it is about the same rows to the last bit.
    """
    with tempfile.TemporaryDirectory() as folder:
        model = world(POOL_ROWS[form], generator(seed, "world"))
        path = Path(folder) / "model.ubj"
        model.booster.save_model(path)
        np.savez(Path(folder) / "world.npz", X=model.X, values=model.values)
        todo = cases(form)
        ours = run(Ours(seed, form, Path(folder)), todo, jobs=jobs, what="power")
        exchange = {case.key: _exchange(Path(folder) / f"{case.key}.npz", model, seed, form) for case in todo}

        def put(engine: Engine) -> Answers:
            return _ask(engine, exchange, todo, path, model, form)

        asked_about = question(exchange)
        engines_asked = asked(peers, quick=form != "full", without=without)
        answers = beside(put, engines_asked, jobs=jobs, what="peers with drift")
    scores = {
        name: {case.key: found["scores"][name] for case, found in zip(todo, ours, strict=True)} for name in ENGINES
    }
    engines = [detected(TITLES[name], by_case, todo) for name, by_case in scores.items()]
    told = [_peer(engine, answer, todo) for engine, answer in zip(engines_asked, answers, strict=True)]
    engines += in_order([*told, *kept(held, asked_about, without)])
    psi = {case.key: found["psi"] for case, found in zip(todo, ours, strict=True)}
    return {
        "seed": seed,
        "n": N,
        "rate": RATE,
        "question": asked_about,
        "shifts": [_described(shift, todo, psi) for shift in SHIFTS if involved(shift, todo)],
        "engines": engines,
        "localisation": localisation(todo, psi, scores["xdrift"]),
        "tests": by_test(todo, ours),
    }


def question(exchange: Mapping[str, tuple[Exchange, Exchange]]) -> str:
    """First 12 digits of the hash of all that peers are given."""
    digest = hashlib.sha256()
    for key, pair in exchange.items():
        digest.update(key.encode())
        for side in pair:
            for part in (side.reference, side.current, side.rows_reference, side.rows_current):
                digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:12]


def kept(held: Mapping[str, Any] | None, question: str, without: Collection[str]) -> list[dict[str, Any]]:
    """Rows of an earlier result: a peer does not change with our engine, and slow ones take an hour."""
    if held is None or held.get("question") != question:
        return []
    titles = {engine.title for engine in PEERS if engine.environment in without}
    return [{**row, "earlier": True} for row in held["engines"] if row["engine"] in titles]


def in_order(rows: Collection[dict[str, Any]]) -> list[dict[str, Any]]:
    """Peers in the order of their table."""
    titles = [engine.title for engine in PEERS]
    return sorted(rows, key=lambda row: titles.index(row["engine"]))


def _described(shift: Shift, todo: Sequence[Case], psi: Mapping[str, float]) -> dict[str, Any]:
    sizes = [case.size for case in todo if case.shift is shift]
    largest = [psi[f"{shift.name}_{size:g}"] for size in sizes]
    return {
        "name": shift.name,
        "title": shift.title,
        "unit": shift.unit,
        "quiet": shift.quiet,
        "sizes": sizes,
        "psi": largest,
    }


@dataclass(frozen=True, slots=True)
class Ours:
    """All trials of one case for the engines that run here."""

    seed: int
    form: Form
    folder: Path

    def __call__(self, case: Case) -> dict[str, Any]:
        import xgboost as xgb

        rng = generator(self.seed, case.key)
        with np.load(self.folder / "world.npz") as held:
            booster = xgb.Booster({"nthread": 1}, model_file=str(self.folder / "model.ubj"))
            model = World(booster=booster, X=held["X"], values=held["values"])
        shifted = Shifted(model.X, model.values) if case.shift is None else case.shift.apply(model, case.size, rng)
        np.savez(self.folder / f"{case.key}.npz", X=shifted.X, values=shifted.values)
        scores: dict[str, list[Score]] = {name: [] for name in ENGINES}
        raised: dict[str, int] = {}
        count = (NULL_TRIALS if case.shift is None else TRIALS)[self.form]
        for _ in range(count):
            mine, theirs = _rows(rng, len(model.X), len(shifted.X))
            for name, engine in ENGINES.items():
                scores[name].append(engine(model, shifted, mine, theirs))
            result = _result(model.values[mine], shifted.values[theirs])
            levels = {name: found for name, found in result.levels.items() if name not in PAIRED}
            if shifted.same_rows:
                levels |= {name: _on_same_rows(model, shifted, mine).levels[name] for name in PAIRED}
            for name, found in levels.items():
                raised[name] = raised.get(name, 0) + bool(found.any())
        names = [f"f{j}" for j in range(model.values.shape[1])]
        psi = measure(prepare(model.values, names), shifted.values).statistics["psi"]
        feature = None if case.shift is None else case.shift.feature
        true = float(psi.max() if feature is None else psi[feature])
        return {"scores": scores, "psi": true, "tests": {"trials": count, **raised}}


def _rows(rng: np.random.Generator, reference: int, current: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """N rows of either pool, and never the same position in both: pools may be the same rows."""
    order = rng.permutation(min(reference, current))
    return order[:N], order[N : 2 * N]


def _result(ref: Any, cur: Any, *, paired: bool = False) -> ViewResult:
    settings = DriftSettings()
    prepared = prepare(ref, [f"f{j}" for j in range(ref.shape[1])], settings=settings)
    view: View = "holdout" if paired else "traffic"
    return assess({view: (prepared, measure(prepared, cur, paired=paired, exact=paired))}, settings)[view]


def _judged(result: ViewResult) -> Score:
    """Score: the smallest adjusted p-value of any judged test. First among findings: the feature furthest beyond its
    own severe threshold, of those with the highest level."""
    p = np.stack([result.p_adjusted[name] for name in result.levels])
    beyond = np.stack([result.measurement.statistics[name] / result.limits[name][1] for name in result.levels])
    level = np.stack(list(result.levels.values()))
    rank = np.where(level > 0, level * 1e6 + np.nan_to_num(beyond, posinf=1e5), -1.0).max(axis=0)
    smallest = float(np.nanmin(p)) if np.isfinite(p).any() else 1.0
    return Score(bool(result.level >= 1), -smallest, int(rank.argmax()) if result.level else None)


def _xdrift(model: World, shifted: Shifted, mine: Any, theirs: Any) -> Score:
    return _judged(_result(model.values[mine], shifted.values[theirs]))


def _paired(model: World, shifted: Shifted, mine: Any, _theirs: Any) -> Score:
    """The holdout view: the same rows explained again, where that is what happened."""
    if not shifted.same_rows:
        return Score(None, float("nan"))
    return _judged(_on_same_rows(model, shifted, mine))


def _on_same_rows(model: World, shifted: Shifted, mine: Any) -> ViewResult:
    return _result(model.values[mine], shifted.values[mine], paired=True)


def _input_ks(model: World, shifted: Shifted, mine: Any, theirs: Any) -> Score:
    """What monitoring inputs sees: KS per input column, Bonferroni."""
    pairs = zip(model.X[mine].T, shifted.X[theirs].T, strict=True)
    smallest = min(stats.ks_2samp(r, c, method="asymp").pvalue for r, c in pairs)
    return Score(bool(smallest * model.X.shape[1] < 0.05), -float(smallest))


ENGINES: Mapping[str, Callable[[World, Shifted, Any, Any], Score]] = {
    "xdrift": _xdrift,
    "xdrift_paired": _paired,
    "input_ks": _input_ks,
}
TITLES = {
    "xdrift": "xdrift, traffic view",
    "xdrift_paired": "xdrift, holdout view (same rows)",
    "input_ks": "KS on the inputs, Bonferroni",
}


def _exchange(path: Path, model: World, seed: int, form: Form) -> tuple[Exchange, Exchange]:
    """The same case as attributions and as inputs."""
    rng = generator(seed, "peers", path.stem)
    with np.load(path) as held:
        X, values = held["X"], held["values"]
    count = 400 if form == "full" and path.stem == NULL else 200 if form == "full" else 60
    rows = [_rows(rng, len(model.X), len(X)) for _ in range(count)]
    mine, theirs = (np.stack([pair[side] for pair in rows]) for side in (0, 1))
    both = {"rows_reference": mine, "rows_current": theirs}
    return (Exchange(reference=model.values, current=values, **both), Exchange(reference=model.X, current=X, **both))


def _ask(
    engine: Engine,
    exchange: Mapping[str, tuple[Exchange, Exchange]],
    todo: Sequence[Case],
    path: Path,
    model: World,
    form: Form,
) -> Answers:
    told = {case.key for case in todo if case.shift is None or _worth(engine, case.shift)}
    side = 0 if engine.wants == "attributions" else 1
    cells = {key: pair[side] for key, pair in exchange.items() if key in told}  # in their order: without drift first
    if engine.wants == "attributions":
        return ask(engine, cells, share=PEER_SHARE[form])
    return ask(engine, cells, share=PEER_SHARE[form], extra={"model": str(path), "fit_rows": model.X[:N]})


def _worth(engine: Engine, shift: Shift) -> bool:
    """Slow peers are asked about the one shift that decides, those that take inputs about shifts of inputs."""
    return (engine.wants == "attributions" or shift.in_inputs) and (not engine.slow or shift.name == DECISIVE)


def _peer(engine: Engine, answers: Answers, todo: Sequence[Case]) -> dict[str, Any]:
    if answers.reason:
        return {"engine": engine.title, "reason": answers.reason}
    scores = {
        key: [Score(row["flag"], row["score"], row["top"]) for row in rows] for key, rows in answers.by_cell.items()
    }
    note = (
        "takes the model and its inputs: changes of the model are out of its sight"
        if engine.wants == "inputs"
        else None
    )
    return {**detected(engine.title, scores, todo), "versions": answers.versions, "note": note}
