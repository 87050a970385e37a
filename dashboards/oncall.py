"""On-call: what is broken now, and what do I do?"""

from __future__ import annotations

from dashboards.model import Board
from dashboards.oncall_checks import CHANGED, CHECKS
from dashboards.oncall_now import NOW
from dashboards.oncall_serving import SERVING

BOARD = Board(
    name="oncall",
    title="xdrift: on call",
    description="What is broken now, and what do I do?",
    since="now-6h",
    refresh="30s",
    rows=(NOW, SERVING, CHECKS, CHANGED),
)
