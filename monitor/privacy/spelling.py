"""Other spellings of the same text: escaped for an address of the web, with signs that only look like plain ones."""

from __future__ import annotations

import re
from urllib.parse import unquote

LIKE_SPACE, LIKE_DASH = "\u00a0\u2000-\u200a\u202f\u3000", "\u2010-\u2015\u2212\uff0d"
"""For use within the brackets of an expression: spaces that do not break lines, and what text programs make of -."""
UNSEEN = "\u00ad\u200b\u2060\ufeff"

_LIKE: dict[int, str | None] = {
    **dict.fromkeys((0xA0, 0x202F, 0x3000, *range(0x2000, 0x200B)), " "),
    **dict.fromkeys((0x2212, 0xFF0D, *range(0x2010, 0x2016)), "-"),
    **{0xFF10 + digit: str(digit) for digit in range(10)},
    **dict.fromkeys(map(ord, UNSEEN)),
    0xFF0B: "+",
    0xFF0E: ".",
    0xFF20: "@",
}
_AT = re.compile(r" ?(?:\[ ?at ?\]|\( ?at ?\)|\{ ?at ?\}|&#0{0,4}64;) ?", re.IGNORECASE)
_DOT = re.compile(r" ?(?:\[ ?dot ?\]|\( ?dot ?\)|\{ ?dot ?\}) ?", re.IGNORECASE)


def plainly(text: str) -> str:
    """The text as the expressions of this room expect it."""
    if "%" in text:
        text = unquote(text)
    if not text.isascii():
        text = text.translate(_LIKE)
    return _DOT.sub(".", _AT.sub("@", text)) if _AT.search(text) else text
