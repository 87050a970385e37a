"""Windows and burn rates: the multi-window, multi-burn-rate alerts of Google's SRE workbook, chapter 5, table 5-8.

A burn rate of 1 spends exactly the budget in the period. An alert that is to fire once a share of the budget is gone
within a long window needs the rate `share x period / long window`; the short window, a twelfth of the long one, makes
it stop soon after the incident. The period is a series of each monitor, so rules carry `factor x days`.
"""

from __future__ import annotations

from typing import NamedTuple

from alerts.promql import PERIOD, SLO
from monitor.settings.slo import FAST_HOURS, FAST_SHARE, HALF_HOURS, HALF_SHARE

HOURS = {"5m": 1 / 12, "30m": 0.5, "1h": 1.0, "2h": 2.0, "6h": 6.0, "1d": 24.0, "3d": 72.0}
"""Recorded windows under Sloth's words for them."""
SUMMED = ("1d", "3d")
"""Windows made of the increases of whole hours: reading days of raw samples every minute would be dear, and a query
that touches too many of them is refused."""


class Tier(NamedTuple):
    """One pair of windows."""

    long: str
    short: str
    share: float
    """Of the period's budget, spent within the long window."""

    @property
    def factor(self) -> float:
        """Times the period in days this is the burn rate."""
        return self.share * 24 / HOURS[self.long]


FAST = (Tier("1h", "5m", FAST_SHARE), Tier("6h", "30m", 0.05))
"""A person is called."""
SLOW = (Tier("1d", "2h", 0.1), Tier("3d", "6h", 0.1))
"""A ticket is written."""
HALF = Tier("1d", "2h", HALF_SHARE)
"""More than half of the budget within a day: the composite's page."""
INCIDENT = FAST[1].factor
"""Half an hour at this rate and the objective counts as in incident."""

assert HOURS["1h"] == FAST_HOURS  # the configuration refuses what these pages could never fire for
assert HOURS["1d"] == HALF_HOURS


def above(window: str, matcher: str, factor: float) -> str:
    """Objectives that burn faster than the factor allows in one window."""
    return f"slo:burn_rate:ratio_rate{window}{{{matcher}}} > on ({SLO}) group_left () ({factor:.6g} * {PERIOD})"


def burning(tier: Tier, matcher: str, *, floor: int | None = None) -> str:
    """Objectives that burn in both windows, on at least `floor` bad events where they count events.

    The floor is on bad events, not on traffic: a quiet flow that fails altogether must not go unheard.
    """
    expr = f"{above(tier.long, matcher, tier.factor)}\nand\n{above(tier.short, matcher, tier.factor)}"
    if floor is None:
        return expr
    return f"{expr}\nunless on ({SLO})\nmonitor_slo:xdrift_slo_bad_events:increase{tier.long} < {floor}"
