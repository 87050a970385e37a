"""What became of an importance, in words."""

from __future__ import annotations


def ratio_words(before: float, after: float) -> str:
    """How much a feature's importance changed: `counts 2.0x more`, `counts 40% less`, `no longer counts`."""
    if before == 0:
        return "now counts, before it did not" if after > 0 else "does not count"
    ratio = after / before
    if ratio >= 1.05:
        return f"counts {ratio:.1f}x more" if ratio >= 1.95 else f"counts {ratio - 1:.0%} more"
    if ratio <= 0.95:
        return f"counts {1 - ratio:.0%} less" if ratio > 0.01 else "no longer counts"
    return "counts as much but differently"
