from __future__ import annotations

import pytest

from monitor.names import COUNTERS, METRICS
from monitor.store import counters


def test_every_known_total_begins_at_zero(store, make):
    found = store.snapshot(make.start).counters

    names = {counter.name for counter in found}
    assert names == set(COUNTERS)
    assert len(found) == sum(len(label[1]) if label else 1 for label in COUNTERS.values())
    assert {counter.value for counter in found} == {0.0}
    for counter in found:
        assert set(counter.labels) == set(METRICS[counter.name].labels)


def test_the_canary_of_every_check_adds_to_the_totals_and_comes_back_with_it(store, make):
    for slot, severe in ((0, 0), (1, 1), (2, 0)):
        make.save(store, make.bare(slot, canary={"comparisons": 4, "warning": 1, "severe": severe}))
    make.save(store, make.bare(3))

    totals = make.totals(store)
    assert totals["xdrift_canary_comparisons_total"] == 12
    assert totals["xdrift_canary_alarms_total warning"] == 3
    assert totals["xdrift_canary_alarms_total severe"] == 1
    assert store.check(make.bare(1).id).canary == {"comparisons": 4, "warning": 1, "severe": 1}
    assert store.check(make.bare(3).id).canary == {}


def test_checks_are_counted_by_verdict_and_failures_by_reason(store, make):
    for check in (make.bare(0), make.bare(1, verdict="none"), make.bare(2), make.failed(3)):
        make.save(store, check)

    assert make.totals(store) == {
        "xdrift_checks_total": 4,
        "xdrift_verdicts_total data": 2,
        "xdrift_verdicts_total none": 1,
        "xdrift_verdicts_total unknown": 1,
        "xdrift_check_failures_total sampling": 1,
    }


def test_a_check_that_could_not_judge_is_no_failure(store, make):
    make.save(store, make.bare(0, outcome="unknown", verdict="unknown", reason="thin_sample"))

    assert make.totals(store) == {"xdrift_checks_total": 1, "xdrift_verdicts_total unknown": 1}


@pytest.mark.parametrize("reason", [None, "something new"])
def test_a_failure_of_no_known_reason_counts_as_internal(store, make, reason):
    make.save(store, make.failed(0, reason=reason))

    assert make.totals(store)["xdrift_check_failures_total internal"] == 1
    assert store.check(make.failed(0).id).reason == reason


def test_registering_again_keeps_the_totals(store, make):
    make.save(store, make.bare(0))
    make.register(store)

    assert make.totals(store)["xdrift_checks_total"] == 1


def test_totals_of_a_retired_monitor_are_hidden_until_it_is_back(store, make):
    make.save(store, make.bare(0))
    store.retire([])
    assert make.totals(store) == {}

    make.register(store)
    assert make.totals(store)["xdrift_checks_total"] == 1


def test_a_renamed_model_begins_new_totals(store, make):
    make.save(store, make.bare(0))
    make.register(store, model_name="scorecard")
    assert make.totals(store) == {}

    make.save(store, make.bare(1, model="scorecard"))
    assert make.totals(store)["xdrift_checks_total"] == 1


def test_a_total_neither_shrinks_nor_takes_a_name_that_is_not_listed(store):
    def add(name: str, amount: float) -> None:
        with store._database.write() as connection:
            counters.add(connection, name, monitor="credit", model="credit", labels={}, amount=amount)

    with pytest.raises(ValueError, match="totals only grow"):
        add("xdrift_checks_total", -1)
    with pytest.raises(ValueError, match="totals only grow"):
        add("xdrift_checks_total", float("nan"))
    with pytest.raises(ValueError, match=r"not one of names\.COUNTERS"):
        add("xdrift_surprises_total", 1)
