"""When a record says that it was made."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

_END_OF_DAY = re.compile(r"(.{8,10}[T ])24((?::?00(?::?00(?:[.,]0+)?)?)?(?:Z|[+-][0-9:]+)?)")


class Instants:
    """Reads times of one log; naive ones are taken in its zone, and are bad without one."""

    def __init__(self, zone: str | None, ahead: float) -> None:
        """`ahead`: seconds that the clock of a serving system may be ahead of ours."""
        self._ahead = ahead
        self._zone = ZoneInfo(zone) if zone else None

    def seconds(self, value: Any, *, now: float) -> float | str:
        """Seconds since 1970, or why there are none: one of names.QUARANTINE_REASONS."""
        found: float | str
        if isinstance(value, str):
            found = self._text(value)
        elif isinstance(value, datetime):
            found = self._moment(value)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            return "wrong_type"
        else:
            # Microseconds, as databases keep them: whether a record is late must not depend on where batches are cut.
            found = round(value, 6) if 0 <= value <= now + self._ahead else math.nan
        if isinstance(found, str):
            return found
        return found if 0 <= found <= now + self._ahead else "bad_time"

    def _text(self, value: str) -> float | str:
        try:
            moment = datetime.fromisoformat(value)
            return moment.timestamp() if moment.tzinfo is not None else self._moment(moment)
        except (OverflowError, ValueError):
            return self._rare(value)

    def _rare(self, value: str) -> float | str:
        """Spellings that Python does not read: small letters (RFC 3339), and 24:00 for the end of a day (ISO 8601)."""
        text = value.upper()
        end = _END_OF_DAY.fullmatch(text)
        if end is None and not value.endswith("z"):
            return "bad_time"
        try:
            moment = datetime.fromisoformat(text if end is None else f"{end[1]}00{end[2]}")
            return self._moment(moment if end is None else moment + timedelta(days=1))
        except (OverflowError, ValueError):
            return "bad_time"

    def _moment(self, moment: datetime) -> float | str:
        try:
            if moment.tzinfo is not None:
                return moment.timestamp()
            if self._zone is None:
                return "bad_time"
            return moment.replace(tzinfo=self._zone).timestamp()
        except (OverflowError, ValueError):
            return "bad_time"


def midnight(seconds: float) -> datetime:
    """The UTC day of an instant."""
    return _day(seconds // 86400)


@lru_cache(maxsize=1000)
def _day(number: float) -> datetime:
    return datetime.fromtimestamp(number * 86400, UTC)
