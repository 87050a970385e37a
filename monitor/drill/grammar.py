"""Words of `--inject` that several kinds share."""

from __future__ import annotations

import math

from monitor.errors import ConfigError


def wrong(kind: str, seen: str, expected: str) -> ConfigError:
    return ConfigError(
        f"--inject {kind} was not understood",
        seen=seen or "nothing",
        expected=expected,
        hint="`xdrift drill --list` shows every kind with its form",
    )


def number(kind: str, text: str) -> float:
    """Raises ConfigError for anything but a finite number."""
    try:
        found = float(text)
    except ValueError:
        raise wrong(kind, text, "a number") from None
    if not math.isfinite(found):
        raise wrong(kind, text, "a finite number")
    return found


def share(kind: str, text: str) -> float:
    """`0.5` or `50%`. Raises ConfigError unless it lies above 0 and is at most 1."""
    found = number(kind, text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 < found <= 1:
        raise wrong(kind, text, "a share above 0 and at most 1, as in 0.5 or 50%")
    return found
