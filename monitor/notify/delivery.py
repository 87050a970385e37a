"""One delivery to one webhook. Only HTTP: no other scheme, no redirect, and no address in a log or an error."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request

from monitor.deadline import Deadline, ask
from monitor.errors import PublishError
from monitor.settings import ChannelSettings

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many attempts that failed: 10 s, doubled each time, an hour at most."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(attempts - 1, 30)))


def deliver(channel: ChannelSettings, body: Mapping[str, Any]) -> None:
    """POST `body` as JSON. Raises PublishError unless the channel answers 2xx within its `timeout`, however
    slowly it talks.

    The error says what happened and never where: a webhook's address is its password.
    """
    if urlsplit(channel.url).scheme not in ("http", "https"):
        raise _refused(channel, "an address that is not http or https")
    data = json.dumps(dict(body), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "xdrift"}
    request = Request(channel.url, data=data, headers=headers, method="POST")  # noqa: S310 - the scheme was looked at
    try:
        ask(request, Deadline(channel.timeout.total_seconds()))
    except HTTPError as error:
        error.close()
        raise _refused(channel, f"answer {error.code}") from None
    except URLError as error:
        raise _refused(channel, _said(error.reason)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a host name that cannot be one
        raise _refused(channel, _said(error)) from None


def _said(error: object) -> str:
    """What went wrong, without the texts that libraries put addresses into."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__ if isinstance(error, Exception) else "no connection"


def _refused(channel: ChannelSettings, seen: str) -> PublishError:
    return PublishError(f"message to channel {channel.name!r}", seen=seen, expected="an answer 2xx")
