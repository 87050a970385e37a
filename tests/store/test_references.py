from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from monitor.errors import StoreError
from monitor.types import Attributions


def equal(left, right) -> bool:
    """Equality of references, arrays compared bit for bit."""
    arrays = ("values", "base_values", "predictions")
    rest = [
        replace(ref, attributions=replace(ref.attributions, **{name: np.empty((0, 3)) for name in arrays}))
        for ref in (left, right)
    ]
    same = all(
        getattr(left.attributions, name).tobytes() == getattr(right.attributions, name).tobytes() for name in arrays
    )
    return same and repr(rest[0]) == repr(rest[1])


def test_a_reference_comes_back_bit_for_bit(store, make):
    values = np.array([[1 / 3, -0.0, 5e-324], [math.nan, math.inf, -1e308]])
    found = make.reference().attributions
    attributions = replace(found, values=values, base_values=np.ones((2, 2)), predictions=np.ones((2, 2)))
    saved = make.reference(attributions=attributions, row_ids=("a", "b"), periods=None, model_libraries={})
    store.save_reference(saved, activate=False)

    loaded = store.load_reference(saved.id)

    assert equal(loaded, replace(saved, attributions=replace(attributions, explainer=loaded.attributions.explainer)))
    assert loaded.attributions.explainer == attributions.explainer
    assert not loaded.attributions.values.flags.writeable


def test_a_reference_without_rows_comes_back(store, make):
    nothing = Attributions(
        values=np.empty((0, 3)), base_values=np.empty((0, 1)), predictions=np.empty((0, 1)),
        feature_names=make.features, explainer=make.explainer(class_index=None), additivity_gap=math.nan,
    )  # fmt: skip
    store.save_reference(make.reference(attributions=nothing, row_ids=(), periods=()), activate=False)

    loaded = store.load_reference(make.reference().id)

    assert loaded.attributions.values.shape == (0, 3)
    assert math.isnan(loaded.attributions.additivity_gap)


def test_saving_a_reference_again_changes_nothing(store, make):
    store.save_reference(make.reference(), activate=True)
    store.save_reference(make.reference(author="bob", reason="again"), activate=True)

    (summary,) = store.references("credit")

    assert (summary.author, summary.reason, summary.activated_at) == ("ada", "first deployment", make.start)


def test_another_content_under_a_known_id_is_refused(store, make):
    store.save_reference(make.reference(), activate=True)

    with pytest.raises(StoreError, match="other content under the same id"):
        store.save_reference(replace(make.reference(seed=1), id=make.reference().id), activate=True)


def test_a_saved_reference_is_in_force_only_when_activated(store, make):
    store.save_reference(make.reference(), activate=False)

    assert store.active_reference("credit") is None
    assert store.references("credit")[0].active is False


def test_the_reference_activated_last_is_in_force(store, make):
    for seed in (1, 2):
        store.save_reference(make.reference(seed=seed, created_at=make.slot(seed)), activate=True)
    first = make.reference(seed=1).id
    store.activate_reference("credit", first, author="eve", reason="rollback", at=make.slot(0))

    assert store.active_reference("credit").id == first
    assert [(each.id, each.active) for each in store.references("credit")] == [("2".zfill(16), False), (first, True)]


def test_a_summary_says_when_the_reference_last_came_into_force(store, make):
    store.save_reference(make.reference(), activate=True)
    store.save_reference(make.reference(seed=1), activate=True)
    store.activate_reference("credit", make.reference().id, author="eve", reason="rollback", at=make.slot(5))

    by_id = {each.id: each.activated_at for each in store.references("credit")}

    assert by_id == {make.reference().id: make.slot(5), make.reference(seed=1).id: make.start}


def test_a_summary_tells_what_the_reference_is_made_of(store, make):
    store.save_reference(make.reference(rows=7), activate=True)

    (found,) = store.references()

    assert (found.n_rows, found.n_features, found.engine, found.model_version) == (7, 3, "xgboost-native", "v1")
    assert (found.explainer_digest, found.holdout_digest, found.model_digest) == ("e" * 64, "b" * 64, "a" * 64)


def test_two_monitors_may_hold_the_same_reference(store, make):
    make.register(store, "other")
    store.save_reference(make.reference(), activate=True)
    store.save_reference(make.reference("other", author="bob"), activate=True)

    assert store.active_reference("credit").author == "ada"
    assert store.active_reference("other").author == "bob"
    assert store.load_reference(make.reference().id, monitor="other").author == "bob"
    assert [each.monitor for each in store.references("other")] == ["other"]


def test_an_unknown_reference_is_an_error_that_names_it(store, make):
    with pytest.raises(StoreError, match=r"reference beef; seen: not in the store.*xdrift reference list"):
        store.load_reference("beef")
    with pytest.raises(StoreError, match="reference beef of monitor 'credit'"):
        store.activate_reference("credit", "beef", author="a", reason="r", at=make.start)


def test_a_reference_of_an_unregistered_monitor_is_refused(store, make):
    with pytest.raises(StoreError, match="monitor 'nobody'; seen: unknown to the store"):
        store.save_reference(make.reference("nobody"), activate=True)


def test_damaged_arrays_are_reported(store, make):
    store.save_reference(make.reference(), activate=True)
    with store._database.write() as connection:
        connection.exec_driver_sql("UPDATE attribution_references SET arrays = 'junk'")

    with pytest.raises(StoreError, match="array data of 4 bytes is damaged"):
        store.active_reference("credit")
