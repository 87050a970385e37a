"""Looking for personal data in text.

Rather blind than noisy: every finding is an incident that somebody must look into. Numbers, times, UUIDs, digests,
version numbers and private addresses are not taken for personal data; a number that carries no mark of its own (a phone
number without country code in an uncommon spelling, an identity number that is nine plain digits) is not found.

Every expression is anchored on characters that a match must have, and repeats over bounded or disjoint sets only, so
that the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from monitor.privacy.contact import holds_email, holds_phone
from monitor.privacy.machines import holds_ip_address
from monitor.privacy.numbers import holds_card, holds_iban, holds_national_id
from monitor.privacy.spelling import LIKE_DASH, LIKE_SPACE, UNSEEN, plainly

TEXT_LIMIT = 8192
"""Characters of a text that are looked at."""

_WORTH = re.compile(
    r"[0-9\uff10-\uff19@\uff20%&\[({](?:"
    r"(?<=[@\uff20])"
    rf"|(?<=[0-9\uff10-\uff19])[0-9\uff10-\uff19 .\uff0e()/{LIKE_SPACE}{LIKE_DASH}{UNSEEN}-]{{4,24}}[0-9\uff10-\uff19]"
    r"|(?<=[0-9])[A-Za-z][0-9]{2}[A-Za-z]"
    r"|(?<=[23])[0-9A-Fa-f]{3}:[0-9A-Fa-f]{0,4}:"
    r"|(?<=%)[0-9A-Fa-f]{2}"
    r"|(?<=&)#0{0,4}64"
    r"|(?<=[\[({]) ?[aA][tT] ?[\])}]"
    r")"
)
"""What a text must hold to be looked at more closely; nearly all texts do not."""

_KINDS: dict[str, Callable[[str], bool]] = {
    "email": holds_email,
    "phone": holds_phone,
    "card": holds_card,
    "iban": holds_iban,
    "national_id": holds_national_id,
    "ip_address": holds_ip_address,
}
KINDS = tuple(_KINDS)


def scan(text: str, kinds: Collection[str] | None = None) -> tuple[str, ...]:
    """Kinds of personal data in the first `TEXT_LIMIT` characters, in the order of `KINDS`; `kinds` None: all."""
    text = text[:TEXT_LIMIT]
    if not _WORTH.search(text):
        return ()
    text = plainly(text)
    return tuple(kind for kind, holds in _KINDS.items() if (kinds is None or kind in kinds) and holds(text))


def worth_scanning(text: str) -> bool:
    """False: `scan` finds nothing in it, nor in any part of it. Far cheaper for many texts joined by line ends."""
    return _WORTH.search(text) is not None
