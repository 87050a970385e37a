"""Weekly reports by daemons: planned once, made up for once, delivered once to each, and visible when they fail."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import config, runner
from monitor.daemon.jobs import Jobs
from monitor.daemon.post import Outlet, post
from monitor.daemon.reviews import Reviews
from monitor.names import REPORTS
from monitor.publish.health import Health
from monitor.publish.metrics import Metrics
from monitor.publish.snapshot import SnapshotHolder
from monitor.reports.child import Make, make_here, make_in_child
from monitor.settings import Settings
from monitor.store import Store
from tests.mailserver import Handler, mail_server
from tests.webhook import Webhook, webhook_server

WEDNESDAY = datetime(2026, 11, 11, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 16, 6, tzinfo=UTC)
"""The occasion of the week before it, 2026-W46."""
ADA, BOB = "ada@example.org", "bob@example.org"
WriteConfig = Callable[..., Path]


class Office:
    """A store, a mail server, a webhook, and a clock that tests turn."""

    def __init__(self, settings: Settings, store: Store, mail: Handler, hook: Webhook) -> None:
        self.settings, self.store, self.mail, self.hook = settings, store, mail, hook
        self.now = WEDNESDAY
        self.stopping = threading.Event()

    def reviews(self, make: Make = make_here) -> Reviews:
        """Those of a daemon that starts now; in this process unless said otherwise, which saves ten seconds a test."""
        found = Reviews.of(self.settings, self.store, clock=lambda: self.now, stopping=self.stopping, make=make)
        assert found is not None
        return found

    def look(self, reviews: Reviews, *, after: timedelta = timedelta(0)) -> None:
        """The two jobs of a daemon that deliver."""
        self.now += after
        reviews.look()
        outlets = [Outlet.webhook(channel) for channel in self.settings.channels]
        post(outlets, self.store, clock=lambda: self.now, stopping=self.stopping)

    @property
    def folder(self) -> Path:
        assert self.settings.reports is not None
        return self.settings.reports.path

    @property
    def status(self) -> tuple[int, int]:
        """(waiting, given up)."""
        found = self.store.snapshot(self.now).reports
        return (0, 0) if found is None else (found.waiting, found.given_up)

    def weeks(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []


@pytest.fixture
def office(write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with mail_server(tmp_path) as (mail, port, trusted), webhook_server() as hook:
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        reports = {
            "directory": str(tmp_path / "reports"),
            "mail": {
                "host": "127.0.0.1", "port": port, "sender": "x@example.org", "recipients": [ADA, BOB],
                "timeout": "2s",
            },
            "channels": ["chat"],
        }  # fmt: skip
        channels = [{"name": "chat", "url": hook.url, "timeout": "2s"}]
        more: dict[str, Any] = {"reports": reports, "channels": channels}
        settings = config.load(write_config("one", "two", **more), {})
        with Store.open(settings.store.url) as store:
            store.upgrade()
            runner.register(settings, store, WEDNESDAY)
            yield Office(settings, store, mail, hook)


def at_monday(office: Office, make: Make = make_here) -> Reviews:
    """A daemon that has been there since the Wednesday, on Monday at the hour."""
    reviews = office.reviews(make)
    office.look(reviews)
    office.now = MONDAY
    return reviews


def test_the_report_of_the_week_is_written_mailed_and_told_once(office: Office) -> None:
    reviews = at_monday(office, make_in_child)

    for _ in range(3):
        office.look(reviews, after=timedelta(seconds=30))

    assert office.weeks() == ["2026-W46"]
    assert (office.folder / "2026-W46" / "index.html").exists()
    assert (office.folder / "2026-W46" / "monitors" / "two.json").exists()
    assert sorted(office.mail.recipients) == [ADA, BOB]
    assert [one["body"]["week"] for one in office.hook.received] == ["2026-W46"]
    assert office.hook.received[0]["body"]["text"].startswith("Weekly review 2026-W46")
    assert office.status == (0, 0)


def test_nothing_is_made_before_the_hour_nor_on_the_first_day(office: Office) -> None:
    reviews = at_monday(office)
    office.now = MONDAY - timedelta(seconds=1)

    office.look(reviews)

    assert office.weeks() == []
    assert office.store.snapshot(office.now).reports is None


def test_two_daemons_and_a_restart_make_one_report(office: Office) -> None:
    first, second = at_monday(office), office.reviews()

    for reviews in (first, second, office.reviews()):
        office.look(reviews, after=timedelta(seconds=10))

    assert sorted(office.mail.recipients) == [ADA, BOB]
    assert len(office.hook.received) == 1


def test_of_reports_missed_while_no_daemon_ran_the_latest_is_made_up_for_once(office: Office) -> None:
    office.look(office.reviews())

    office.now = MONDAY + timedelta(weeks=3, days=2)
    later = office.reviews()
    for _ in range(2):
        office.look(later, after=timedelta(minutes=1))

    assert office.weeks() == ["2026-W49"]
    assert sorted(office.mail.recipients) == [ADA, BOB]


def test_a_recipient_who_is_refused_costs_the_other_nothing_and_gets_no_second_try(office: Office) -> None:
    office.mail.refuse[ADA] = "550 no such user"
    reviews = at_monday(office)

    for _ in range(3):
        office.look(reviews, after=timedelta(hours=1))

    assert office.mail.recipients == [BOB]
    assert office.status == (0, 1)


def test_whoever_has_the_mail_gets_no_second_one_while_it_is_tried_again_for_another(office: Office) -> None:
    office.mail.refuse[BOB] = "450 try later"
    reviews = at_monday(office)
    office.look(reviews)
    office.look(reviews, after=timedelta(minutes=5))
    assert office.status == (1, 0)

    del office.mail.refuse[BOB]
    for _ in range(3):
        office.look(reviews, after=timedelta(hours=1))

    assert sorted(office.mail.recipients) == [ADA, BOB]
    assert office.status == (0, 0)


def test_a_report_that_cannot_be_written_is_tried_again_and_given_up_in_the_open(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.folder.write_text("a file stands where the folder should be")
    reviews = at_monday(office)

    office.look(reviews)
    assert office.status == (1, 0)
    office.look(reviews, after=timedelta(days=2))

    assert office.status == (0, 1)
    assert office.mail.recipients == []
    assert "message given up" in caplog.text
    (waiting, given_up), reports = office.status, office.store.snapshot(office.now).reports
    assert reports is not None
    assert (waiting, given_up, reports.last_success_at) == (0, 1, None)


def test_a_report_is_written_again_where_the_folder_is_that_of_another_machine(office: Office) -> None:
    office.mail.refuse[ADA] = "450 try later"
    reviews = at_monday(office)
    office.look(reviews)
    for path in sorted(office.folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()

    del office.mail.refuse[ADA]
    office.look(reviews, after=timedelta(hours=1))

    assert ADA in office.mail.recipients
    ((_, mail),) = [one for one in office.mail.received if one[0] == ADA]
    assert len(list(mail.iter_attachments())) == 1
    assert office.weeks() == ["2026-W46"]


def test_a_daemon_that_stops_ends_the_work_and_leaves_the_report_for_the_next(office: Office) -> None:
    reviews = at_monday(office, make_in_child)
    timer = threading.Timer(0.3, office.stopping.set)
    timer.start()

    office.look(reviews)
    timer.join()

    assert office.status == (1, 0)
    office.stopping.clear()
    office.look(office.reviews(), after=timedelta(hours=1))
    assert office.weeks() == ["2026-W46"]


def test_the_metrics_say_when_a_report_was_written_and_what_waits(office: Office) -> None:
    def scraped() -> str:
        holder = SnapshotHolder(office.store)
        holder.refresh(office.now)
        metrics = Metrics(
            holder, health=lambda: Health(heartbeat_at=office.now), version="0", clock=lambda: office.now, process=False
        )
        return metrics.render()[0].decode()

    reviews = at_monday(office)
    assert "xdrift_report" not in scraped()
    office.mail.refuse[BOB] = "450 try later"

    office.look(reviews)  # makes the report
    office.look(reviews, after=timedelta(seconds=30))  # sends the mails

    (found,) = re.findall(r"(?m)^xdrift_report_last_success_timestamp_seconds (\S+)$", scraped())
    assert float(found) == MONDAY.timestamp()  # not when the mails went
    assert "xdrift_report_deliveries_waiting 1.0" in scraped()
    assert "xdrift_report_deliveries_given_up 0.0" in scraped()


def test_messages_of_reports_wait_only_while_reports_are_configured(office: Office) -> None:
    office.mail.refuse[BOB] = "450 try later"
    reviews = at_monday(office)
    for _ in range(2):
        office.look(reviews, after=timedelta(seconds=30))

    assert office.store.drop_messages([REPORTS, "chat"]) == 0
    assert office.store.drop_messages(["chat"]) == 1


def test_a_daemon_looks_for_reports_in_a_thread_that_nothing_else_uses(office: Office) -> None:
    jobs = Jobs(office.settings, office.store, clock=lambda: office.now, perform="standin:succeed")

    jobs.start()
    try:
        assert jobs.scheduler.get_job("report").executor == "report"
        assert {job.executor for job in jobs.scheduler.get_jobs() if job.id != "report"} == {"poll", "checks"}
    finally:
        jobs.stopping.set()
        jobs.scheduler.shutdown(wait=True)
