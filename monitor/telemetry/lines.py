"""A line of the log as Python values: what `json` makes of it, in a quarter of the time.

orjson reads nearly every line. It is stricter in some ways (no NaN or Infinity, no half of a surrogate pair, no number
over 1.8e308, at most 1024 levels) and looser in one (whole numbers of more than 64 bits become floats). What it refuses
is read by `json`, so that both say the same of every line; where a long number could matter, `exact` reads it again.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from typing import Any

import orjson

_json = json.JSONDecoder().decode
_LONG = re.compile(rb"(?:^|[:,\[\s-])[0-9]{19}")
"""The beginning of a whole number that may have more than 64 bits."""
_DIGITS, _RUN = bytes(48 if 48 <= byte <= 57 else byte for byte in range(256)), b"0" * 19
_DEEP, _SHORT = 500, 1500
"""`json` goes down as far as the stack allows, some 900 levels: with all their brackets a longer line than most."""


class NotJsonError(Exception):
    """Broken JSON, broken UTF-8, thousands of brackets."""


def loose(raw: bytes) -> Any:
    """The value of a line, whole numbers of more than 64 bits as floats. Raises NotJsonError."""
    if len(raw) > _SHORT and raw.count(b"[") + raw.count(b"{") > _DEEP:
        return exact(raw)
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return exact(raw)


def exact(raw: bytes) -> Any:
    """The value of a line. Raises NotJsonError."""
    try:
        return _json(raw.removeprefix(BOM_UTF8).decode())
    except (ValueError, RecursionError) as error:
        raise NotJsonError from error


def has_long_number(raw: bytes) -> bool:
    """Whether `loose` and `exact` may differ."""
    # The expression takes five times as long as looking for a run of digits, which nearly no line has.
    return _RUN in raw.translate(_DIGITS) and _LONG.search(raw) is not None
