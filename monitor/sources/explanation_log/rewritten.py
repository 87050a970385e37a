"""Files that were rewritten in place, to take a person's records or a column out of them: where reading goes on.

Such a file has the name of one that is known and another beginning, another length, or other bytes before the place up
to which it was read. It is known again by ids: one of its first records was one of the first before, and one of those
that were read last is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from itertools import chain

import orjson

from monitor.sources.explanation_log.splitting import Line
from monitor.sources.keys import under

MARKS = 4
"""Records at the beginning of a file, and before the place up to which it was read, whose ids are known."""

Identify = Callable[[bytes], str | None]
"""Digest of the id in a line; None where there is none."""


def identifying(record_id: str) -> Identify:
    """`record_id`: its key, with dots that go one level down."""

    def identify(raw: bytes) -> str | None:
        try:
            record = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return None
        found = under(record, record_id)
        if not isinstance(found, str | int) or found == "":
            return None
        return blake2b(str(found).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    return identify


def read_last(lines: Iterable[list[Line]], first: list[str], last: list[str], identify: Identify) -> Line | None:
    """The record that was read last, in a file that was rewritten; None when it is no such file.

    Args:
        lines: Of the file from its beginning, in parts.
        first: Digests of the first ids that the file had.
        last: Of those that were read last, in their order.
    """
    begins: list[str] = []
    found: dict[str, Line] = {}
    for line in chain.from_iterable(lines):
        digest = identify(line.raw) if line.raw is not None else None
        if digest is None:
            continue
        if len(begins) < MARKS:
            begins.append(digest)
            if len(begins) == MARKS and not set(begins) & set(first):
                return None  # a new file under an old name: nearly all end here
        if digest in last:
            found.setdefault(digest, line)
            if digest == last[-1]:
                break
    if not set(begins) & set(first):
        return None
    return next((found[digest] for digest in reversed(last) if digest in found), None)
