"""Mail to a real server on loopback: encrypted, checked, one per recipient, and what becomes of refusals."""

from __future__ import annotations

import io
import socket
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import PublishError, RefusedError
from monitor.reports import mail as room
from monitor.reports.mail import compose, send
from monitor.settings import MailSettings
from tests.mailserver import PASSWORD, USER, Handler, mail_server
from tests.servers import free_port
from tests.webhook import talker

NOW = datetime(2026, 11, 16, 6, tzinfo=UTC)
ADA = "ada@example.org"


def settings(port: int, **more: Any) -> MailSettings:
    given = {"host": "127.0.0.1", "port": port, "sender": "xdrift@example.org", "recipients": [ADA], "timeout": "2s"}
    return MailSettings.model_validate({**given, **more})


def letter(given: MailSettings, files: tuple[Path, ...] = (), **more: str) -> EmailMessage:
    said = {"subject": "xdrift 2026-W46: 1 severe", "text": "One.\n", "html": "<p>One.</p>", **more}
    return compose(given, ADA, week="2026-W46", files=files, now=NOW, **said)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Handler, int]]:
    """STARTTLS and a login are asked for; its certificate is trusted."""
    with mail_server(tmp_path, login=True) as (handler, port, trusted):
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        yield handler, port


def test_a_mail_arrives_over_starttls_with_login_as_text_and_html(server: tuple[Handler, int]) -> None:
    handler, port = server
    given = settings(port, user=USER, password=PASSWORD)

    send(given, letter(given), ADA)

    ((recipient, mail),) = handler.received
    assert (recipient, mail["To"], mail["From"]) == (ADA, ADA, "xdrift@example.org")
    assert mail["Subject"] == "xdrift 2026-W46: 1 severe"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_body(("plain",)).get_content().startswith("One.")
    assert "<p>One.</p>" in mail.get_body(("html",)).get_content()


def test_a_mail_arrives_over_tls_from_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server(tmp_path, security="tls") as (handler, port, trusted):
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        given = settings(port, security="tls")

        send(given, letter(given), ADA)

        assert handler.recipients == [ADA]


def test_a_mail_arrives_unencrypted_only_where_that_is_configured(tmp_path: Path) -> None:
    with mail_server(tmp_path, security="none") as (handler, port, _):
        open_relay = settings(port, security="none")
        send(open_relay, letter(open_relay), ADA)
        assert handler.recipients == [ADA]

        with pytest.raises(PublishError, match="no STARTTLS"):
            send(settings(port), letter(open_relay), ADA)
        assert handler.recipients == [ADA]


def test_a_certificate_that_is_not_trusted_ends_it_before_anything_is_said(tmp_path: Path) -> None:
    with mail_server(tmp_path, login=True) as (handler, port, _):
        given = settings(port, user=USER, password=PASSWORD)

        with pytest.raises(PublishError, match="TLS failed") as caught:
            send(given, letter(given), ADA)

        assert handler.received == []
        assert PASSWORD not in str(caught.value)


def test_a_wrong_password_is_told_without_saying_it(server: tuple[Handler, int]) -> None:
    given = settings(server[1], user=USER, password="wrong-password")

    with pytest.raises(PublishError, match="login refused") as caught:
        send(given, letter(given), ADA)

    assert "wrong-password" not in str(caught.value)
    assert not isinstance(caught.value, RefusedError)


@pytest.mark.parametrize(("answer", "final"), [("550 no such user", True), ("450 try later", False)])
def test_a_refused_recipient_is_final_only_when_the_server_says_so(
    server: tuple[Handler, int], answer: str, final: bool
) -> None:
    handler, port = server
    handler.refuse[ADA] = answer
    given = settings(port, user=USER, password=PASSWORD)

    with pytest.raises(PublishError) as caught:
        send(given, letter(given), ADA)

    assert isinstance(caught.value, RefusedError) is final
    assert ADA not in str(caught.value)


def test_a_server_that_dies_after_the_data_counts_as_not_delivered(server: tuple[Handler, int]) -> None:
    handler, port = server
    handler.dies_after_data = True
    given = settings(port, user=USER, password=PASSWORD)

    with pytest.raises(PublishError) as caught:
        send(given, letter(given), ADA)

    assert not isinstance(caught.value, RefusedError)
    assert len(handler.received) == 1  # it may have arrived: the Message-ID tells the second one
    assert letter(given)["Message-ID"] == letter(given)["Message-ID"]


def test_an_answer_5xx_to_the_mail_itself_is_tried_again(server: tuple[Handler, int]) -> None:
    handler, port = server
    handler.answer = "552 too large today"
    given = settings(port, user=USER, password=PASSWORD)

    with pytest.raises(PublishError, match="answer 552"):
        send(given, letter(given), ADA)


def test_no_server_is_told_from_one_that_says_nothing() -> None:
    given = settings(free_port())
    with pytest.raises(PublishError, match="ConnectionRefusedError"):
        send(given, letter(given), ADA)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        given = settings(silent.getsockname()[1], timeout="0.2s")
        with pytest.raises(PublishError, match="no answer in time"):
            send(given, letter(given), ADA)


@pytest.mark.parametrize("security", ["starttls", "none"])
def test_a_server_that_talks_byte_by_byte_is_given_up_although_no_step_takes_long(
    security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "SENT_WITHIN", timedelta(seconds=1))
    started = time.monotonic()
    with talker(b"220 " + b"a" * 100 + b"\r\n", pause=0.1, first=True) as port:
        given = settings(port, security=security)
        with pytest.raises(PublishError, match="no answer in time"):
            send(given, letter(given), ADA)
        assert 0.9 < time.monotonic() - started < 2.5


def test_the_week_is_attached_as_a_zip_whose_links_work(tmp_path: Path) -> None:
    (tmp_path / "monitors").mkdir()
    files = (tmp_path / "index.html", tmp_path / "monitors" / "a.html", tmp_path / "index.json")
    for path in files:
        path.write_text("x")
    given = settings(25)

    mail, again = letter(given, files), letter(given, files)

    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "weekly-2026-W46.zip"
    with zipfile.ZipFile(io.BytesIO(attached.get_content())) as packed:
        assert sorted(packed.namelist()) == ["index.html", "monitors/a.html"]
    assert next(again.iter_attachments()).get_content() == attached.get_content()


def test_files_that_are_too_large_are_left_out_and_the_mail_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index.html").write_text("x" * 1000)
    monkeypatch.setattr(room, "ATTACHED_AT_MOST", 10)

    mail = letter(settings(25), (tmp_path / "index.html",))

    assert list(mail.iter_attachments()) == []
    assert "too large for a mail" in mail.get_body(("plain",)).get_content()


def test_a_subject_cannot_begin_another_header() -> None:
    mail = letter(settings(25), subject="one\r\nBcc: eve@example.org")

    assert mail["Subject"] == "one Bcc: eve@example.org"
    assert mail["Bcc"] is None
