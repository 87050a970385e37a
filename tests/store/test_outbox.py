"""Messages: when a condition changes, written with the check, delivered once per right to try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from datetime import timedelta

import pytest

from monitor.errors import SlotLostError
from monitor.settings import RetentionSettings
from monitor.store import outbox
from monitor.store.condition import condition
from monitor.types import Message, News

LATER = timedelta(minutes=2)


@pytest.mark.parametrize(
    ("levels", "outcomes", "expected"),
    [
        ([], [], "none"),
        ([2], ["succeeded"], "none"),
        ([2, 2], ["succeeded"] * 2, "severe"),
        ([2, 2, 0], ["succeeded"] * 2, "severe"),
        ([1, 2, 2], ["succeeded"] * 2, "warning"),
        ([2, 1, 2], ["succeeded"] * 2, "warning"),
        ([1, 1], ["succeeded"] * 2, "none"),
        ([1, 1, 1], ["succeeded"] * 2, "warning"),
        ([2, 0, 2], ["succeeded"] * 2, "none"),
        ([0, 2, 2], ["succeeded"] * 2, "none"),
        ([2, 2, 2], ["unknown", "succeeded"], "severe"),
        ([2, 2, 2], ["unknown", "failed"], "unknown"),
        ([], ["failed"], "none"),
        ([], ["failed", "failed"], "unknown"),
        ([0], ["succeeded", "failed"], "none"),
    ],
)
def test_a_condition_follows_from_the_latest_three_checks(levels, outcomes, expected):
    assert condition(levels, outcomes) == expected


def became(store, told) -> tuple:
    """State, time, attempts and reason of the one message about the first news."""
    ((channel, *rest),) = (astuple(one) for one in store.deliveries(told[0].check.id))
    assert channel == "chat"
    return tuple(rest)


@pytest.fixture
def told(store) -> list[News]:
    """What the store announces; one message per piece of news, to channel `chat`."""
    heard: list[News] = []

    def say(news: News) -> Sequence[Message]:
        heard.append(news)
        at = news.check.finished_at
        body = {"text": f"{news.before} to {news.after}", "condition_before": news.before}
        return [
            Message(
                id=f"{news.check.id}-chat", monitor="credit", channel="chat", body=body, created_at=at,
                withheld="maintenance" if news.maintenance else None,
            )
        ]  # fmt: skip

    store.announce = say
    return heard


def levels(store, make, *given: int | None) -> None:
    for number, level in enumerate(given):
        make.save(store, make.failed(number) if level is None else make.bare(number, level=level))


def levels_from(store, make, first: int, *given: int) -> None:
    for number, level in enumerate(given, first):
        make.save(store, make.bare(number, level=level))


def test_news_is_told_when_a_condition_is_reached_and_left_and_not_in_between(store, make, told):
    levels(store, make, 0, 2, 2, 2, 0, 0, None, None, None, 0, 1, 1, 1, 1)

    changes = [(news.check.planned_at, news.before, news.after) for news in told]
    assert changes == [
        (make.slot(2), "none", "severe"),
        (make.slot(4), "severe", "none"),
        (make.slot(7), "none", "unknown"),
        (make.slot(9), "unknown", "none"),
        (make.slot(12), "none", "warning"),
    ]
    assert told[0].owner == "team-risk"


def test_a_slot_made_up_for_late_tells_what_it_changes_now(store, make, told):
    make.save(store, make.bare(0, level=2))
    make.save(store, make.bare(2, level=2))
    assert [news.after for news in told] == ["severe"]

    make.save(store, make.bare(1, level=0))
    assert [(news.before, news.after) for news in told[1:]] == [("severe", "none")]


def test_a_message_that_is_written_twice_is_kept_once(store, make, told):
    levels(store, make, 2, 2)
    (message,) = store.messages_due("chat", make.slot(9))
    with store._database.write() as connection:
        outbox.add(connection, [message])

    assert len(store.messages_due("chat", make.slot(9))) == 1
    assert message.body["text"] == "none to severe"


def test_a_check_that_is_not_saved_tells_nothing(store, make, told):
    make.save(store, make.bare(0, level=2))
    held = make.claim(store, 1)
    store.release_dead(make.slot(9), lambda owner: False)

    with pytest.raises(SlotLostError):
        store.finish(held, make.bare(1, level=2))

    assert store.messages_due("chat", make.slot(9)) == []


def test_messages_wait_for_their_turn_and_are_counted_when_sent(store, make, told):
    levels(store, make, 2, 2)
    now = make.slot(9)
    (message,) = store.messages_due("chat", now)
    assert store.snapshot(now).monitors[0].messages_waiting == 1
    assert store.messages_due("other", now) == []

    assert store.take_message(message, until=now + LATER)
    assert store.messages_due("chat", now) == []
    store.message_sent(message, now)

    assert store.snapshot(now).monitors[0].messages_waiting == 0
    assert store.messages_due("chat", now + LATER) == []
    assert make.totals(store)["xdrift_notifications_total"] == 1
    store.message_sent(message, now)
    assert make.totals(store)["xdrift_notifications_total"] == 1


def test_two_daemons_try_one_delivery_once(store, make, told):
    levels(store, make, 2, 2)
    (message,) = store.messages_due("chat", make.slot(9))

    assert [store.take_message(message, until=make.slot(10)) for _ in range(2)] == [True, False]


def test_a_message_whose_daemon_died_is_due_again(store, make, told):
    levels(store, make, 2, 2)
    (message,) = store.messages_due("chat", make.slot(9))
    store.take_message(message, until=make.slot(10))

    (again,) = store.messages_due("chat", make.slot(10))

    assert (again.id, again.attempts) == (message.id, 1)


def test_a_message_that_is_given_up_is_counted_and_waits_no_longer(store, make, told):
    levels(store, make, 2, 2)
    (message,) = store.messages_due("chat", make.slot(9))
    store.message_failed(message, error="answer 500", again_at=make.slot(10))
    assert became(store, told)[0] == "waiting"
    assert store.messages_due("chat", make.slot(9.5)) == []
    assert len(store.messages_due("chat", make.slot(10))) == 1

    store.message_failed(message, error="answer 500", again_at=None)

    assert became(store, told)[::3] == ("given up", "answer 500")
    assert store.messages_due("chat", make.slot(99)) == []
    assert store.snapshot(make.slot(99)).monitors[0].messages_waiting == 0
    assert make.totals(store)["xdrift_notification_failures_total"] == 1


def test_messages_of_a_channel_nobody_configures_any_more_are_given_up(store, make, told):
    levels(store, make, 2, 2)
    assert store.drop_messages(["chat"]) == 0
    assert store.drop_messages(["mail"]) == 1
    assert store.messages_due("chat", make.slot(99)) == []


def test_a_withheld_message_is_on_record_and_never_sent(store, make, told):
    store.start_maintenance("credit", until=make.slot(5), author="ada", reason="CHG-42", now=make.slot(0))
    levels(store, make, 2, 2)

    assert told[0].maintenance
    assert store.messages_due("chat", make.slot(9)) == []
    assert became(store, told) == ("withheld", told[0].check.finished_at, 0, "maintenance")
    assert store.snapshot(make.slot(9)).monitors[0].messages_waiting == 0
    assert "xdrift_notification_failures_total" not in make.totals(store)


def test_drift_that_outlasts_a_maintenance_is_told_after_it_and_what_it_hid_is_not(store, make, told):
    levels(store, make, 0, 0)
    store.start_maintenance("credit", until=make.slot(5), author="eva", reason="migration", now=make.slot(1))
    levels_from(store, make, 2, 2, 2)
    assert store.messages_due("chat", make.slot(20)) == []
    levels_from(store, make, 5, 2)
    (message,) = store.messages_due("chat", make.slot(20))
    assert message.body["text"] == "none to severe"

    store.start_maintenance("credit", until=make.slot(9), author="eva", reason="again", now=make.slot(6))
    levels_from(store, make, 6, 0, 2, 2)
    levels_from(store, make, 9, 2)
    assert len(store.messages_due("chat", make.slot(20))) == 1, "it is severe as it was told"


def test_messages_of_one_monitor_reach_a_channel_in_their_order(store, make, told):
    levels(store, make, 2, 2, 0)
    severe, quiet = store.messages_due("chat", make.slot(9))
    store.take_message(severe, until=make.slot(9) + LATER)
    store.message_failed(severe, error="no answer in time", again_at=make.slot(12))

    assert store.messages_due("chat", make.slot(10)) == []
    assert [one.id for one in store.messages_due("chat", make.slot(12))] == [severe.id, quiet.id]

    (severe, _) = store.messages_due("chat", make.slot(12))
    store.message_failed(severe, error="no answer in time", again_at=None)
    assert [one.id for one in store.messages_due("chat", make.slot(12))] == [quiet.id], "nothing waits for ever"


def test_settled_messages_go_with_the_checks_and_waiting_ones_stay(store, make, told):
    levels(store, make, 2, 2, 0)
    first, second = store.messages_due("chat", make.slot(9))
    store.message_sent(first, make.slot(9))

    purged = store.purge(make.slot(100_000), RetentionSettings())

    assert purged["messages"] == 1
    assert [message.id for message in store.messages_due("chat", make.slot(9))] == [second.id]
