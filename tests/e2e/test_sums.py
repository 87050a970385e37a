"""What neither model nor data raised alone is laid on the side whose own view shows more of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from monitor import drift
from monitor.drift import Judgement, ViewResult, assess, decompose, judge, measure, prepare
from monitor.pipeline import check as checking
from monitor.pipeline import create_reference, perform
from monitor.pipeline.sums import parts_to_judge
from monitor.settings import DriftSettings
from monitor.store import Store
from monitor.types import Contribution, Floats, View
from tests.drift.test_judge import CALM
from tests.e2e.world import build, slot

NAMES = ("a", "b", "c")
ROWS = 20_000
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def attributions(rng: np.random.Generator, *, positive: float = 0.5) -> Floats:
    """(ROWS, 3) of which a share of the first column is positive; their mean size is the same whatever the share."""
    signs = np.where(rng.random((ROWS, 3)) < np.array([positive, 0.5, 0.5]), 1.0, -1.0)
    return np.asarray(signs * np.exp(0.3 * rng.normal(size=(ROWS, 3))))


def turned(values: Floats, share: float) -> Floats:
    """The first column with so many of its rows turned from negative to positive."""
    values = values.copy()
    turn = (np.arange(ROWS) < share * ROWS) & (values[:, 0] < 0)
    values[turn, 0] *= -1
    return values


def compared(then: Floats, now: Floats, recent: Floats) -> tuple[dict[View, ViewResult], tuple[Contribution, ...]]:
    reference, holdout = prepare(then, NAMES), prepare(now, NAMES)
    views = assess(
        {
            "holdout": (reference, measure(reference, now, paired=True, exact=True)),
            "traffic": (holdout, measure(holdout, recent)),
            "total": (reference, measure(reference, recent)),
        },
        DriftSettings(),
    )
    levels = dict(zip(NAMES, views["total"].feature_levels.tolist(), strict=True))
    size = np.abs(recent).mean(axis=0)
    parts = decompose(NAMES, reference=reference.importance, holdout=holdout.importance, current=size, levels=levels)
    return views, parts


def judged(views: dict[View, ViewResult], parts: Sequence[Contribution]) -> Judgement:
    assert [views[view].level for view in ("holdout", "traffic")] == [0, 0]
    assert views["total"].level
    return judge(views, parts, replace(CALM, model_changed=True, version_changed=True, prediction_shift=0.03))


@pytest.mark.parametrize("seed", range(3))
def test_a_shift_that_keeps_the_mean_size_is_not_laid_on_a_harmless_refit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    then = attributions(rng)
    views, parts = compared(then, turned(then * 1.03, 0.02), attributions(rng, positive=0.5975) * 1.03)

    assert judged(views, parts).verdict == "model"
    seen = judged(views, parts_to_judge(views, parts))
    assert seen.verdict == "data"
    assert seen.sentence.startswith("The data changed: ")
    assert "Most of what moved is the data's. The model file changed, " in seen.sentence


@pytest.mark.parametrize("seed", range(3))
def test_a_shift_that_the_same_rows_show_is_the_models(seed: int) -> None:
    rng = np.random.default_rng(seed)
    then = attributions(rng)
    views, parts = compared(then, turned(then, 0.14), attributions(rng, positive=0.61))
    # The data part of importance is made the larger: it is not asked.
    by_data = [replace(one, model_part=0.0, data_part=1.0) for one in parts]
    views["holdout"] = replace(views["holdout"], levels={k: 0 * v for k, v in views["holdout"].levels.items()})

    assert judged(views, by_data).verdict == "data"
    seen = judged(views, parts_to_judge(views, by_data))
    assert (seen.verdict, "Most of it is the model's." in seen.sentence) == ("model", True)


def test_what_importance_alone_raised_is_answered_for_by_its_parts() -> None:
    rng = np.random.default_rng(0)
    then = attributions(rng)
    views, parts = compared(then, then * 1.03, attributions(rng, positive=0.61) * 1.03)
    total = views["total"]
    assert total.levels["ks"].any()
    by_importance = {"stability": total.levels["ks"], "ks": 0 * total.levels["ks"], "psi": 0 * total.levels["ks"]}
    raised = {**views, "total": replace(total, levels={**total.levels, **by_importance})}

    assert parts_to_judge(views, parts) != parts
    assert parts_to_judge(raised, parts) == parts


def test_nothing_is_divided_where_the_total_view_is_quiet_or_not_there() -> None:
    rng = np.random.default_rng(0)
    then = attributions(rng)
    views, parts = compared(then, then, attributions(rng))

    assert views["total"].level == 0
    assert parts_to_judge(views, parts) == parts
    assert parts_to_judge({"holdout": views["holdout"]}, parts) == parts


def test_a_check_judges_by_these_parts_and_keeps_those_that_add_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[Contribution]] = []
    told: list[Sequence[Contribution]] = []

    def parts(views, contributions):
        assert set(views) >= {"holdout", "traffic", "total"}
        asked.append(tuple(replace(one, model_part=-1.0) for one in contributions))
        return asked[-1]

    def judging(views, contributions, *more):
        told.append(contributions)
        return judge(views, contributions, *more)

    monkeypatch.setattr(checking, "parts_to_judge", parts)
    monkeypatch.setattr(drift, "judge", judging)
    watched = build("xgboost", "binary", tmp_path)
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        store.upgrade()
        store.register(watched.monitor, cadence="weekly", interval_seconds=604800, config_digest="c", now=NOW)
        create_reference(watched.monitor, store, author="ana", reason="first", now=NOW)
        claim = store.claim(watched.monitor.name, slot(0), owner="t|1|1|1", lease=timedelta(minutes=5), now=NOW)
        assert claim is not None
        check = store.check(perform(watched.monitor, claim, store, clock=lambda: NOW).id)

    assert check is not None
    assert told == asked != []
    for one in check.contributions:
        assert one.importance_current - one.importance_reference == pytest.approx(one.model_part + one.data_part)
