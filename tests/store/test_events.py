"""What happened to a monitor: deployments, references, levels, maintenance, under ids that stay."""

from __future__ import annotations

from datetime import timedelta

import pytest

LONG_AGO = timedelta(days=400)
HOUR = timedelta(hours=1)


def told(store, make, **more):
    return [(event.kind, event.at, event.text) for event in store.events(since=make.slot(0) - LONG_AGO, **more)]


def levels(store, make, **more):
    return [(event.at, event.text) for event in store.events(since=make.slot(0), **more) if event.kind == "level"]


def again(store, make, severe, number, **more):
    """A confirming check."""
    held = make.claim(store, number, confirms=severe.id)
    store.finish(held, make.bare(number, confirms=severe.id, **more))


def test_a_level_is_an_event_where_it_differs_from_the_judged_check_before_it(store, make):
    for number, level in enumerate([0, 1, 1, None, 1, 2, None, 0, 0]):
        made = make.failed(number) if level is None else make.bare(number, level=level, sentence=f"Said {level}.")
        make.save(store, made)
    make.save(store, make.bare(9, level=2, outcome="unknown", reason="thin_sample"))

    assert levels(store, make) == [
        (make.slot(1), "Level none to warning. Said 1."),
        (make.slot(5), "Level warning to severe. Said 2."),
        (make.slot(7), "Level severe to none. Said 0."),
    ]


def test_the_first_judged_check_counts_from_none(store, make):
    make.save(store, make.bare(0, level=2, sentence="At once."))
    assert levels(store, make) == [(make.slot(0), "Level none to severe. At once.")]


def test_a_severe_level_that_is_looked_at_again_and_not_found_ends_there(store, make):
    severe = make.save(store, make.bare(0, level=2, sentence="Moved."))
    again(store, make, severe, 0.5, level=0, sentence="Quiet.")
    make.save(store, make.bare(1, level=0))

    assert levels(store, make) == [
        (make.slot(0), "Level none to severe. Moved."),
        (make.slot(0.5), "Looked at again: level severe to none. Quiet."),
    ]


def test_a_confirmed_level_is_one_event(store, make):
    severe = make.save(store, make.bare(0, level=2))
    again(store, make, severe, 0.5, level=2)
    make.save(store, make.bare(1, level=2))
    assert len(levels(store, make)) == 1


def test_checks_of_other_monitors_are_nothing_to_compare_with(store, make):
    make.register(store, "fraud")
    make.save(store, make.bare(0, level=2))
    make.save(store, make.bare(1, "fraud", level=0))
    make.save(store, make.bare(2, "fraud", level=2))

    assert [event.at for event in store.events(since=make.slot(0), monitor="fraud") if event.kind == "level"] == [
        make.slot(2)
    ]


def test_every_model_that_comes_into_force_is_an_event_with_its_check(store, make):
    first = make.save(store, make.bare(0, level=0, model_digest="a" * 64, model_version="v1"))
    make.save(store, make.bare(1, level=0, model_digest="a" * 64, model_version="v1"))
    other = make.save(store, make.bare(2, level=0, model_digest="c0ffee" * 10, model_version=None))
    back = make.save(store, make.bare(3, level=0, model_digest="a" * 64, model_version="v1"))

    found = store.events(since=make.slot(0))

    assert [(event.at, event.text, event.check_id) for event in found] == [
        (make.slot(0), "Model version v1 in force", first.id),
        (make.slot(2), "Model version c0ffeec0ffee in force", other.id),
        (make.slot(3), "Model version v1 in force", back.id),
    ]
    assert found[0].id == "deployment-credit-20240101T000000000000Z"


def test_references_are_events_each_time_they_come_into_force(store, make):
    store.save_reference(make.reference(seed=1), activate=True)
    store.save_reference(make.reference(seed=2, created_at=make.slot(1)), activate=True)
    store.activate_reference("credit", f"{1:016x}", author="bob", reason="back again", at=make.slot(2))

    found = store.events(since=make.slot(0))

    assert [event.text for event in found] == [
        "Reference 0000000000000001 in force, ada: first deployment",
        "Reference 0000000000000002 in force, ada: first deployment",
        "Reference 0000000000000001 in force, bob: back again",
    ]
    assert len({event.id for event in found}) == 3
    assert [event.at for event in found] == [make.slot(0), make.slot(1), make.slot(2)]


def test_a_maintenance_keeps_its_id_when_it_is_ended_early(store, make):
    start = make.slot(0) + timedelta(microseconds=7)
    store.start_maintenance("credit", until=make.slot(6), author="ada", reason="CHG-42", now=start)
    (declared,) = store.events(since=make.slot(0))
    store.end_maintenance("credit", author="bob", now=make.slot(2))
    (ended,) = store.events(since=make.slot(0))

    assert (declared.at, declared.until, declared.text) == (start, make.slot(6), "Maintenance, ada: CHG-42")
    assert (ended.id, ended.until) == (declared.id, make.slot(2))
    assert declared.id == "maintenance-credit-20240101T000000000007Z"


def test_the_span_is_half_open_and_events_come_oldest_first(store, make):
    store.save_reference(make.reference(seed=1), activate=True)
    for number, level in enumerate([2, 0, 1]):
        make.save(store, make.bare(number, level=level, model_digest=None))

    assert [kind for kind, _, _ in told(store, make)] == ["level", "reference", "level", "level"]
    assert [event.at for event in store.events(since=make.slot(0), until=make.slot(1))] == [make.slot(0)] * 2
    assert [event.at for event in store.events(since=make.slot(2))] == [make.slot(2)]


@pytest.mark.parametrize(("ended", "expected"), [(False, 0), (True, 1)])
def test_what_was_recorded_since_is_told_whenever_it_happened(store, make, ended, expected):
    late = make.slot(100)
    store.start_maintenance("credit", until=make.slot(110), author="ada", reason="long", now=make.slot(0))
    make.save(store, make.bare(1, level=2, model_digest=None))
    make.save(store, make.bare(2, level=0, model_digest=None, started_at=late, finished_at=late))
    if ended:
        store.end_maintenance("credit", author="ada", now=late + HOUR)

    found = store.events(since=make.slot(0), recorded_since=late)

    assert [event.kind for event in found if event.kind == "level"] == ["level"]
    assert len([event for event in found if event.kind == "maintenance"]) == expected


def test_what_was_switched_on_once_keeps_its_time(store, make):
    assert store.first_switched_on("annotations", make.slot(3)) == make.slot(3)
    assert store.first_switched_on("annotations", make.slot(9)) == make.slot(3)
    assert store.first_switched_on("else", make.slot(9)) == make.slot(9)


def test_ids_fit_into_a_tag_of_grafana(store, make):
    """Half of a tag holds 100 characters there, and no more."""
    name = "m" * 63
    make.register(store, name)
    make.save(store, make.bare(0, name))
    store.start_maintenance(name, until=make.slot(6), author="ada", reason="long", now=make.slot(0))
    assert max(len(event.id) for event in store.events(since=make.slot(0), monitor=name)) <= 100
