"""Columns kept back: redacted, hashed or masked before anything is stored, shown or sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b, sha256
from numbers import Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.settings import MonitorSettings

REDACTED = "[redacted]"
SHOWN_FROM = 6
"""Values of fewer characters show none of them when masked: two of four would tell too much."""
_OURS = re.compile(r"\[redacted\]|hash:[0-9a-f]{16}|mask:[0-9]+:.{0,2}", re.DOTALL)


class Keeper:
    """Knows which columns are kept back, and how.

    A column that is named twice is treated the strictest way: redacted before hashed before masked.
    """

    def __init__(
        self,
        *,
        redact: Iterable[str] = (),
        hash: Iterable[str] = (),  # noqa: A002 - the word of the configuration
        hash_key: str | None = None,
        mask: Iterable[str] = (),
    ) -> None:
        """Raises ValueError for columns to hash without a key: common values could be guessed from their hash."""
        self.redacted = frozenset(redact)
        self.hashed = frozenset(hash) - self.redacted
        self.masked = frozenset(mask) - self.redacted - self.hashed
        if self.hashed and not hash_key:
            raise ValueError("hash needs hash_key: without a key, common values can be guessed from their hash")
        self._key = sha256((hash_key or "").encode()).digest()
        self.columns = self.redacted | self.hashed | self.masked
        """All that are kept back, one way or another."""

    @classmethod
    def of(cls, monitor: MonitorSettings) -> Keeper:
        """The monitor's; a column is kept back under the name in its source and under the feature's."""
        rename = monitor.predictions.columns.rename
        both = {feature: name for name, feature in rename.items()} | rename

        def names(columns: Iterable[str]) -> set[str]:
            return {other for name in columns for other in (name, both.get(name, name))}

        privacy = monitor.privacy
        return cls(
            redact=names(monitor.redact),
            hash=names(privacy.hash),
            hash_key=privacy.hash_key,
            mask=names(privacy.mask),
        )

    def value(self, column: str, value: Any) -> Any:
        """The value as it may be kept. A missing one (None, NaN) of a hashed or masked column stays None."""
        if column not in self.columns:
            return value
        return self.column(column, (value,))[0]

    def column(self, name: str, values: Iterable[Any]) -> list[Any]:
        """The values of one column as they may be kept."""
        if name in self.redacted:
            return [REDACTED for _ in values]
        if name in self.hashed:
            start = blake2b(name.encode(errors="surrogatepass") + b"\0", digest_size=8, key=self._key)
            return [None if _missing(value) else _hashed(start.copy(), value) for value in values]
        if name in self.masked:
            return [None if _missing(value) else _masked(_text(value)) for value in values]
        return list(values)

    def in_clear(self, column: str, value: Any) -> bool:
        """Whether a value of a column that is kept back can be read from what was logged."""
        if column not in self.columns or value is None or value == "":
            return False
        return not (isinstance(value, str) and _OURS.fullmatch(value))


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, Real) and value != value)  # only NaN differs from itself


def _text(value: Any) -> str:
    """Equal values have equal text: 3, 3.0 and a NumPy 3 are the same."""
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else str(value)
    return str(value)


def _hashed(hasher: blake2b, value: Any) -> str:
    hasher.update(_text(value).encode(errors="surrogatepass"))
    return f"hash:{hasher.hexdigest()}"


def _masked(text: str) -> str:
    return f"mask:{len(text)}:{text[-2:] if len(text) >= SHOWN_FROM else ''}"
