"""Public addresses of machines in text.

An address that is private, of the machine itself or of one link says nothing about a person to anybody outside that
network, and stands in every log of a cluster: it is none of those looked for.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

_QUAD = re.compile(
    r"(?<![\w.+-])(?<![A-Za-z]/)([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})(?![\w+-]|\.[0-9])"
)
_RELEASE = re.compile(
    r"(?:(?<![A-Za-z])(?:v|ver|version|release|rev|revision|build|firmware|fw|driver|kernel)[ :=.]*|[=<>~^!]=|[<>~^])$",
    re.IGNORECASE,
)
"""Before a quad: a version number."""
_GROUPS = re.compile(r"(?<![\w:.])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{3,34}(?![\w:])")
"""2000::/3, all that is public of IPv6 (RFC 4291)."""


def holds_ip_address(text: str) -> bool:
    """A public address, IPv4 or IPv6, of one machine."""
    return any(_one_machine(found, text) for found in _QUAD.finditer(text)) or any(
        _public(found[0]) for found in _GROUPS.finditer(text)
    )


def _one_machine(found: re.Match[str], text: str) -> bool:
    """Of addresses 99 in 100 have three bytes of two digits or more; version numbers hardly ever have."""
    parts = found.groups()
    first, second, _, last = numbers = [int(part) for part in parts]
    if max(numbers) > 255 or last in (0, 255) or any(len(part) > 1 and part[0] == "0" for part in parts):
        return False
    if not 1 <= first <= 223 or first in (10, 127) or (first, second) in ((192, 168), (169, 254)):
        return False
    if (first == 172 and 16 <= second <= 31) or (first == 100 and 64 <= second <= 127):
        return False
    if first < 100 and sum(number >= 10 for number in numbers) < 3:
        return False
    return not _RELEASE.search(text[max(0, found.start() - 16) : found.start()])


def _public(found: str) -> bool:
    """A whole address whose last 64 bits, which name the machine, are not all zero."""
    if found.count(":") < 3:
        return False
    try:
        return int(IPv6Address(found.rstrip(":") if not found.endswith("::") else found)) % 2**64 != 0
    except AddressValueError:
        return False
