"""Webhooks on loopback, asked directly whatever proxy the machine has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.webhook import Webhook, webhook_server


@pytest.fixture
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def webhook(direct: None) -> Iterator[Webhook]:
    with webhook_server() as hook:
        yield hook


@pytest.fixture
def another_webhook() -> Iterator[Webhook]:
    with webhook_server() as hook:
        yield hook
