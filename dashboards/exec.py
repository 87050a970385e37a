"""Exec: can we trust and afford our explanations?"""

from __future__ import annotations

from dashboards.exec_drift import DRIFT
from dashboards.exec_trust import COST, TRUST
from dashboards.model import Board

BOARD = Board(
    name="exec",
    title="xdrift: trust and cost of explanations",
    description="Can we trust and afford our explanations? Coverage, privacy, cost, drift.",
    since="now-30d",
    refresh="15m",
    rows=(TRUST, COST, DRIFT),
)
