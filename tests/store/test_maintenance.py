"""Declared maintenance: bounded, recorded for ever, shown while it is open."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.errors import ConfigError, StoreError

DAY = timedelta(days=1)
WHO = {"author": "ada", "reason": "CHG-42"}


def until(store, make, hours: float):
    (status,) = store.snapshot(make.slot(hours)).monitors
    return status.maintenance_until


def test_an_open_maintenance_is_shown_until_it_ends_by_itself(store, make):
    made = store.start_maintenance("credit", until=make.slot(4), now=make.slot(1), **WHO)

    assert (made.start, made.end, made.ended_at) == (make.slot(1), make.slot(4), None)
    assert [until(store, make, hours) for hours in (1, 3.9, 4)] == [make.slot(4), make.slot(4), None]


def test_a_maintenance_can_be_ended_early_and_stays_on_record(store, make):
    store.start_maintenance("credit", until=make.slot(4), now=make.slot(1), **WHO)

    ended = store.end_maintenance("credit", author="bo", now=make.slot(2))

    assert (ended.end, ended.ended_at, ended.ended_by) == (make.slot(2), make.slot(2), "bo")
    assert until(store, make, 3) is None
    assert store.maintenances() == [ended]


def test_a_second_one_is_refused_while_one_is_open_and_told_how(store, make):
    store.start_maintenance("credit", until=make.slot(4), now=make.slot(1), **WHO)

    with pytest.raises(ConfigError, match="xdrift maintenance end credit"):
        store.start_maintenance("credit", until=make.slot(9), now=make.slot(2), **WHO)

    assert len(store.maintenances()) == 1


def test_after_the_end_another_one_may_begin_at_once(store, make):
    store.start_maintenance("credit", until=make.slot(4), now=make.slot(1), **WHO)
    store.end_maintenance("credit", author="bo", now=make.slot(2))
    store.start_maintenance("credit", until=make.slot(9), now=make.slot(3), **WHO)

    assert until(store, make, 3) == make.slot(9)
    assert [one.start for one in store.maintenances("credit")] == [make.slot(3), make.slot(1)]


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (timedelta(0), "the end of the maintenance is past"),
        (-DAY, "the end of the maintenance is past"),
        (7 * DAY + timedelta(seconds=1), "a maintenance lasts 1w at most"),
    ],
)
def test_an_end_in_the_past_or_more_than_a_week_ahead_is_refused_and_called_that(store, make, end, words):
    with pytest.raises(ConfigError, match=words):
        store.start_maintenance("credit", until=make.start + end, now=make.start, **WHO)

    assert store.maintenances() == []


BAD = [("", "nothing"), (" \t\n", "nothing"), ("a\nb", "'\\\\n' at place 2"), ("a\x00b", "x00"), ("\x1b[2J!", "x1b")]
TURNED = [("one \u202eowt", "u202e"), ("half \ud800", "ud800"), ("x" * 100_000, "100,000 characters")]


@pytest.mark.parametrize(("text", "seen"), BAD + TURNED)
@pytest.mark.parametrize("kind", ["author", "reason"])
def test_who_and_why_are_a_line_of_plain_text(store, make, kind, text, seen):
    with pytest.raises(ConfigError, match=seen) as caught:
        store.start_maintenance("credit", until=make.slot(4), now=make.slot(1), **{**WHO, kind: text})

    assert caught.value.thing == f"--{kind} of the maintenance"
    assert caught.value.expected
    assert f"--{kind}" in caught.value.hint
    assert store.maintenances() == []


def test_whoever_ends_it_is_held_to_the_same(store, make):
    store.start_maintenance("credit", until=make.slot(4), now=make.slot(1), **WHO)

    with pytest.raises(ConfigError, match="--author of the maintenance"):
        store.end_maintenance("credit", author="", now=make.slot(2))

    assert until(store, make, 3) == make.slot(4)


def test_any_language_is_plain_text(store, make):
    reason = "  Störung 👩‍💻 – neue Wetterdaten\xa0(v18), " + "é" * 400
    made = store.start_maintenance("credit", until=make.slot(4), now=make.slot(1), author="ädä", reason=reason)

    assert (made.author, made.reason) == ("ädä", reason.strip())
    assert store.maintenances() == [made]


def test_a_week_is_not_too_long(store, make):
    store.start_maintenance("credit", until=make.start + 7 * DAY, now=make.start, **WHO)

    assert until(store, make, 24) == make.start + 7 * DAY


def test_nothing_open_cannot_be_ended(store, make):
    with pytest.raises(ConfigError, match="not in maintenance"):
        store.end_maintenance("credit", author="bo", now=make.start)


def test_a_monitor_nobody_registered_cannot_be_maintained(store, make):
    with pytest.raises(StoreError, match="unknown to the store"):
        store.start_maintenance("nobody", until=make.slot(1), now=make.start, **WHO)


def test_monitors_have_maintenances_of_their_own(store, make):
    make.register(store, "other")
    store.start_maintenance("other", until=make.slot(4), now=make.slot(1), **WHO)

    first, second = store.snapshot(make.slot(2)).monitors

    assert (first.maintenance_until, second.maintenance_until) == (None, make.slot(4))
    assert store.maintenances("credit") == []
