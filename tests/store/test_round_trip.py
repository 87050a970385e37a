"""Whatever a record may hold comes back from the database as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from typing import get_args

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitor.types import (
    VIEWS,
    AttributionRow,
    Attributions,
    Contribution,
    ExplainerRef,
    Finding,
    Outcome,
    Profile,
    Verdict,
    Window,
)

SLOTS = count()
# Records are large: shrinking one that fails would take longer than reading it.
small = settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
real = st.floats(allow_nan=False)
size = st.integers(0, 2**62)
level = st.sampled_from([0, 1, 2])
zones = st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-840, 840))
instants = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC) | zones)
leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15) | text
json_values = st.recursive(
    leaves, lambda x: st.lists(x, max_size=2) | st.dictionaries(text, x, max_size=2), max_leaves=4
)
maybe = st.none()


def few(strategy):
    return st.lists(strategy, max_size=3).map(tuple)


def named(strategy):
    return st.dictionaries(text, strategy, max_size=3)


explainers = st.builds(
    ExplainerRef, engine=text, exact=st.booleans(), scale=st.sampled_from(["margin", "probability"]),
    class_index=maybe | few(st.integers(0, 99)), config=named(json_values), libraries=named(text), digest=text,
)  # fmt: skip
findings = st.builds(
    Finding, view=st.sampled_from(VIEWS), feature=maybe | text, test=text, statistic=maybe | real, p_value=maybe | real,
    p_adjusted=maybe | real, threshold=maybe | real, threshold_severe=maybe | real, level=level, n_reference=size,
    n_current=size, reason=maybe | text,
)  # fmt: skip
contributions = st.builds(
    Contribution, feature=text, importance_reference=real, importance_holdout=real, importance_current=real,
    share_reference=real, share_current=real, model_part=real, data_part=real, level=level,
)  # fmt: skip
profiles = st.builds(
    Profile, kind=st.sampled_from(["attribution", "input", "prediction"]),
    side=st.sampled_from(["reference", "holdout", "traffic"]), feature=text, n=size, n_missing=size, edges=few(real),
    categories=few(text), counts=few(size), quantiles=few(real), mean=maybe | real, mean_abs=maybe | real,
    std=maybe | real, minimum=maybe | real, maximum=maybe | real,
)  # fmt: skip
rows = st.builds(
    AttributionRow, row_id=text, kind=st.sampled_from(["sample", "priority"]), time=maybe | instants,
    prediction=maybe | real, logged_prediction=maybe | real, base_value=real, values=named(real),
    inputs=named(json_values), segments=named(text),
)  # fmt: skip
windows = st.tuples(instants, st.timedeltas(timedelta(microseconds=1), timedelta(days=9))).map(
    lambda pair: Window(start=pair[0], end=pair[0].astimezone(UTC) + pair[1])
)
check_fields = st.fixed_dictionaries(
    {
        "model": text, "window": windows, "started_at": instants, "finished_at": instants,
        "outcome": st.sampled_from(get_args(Outcome)), "verdict": st.sampled_from(get_args(Verdict)), "level": level,
        "reason": maybe | text, "sentence": text, "evidence": few(text), "error": maybe | text,
        "seed": st.integers(0, 2**63 - 1), "n_seen": size, "n_drawn": size, "n_explained": size, "n_holdout": size,
        "model_version": maybe | text, "model_digest": maybe | text, "holdout_digest": maybe | text,
        "explainer": maybe | explainers, "holdout_skipped": st.booleans(), "additivity_gap": maybe | real,
        "levels": st.dictionaries(st.sampled_from(VIEWS), level), "model_numbers": named(named(real)),
        "input_drift": named(real), "findings": few(findings), "contributions": few(contributions),
        "profiles": few(profiles), "rows": few(rows), "stage_seconds": named(real), "versions": named(text),
        "notes": few(text), "config_digest": maybe | text, "newest_at": maybe | instants,
    }
)  # fmt: skip


@small
@given(fields=check_fields)
def test_every_check_comes_back_equal(store, make, fields):
    check = replace(make.check(next(SLOTS)), **fields)
    held = make.claim(store, (check.planned_at - make.start) / make.hour)
    store.finish(held, check)

    assert store.check(check.id) == check
    assert store.checks(limit=1) == [replace(check, findings=(), contributions=(), profiles=(), rows=())]


@st.composite
def references(draw):
    n, d, k = draw(st.integers(0, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    numbers = [draw(st.lists(st.floats(), min_size=n * width, max_size=n * width)) for width in (d, k, k)]
    values, bases, predictions = (
        np.array(each).reshape(n, width) for each, width in zip(numbers, (d, k, k), strict=True)
    )
    names = tuple(draw(st.lists(text, min_size=d, max_size=d, unique=True)))
    attributions = Attributions(
        values=values, base_values=bases, predictions=predictions, feature_names=names, explainer=draw(explainers),
        additivity_gap=draw(real), source_features=draw(few(text)), notes=draw(few(text)),
    )  # fmt: skip
    fields = st.fixed_dictionaries(
        {
            "row_ids": few(text), "periods": maybe | few(text), "holdout_digest": text, "model_digest": text,
            "model_version": text, "model_libraries": named(text), "input_profiles": few(profiles),
            "created_at": instants, "author": text, "reason": text,
        }
    )  # fmt: skip
    return {"attributions": attributions, **draw(fields)}


@small
@given(fields=references())
def test_every_reference_comes_back_equal_and_its_arrays_bit_for_bit(store, make, fields):
    saved = replace(make.reference(seed=next(SLOTS)), **fields)
    store.save_reference(saved, activate=True)

    found = store.active_reference("credit")

    for name in ("values", "base_values", "predictions"):
        before, after = getattr(saved.attributions, name), getattr(found.attributions, name)
        assert (before.shape, before.tobytes()) == (after.shape, after.tobytes())
    for name in ("feature_names", "explainer", "additivity_gap", "source_features", "notes"):
        assert getattr(found.attributions, name) == getattr(saved.attributions, name)
    assert replace(found, attributions=None) == replace(saved, attributions=None)
