"""Deliveries to a real HTTP server, and to none."""

from __future__ import annotations

import socket
import ssl
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.errors import PublishError
from monitor.notify import backoff, deliver
from monitor.settings import ChannelSettings
from tests.mailserver import certificate
from tests.webhook import talker

BODY = {"id": "c0ffee-chat", "text": "credit: severe drift, confirmed – naïve"}


def channel(url: str, timeout: str = "2s") -> ChannelSettings:
    return ChannelSettings.model_validate({"name": "chat", "url": url, "timeout": timeout})


def refused(url: str, timeout: str = "2s") -> str:
    with pytest.raises(PublishError) as caught:
        deliver(channel(url, timeout), BODY)
    assert "s3cret" not in str(caught.value), "a webhook's address is its password"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return str(caught.value.seen)


def test_a_message_is_posted_as_json(webhook: Any) -> None:
    deliver(channel(webhook.url), BODY)

    assert webhook.received == [{"path": "/hook/s3cret-token", "type": "application/json", "body": BODY}]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_delivered(webhook: Any, status: int) -> None:
    webhook.status = status
    deliver(channel(webhook.url), BODY)


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_any_other_answer_is_not(webhook: Any, status: int) -> None:
    webhook.status = status
    assert refused(webhook.url) == f"answer {status}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(webhook: Any, another_webhook: Any, status: int) -> None:
    webhook.status, webhook.location = status, another_webhook.url
    assert refused(webhook.url) == f"answer {status}"
    assert another_webhook.received == []


def test_a_redirect_to_a_file_reads_nothing(webhook: Any, tmp_path: Path) -> None:
    webhook.status, webhook.location = 302, (tmp_path / "secret").as_uri()
    assert refused(webhook.url) == "answer 302"


def test_a_server_that_answers_too_late_is_not_waited_for(webhook: Any) -> None:
    webhook.pause = 3
    started = time.monotonic()
    assert refused(webhook.url, "1s") == "no answer in time"
    assert time.monotonic() - started < 2.5


def test_a_slow_server_within_the_time_is_fine(webhook: Any) -> None:
    webhook.pause = 0.3
    deliver(channel(webhook.url), BODY)


def test_a_server_that_accepts_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/s3cret"
        assert refused(url, "1s") == "no answer in time"


DRIPPED = b"HTTP/1.1 200 OK\r\nX-Filler: " + b"a" * 60 + b"\r\nContent-Length: 0\r\n\r\n"
"""A byte every 0.1 s makes ten seconds; no single read waits for long."""


def given_up_in_time(url: str) -> None:
    started = time.monotonic()
    assert refused(url, "1s") == "no answer in time"
    assert 0.9 < time.monotonic() - started < 2.5


@pytest.mark.usefixtures("direct")
def test_an_answer_that_comes_byte_by_byte_is_not_waited_for() -> None:
    with talker(DRIPPED, pause=0.1) as port:
        given_up_in_time(f"http://127.0.0.1:{port}/s3cret")


@pytest.mark.usefixtures("direct")
def test_an_endless_row_of_interim_answers_is_not_waited_for() -> None:
    with talker(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, pause=0.02) as port:
        given_up_in_time(f"http://127.0.0.1:{port}/s3cret")


@pytest.mark.usefixtures("direct")
def test_nor_is_one_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted, key = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(trusted, key)
    with talker(DRIPPED, pause=0.1, tls=context) as port:
        given_up_in_time(f"https://127.0.0.1:{port}/s3cret")
    with talker(b"HTTP/1.1 204 No Content\r\n\r\n", tls=context) as port:
        deliver(channel(f"https://127.0.0.1:{port}/s3cret"), BODY)
    monkeypatch.delenv("SSL_CERT_FILE")
    with talker(DRIPPED, tls=context) as port:
        assert refused(f"https://127.0.0.1:{port}/s3cret").startswith("SSLCertVerificationError")


@pytest.mark.usefixtures("direct")
def test_nor_is_a_handshake_that_never_ends() -> None:
    with talker(b"\x16\x03\x03\x40\x00" + b"\x02" * 200, pause=0.1) as port:
        given_up_in_time(f"https://127.0.0.1:{port}/s3cret")


def test_nor_is_a_proxy_that_answers_byte_by_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    with talker(DRIPPED, pause=0.1) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        given_up_in_time("https://chat.invalid/s3cret")


@pytest.mark.usefixtures("direct")
def test_a_server_that_takes_no_connection_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        place = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # the queue is full of them; Linux drops what comes after
            one.setblocking(False)
            one.connect_ex(place)
        given_up_in_time(f"http://127.0.0.1:{place[1]}/s3cret")
        for one in waiting:
            one.close()


def test_a_server_that_hangs_up_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/s3cret"
    assert refused(url) == "ConnectionRefusedError: Connection refused"


def test_a_host_that_is_none_is_told() -> None:
    assert "gaierror" in refused("http://s3cret.invalid/")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "chat.example.com/hook", "http://"])
def test_other_addresses_are_refused_when_the_configuration_is_read(url: str) -> None:
    with pytest.raises(ValidationError, match="http"):
        channel(url)


def test_an_address_that_slipped_past_is_refused_when_it_is_used() -> None:
    slipped = channel("http://127.0.0.1/").model_copy(update={"url": "file:///etc/passwd"})
    with pytest.raises(PublishError):
        deliver(slipped, BODY)


def test_pauses_double_up_to_an_hour() -> None:
    assert [backoff(n) for n in (1, 2, 3)] == [timedelta(seconds=s) for s in (10, 20, 40)]
    assert backoff(10) == backoff(10_000) == timedelta(hours=1)
