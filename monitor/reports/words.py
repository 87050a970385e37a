"""Small pieces of sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from monitor.drift.ratios import ratio_words
from monitor.store.reported import CheckLine

FAILED = "The check could not be done: {reason}."
CONDITIONS = {
    "severe": "severe drift, confirmed",
    "warning": "drift in three checks in a row",
    "unknown": "blind: two checks in a row could not judge",
    "none": "quiet",
}
VISIBLE = 0.05
"""Change of an importance that is worth a word."""


def count(n: int, word: str, plural: str | None = None) -> str:
    """`1 check`, `no checks`, `12 checks`."""
    return f"{n or 'no'} {word if n == 1 else plural or word + 's'}"


def ordinal(n: int) -> str:
    """`second`, `third`, `12th`."""
    words = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth"}
    if n in words:
        return words[n]
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def day(moment: datetime) -> str:
    """`Mon 5 Aug`."""
    local = moment.astimezone(UTC)
    return f"{local:%a} {local.day} {local:%b}"


def day_and_time(moment: datetime) -> str:
    """`Mon 5 Aug 2013, 06:00`."""
    local = moment.astimezone(UTC)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def sentence(check: CheckLine) -> str:
    """What a check said; of one that could not run the closed word of its reason, since its error may quote a row."""
    if check.outcome == "failed":
        return FAILED.format(reason=(check.reason or "internal").replace("_", " "))
    return check.sentence


def reason(check: CheckLine) -> str:
    return (check.reason or ("internal" if check.outcome == "failed" else "not_judged")).replace("_", " ")


def moved(before: float | None, after: float | None) -> str | None:
    """`counts 2.0x more`; None for a change that is not worth a word."""
    if before is None or after is None or (before == 0 and after == 0):
        return None
    if before and abs(after / before - 1) < VISIBLE:
        return None
    return ratio_words(before, after)
