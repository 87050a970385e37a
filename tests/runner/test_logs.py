"""Log lines that machines can read."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import logs


@pytest.fixture(autouse=True)
def _own_root() -> Iterator[None]:
    """`configure` changes the root logger, which pytest needs back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def written(*, as_json: bool = False, level: int = logging.INFO, name: str = "check", **fields: object) -> str:
    stream = io.StringIO()
    logs.configure(as_json=as_json, stream=stream)
    logs.event(logging.getLogger("monitor.test"), level, name, **fields)
    return stream.getvalue()


def test_an_event_is_one_line_of_keys_and_values() -> None:
    line = written(monitor="one", slot=datetime(2026, 3, 2, tzinfo=UTC), seconds=1.23456, error=None)
    assert line.endswith(" info check monitor=one slot=2026-03-02T00:00:00Z seconds=1.235\n")


def test_values_with_spaces_and_quotes_are_quoted() -> None:
    assert written(sentence='It "moved" far.').endswith(' sentence="It \\"moved\\" far."\n')


def test_json_lines_carry_the_same() -> None:
    told = json.loads(written(as_json=True, level=logging.WARNING, monitor="one", level_=2))
    assert {key: told[key] for key in ("level", "event", "monitor", "level_", "logger")} == {
        "level": "warning", "event": "check", "monitor": "one", "level_": 2, "logger": "monitor.test",
    }  # fmt: skip


@given(st.text(), st.booleans())
def test_whatever_is_said_stays_on_one_line(text: str, as_json: bool) -> None:
    line = written(as_json=as_json, name="output", line=text)
    assert line.count("\n") == 1
    assert line.endswith("\n")


def test_a_traceback_follows_its_line() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logging.getLogger("monitor.test").exception("job failed")
    first, second, *_ = stream.getvalue().splitlines()
    assert first.endswith("error job failed")
    assert second.startswith("Traceback")


def test_schedulers_and_servers_are_quiet() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    logging.getLogger("apscheduler.executors.checks").error("shown by the daemon itself")
    logging.getLogger("uvicorn.access").info("GET /metrics")
    assert stream.getvalue() == ""
