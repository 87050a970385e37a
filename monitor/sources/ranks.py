"""Random order without randomness: every row gets a rank from its id and a seed.

The rank is the first 8 bytes of md5("<seed>:<id>"), and the n rows of smallest rank are the sample (bottom-k
sampling: a hash of distinct ids orders them as a random permutation would). It does not depend on where or when the
row is read, so the sample is the same for every batch size, row order and kind of source, and a database that knows
md5 may do the work. md5 is taken because every database has it; nothing here protects against an adversary.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from monitor.types import Ints, utc

Ranks = NDArray[np.uint64]


def slot_seed(monitor: str, planned_at: datetime) -> int:
    """The 63-bit seed of one slot of one monitor: the same slot always draws the same rows."""
    text = f"{monitor}\0{utc(planned_at, 'planned time').isoformat()}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def rank(seed: int, keys: Iterable[str]) -> Ranks:
    """(n,) the first 8 bytes of md5("<seed>:<key>"), big-endian; the key in UTF-8."""
    prefix, md5 = f"{seed}:".encode(), hashlib.md5
    digests = b"".join([md5(prefix + key.encode(), usedforsecurity=False).digest() for key in keys])
    return np.frombuffer(digests, dtype=">u8")[::2].astype(np.uint64)


def rank_text(seed: int, key: str) -> str:
    """The same rank as 16 hexadecimal digits: left(md5(seed || ':' || key), 16) in a database."""
    return hashlib.md5(f"{seed}:{key}".encode(), usedforsecurity=False).hexdigest()[:16]


@dataclass(slots=True)
class Smallest:
    """Keeps the n smallest (rank, time, key) of all rows offered to it."""

    n: int
    kept: list[tuple[int, int, str]] = field(default_factory=list)
    bound: int = 2**64 - 1
    """No rank above this can enter any more."""

    def offer(self, ranks: Ranks, times: Ints, keys: Sequence[str]) -> None:
        if self.n == 0:
            return
        for row in np.flatnonzero(ranks <= np.uint64(self.bound)).tolist():
            self.kept.append((int(ranks[row]), int(times[row]), keys[row]))
        if len(self.kept) > self.n:
            self.kept.sort()
            del self.kept[self.n :]
        if len(self.kept) == self.n:
            self.bound = max(one[0] for one in self.kept)
