from __future__ import annotations

import math
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import MappingProxyType

import numpy as np
import pytest

from monitor.errors import StoreError


def test_a_check_comes_back_equal_with_all_its_parts(store, make):
    store.save_reference(make.reference(), activate=True)
    saved = make.save(store, make.check(reference_id=make.reference().id))

    assert store.check(saved.id) == saved


def test_a_failed_check_without_any_detail_comes_back_equal(store, make):
    saved = make.save(store, make.failed(0))

    assert store.check(saved.id) == saved


def test_a_large_check_is_saved_in_little_time(store, make):
    """50 features, 4 views, 6 tests, 1000 rows: a third of a second of our own time when this was written."""
    names = [f"feature_{number}" for number in range(50)]
    values = {name: 1 / (number + 3) for number, name in enumerate(names)}
    large = make.check(
        0,
        findings=tuple(make.finding(feature=name, test=f"test {k % 6}") for name in names for k in range(24)),
        contributions=tuple(make.contribution(feature=name) for name in names),
        profiles=tuple(make.profile(feature=name) for name in names for _ in range(3)),
        rows=tuple(make.attribution(number, values=values, inputs=values) for number in range(1000)),
    )
    held = make.claim(store)

    began = time.process_time()
    store.finish(held, large)

    assert time.process_time() - began < 1.5
    assert store.check(large.id) == large


def test_an_unknown_id_has_no_check(store):
    assert store.check("0" * 16) is None


def test_times_come_back_in_utc_to_the_microsecond(store, make):
    east = timezone(timedelta(hours=9))
    began = datetime(2024, 7, 1, 12, 30, 15, 654321, tzinfo=east)
    make.save(store, make.bare(0, started_at=began))

    found = store.check(make.bare(0).id)

    assert (found.started_at, found.started_at.utcoffset()) == (began, timedelta(0))


def test_a_naive_time_is_refused_and_nothing_is_saved(store, make):
    held = make.claim(store)

    with pytest.raises(StoreError, match="has no time zone"):
        store.finish(held, make.bare(0, started_at=datetime(2024, 1, 1)))

    assert store.check(make.bare(0).id) is None


def test_numbers_of_numpy_are_saved_as_numbers(store, make):
    finding = make.finding(statistic=np.float64(0.5), level=np.int64(1), n_current=np.int32(7))
    profile = make.profile(counts=tuple(np.arange(3)), n=np.int64(3))
    rows = (make.attribution(inputs={"age": np.float32(0.5), "n": np.int64(3), "flag": np.bool_(True)}),)
    held = make.claim(store)
    sent = make.bare(0, findings=(finding,), profiles=(profile,), rows=rows, level=np.int64(2), n_seen=np.int64(9))
    store.finish(held, replace(sent, holdout_skipped=np.bool_(True), input_drift={"age": np.float64(0.5)}))

    found = store.check(sent.id)

    assert found.findings == (finding,)
    assert found.profiles == (profile,)
    assert found.rows[0].inputs == {"age": 0.5, "n": 3, "flag": True}
    assert (found.level, found.n_seen, found.holdout_skipped, found.input_drift) == (2, 9, True, {"age": 0.5})


def test_nan_in_an_optional_number_reads_back_as_none(store, make):
    make.save(store, make.bare(0, additivity_gap=math.nan, findings=(make.finding(statistic=math.nan),)))

    found = store.check(make.bare(0).id)

    assert found.additivity_gap is None
    assert found.findings[0].statistic is None


def test_nan_in_a_required_number_reads_back_as_nan(store, make):
    parts = {
        "contributions": (make.contribution(share_current=math.nan),),
        "rows": (make.attribution(base_value=math.nan),),
    }
    make.save(store, make.bare(0, **parts))

    found = store.check(make.bare(0).id)

    assert math.isnan(found.contributions[0].share_current)
    assert math.isnan(found.rows[0].base_value)


def test_infinities_and_nan_in_mappings_of_numbers_come_back_as_they_were(store, make):
    strange = {"a": math.inf, "b": -math.inf, "c": 1e308, "d": 5e-324, "e": -0.0, "f": 0.1}
    make.save(
        store,
        make.bare(
            0, input_drift=strange, rows=(make.attribution(values=strange),), model_numbers={"total": {"x": math.nan}}
        ),
    )

    found = store.check(make.bare(0).id)

    assert found.input_drift == strange
    assert found.rows[0].values == strange
    assert math.isnan(found.model_numbers["total"]["x"])


def test_infinite_statistics_and_edges_come_back(store, make):
    parts = {
        "findings": (make.finding(statistic=math.inf, threshold=-math.inf),),
        "profiles": (make.profile(edges=(-math.inf, 0.0), quantiles=(math.nan,)),),
    }
    make.save(store, make.bare(0, **parts))

    found = store.check(make.bare(0).id)

    assert found.findings == parts["findings"]
    assert found.profiles[0].edges == (-math.inf, 0.0)
    assert math.isnan(found.profiles[0].quantiles[0])


def test_inputs_that_json_cannot_hold_become_null(store, make):
    row = make.attribution(inputs={"a": math.nan, "b": math.inf, "c": [1.0, math.nan], "d": make.start})
    make.save(store, make.bare(0, rows=(row,)))

    inputs = store.check(make.bare(0).id).rows[0].inputs

    assert inputs == {"a": None, "b": None, "c": [1.0, None], "d": make.start.isoformat()}


def test_text_that_postgres_refuses_is_saved_with_replacement_characters(store, make):
    row = make.attribution(row_id="a\x00b", inputs={"x\x00": "y\x00", "z": "\ud800"}, segments={"s": "\x00"})
    make.save(store, make.bare(0, rows=(row,), sentence="one\x00two\udfff"))

    found = store.check(make.bare(0).id)

    assert found.sentence == "one\ufffdtwo\ufffd"
    assert found.rows[0].row_id == "a\ufffdb"
    assert found.rows[0].inputs == {"x\ufffd": "y\ufffd", "z": "\ufffd"}
    assert found.rows[0].segments == {"s": "\ufffd"}


def test_a_list_of_checks_is_latest_slot_first_and_without_parts(store, make):
    for number in (2, 0, 1):
        make.save(store, make.check(number))

    found = store.checks()

    assert [each.planned_at for each in found] == [make.slot(2), make.slot(1), make.slot(0)]
    assert found[0] == replace(make.check(2), findings=(), contributions=(), profiles=(), rows=())


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"limit": 2}, [3, 2]),
        ({"monitor": "other"}, [3]),
        ({"monitor": "nobody"}, []),
        ({"before": 2}, [1, 0]),
        ({"since": 2}, [3, 2]),
        ({"since": 1, "before": 3}, [2, 1]),
        ({"verdict": "model"}, [1]),
    ],
)
def test_a_list_of_checks_can_be_narrowed(store, make, wanted, numbers):
    make.register(store, "other")
    for number, changes in enumerate([{}, {"verdict": "model"}, {}, {"monitor": "other"}]):
        make.save(store, make.bare(number, **changes))
    times = {name: make.slot(value) for name, value in wanted.items() if name in ("before", "since")}

    assert [each.planned_at for each in store.checks(**{**wanted, **times})] == [make.slot(n) for n in numbers]


def test_history_is_the_latest_checks_oldest_first(store, make):
    for number in (3, 0, 2, 1):
        make.save(store, make.bare(number, sentence=f"slot {number}"))

    found = store.history("credit", limit=3)

    assert [point.sentence for point in found] == ["slot 1", "slot 2", "slot 3"]
    assert found[0].window == make.bare(1).window
    assert found[0].check_id == make.bare(1).id


def test_history_says_how_each_feature_moved(store, make):
    make.save(
        store,
        make.bare(
            0,
            contributions=(
                make.contribution(feature="age", importance_reference=0.5, importance_current=0.75, level=1),
                make.contribution(feature="new", importance_reference=0.0, level=0),
                make.contribution(feature="lost", importance_current=math.nan, level=0),
            ),
        ),
    )

    (point,) = store.history("credit")

    assert point.feature_levels == {"age": 1, "new": 0, "lost": 0}
    assert point.feature_change["age"] == 0.5
    assert math.isnan(point.feature_change["new"])
    assert math.isnan(point.feature_change["lost"])


def test_history_takes_levels_from_findings_where_there_are_no_contributions(store, make):
    findings = [make.finding(level=level, view=view) for level, view in ((0, "traffic"), (2, "holdout"), (1, "total"))]
    make.save(store, make.bare(0, findings=(*findings, make.finding(feature=None, level=2, test="ndcg"))))

    (point,) = store.history("credit")

    assert (point.feature_levels, point.feature_change) == ({"age": 2}, {})


def test_history_of_a_monitor_without_checks_is_empty(store):
    assert store.history("credit") == []


SAME = MappingProxyType({"reference_id": "0" * 16, "model_digest": "a" * 64, "explainer_digest": "e" * 64})


class TestPreviousAttributions:
    @pytest.fixture
    def filled(self, store, make):
        store.save_reference(make.reference(), activate=True)
        store.save_reference(make.reference(seed=1), activate=False)
        for number in range(4):
            rows = (
                make.attribution(10 * number),
                make.attribution(7, kind="priority"),
                make.attribution(10 * number + 1),
            )
            make.save(store, make.check(number, reference_id="0" * 16, rows=rows))
        return store

    def test_sampled_rows_of_the_latest_checks_come_oldest_first(self, filled, make):
        found = filled.previous_attributions("credit", before=make.slot(3), limit=2, **SAME)

        expected = [[start + index / 3 for index in range(3)] for start in (10, 11, 20, 21)]
        np.testing.assert_array_equal(found, expected)
        assert not found.flags.writeable

    def test_columns_have_the_order_of_the_reference(self, filled, make):
        backwards = {name: float(index) for index, name in reversed(list(enumerate(make.features)))}
        make.save(filled, make.check(4, reference_id="0" * 16, rows=(make.attribution(values=backwards),)))

        found = filled.previous_attributions("credit", before=make.slot(5), limit=1, **SAME)

        np.testing.assert_array_equal(found, [[0.0, 1.0, 2.0]])

    @pytest.mark.parametrize(
        "other", [{"reference_id": "1".zfill(16)}, {"model_digest": "x"}, {"explainer_digest": "x"}, {"before": 0}]
    )
    def test_nothing_comparable_is_none(self, filled, make, other):
        wanted = {"before": make.slot(9), **SAME, **other}
        if other == {"before": 0}:
            wanted["before"] = make.slot(0)

        assert filled.previous_attributions("credit", limit=5, **wanted) is None

    def test_checks_whose_rows_are_gone_make_room_for_older_ones(self, filled, make):
        make.save(filled, make.check(3.5, reference_id="0" * 16, rows=()))

        found = filled.previous_attributions("credit", before=make.slot(9), limit=1, **SAME)

        assert found[:, 0].tolist() == [30.0, 31.0]
