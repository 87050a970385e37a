"""Ratios in words, also those that are beyond reason: what starts from next to nothing grows 10^300 times."""

from __future__ import annotations

MOST = 1000.0
"""Larger ratios are not written out."""
NEW = "now counts, before it did not"


def ratio_words(before: float, after: float) -> str:
    """How much a feature's importance changed: `counts 2.0x more`, `counts 40% less`, `no longer counts`."""
    if before == 0:
        return NEW if after > 0 else "does not count"
    ratio = float(after) / float(before)
    if ratio >= MOST:
        return f"counts over {MOST:,.0f}x more"
    if ratio >= 1.05:
        return f"counts {ratio:.1f}x more" if ratio >= 1.95 else f"counts {ratio - 1:.0%} more"
    if ratio <= 0.95:
        return f"counts {1 - ratio:.0%} less" if ratio > 0.01 else "no longer counts"
    return "counts as much but differently"


def percent_words(share: float) -> str:
    """A share of 1 as percent: `12%`, `over 100,000%`."""
    return f"{share:.0%}" if share < MOST else f"over {MOST:,.0%}"
