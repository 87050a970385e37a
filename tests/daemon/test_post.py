"""Messages on their way: from a check to a webhook, past channels that fail or hang."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standin import journal

from monitor import config, runner
from monitor.daemon.post import Outlet, post
from monitor.settings import Settings
from monitor.store import Store
from monitor.types import Message
from tests.webhook import Webhook, webhook_server

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WriteConfig = Callable[..., Path]


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Webhook, Webhook]]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with webhook_server() as first, webhook_server() as second:
        yield first, second


class Post:
    """A store with messages, two channels, and a clock that tests turn."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings, self.store, self.now = settings, store, NOON
        self.stopping = threading.Event()

    def write(self, channel: str, *ids: str) -> None:
        from monitor.store import outbox

        messages = [
            Message(id=each, monitor="one", channel=channel, body={"id": each, "text": each}, created_at=self.now)
            for each in ids
        ]
        with self.store._database.write() as connection:
            outbox.add(connection, messages)

    def deliver(self, after: timedelta = timedelta(0)) -> None:
        self.now += after
        outlets = [Outlet.webhook(channel) for channel in self.settings.channels]
        post(outlets, self.store, clock=lambda: self.now, stopping=self.stopping)

    def waiting(self) -> int:
        return self.store.snapshot(self.now).monitors[0].messages_waiting

    def total(self, name: str) -> float:
        return next(counter.value for counter in self.store.snapshot(self.now).counters if counter.name == name)


@pytest.fixture
def office(write_config: WriteConfig, hooks: tuple[Webhook, Webhook]) -> Iterator[Post]:
    channels = [
        {"name": name, "url": hook.url, "timeout": "1s", "give_up": "5m"}
        for name, hook in zip(("chat", "mail"), hooks, strict=True)
    ]
    settings = config.load(write_config("one", channels=channels), {})
    with Store.open(settings.store.url) as store:
        store.upgrade()
        runner.register(settings, store, NOON)
        yield Post(settings, store)


def ids(hook: Webhook) -> list[str]:
    return [one["body"]["id"] for one in hook.received]


def test_messages_are_delivered_oldest_first_and_once(office: Post, hooks: tuple[Webhook, Webhook]) -> None:
    office.write("chat", "a", "b")
    office.now += timedelta(seconds=1)
    office.write("chat", "0")

    office.deliver()
    office.deliver(timedelta(hours=1))

    assert ids(hooks[0]) == ["a", "b", "0"]
    assert (office.waiting(), office.total("xdrift_notifications_total")) == (0, 3)


def test_a_failure_is_tried_again_later_and_later(office: Post, hooks: tuple[Webhook, Webhook]) -> None:
    hooks[0].status = 500
    office.write("chat", "a")

    for seconds, tried in ((0, 1), (9, 1), (1, 2), (19, 2), (1, 3)):
        office.deliver(timedelta(seconds=seconds))
        assert len(hooks[0].received) == tried
    hooks[0].status = 200
    office.deliver(timedelta(seconds=40))

    assert ids(hooks[0]) == ["a"] * 4
    assert (office.waiting(), office.total("xdrift_notifications_total")) == (0, 1)


def test_after_its_time_a_message_is_given_up_and_counted(
    office: Post, hooks: tuple[Webhook, Webhook], caplog: pytest.LogCaptureFixture
) -> None:
    hooks[0].status = 500
    office.write("chat", "a")
    with caplog.at_level(logging.INFO, logger="monitor.daemon.post"):
        for _ in range(40):
            office.deliver(timedelta(seconds=15))

    assert 3 <= len(hooks[0].received) <= 6
    assert (office.waiting(), office.total("xdrift_notification_failures_total")) == (0, 1)
    assert "message given up" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_channel_that_hangs_costs_the_other_one_timeout(office: Post, hooks: tuple[Webhook, Webhook]) -> None:
    hooks[0].pause = 3
    office.write("chat", *(f"chat-{n}" for n in range(9)))
    office.write("mail", "mail-1", "mail-2")

    started = time.monotonic()
    office.deliver()

    assert time.monotonic() - started < 2.5
    assert ids(hooks[1]) == ["mail-1", "mail-2"]
    assert office.waiting() == 9


def test_a_daemon_that_died_after_sending_sends_again_under_the_same_id(
    office: Post, hooks: tuple[Webhook, Webhook], monkeypatch: pytest.MonkeyPatch
) -> None:
    office.write("chat", "a")

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(office.store, "message_sent", die)
        with pytest.raises(KeyboardInterrupt):
            office.deliver()
    office.deliver()
    assert ids(hooks[0]) == ["a"]

    office.deliver(timedelta(minutes=2))

    assert ids(hooks[0]) == ["a", "a"]
    assert office.waiting() == 0


def test_a_daemon_that_stops_leaves_the_rest_for_the_next(office: Post, hooks: tuple[Webhook, Webhook]) -> None:
    office.write("chat", "a")
    office.stopping.set()
    office.deliver()
    assert (ids(hooks[0]), office.waiting()) == ([], 1)


def test_confirmed_drift_of_a_running_daemon_reaches_the_webhook_with_everything_in_it(
    write_config: WriteConfig, start: Callable[..., Any], journal_path: Path, hooks: tuple[Webhook, Webhook]
) -> None:
    path = write_config(
        "one",
        schedule={"every": "1s"},
        channels=[{"name": "chat", "url": hooks[0].url}, {"name": "gone", "url": "http://127.0.0.1:1/"}],
        server={"port": 0, "external_url": "https://drift.example.org"},
    )
    daemon = start(path, "severe")

    assert wait_until(lambda: len(hooks[0].received) >= 1)
    (first, *more) = hooks[0].received
    assert more == []
    assert first["body"]["text"].startswith("one: severe drift, confirmed (before: none)\nNothing changed.\n")
    assert first["body"]["links"]["check"].startswith("https://drift.example.org/checks/")
    assert first["body"]["id"] == f"{first['body']['check']}-chat"
    daemon.wait_for(r"message not delivered channel=gone")
    assert wait_until(
        lambda: 'xdrift_notifications_waiting{model="one",monitor="one"} 1.0' in daemon.get("/metrics")[1], 30
    )
    metrics = daemon.get("/metrics")[1]
    assert "xdrift_check_queue_length " in metrics
    assert "xdrift_check_queue_wait_seconds_count " in metrics
    assert len([line for line in journal(journal_path) if line[3] == "planned"]) >= 2, "checks never waited"
    assert daemon.stop() == 0


def test_a_daemon_checks_a_severe_daily_monitor_again_by_itself(
    write_config: WriteConfig, start: Callable[..., Any], journal_path: Path, tmp_path: Path
) -> None:
    """A confirming slot that came since the last planned one is found by the sweep."""
    path = write_config("one", schedule={"every": "7h", "confirm_after": "1s"})
    daemon = start(path, "severe_first")

    assert wait_until(lambda: any(line[3] == "confirms" for line in journal(journal_path)), 90)
    daemon.stop()
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        confirming, severe = store.checks("one")
        assert (confirming.confirms, confirming.level) == (severe.id, 0)
        assert confirming.planned_at - severe.planned_at == timedelta(seconds=1)


def wait_until(true: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
