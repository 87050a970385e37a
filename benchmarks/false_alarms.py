"""No drift at all: how often does a check reach a level? Counted with exact binomial bounds, cell by cell."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import explained, pools
from benchmarks.bounds import share
from benchmarks.parallel import Kept, beside, generator, run
from benchmarks.peers.ask import Cell as Exchange
from benchmarks.peers.ask import Engine, ask, asked
from benchmarks.progress import track
from benchmarks.results import Form
from monitor.drift import TESTS, compare

SEED = 2
BUDGET = {"warning": 0.05, "severe": 0.01}
"""Share of no-drift checks that may reach the level."""
WIDTHS = (10, 50, 200, 500)
SIZES = ((60, 60), (100, 100), (200, 200), (1000, 1000), (5000, 5000), (1000, 200), (200, 1000), (1000, 60))
PERMUTED = 200
"""Smaller samples are judged by permutation, which makes a trial expensive."""
SHORT_POOLS, SHORT_WIDTHS, SHORT_SIZES = ("gaussian", "zero_inflated"), (10, 50), ((200, 200), (1000, 1000))
EXPLAINED_ROWS = {"smoke": 3000, "short": 20_000, "full": 200_000}
PEER_POOLS = ("gaussian", "heavy", "zero_inflated", "shap_flags")
PEER_WIDTH, PEER_SIZES = 50, ((200, 200), (1000, 1000))
PARTIAL = Path(__file__).parent / ".partial"
"""Cells that are done, so that a run that was ended goes on where it was."""
PEER_SHARE = {"smoke": 0.01, "short": 0.05, "full": 0.2}
"""Of the trials that each peer is worth elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One setting; `values` is the file of a real pool."""

    pool: str
    d: int
    n: int
    m: int
    trials: int
    values: Path | None = None


def measure(form: Form, *, jobs: int, peers: bool, seed: int = SEED) -> dict[str, Any]:
    """Every cell for xdrift, and a few for the peers at their defaults."""
    with tempfile.TemporaryDirectory() as folder:
        names = list(explained.POOLS) if form == "full" else ["shap_shallow"]
        real = {
            name: explained.write(name, EXPLAINED_ROWS[form], Path(folder), seed)
            for name in track(names, "explaining pools")
        }
        kept = Kept(PARTIAL / "false-alarms.jsonl" if form == "full" else None, words=lambda cell: _words(cell, seed))
        found = run(Trials(seed), cells(form, real), jobs=jobs, what="false alarms", kept=kept)
        beside = _peers(form, real, peers=peers, jobs=jobs, seed=seed)
    return {"seed": seed, "budget": BUDGET, "cells": found, "summary": summary(found), "peers": beside}


def _words(cell: Cell, seed: int) -> object:
    return seed, cell.pool, cell.d, cell.n, cell.m, cell.trials


def cells(form: Form, real: dict[str, Path]) -> list[Cell]:
    """The grid, expensive cells first so that processes finish together."""
    synthetic = list(pools.SYNTHETIC) if form == "full" else list(SHORT_POOLS)
    widths, sizes = (WIDTHS, SIZES) if form == "full" else (SHORT_WIDTHS, SHORT_SIZES)
    grid = [
        Cell(pool=pool, d=d, n=n, m=m, trials=trials(form, d, n, m))
        for pool in synthetic
        for d in widths
        for n, m in sizes
    ]
    width = explained.WIDTH
    grid += [
        Cell(pool=pool, d=width, n=n, m=m, trials=trials(form, width, n, m), values=path)
        for pool, path in real.items()
        for n, m in sizes
    ]
    return sorted(grid, key=lambda cell: -cell.d * (cell.n + cell.m) * cell.trials)


def trials(form: Form, d: int, n: int, m: int) -> int:
    """As many as the cell's cost allows; bounds tell what that proves."""
    if form != "full":
        return 60 if form == "short" else 5
    if min(n, m) < PERMUTED:
        return 200 if d <= 50 else 100 if d <= 200 else 50
    values = d * (n + m)
    return 1000 if values <= 50_000 else 400 if values <= 1_000_000 else 150


@dataclass(frozen=True, slots=True)
class Trials:
    """All trials of a cell; a class so that the seed travels to other processes."""

    seed: int

    def __call__(self, cell: Cell) -> dict[str, Any]:
        rng = generator(self.seed, cell.pool, cell.d, cell.n, cell.m)
        sides = _sides(cell, rng)
        asked = [test.name for test in TESTS if test.judged and not test.paired]
        levels = dict.fromkeys((*BUDGET, *asked), 0)
        for _ in range(cell.trials):
            result = compare(*sides()).result
            levels["warning"] += result.level >= 1
            levels["severe"] += result.level >= 2
            for name in asked:
                levels[name] += bool(result.levels[name].any())
        return {
            **{key: getattr(cell, key) for key in ("pool", "d", "n", "m", "trials")},
            **{level: share(levels[level], cell.trials) for level in BUDGET},
            "tests": {name: levels[name] for name in asked},
        }


def _sides(cell: Cell, rng: np.random.Generator) -> Callable[[], tuple[Any, Any]]:
    """A new reference and a new current sample, of one distribution and without a common row."""
    if cell.values is None:
        draw = pools.SYNTHETIC[cell.pool](rng, cell.d)
        return lambda: (draw(cell.n), draw(cell.m))
    draw = pools.of_rows(rng, np.load(cell.values, mmap_mode="r"))

    def both() -> tuple[Any, Any]:
        rows = draw(cell.n + cell.m)
        return rows[: cell.n], rows[cell.n :]

    return both


def summary(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Per level: cells proven over budget, the worst cell, and all trials together. Per test: all trials together."""
    total = sum(cell["trials"] for cell in found)
    made: dict[str, Any] = {"cells": len(found), "trials": total}
    for level, budget in BUDGET.items():
        worst = max(found, key=lambda cell: (cell[level]["share"], cell[level]["high"]))
        made[level] = {
            "budget": budget,
            "over_budget": sum(cell[level]["low"] > budget for cell in found),
            "worst": {**{key: worst[key] for key in ("pool", "d", "n", "m")}, **worst[level]},
            "all": share(sum(cell[level]["hits"] for cell in found), total),
        }
    made["tests"] = {name: share(sum(cell["tests"][name] for cell in found), total) for name in found[0]["tests"]}
    return made


def _peers(form: Form, real: dict[str, Path], *, peers: bool, jobs: int, seed: int) -> list[dict[str, Any]]:
    wanted = [name for name in PEER_POOLS if name in pools.SYNTHETIC or name in real]
    wanted = wanted if form == "full" else wanted[:1]
    exchange = {}
    for pool in wanted:
        for n, m in PEER_SIZES if form == "full" else PEER_SIZES[1:]:
            cell = Cell(pool=pool, d=PEER_WIDTH, n=n, m=m, trials=0, values=real.get(pool))
            exchange[f"null_{pool}_{n}_{m}"] = _exchange(cell, generator(seed, "peers", pool, n, m), form)

    def question(engine: Engine) -> list[dict[str, Any]]:
        return _answered(engine, exchange, form)

    engines = asked(peers, quick=form != "full")
    return list(chain.from_iterable(beside(question, engines, jobs=jobs, what="peers without drift")))


def _answered(engine: Engine, exchange: Mapping[str, Exchange], form: Form) -> list[dict[str, Any]]:
    """One row per cell, or one row with the reason why there is none."""
    if engine.wants != "attributions":
        return [{"engine": engine.title, "reason": "takes the model and its inputs, not attributions"}]
    answers = ask(engine, exchange, share=PEER_SHARE[form])
    if answers.reason:
        return [{"engine": engine.title, "reason": answers.reason}]
    found = []
    for key, rows in answers.by_cell.items():
        pool, n, m = key.removeprefix("null_").rsplit("_", 2)
        known = {"engine": engine.title, "pool": pool, "d": PEER_WIDTH, "n": int(n), "m": int(m)}
        flags = [row["flag"] for row in rows]
        if None in flags:
            found.append(known | {"reason": "has no threshold of its own"})
        else:
            found.append(known | {"flagged": share(sum(flags), len(flags)), "versions": answers.versions})
    return found


def _exchange(cell: Cell, rng: np.random.Generator, form: Form) -> Exchange:
    """Trials laid out one after another, no row used twice."""
    count = 200 if form == "full" else 20
    sides = _sides(cell, rng)
    pairs = [sides() for _ in range(count)]
    return Exchange(
        reference=np.concatenate([ref for ref, _ in pairs]),
        current=np.concatenate([cur for _, cur in pairs]),
        rows_reference=np.arange(count * cell.n).reshape(count, cell.n),
        rows_current=np.arange(count * cell.m).reshape(count, cell.m),
    )
