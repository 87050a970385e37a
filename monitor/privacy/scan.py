"""Looking for personal data in text.

Rather blind than noisy: every finding is an incident that somebody must look into. Numbers, times, UUIDs, digests and
version numbers are not taken for personal data; a number that carries no mark of its own (a phone number without
country code in an uncommon spelling, an identity number that is nine plain digits) is not found.

Every expression is anchored on characters that a match must have, and repeats over bounded or disjoint sets only, so
that the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from ipaddress import AddressValueError, IPv6Address

from monitor.privacy.numbers import holds_card, holds_iban, holds_national_id

TEXT_LIMIT = 8192
"""Characters of a text that are looked at."""

_WORTH = re.compile(r"@|[0-9][0-9 .()-]{2,20}[0-9]|[0-9][A-Z][0-9]{2}[A-Z]|:[0-9A-Fa-f]{0,4}:")
"""What a text must hold to be looked at more closely; nearly all texts do not."""

_LOCAL = re.compile(r"[\w.%+'-]*[\w%+-]$")
_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.){1,8}([A-Za-z]{2,24})(?![\w-])")
_FILES = frozenset(("png", "jpg", "jpeg", "gif", "svg", "webp", "js", "css", "json", "py"))
"""Endings that are no domains: icon@2x.png."""

_INTERNATIONAL = re.compile(r"(?<![\w.+-])\+[1-9][0-9 ().-]{6,24}")
_NATIONAL = re.compile(
    r"(?<![\w.+:/-])(?:"
    r"\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[- ][0-9]{4}|[2-9][0-9]{2}-[2-9][0-9]{2}-[0-9]{4}"  # North America
    r"|0[1-9](?: [0-9]{2}){4}"  # France
    r"|0[1-9][0-9]{2,3} [0-9]{6,8}|0[1-9][0-9] [0-9]{4} [0-9]{4}"  # Germany, United Kingdom
    r")(?![\w:-]|\.[0-9])"
)

_QUAD = re.compile(
    r"(?<![\w.+-])(?<![A-Za-z]/)([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})(?![\w+-]|\.[0-9])"
)
_VERSION = re.compile(r"\b(?:v|ver|version|release|build)[ :=.]*$", re.IGNORECASE)
_COLONS = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{3,4}:[0-9A-Fa-f:]{3,35}(?![\w:])")


def scan(text: str, kinds: Collection[str] | None = None) -> tuple[str, ...]:
    """Kinds of personal data in the first `TEXT_LIMIT` characters, in the order of `KINDS`; `kinds` None: all."""
    text = text[:TEXT_LIMIT]
    if not _WORTH.search(text):
        return ()
    return tuple(kind for kind, holds in _KINDS.items() if (kinds is None or kind in kinds) and holds(text))


def worth_scanning(text: str) -> bool:
    """False: `scan` finds nothing in it, nor in any part of it. Far cheaper for many texts joined by line ends."""
    return _WORTH.search(text) is not None


def holds_email(text: str) -> bool:
    at = text.find("@")
    while at >= 0:
        domain = _DOMAIN.match(text, at + 1)
        if domain and domain[1].lower() not in _FILES and _LOCAL.search(text[max(0, at - 64) : at]):
            return True
        at = text.find("@", at + 1)
    return False


def holds_phone(text: str) -> bool:
    for found in _INTERNATIONAL.finditer(text):
        if _dialled(found[0], text[found.end() : found.end() + 1]):
            return True
    return _NATIONAL.search(text) is not None


def _dialled(found: str, after: str) -> bool:
    """Eight to fifteen digits, never two separators in a row but around brackets, and no decimal number."""
    if after.isalnum() or after == "_":
        return False
    number = found.rstrip(" ().-")
    digits = sum(map(str.isdigit, number))
    if not 8 <= digits <= 15 or re.search(r"[ .-]{2}", number):
        return False
    # +1234567.25 and +12345678.5 are numbers with a sign; phone numbers have several dots or none.
    return number.count(".") != 1


def holds_ip_address(text: str) -> bool:
    return any(_addresses(found, text) for found in _QUAD.finditer(text)) or any(
        _groups(found[0]) for found in _COLONS.finditer(text)
    )


def _addresses(found: re.Match[str], text: str) -> bool:
    """A quad of bytes that could not as well be a version number, and names one machine."""
    parts = found.groups()
    if any(len(part) > 1 and part[0] == "0" for part in parts):
        return False
    first, *_, last = numbers = [int(part) for part in parts]
    if max(numbers) > 255 or not 1 <= first <= 223 or first == 127 or last in (0, 255):
        return False
    if sum(map(len, parts)) < 8 and max(numbers) < 100:
        return False
    return not _VERSION.search(text[max(0, found.start() - 12) : found.start()])


def _groups(found: str) -> bool:
    if found.count(":") < 3 or not any(map(str.isdigit, found)):
        return False
    try:
        IPv6Address(found.rstrip(":") if not found.endswith("::") else found)
    except AddressValueError:
        return False
    return True


_KINDS: dict[str, Callable[[str], bool]] = {
    "email": holds_email,
    "phone": holds_phone,
    "card": holds_card,
    "iban": holds_iban,
    "national_id": holds_national_id,
    "ip_address": holds_ip_address,
}
KINDS = tuple(_KINDS)
