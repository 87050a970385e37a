"""Whatever stands where a Pushgateway should: its address is looked at first, and any answer is told in our words."""

from __future__ import annotations

import time

import pytest

from monitor.errors import ConfigError, PublishError
from monitor.publish import pushing
from monitor.publish.pushing import checked, forget
from tests.servers import free_port
from tests.webhook import talker


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://gateway", "http://", "http://:9091", "http://gw:abc", "http://gw:99999", "http://gw:0", "",
        "http://gate way", "http://gw\x00:9091", "http://gw\n:9091", "http://[::1:9091", "http://a..b", "http://gw/a b",
        "http://gw/prä",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_one_is_refused_with_the_next_step(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        forget(url, "credit")

    assert caught.value.thing == "the address of the Pushgateway"
    assert "http://HOST:PORT" in str(caught.value.expected)
    assert caught.value.hint
    assert str(caught.value.seen).isprintable()


def test_a_password_that_breaks_its_address_is_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        forget("http://user:s3cret/part@gateway:9091", "credit")

    assert "s3cret" not in str(caught.value)
    assert "percent" in str(caught.value.hint)


@pytest.mark.parametrize(
    "url",
    [
        "gw:9091",
        "gw:9091/prefix",
        "gw.internal",
        "10.0.0.1",
        "http://gw",
        "http://[::1]",
        "https://user:pass@gw:9091/prefix/",
        "http://bücher",
    ],
)
def test_addresses_that_can_be_one_pass(url: str) -> None:
    assert checked(url) == url


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH_9\r\n", "'SSH-2.0-OpenSSH_9"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", "100 headers"),
        (b"", "closed connection without response"),
    ],
)
def test_an_answer_that_is_not_http_is_told(answer: bytes, said: str) -> None:
    with talker(answer) as port, pytest.raises(PublishError) as caught:
        forget(f"http://user:s3cret@127.0.0.1:{port}", "credit")

    assert said in str(caught.value.seen)
    assert "s3cret" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("status", [302, 400, 401, 500])
def test_an_answer_that_is_not_2xx_is_a_refusal(status: int) -> None:
    answer = f"HTTP/1.1 {status} No\r\nLocation: http://127.0.0.1:{free_port()}/\r\nContent-Length: 0\r\n\r\n".encode()
    with talker(answer) as port, pytest.raises(PublishError, match=f"HTTP {status}: No"):
        forget(f"http://127.0.0.1:{port}", "credit")


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "TIMEOUT", 1.0)
    started = time.monotonic()
    with talker(b"HTTP/1.1 202 Accepted" + b" " * 100 + b"\r\n\r\n", pause=0.1) as port:
        with pytest.raises(PublishError, match="does not answer") as caught:
            forget(f"http://127.0.0.1:{port}", "credit")
        assert time.monotonic() - started < 2.5

    assert caught.value.expected == "an answer within 1 s"
