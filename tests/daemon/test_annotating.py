"""From what happened to annotations in Grafana: once each, whoever dies in between, and nothing of the past."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standin import checked, journal

from monitor import config, runner
from monitor.daemon.annotating import Annotations
from monitor.daemon.post import post
from monitor.settings import Settings
from monitor.store import Store
from tests.grafana.fake import EDITOR, FakeGrafana, running

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WriteConfig = Callable[..., Path]


@pytest.fixture
def grafana(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGrafana]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with running() as server:
        yield server


class Office:
    """A store, a Grafana, and daemons whose clock tests turn."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings, self.store, self.now = settings, store, NOON
        self.daemon = self.begin()

    def begin(self) -> Annotations:
        """The annotations of a daemon that starts now."""
        made = Annotations.of(self.settings, self.store, clock=lambda: self.now)
        assert made is not None
        return made

    def look(self, after: timedelta = timedelta(0), daemon: Annotations | None = None) -> None:
        """One turn of both jobs."""
        self.now += after
        by = daemon or self.daemon
        by.write()
        post([by.outlet], self.store, clock=lambda: self.now, stopping=threading.Event())

    def check(self, level: int, planned_at: datetime | None = None, **more: Any) -> str:
        """Save a check of a slot, of this moment unless told otherwise; its id."""
        claim = self.store.claim("one", planned_at or self.now, owner="tests", lease=HOUR, now=self.now)
        assert claim is not None
        found = checked(self.settings.monitors[0], claim, lambda: self.now)
        given: Any = {"level": level, "sentence": f"Level {level}.", **more}
        self.store.finish(claim, replace(found, **given))
        return found.id

    def waiting(self) -> int:
        return self.store.snapshot(self.now).monitors[0].messages_waiting

    def total(self, name: str) -> float:
        return next(counter.value for counter in self.store.snapshot(self.now).counters if counter.name == name)


@contextmanager
def opened(write_config: WriteConfig, grafana: FakeGrafana, url: str) -> Iterator[Office]:
    path = write_config(
        "one",
        url=url,
        grafana={"url": grafana.url, "token": EDITOR, "timeout": "0.5s", "give_up": "5m"},
        server={"port": 0, "external_url": "https://drift.example.org/"},
        schedule={"every": "1h"},
    )
    settings = config.load(path, {})
    with Store.open(settings.store.url) as store:
        store.upgrade()
        runner.register(settings, store, NOON)
        yield Office(settings, store)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, to be copied: migrating would be most of the time of these tests."""
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.upgrade()
    return path


@pytest.fixture
def office(write_config: WriteConfig, grafana: FakeGrafana, migrated: Path, tmp_path: Path) -> Iterator[Office]:
    shutil.copy(migrated, tmp_path / "store.db")
    with opened(write_config, grafana, "") as made:
        yield made


@pytest.fixture
def either_office(write_config: WriteConfig, grafana: FakeGrafana, database_url: str) -> Iterator[Office]:
    with opened(write_config, grafana, database_url) as made:
        yield made


def texts(grafana: FakeGrafana) -> list[str]:
    return [one["text"].partition("\n")[0] for one in grafana.annotations]


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def test_a_change_of_level_is_marked_at_its_slot_with_a_link_to_its_check(office: Office, grafana: FakeGrafana) -> None:
    office.look()
    slot = office.now = NOON + HOUR
    check = office.check(2, sentence="Income <counts> 2.0x more.")
    office.look(timedelta(seconds=15))
    office.look(HOUR)

    (found,) = grafana.annotations
    assert (found["time"], found["timeEnd"]) == (milliseconds(slot), milliseconds(slot))
    assert found["tags"] == ["xdrift", "level", "one", f"xdrift:level-{check}"]
    assert found["text"] == (
        "one: Level none to severe. Income &lt;counts&gt; 2.0x more.\n"
        f'<a href="https://drift.example.org/checks/{check}">Check {check}</a>'
    )
    assert (office.waiting(), office.total("xdrift_notifications_total")) == (0, 1)


def test_model_versions_references_levels_and_maintenance_are_marked(
    either_office: Office, grafana: FakeGrafana
) -> None:
    office = either_office
    office.look()
    office.now += HOUR
    office.check(0, model_digest="a" * 64, model_version="v1")
    office.now += HOUR
    office.check(1, model_digest="b" * 64, model_version="v2")
    office.store.start_maintenance("one", until=office.now + HOUR, author="ada", reason="CHG-42", now=office.now)
    office.look()

    assert sorted(texts(grafana)) == [
        "one: Level none to warning. Level 1.",
        "one: Maintenance, ada: CHG-42",
        "one: Model version v1 in force",
        "one: Model version v2 in force",
    ]


def test_the_first_start_on_an_old_store_marks_nothing_of_the_past(office: Office, grafana: FakeGrafana) -> None:
    for hours in range(7, 0, -1):
        office.check(hours % 2, NOON - hours * HOUR)
    office.look()
    office.look(HOUR, office.begin())
    assert grafana.writes == []

    office.check(2)
    office.look()
    assert texts(grafana) == ["one: Level warning to severe. Level 2."]


def test_a_backfill_of_the_past_marks_nothing(office: Office, grafana: FakeGrafana) -> None:
    office.look()
    office.now += HOUR
    for hours in range(7, 0, -1):
        office.check(hours % 2, NOON - hours * HOUR)
    office.look()
    assert grafana.writes == []


def test_what_happened_while_no_daemon_ran_is_marked_at_the_next_start(office: Office, grafana: FakeGrafana) -> None:
    office.look()
    office.store.start_maintenance(
        "one", until=office.now + 5 * HOUR, author="ada", reason="weekend", now=office.now + HOUR
    )
    office.now += timedelta(days=3)
    office.check(2, NOON + 9 * HOUR)

    office.look(daemon=office.begin())

    assert sorted(texts(grafana)) == ["one: Level none to severe. Level 2.", "one: Maintenance, ada: weekend"]


def test_a_maintenance_is_a_region_whose_end_moves_when_it_is_ended_early(office: Office, grafana: FakeGrafana) -> None:
    office.look()
    start, end = office.now + HOUR, office.now + 6 * HOUR
    office.store.start_maintenance("one", until=end, author="ada", reason="CHG-42", now=start)
    office.look(HOUR)
    assert [(one["time"], one["timeEnd"]) for one in grafana.annotations] == [(milliseconds(start), milliseconds(end))]

    early = office.now + 2 * HOUR
    office.store.end_maintenance("one", author="bob", now=early)
    office.look(2 * HOUR)

    (found,) = grafana.annotations
    assert (found["time"], found["timeEnd"]) == (milliseconds(start), milliseconds(early))
    assert found["tags"][:3] == ["xdrift", "maintenance", "one"]
    assert found["text"] == "one: Maintenance, ada: CHG-42"


def test_an_end_that_was_moved_is_not_moved_back_by_an_older_message(office: Office, grafana: FakeGrafana) -> None:
    """The message of the declaration could not be delivered until that of the end had been."""
    office.look()
    office.store.start_maintenance("one", until=office.now + 6 * HOUR, author="ada", reason="CHG-42", now=office.now)
    grafana.fail(500, path="/annotations", times=1)
    office.look(timedelta(seconds=1))
    early = office.now + timedelta(seconds=2)
    office.store.end_maintenance("one", author="bob", now=early)
    office.look(timedelta(seconds=2))
    assert [one["timeEnd"] for one in grafana.annotations] == [milliseconds(early)]

    office.look(timedelta(seconds=30))

    assert [one["timeEnd"] for one in grafana.annotations] == [milliseconds(early)]
    assert office.waiting() == 0


@pytest.mark.parametrize("fault", [500, 401, 403, "close", "hang", "html", "redirect"])
def test_a_grafana_that_fails_is_tried_again_later(
    office: Office, grafana: FakeGrafana, fault: int | str, caplog: pytest.LogCaptureFixture
) -> None:
    office.look()
    office.now += HOUR
    office.check(2)
    grafana.fail(fault, path="/annotations")
    started = time.monotonic()
    office.look()
    assert time.monotonic() - started < 5
    tried = len(grafana.requests)
    office.look(timedelta(seconds=5))
    assert (len(grafana.requests), office.waiting()) == (tried, 1)

    grafana.recover()
    office.look(timedelta(seconds=10))

    assert (texts(grafana), office.waiting()) == (["one: Level none to severe. Level 2."], 0)
    assert "glsa" not in caplog.text


def test_after_its_time_an_annotation_is_given_up_and_counted(office: Office, grafana: FakeGrafana) -> None:
    office.look()
    office.now += HOUR
    office.check(2)
    grafana.fail(500, path="/annotations")
    for _ in range(30):
        office.look(timedelta(seconds=15))
    assert (office.waiting(), office.total("xdrift_notification_failures_total")) == (0, 1)

    grafana.recover()
    office.look(HOUR, office.begin())
    assert grafana.annotations == []


def test_an_answer_that_is_lost_after_the_annotation_was_made_leaves_one(office: Office, grafana: FakeGrafana) -> None:
    office.look()
    office.now += HOUR
    office.check(2)
    grafana.fail("lose", method="POST", path="/annotations", times=1)
    office.look()
    assert (len(grafana.annotations), office.waiting()) == (1, 1)

    office.look(timedelta(seconds=30))

    assert (len(grafana.annotations), office.waiting()) == (1, 0)


def test_a_daemon_that_dies_between_grafana_and_its_note_leaves_one(
    office: Office, grafana: FakeGrafana, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.look()
    office.now += HOUR
    office.check(2)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(office.store, "message_sent", die)
        with pytest.raises(KeyboardInterrupt):
            office.look()
    assert office.waiting() == 1
    office.look(timedelta(minutes=2), office.begin())

    assert (len(grafana.annotations), office.waiting()) == (1, 0)


def test_two_daemons_leave_one_annotation_per_event(either_office: Office, grafana: FakeGrafana) -> None:
    office = either_office
    daemons = [office.daemon, office.begin()]
    for daemon in daemons:
        office.look(daemon=daemon)
    for level in (1, 2, 0, 2):
        office.now += HOUR
        office.check(level)
        threads = [threading.Thread(target=office.look, kwargs={"daemon": daemon}) for daemon in daemons]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    assert len(grafana.annotations) == 4
    assert len({one["tags"][-1] for one in grafana.annotations}) == 4


def test_an_annotation_that_grafana_has_is_not_made_again_by_another_database(
    office: Office, grafana: FakeGrafana
) -> None:
    """After the store was restored from a backup, events are told again."""
    office.look()
    office.now += HOUR
    check = office.check(2)
    grafana.annotations.append({"id": 1, "time": 0, "timeEnd": 0, "tags": [f"xdrift:level-{check}"], "text": "there"})
    office.look()
    assert (texts(grafana), office.waiting()) == (["there"], 0)


def test_without_wish_for_annotations_there_are_none(write_config: WriteConfig, grafana: FakeGrafana) -> None:
    with_them = write_config("one", grafana={"url": grafana.url, "annotate": False})
    with Store.open("sqlite:///unused.db") as store:
        assert Annotations.of(config.load(with_them, {}), store, clock=lambda: NOON) is None
        assert Annotations.of(config.load(write_config("one"), {}), store, clock=lambda: NOON) is None


def test_running_daemons_mark_a_maintenance_once_and_check_while_grafana_hangs(
    write_config: WriteConfig, start: Callable[..., Any], grafana: FakeGrafana, journal_path: Path, tmp_path: Path
) -> None:
    path = write_config("one", schedule={"every": "3s"}, grafana={"url": grafana.url, "token": EDITOR, "timeout": "2s"})
    grafana.fail("hang", path="/annotations", times=1)
    daemons = [start(path, "succeed"), start(path, "succeed")]
    for daemon in daemons:
        daemon.wait_for(r"serving url=")
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        store.first_switched_on("grafana:annotations", runner.now())
        now = runner.now()
        store.start_maintenance("one", until=now + HOUR, author="ada", reason="CHG-42", now=now)
        assert wait_until(lambda: len(grafana.requests) >= 1)
        before = len(journal(journal_path))
        assert wait_until(lambda: len(journal(journal_path)) > before + 1), "checks never wait for Grafana"
        assert wait_until(lambda: len(grafana.annotations) == 1, 90)
        assert any("message not delivered channel=grafana:annotations" in daemon.log for daemon in daemons)
    assert [daemon.stop() for daemon in daemons] == [0, 0]
    assert len(grafana.annotations) == 1


@pytest.mark.slow
def test_a_daemon_killed_while_grafana_answers_leaves_one_annotation(
    write_config: WriteConfig, start: Callable[..., Any], grafana: FakeGrafana, tmp_path: Path
) -> None:
    """Slow: what the dead daemon took is due again a minute later."""
    path = write_config("one", grafana={"url": grafana.url, "token": EDITOR, "timeout": "10s"})
    grafana.fail("stall", method="POST", path="/annotations", times=1)
    first = start(path, "succeed")
    first.wait_for(r"serving url=")
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        store.first_switched_on("grafana:annotations", runner.now())
        now = runner.now()
        store.start_maintenance("one", until=now + HOUR, author="ada", reason="CHG-42", now=now)
        assert wait_until(lambda: len(grafana.annotations) == 1)
        first.stop(signal.SIGKILL)
        assert store.snapshot(runner.now()).monitors[0].messages_waiting == 1

        second = start(path, "succeed")

        assert wait_until(lambda: store.snapshot(runner.now()).monitors[0].messages_waiting == 0, 180)
        assert second.stop() == 0
    assert len(grafana.annotations) == 1


def wait_until(true: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
