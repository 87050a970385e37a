"""What every section is made of: frozen records that refuse unknown keys, durations, zones, names."""

from __future__ import annotations

import re
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def parse_duration(value: Any) -> timedelta:
    """`90s`, `15m`, `6h`, `1d`, `2w`, or a timedelta. Raises ValueError for anything else."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", str(value))
    if not match:
        raise ValueError(f"{value!r} is not a duration; expected a number and one of s m h d w, as in 15m or 1w")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


def format_duration(value: timedelta) -> str:
    """The shortest text that `parse_duration` reads back."""
    seconds = value.total_seconds()
    for unit in ("w", "d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{seconds:g}s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?[smhdw]$", "examples": ["15m", "1d", "1w"]}),
]


def over_http(value: str) -> str:
    """The address, as given. Raises ValueError, which repeats nothing of it: an address may hold a password.

    Checked with the configuration: a mistake would show only when there is something to send.
    """
    given = value.strip()
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")  # as the socket will
    except ValueError:  # of brackets, ports and names that are none; its words quote them
        raise ValueError(
            "expected an http:// or https:// address with a host, and a port up to 65535 or none"
        ) from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ValueError("expected an http:// or https:// address")
    if _CONTROL.search(given) or " " in host + parts.path + parts.query:
        raise ValueError("expected an http:// or https:// address without spaces and control characters")
    return value


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        near = get_close_matches(value, available_timezones(), n=1)
        expected = f"did you mean {near[0]}?" if near else "write it as in Europe/Berlin, or UTC"
        raise ValueError(f"timezone {value!r} is not an IANA zone name; {expected}") from error
    return value


HttpAddress = Annotated[str, AfterValidator(over_http)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
