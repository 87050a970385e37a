"""What the name of a log file says: which series it belongs to, and its age among the files of that series."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

# Only what can be a date and a time is one: 12345678 is a number that the name carries by itself.
_CLOCK = r"(?:[01]\d|2[0-3])(?:[-:]?[0-5]\d(?:[-:]?[0-5]\d)?)?"
_DATE = rf"(?:19|20)\d{{2}}-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])(?:[T_-]?{_CLOCK})?(?:_\d{{6}})?"
_EPOCH = r"1[4-9]\d{8}"
_NUMBER = r"\d{1,5}"
_SUFFIX = re.compile(
    rf"(?P<stem>.+?)(?:[-._](?P<date>{_DATE}|{_EPOCH})(?:\.(?P<part>{_NUMBER}))?)?(?P<extension>\.[A-Za-z][A-Za-z0-9]*)?"
    rf"(?:[-._](?P<after>{_DATE}|{_EPOCH}))?(?:\.(?P<number>{_NUMBER}))?"
)
_GZIP = ".gz"
UNREADABLE = (".zst", ".bz2", ".xz", ".lz4", ".zip", ".tmp", ".swp", ".part")
"""Names that end so are no JSON lines: other compressions, files that are being made."""

Age = tuple[int, str, int]


class Rotated(NamedTuple):
    """One file name, understood."""

    series: str
    """The name without what rotation added: log.jsonl for log.jsonl.3.gz and log-2026-11-22.jsonl alike."""
    age: Age
    """Sorts the oldest file of a series first; a name without date and number is the one being written."""
    gzipped: bool


def rotated(name: str) -> Rotated:
    """What the name of a file (without folder) says.

    Known are numbers (log.jsonl.1 is younger than log.jsonl.2), dates and times before or after the extension,
    seconds since 1970, parts of a date (log-2026-11-22.1.jsonl is younger than .0.jsonl), and .gz after any of these.
    """
    gzipped, bare = _unzipped(name)
    match = _SUFFIX.fullmatch(bare)
    if match is None:
        return Rotated(bare, (1, "", 0), gzipped)
    date = match["after"] or match["date"]
    if not date and not match["number"]:
        return Rotated(bare, (1, "", 0), gzipped)
    number = int(match["number"] or match["part"] or 0)
    # Alone, numbers are counted up at every rotation; beside a date, each part of a day gets the next one.
    age = (0, _digits(date), number) if date else (0, "9", -number)
    return Rotated(match["stem"] + (match["extension"] or ""), age, gzipped)


def unrotated(name: str) -> set[str]:
    """What a file may have been called before: without .gz, without what was put behind its name, without any date."""
    bare = _unzipped(name)[1]
    match = _SUFFIX.fullmatch(bare)
    if match is None:
        return {bare}
    ends = [match.start(group) - 1 for group in ("after", "number") if match[group]]
    return {bare, rotated(name).series, *(bare[:end] for end in ends)}


def _unzipped(name: str) -> tuple[bool, str]:
    gzipped = name.lower().endswith(_GZIP)
    return gzipped, name[: -len(_GZIP)] if gzipped else name


def _digits(date: str) -> str:
    """A date as text that sorts by time."""
    if re.fullmatch(_EPOCH, date):
        return datetime.fromtimestamp(int(date), UTC).strftime("%Y%m%d%H%M%S")
    return re.sub(r"\D", "", date)
