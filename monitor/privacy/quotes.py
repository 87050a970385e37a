"""Texts of libraries, which quote the values they stumble over: could not convert string to float: 'Jane'."""

from __future__ import annotations

import re
from collections.abc import Collection

WITHHELD = "(withheld)"
_QUOTED = re.compile(
    r"(?<!\w)[bru]?'(?:[^'\\\n]|\\.)*'"  # the look-behind leaves apostrophes of words alone
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|\[\s*[-+]?(?:[0-9.]|nan|inf|np\.)[^\]\n]*\]?"  # lists of numbers
)


def without_values(text: str, *, known: Collection[str] = ()) -> str:
    """The text with everything quoted left out, but for names that are no values, such as those of columns."""
    return _QUOTED.sub(lambda found: found[0] if found[0].strip("bru'\"") in known else WITHHELD, text)
