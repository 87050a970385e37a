"""Who decided something and why: kept for ever, and shown in terminals, on pages, in reports and in Grafana."""

from __future__ import annotations

import re

from monitor.errors import ConfigError

LONGEST = {"author": 100, "reason": 500}
"""Characters."""
_BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that act on a terminal, end a line, turn the direction of reading, or that no database takes."""
_NEXT = {
    "author": "say who decides this, as in --author ada",
    "reason": 'say why, as in --reason "CHG-42, new weather feed"; what is longer belongs into the ticket it names',
}


def remark(kind: str, text: str, thing: str) -> str:
    """The text without spaces around it; `kind` is author or reason, `thing` what it is of.

    Raises ConfigError for one that is empty, too long, or not one line of plain text.
    """
    said, most = text.strip(), LONGEST[kind]
    found = _BREAKING.search(said)
    if not said:
        seen = "nothing"
    elif len(said) > most:
        seen = f"{len(said):,} characters"
    elif found:
        seen = f"the control character {found[0]!a} at place {found.start() + 1}"
    else:
        return said
    expected = f"1 to {most} characters on one line, no control characters"
    raise ConfigError(f"--{kind} of the {thing}", seen=seen, expected=expected, hint=_NEXT[kind])
