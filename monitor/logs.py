"""Log lines for machines and people: one event per line, with named fields."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

_LEVELS = {
    "apscheduler": logging.WARNING,
    "apscheduler.executors": logging.CRITICAL,
    "apscheduler.scheduler": logging.ERROR,
    "uvicorn.access": logging.WARNING,
    "httpx": logging.WARNING,
}
"""Libraries that write a line for every tick or request, or for what the daemon tells itself."""


def event(log: logging.Logger, level: int, name: str, /, **fields: Any) -> None:
    """Log that `name` happened, with fields that a formatter below writes as key=value or JSON."""
    log.log(level, name, extra={"fields": fields})


def configure(*, as_json: bool = False, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (standard error), replacing earlier handlers."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if as_json else KeyValue())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name, least in _LEVELS.items():
        logging.getLogger(name).setLevel(least)


class KeyValue(logging.Formatter):
    """`2013-04-08T00:00:03.120Z info check monitor=flights slot=2013-04-08T00:00:00Z ...`"""

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{key}={_quoted(_plain(value))}" for key, value in _fields(record).items())
        line = f"{_moment(record)} {record.levelname.lower()} {_message(record)} {fields}".rstrip()
        trace = _trace(self, record)
        return f"{line}\n{trace}" if trace else line


class JsonLines(logging.Formatter):
    """One JSON object per line, traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _message(record),
            **{key: _plain(value) for key, value in _fields(record).items()},
        }
        trace = _trace(self, record)
        return json.dumps({**told, "traceback": trace} if trace else told, ensure_ascii=False, default=str)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = getattr(record, "fields", {})
    return {key: value for key, value in found.items() if value is not None}


def _message(record: logging.LogRecord) -> str:
    # One event is one line, whatever a library puts into its message.
    return record.getMessage().replace("\n", "\\n")


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return round(value, 3) if isinstance(value, float) else value


def _quoted(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or any(c in text for c in ' ="\n\r\t') else text


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return formatter.formatException(record.exc_info) if record.exc_info else ""
