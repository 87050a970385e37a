"""From scores to shares detected: a common false-alarm rate, the smallest shift seen, the feature named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.bounds import share
from benchmarks.shifts import SHIFTS, Shift

RATE = 0.01
ENOUGH = 0.8
"""Power from which a shift counts as detected."""
LEAST_PSI = 0.25
"""Single-feature shifts from this true PSI on must be named first."""
NULL = "null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A shift at one size; size 0 of kind `null` is no shift at all."""

    shift: Shift | None
    size: float

    @property
    def key(self) -> str:
        return NULL if self.shift is None else f"{self.shift.name}_{self.size:g}"


@dataclass(frozen=True, slots=True)
class Score:
    """One trial of an engine that runs here."""

    flag: bool | None
    score: float
    top: int | None = None


def involved(shift: Shift, todo: Sequence[Case]) -> bool:
    return any(case.shift is shift for case in todo)


def limit_of(null: Sequence[float], rate: float = RATE) -> float:
    """The score that a share `rate` of the trials without drift exceeds; their largest where they are too few."""
    ordered = np.sort(np.asarray(null))[::-1]
    return float(ordered[int(rate * len(ordered))])


def detected(title: str, by_case: Mapping[str, Sequence[Score]], todo: Sequence[Case]) -> dict[str, Any]:
    """Share detected per case at the common rate and at the engine's defaults."""
    null = [score.score for score in by_case[NULL]]
    # On the same rows nothing at all changes without a cause: there is no chance to be calibrated against.
    limit = limit_of(null) if np.isfinite(null).all() else None
    rows = [
        _row(case, by_case[case.key], limit)
        for case in todo
        if np.isfinite([s.score for s in by_case.get(case.key, [])]).any()
    ]
    return {
        "engine": title,
        "null_trials": len(null),
        "cases": rows,
        "smallest": {shift.name: smallest(rows, shift) for shift in SHIFTS if involved(shift, todo)},
    }


def _row(case: Case, scores: Sequence[Score], limit: float | None) -> dict[str, Any]:
    flags = [score.flag for score in scores if score.flag is not None]
    kind = NULL if case.shift is None else case.shift.name
    calibrated = None if limit is None else share(sum(score.score > limit for score in scores), len(scores))
    return {
        "shift": kind,
        "size": case.size,
        "calibrated": calibrated,
        "default": share(sum(flags), len(flags)) if flags else None,
    }


def smallest(rows: Sequence[Mapping[str, Any]], shift: Shift) -> dict[str, float | None]:
    """The smallest size from which on every size is detected in 80 % of the trials; None when none is."""
    found: dict[str, float | None] = {}
    for way in ("calibrated", "default"):
        found[way] = None
        for row in sorted((row for row in rows if row["shift"] == shift.name), key=lambda row: -row["size"]):
            if row[way] is None or row[way]["share"] < ENOUGH:
                break
            found[way] = row["size"]
    return found


def localisation(
    todo: Sequence[Case], psi: Mapping[str, float], scores: Mapping[str, Sequence[Score]]
) -> dict[str, Any]:
    """Share of trials in which the shifted feature is first among the findings."""
    hits = trials = 0
    for case in todo:
        if case.shift is None or case.shift.feature is None or case.shift.quiet or psi[case.key] < LEAST_PSI:
            continue
        hits += sum(score.top == case.shift.feature for score in scores[case.key])
        trials += len(scores[case.key])
    return (
        {"least_psi": LEAST_PSI, **share(hits, trials)}
        if trials
        else {"least_psi": LEAST_PSI, "reason": "no such case"}
    )


def by_test(todo: Sequence[Case], ours: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Which of the judged tests raised a level, per case."""
    return [
        {"shift": NULL if case.shift is None else case.shift.name, "size": case.size, **found["tests"]}
        for case, found in zip(todo, ours, strict=True)
    ]
