"""Every kind of incident goes through the pipeline: detected, the right feature first, the right cause."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from monitor.drill import KINDS
from monitor.errors import DataError, XdriftError
from monitor.pipeline import create_reference, open_subject
from monitor.store import Store
from tests.e2e.world import FEATURES, START, WEEK, World, fit, make_label, make_rows

from .conftest import NOW, OTHER_WEEK, drill, make_world

INCIDENTS = {
    "unit:age:Miles to kilometres": ("pipeline", ("age",)),
    "missing:income:50%": ("pipeline", ("income",)),
    "constant:age": ("pipeline", ("age",)),
    "swap:income:age": ("data", ("income", "age")),
    f"mix:{OTHER_WEEK}": ("data", ("income",)),
    "scale:income:2": ("model", ("income",)),
    "retrain": ("model", ()),
    "model:other": ("model", ("tenure", "income")),
}


TWINS = ("constant:age", "model:other")
"""They take the ways of `missing` and `retrain`."""


@pytest.mark.parametrize(
    "inject", [pytest.param(one, marks=pytest.mark.slow if one in TWINS else ()) for one in INCIDENTS]
)
def test_an_incident_is_detected_in_its_first_check_and_its_feature_and_cause_are_named(
    inject: str, world: World, tmp_path: Path
) -> None:
    cause, features = INCIDENTS[inject]
    if inject == "model:other":
        train = make_rows(1500, seed=7)
        y = make_label(train.assign(income=train["tenure"] * 3, tenure=train["income"] / 3), "binary")
        inject = f"model:{fit('xgboost', 'binary', train[list(FEATURES)], y, tmp_path)['path']}"

    found = drill(world, inject)

    before, after = found.checks
    assert (before.injected, before.untouched.level) == (None, 0)
    assert after.untouched.level == 0
    assert after.injected is not None
    assert after.injected.verdict == cause
    assert not features or after.injected.features[0] in features
    conclusion = found.conclusion
    assert (conclusion.passed, conclusion.detected, conclusion.cause) == (True, True, cause)
    assert (conclusion.delay_checks, conclusion.delay_seconds) == (1, WEEK.total_seconds())
    assert conclusion.named_first in ((None,) if not found.columns else (True,))
    assert found.started_at == before.window.end


def test_every_kind_has_an_incident_here_or_a_test_of_its_own() -> None:
    assert {inject.partition(":")[0] for inject in INCIDENTS} | {"none"} == {kind.name for kind in KINDS}


def test_the_control_is_quiet(world: World) -> None:
    found = drill(world, "none", quiet=2, checks=2)

    assert len(found.checks) == 4
    assert all(one.injected is None for one in found.checks)
    assert (found.conclusion.passed, found.conclusion.detected, found.conclusion.raised_untouched) == (True, False, 0)
    assert found.started_at is None


def test_the_control_counts_a_week_that_speaks_up_by_itself(world: World) -> None:
    found = drill(world, "none", quiet=2, checks=3)

    assert found.checks[0].untouched.level > 0
    assert (found.conclusion.passed, found.conclusion.raised_untouched) == (False, 1)


def test_a_unit_without_a_mark_is_detected_with_another_cause(world: World) -> None:
    found = drill(world, "unit:income:2")

    assert found.conclusion.detected
    assert (found.conclusion.cause, found.conclusion.cause_right, found.conclusion.passed) == ("data", False, False)


def test_a_feature_that_does_not_count_is_not_detected(world: World) -> None:
    found = drill(world, "unit:noise:-1")

    assert (found.conclusion.detected, found.conclusion.passed) == (False, False)
    assert (found.conclusion.cause, found.conclusion.delay_checks) == (None, None)


def test_where_windows_overlap_the_delay_is_told(tmp_path: Path) -> None:
    world = make_world(tmp_path, schedule={"every": "1d", "window": "1w"})

    found = drill(world, "missing:age", checks=3)

    days = found.conclusion.delay_checks
    assert days in (2, 3)  # a seventh of the rows on the first day, three sevenths on the third
    assert [one.detected for one in found.checks][1 : days + 1] == [False] * (days - 1) + [True]
    assert found.conclusion.delay_seconds == timedelta(days=days).total_seconds()


def test_checks_that_an_incident_breaks_are_failures_not_detections(tmp_path: Path) -> None:
    found = drill(make_world(tmp_path, "sklearn_linear"), "missing:income")

    injected = found.checks[-1].injected
    assert injected is not None
    assert (injected.outcome, injected.verdict) == ("failed", "unknown")
    assert (found.conclusion.failed, found.conclusion.detected, found.conclusion.passed) == (1, False, False)


def test_windows_with_too_few_predictions_are_left_out(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    traffic = pd.read_parquet(tmp_path / "traffic.parquet")
    traffic[traffic["timestamp"] >= START + 12 * WEEK].to_parquet(tmp_path / "traffic.parquet")

    found = drill(world, "scale:income:2", quiet=1, checks=2)

    assert len(found.checks) == 1
    assert found.started_at == found.checks[0].window.start
    assert found.conclusion.detected
    assert "1 of 3 windows have enough predictions to judge" in found.notes

    traffic[:0].to_parquet(tmp_path / "traffic.parquet")
    with pytest.raises(DataError, match=r"no window of monitor 'xgboost-binary' can be judged.*--until"):
        drill(world, "none")


def test_a_check_that_fails_by_itself_stops_the_drill(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        store.upgrade()
        store.register(world.monitor, cadence="weekly", interval_seconds=604800.0, config_digest="x", now=NOW)
        create_reference(world.monitor, store, author="ada", reason="first", now=NOW)
    holdout = pd.read_parquet(tmp_path / "holdout.parquet")
    holdout.assign(age=holdout["age"] + 1).to_parquet(tmp_path / "holdout.parquet")

    with pytest.raises(XdriftError, match=r"cannot be drilled.*holdout.*changed") as caught:
        drill(world, "none")

    assert caught.value.exit_code == 3


def test_the_log_of_the_windows_as_they_were_is_no_evidence_of_an_incident(tmp_path: Path) -> None:
    world = make_world(tmp_path, telemetry={"path": str(tmp_path / "log.jsonl")})
    subject = open_subject(world.monitor)
    traffic = pd.read_parquet(tmp_path / "traffic.parquet")
    made = subject.explainer.explain(traffic[list(FEATURES)])
    rows = zip(traffic["row_id"], traffic["timestamp"], made.values.tolist(), strict=True)
    records = (
        {"record_id": name, "timestamp": at.isoformat(), "shap_values": dict(zip(made.feature_names, row, strict=True))}
        for name, at, row in rows
    )
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))

    found = drill(world, "swap:income:age")

    told = found.checks[-1]
    assert told.untouched.level == 0
    assert told.injected is not None
    assert told.injected.verdict == "data"
    assert any("logged attributions are not compared" in note for note in found.notes)
    assert not any("logged" in note for note in drill(world, "none").notes)
