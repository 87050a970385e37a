"""Which decision a prediction stands for, and the nearest real row with another one. Pure: numpy only.

It is a room of its own, because the pages of the daemon need it and must not pay for the drift engine's imports.
"""

from monitor.nearest.decision import Decision, decision, outputs
from monitor.nearest.ruler import MOST, NAMED, Ruler, nearest_other, taken

__all__ = ["MOST", "NAMED", "Decision", "Ruler", "decision", "nearest_other", "outputs", "taken"]
