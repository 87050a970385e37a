"""Months without and with incidents: no page without an incident, every incident told and over in time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.month.firing import RULES, Firing, firing
from benchmarks.month.plan import DAYS, PLANS, Incident
from benchmarks.month.world import FEATURES, START, STEP, month
from benchmarks.pools import SYNTHETIC
from benchmarks.progress import track
from benchmarks.results import Form

SEED = 11
POOL = "heavy"
QUIET: Mapping[Form, Mapping[str, int]] = {
    "smoke": {"hourly": 1},
    "short": {"hourly": 1, "daily": 1},
    "full": {"hourly": 4, "daily": 4},
}
"""Months in which nothing happens, per cadence."""
LENGTH: Mapping[Form, float] = {"smoke": 4.5, "short": DAYS, "full": DAYS}
"""Days; the incidents that begin later are left out."""


def measure(form: Form, *, seed: int = SEED) -> dict[str, Any]:
    """Hours of every firing alert in simulated months, held against the plan."""
    days = LENGTH[form]
    runs = [(cadence, False, number) for cadence, count in QUIET[form].items() for number in range(count)]
    runs += [(cadence, True, 0) for cadence in QUIET[form]]
    found = []
    for cadence, eventful, number in track(runs, "months"):
        plan = [one for one in PLANS[cadence] if one.start + one.hours + one.over < 24 * days] if eventful else []
        fired = _fired(cadence, plan, days, np.random.default_rng((seed, number, eventful, len(cadence))))
        found.append({"cadence": cadence, "eventful": eventful, **held_against(fired, plan)})
    return {"seed": seed, "pool": POOL, "days": days, "step_minutes": STEP.total_seconds() / 60, "months": found}


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
