"""Months without and with incidents: no page without an incident, every incident told and over in time."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.month.firing import RULES, Firing, firing
from benchmarks.month.plan import DAYS, PLANS, Incident
from benchmarks.month.world import FEATURES, START, STEP, month
from benchmarks.parallel import Kept, run
from benchmarks.pools import SYNTHETIC
from benchmarks.results import Form

SEED = 11
POOL = "heavy"
PARTIAL = Path(__file__).parents[1] / ".partial" / "month.jsonl"
QUIET: Mapping[Form, Mapping[str, int]] = {
    "smoke": {"hourly": 1},
    "short": {"hourly": 1, "daily": 1},
    "full": {"hourly": 4, "daily": 4},
}
"""Months in which nothing happens, per cadence."""
LENGTH: Mapping[Form, float] = {"smoke": 4.5, "short": DAYS, "full": DAYS}
"""Days; the incidents that begin later are left out."""


@dataclass(frozen=True, slots=True)
class Month:
    """One simulated month; the same words, rules and sources give the same alerts."""

    cadence: str
    eventful: bool
    number: int
    days: float
    seed: int


def measure(form: Form, *, jobs: int, seed: int = SEED) -> dict[str, Any]:
    """Hours of every firing alert in simulated months, held against the plan."""
    days = LENGTH[form]
    months = [
        Month(cadence, eventful=False, number=number, days=days, seed=seed)
        for cadence, count in QUIET[form].items()
        for number in range(count)
    ]
    months += [Month(cadence, eventful=True, number=0, days=days, seed=seed) for cadence in QUIET[form]]
    # Months take a quarter of an hour: those that are done survive the end of this process.
    kept = Kept(None if form == "smoke" else PARTIAL, words=lambda month: f"{month} {_decided_by()}")
    found = run(judged, months, jobs=jobs, what="months", kept=kept)
    return {"seed": seed, "pool": POOL, "days": days, "step_minutes": STEP.total_seconds() / 60, "months": found}


def judged(one: Month) -> dict[str, Any]:
    """What fired in one month, held against its plan."""
    planned = [event for event in PLANS[one.cadence] if event.start + event.hours + event.over < 24 * one.days]
    plan = planned if one.eventful else []
    rng = np.random.default_rng((one.seed, one.number, one.eventful, len(one.cadence)))
    fired = _fired(one.cadence, plan, one.days, rng)
    return {"cadence": one.cadence, "eventful": one.eventful, **held_against(fired, plan)}


@cache
def _decided_by() -> str:
    """Digest of the rules and of everything that made the samples."""
    root = Path(__file__).parents[2]
    digest = hashlib.sha256(RULES.read_bytes())
    for path in sorted([*(root / "monitor").rglob("*.py"), *Path(__file__).parent.glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _fired(cadence: str, plan: Sequence[Incident], days: float, rng: np.random.Generator) -> Firing:
    with tempfile.TemporaryDirectory() as folder:
        one = month(Path(folder), cadence, SYNTHETIC[POOL](rng, FEATURES), rng, plan)
        with one.store:
            scrapes = list(one.samples(days))
    return firing(scrapes, STEP, origin=START.timestamp())


def pages() -> set[str]:
    """Alerts that call a person where the tier is critical."""
    rules = yaml.safe_load(RULES.read_text())
    every = (rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule)
    return {rule["alert"] for rule in every if rule["labels"]["severity"] == "critical"}


def held_against(fired: Firing, plan: Sequence[Incident]) -> dict[str, Any]:
    """What was told of each incident, and what was told without one."""
    told = []
    for one in plan:
        spans = [span for name, many in fired.items() if name.split()[0] == one.alert for span in many]
        mine = sorted(span for span in spans if one.start <= span[0] <= one.start + one.hours + one.over)
        after = mine[0][0] - one.start if mine else None
        lasted = max(last for _, last in mine) - (one.start + one.hours) if mine else None
        told.append(
            {
                "incident": one.name,
                "alert": one.alert,
                "page": one.page,
                "after_hours": after,
                "promised_hours": one.within,
                "over_hours": lasted,
                "promised_over_hours": one.over,
                "kept": after is not None and lasted is not None and after <= one.within and lasted <= one.over,
            }
        )
    return {"incidents": told, "unexpected": list(_unexpected(fired, plan))}


def _unexpected(fired: Firing, plan: Sequence[Incident]) -> Iterable[dict[str, Any]]:
    """Alerts that began outside every incident that explains them; burn rates look back three days."""
    calls = pages()
    for name, spans in fired.items():
        alert = name.split()[0]
        for first, last in spans:
            explained = any(
                (alert == one.alert or alert in one.also)
                and one.start <= first <= one.start + one.hours + one.over + 3.0
                for one in plan
            )
            if not explained and alert not in SILENT:
                yield {"alert": name, "page": alert in calls, "from_hour": first, "to_hour": last}


SILENT = ("ExplanationMigrationInProgress", "Watchdog")
"""Never tell anybody anything by themselves."""
