"""Smoothed scores and streaks of segments, as checks are finished in order and out of order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.store.scores import smoothed


def status(store, make, name: str = "credit"):
    (found,) = (each for each in store.snapshot(make.start).monitors if each.name == name)
    return found


def scored(make, number: float, psi: float, monitor: str = "credit", *, level: int = 0, **more):
    """A check whose traffic view has this largest PSI."""
    findings = (
        make.finding(statistic=psi / 2, feature="income"),
        make.finding(statistic=psi),
        make.finding(statistic=9.0, segment="region=EU", level=0),
        make.finding(statistic=9.0, test="ks"),
        make.finding(statistic=9.0, view="holdout"),
        make.finding(statistic=9.0, feature=None, test="psi"),
        make.finding(statistic=None, feature="région", reason="constant"),
        make.finding(statistic=8.0, feature="zip", p_adjusted=None, level=0),
    )
    return make.bare(number, monitor, findings=findings, levels={"traffic": level}, **more)


def test_the_first_score_is_the_mean_and_later_ones_move_it_by_three_tenths(store, make):
    make.save(store, scored(make, 0, 0.1))
    assert status(store, make).smoothed == {("traffic", "psi_max"): 0.1}

    make.save(store, scored(make, 1, 0.2))
    assert status(store, make).smoothed[("traffic", "psi_max")] == pytest.approx(0.7 * 0.1 + 0.3 * 0.2)


def test_severe_checks_and_confirming_checks_leave_the_mean_alone(store, make):
    make.save(store, scored(make, 0, 0.1))
    severe = make.save(store, scored(make, 1, 0.9, level=2))
    again = scored(make, 1.5, 0.12, confirms=severe.id)
    store.finish(make.claim(store, 1.5, confirms=severe.id), again)
    make.save(store, make.failed(2))

    assert status(store, make).smoothed == {("traffic", "psi_max"): 0.1}


def test_a_view_that_was_not_judged_has_no_mean(store, make):
    make.save(store, replace(scored(make, 0, 0.1), levels={"holdout": 0}))

    assert status(store, make).smoothed == {("holdout", "psi_max"): 9.0}


def test_features_too_unimportant_to_alarm_have_no_part_in_the_mean(store, make):
    lesser = make.finding(statistic=0.9, p_adjusted=None, level=0)
    make.save(store, make.bare(0, findings=(lesser,), levels={"traffic": 0}))
    assert status(store, make).smoothed == {}

    counts = make.finding(statistic=0.1, feature="income")
    make.save(store, make.bare(1, findings=(lesser, counts), levels={"traffic": 0}))
    assert status(store, make).smoothed == {("traffic", "psi_max"): 0.1}


def segmented(make, number: float, monitor: str = "credit", **levels: int | None):
    findings = []
    for segment, level in levels.items():
        name = f"region={segment}"
        if level is None:
            bare = {"feature": None, "test": "rows", "reason": "too few rows"}
            findings.append(make.finding(segment=name, level=0, **bare))
        else:
            findings += [make.finding(segment=name, level=0), make.finding(segment=name, level=level, test="ks")]
    return make.bare(number, monitor, findings=tuple(findings))


def test_a_segment_has_the_level_of_its_highest_feature_and_a_streak(store, make):
    for number in range(3):
        make.save(store, segmented(make, number, EU=2, US=number, AU=0))

    assert status(store, make).segments == {"region=EU": (2, 3), "region=US": (2, 1), "region=AU": (0, 0)}


def test_a_segment_that_was_not_judged_keeps_level_and_streak(store, make):
    make.save(store, segmented(make, 0, EU=1))
    make.save(store, segmented(make, 1, EU=None))
    make.save(store, segmented(make, 2, US=0))
    assert status(store, make).segments == {"region=EU": (1, 1), "region=US": (0, 0)}

    make.save(store, segmented(make, 3, EU=1))
    assert status(store, make).segments["region=EU"] == (1, 2)


past = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 2), st.sampled_from([None, 0, 1, 2]), st.booleans()),
    min_size=1,
    max_size=7,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), past=past)
def test_the_order_in_which_slots_are_finished_changes_neither(store, make, data, past):
    order = data.draw(st.permutations(range(len(past))))
    with store._database.read() as connection:
        name = f"m{connection.exec_driver_sql('SELECT count(*) FROM monitors').scalar_one()}"
    make.register(store, name)
    for number in order:
        psi, level, segment, failed = past[number]
        if failed:
            make.save(store, make.failed(number, name))
            continue
        check = scored(make, number, psi, name, level=level)
        more = segmented(make, number, name, EU=segment).findings
        findings = tuple(one for one in check.findings if one.segment is None) + more
        make.save(store, replace(check, findings=findings))

    found = status(store, make, name)
    entering = [psi for psi, level, _, failed in past if level < 2 and not failed]
    judged = [segment for *_, segment, failed in past if segment is not None and not failed]
    if entering:
        assert found.smoothed[("traffic", "psi_max")] == pytest.approx(smoothed(entering), abs=1e-12)
    else:
        assert found.smoothed == {}
    if judged:
        run = next((n for n, level in enumerate(reversed(judged)) if level != judged[-1]), len(judged))
        assert found.segments == {"region=EU": (judged[-1], run if judged[-1] else 0)}
    else:
        assert found.segments == {}
