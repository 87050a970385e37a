"""The simulated month: a short stretch of it, through the real store and the shipped rules."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks.month.firing import firing
from benchmarks.month.measure import held_against, pages
from benchmarks.month.plan import Incident
from benchmarks.month.world import FEATURES, START, STEP, month
from benchmarks.pools import SYNTHETIC

pytestmark = [
    pytest.mark.promtool,
    pytest.mark.skipif(
        shutil.which("promtool") is None, reason="promtool is not installed; apt-get install prometheus"
    ),
]
OUTAGE = Incident(
    name="no prediction is explained", kinds=("coverage",), start=1.0, hours=1.0, alert="ExplanationCoverageZero",
    page=True, within=0.5, over=0.5, also=("ExplanationSLOBurnFast", "ExplanationSLOBurnSlow"),
)  # fmt: skip


def test_an_outage_pages_in_time_and_is_over_in_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    with (one := month(tmp_path, "hourly", SYNTHETIC["heavy"](rng, FEATURES), rng, [OUTAGE])).store:
        scrapes = list(one.samples(timedelta(hours=3.5) / timedelta(days=1)))

    fired = firing(scrapes, STEP, origin=START.timestamp())
    (told,) = held_against(fired, [OUTAGE])["incidents"]

    assert told["kept"]
    assert told["after_hours"] > 0.1  # fifteen minutes of nothing are looked at
    without = held_against(fired, [])["unexpected"]
    assert {"ExplanationCoverageZero"} <= {entry["alert"] for entry in without if entry["page"]}


def test_nothing_fires_while_nothing_happens(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    with (one := month(tmp_path, "hourly", SYNTHETIC["heavy"](rng, FEATURES), rng, [])).store:
        scrapes = list(one.samples(timedelta(hours=2.5) / timedelta(days=1)))

    assert firing(scrapes, STEP, origin=START.timestamp()) == {}


def test_an_incident_that_nobody_was_told_of_is_not_kept() -> None:
    (told,) = held_against({}, [OUTAGE])["incidents"]

    assert (told["kept"], told["after_hours"]) == (False, None)


def test_pages_are_the_critical_alerts() -> None:
    assert "ExplanationCoverageZero" in pages()
    assert "ExplanationDriftGradual" not in pages()
