"""A simulated month of monitors: which alerts fire, when, and when they stop. `measure` is the benchmark."""

from __future__ import annotations

from benchmarks.month.measure import measure

__all__ = ["measure"]
