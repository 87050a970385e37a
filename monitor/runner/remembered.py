"""Which record ids were counted lately: 8 bytes each, in sorted arrays by age."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Digests = NDArray[np.uint64]

_PARTS = 16
"""Ages told apart: ids are forgotten together with those of their sixteenth of the time, never too early."""


class Remembered:
    """A set of digests that forgets; 16 MB for two million of them, a lookup of 20,000 takes milliseconds."""

    def __init__(self, remember: timedelta) -> None:
        self._remember = remember.total_seconds()
        self._parts: dict[int, list[Digests]] = {}
        """Part of time to sorted arrays, each at least twice as long as the next: few to look through, few merges."""

    def __call__(self, digests: Digests) -> NDArray[np.bool_]:
        """Which of these are in the set, in their order."""
        order = np.argsort(digests)
        wanted = digests[order]  # sorted, neighbours in a row hit the same cache lines
        found = np.zeros(len(wanted), np.bool_)
        for arrays in self._parts.values():
            for array in arrays:
                places = np.searchsorted(array, wanted)
                found |= array[np.minimum(places, len(array) - 1)] == wanted
        back = np.empty_like(found)
        back[order] = found
        return back

    def __len__(self) -> int:
        return sum(len(array) for arrays in self._parts.values() for array in arrays)

    def add(self, counted_at: datetime, digests: Digests) -> None:
        """Remember sorted digests, counted at a time."""
        if not len(digests):
            return
        arrays = self._parts.setdefault(self._part(counted_at.timestamp()), [])
        arrays.append(digests)
        while len(arrays) > 1 and len(arrays[-2]) < 2 * len(arrays[-1]):
            younger, older = arrays.pop(), arrays.pop()
            merged = np.concatenate((older, younger))
            merged.sort(kind="stable")
            arrays.append(merged)

    def forget(self, now: datetime) -> None:
        """Let go of what is older than the time to remember."""
        oldest = self._part(now.timestamp() - self._remember)
        for part in [part for part in self._parts if part < oldest]:
            del self._parts[part]

    def _part(self, seconds: float) -> int:
        return int(seconds // (self._remember / _PARTS))
