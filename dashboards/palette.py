"""Colours: green, amber and red for what was judged, grey for what could not be, blue and purple for all else."""

from __future__ import annotations

from dashboards.model import Column, Scale

GOOD, WARNING, BAD = "green", "orange", "red"
UNKNOWN = "#8e8e8e"
FAILED, SKIPPED = "dark-purple", "light-purple"
NEUTRAL = "blue"
SHADES = ("dark-blue", "light-blue", "dark-purple", "light-purple", "super-light-blue", "purple", "blue")
"""Told apart from each other, none of them a verdict."""


def told_apart(*names: str) -> tuple[Column, ...]:
    """A neutral colour for each of a few series whose names are known."""
    return tuple(Column(name=name, colour=SHADES[place % len(SHADES)]) for place, name in enumerate(names))


LEVELS = {"0": ("none", GOOD), "1": ("warning", WARNING), "2": ("severe", BAD)}
STATES = {
    "none": ("none", GOOD),
    "warning": ("warning", WARNING),
    "severe": ("severe", BAD),
    "unknown": ("unknown", UNKNOWN),
    "failed": ("failed", FAILED),
    "skipped": ("skipped", SKIPPED),
}
STATE_NUMBERS = {str(number): STATES[word] for number, word in enumerate(STATES)}
"""A status history of SQL rows takes numbers only."""
_NOTHING = {"null": ("no judgement", UNKNOWN)}

NOT_JUDGED = -1
"""Level of a day without any, where rows of numbers have no place for NULL."""
LEVEL = Scale(
    steps=((None, UNKNOWN), (0, GOOD), (1, WARNING), (2, BAD)),
    words={**LEVELS, str(NOT_JUDGED): ("not judged", UNKNOWN), **_NOTHING},
)
STATE = Scale(words=STATES)
STATE_NUMBER = Scale(words={**STATE_NUMBERS, **_NOTHING})
BUDGET = Scale(steps=((None, BAD), (0, WARNING), (0.25, GOOD)), words=_NOTHING)
BURN = Scale(steps=((None, GOOD), (1, WARNING), (6, BAD)), words=_NOTHING)
"""At 1 the budget ends with its period; from 6 on it is gone within days."""
NONE_ALLOWED = Scale(steps=((None, GOOD), (1, BAD)))
YES = Scale(steps=((None, BAD), (1, GOOD)), words={"0": ("no", BAD), "1": ("yes", GOOD), **_NOTHING})
UP = Scale(steps=((None, BAD), (1, GOOD)))
"""How many; none is bad."""
AGE = Scale(steps=((None, GOOD), (1.5, WARNING), (2, BAD)))
"""In intervals between two checks: two without a verdict are stale."""
HEARTBEAT = Scale(steps=((None, GOOD), (120, WARNING), (300, BAD)))
PSI = Scale(steps=((None, GOOD), (0.1, WARNING), (0.2, BAD)), words=_NOTHING)
GAP = Scale(steps=((None, GOOD), (0.05, WARNING), (0.2, BAD)), words=_NOTHING)
SEVERITY = Scale(words={"critical": ("critical", BAD), "warning": ("warning", WARNING), "info": ("info", UNKNOWN)})
