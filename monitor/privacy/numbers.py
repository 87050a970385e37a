"""Numbers that carry a check of their own: cards, bank accounts, national identity numbers."""

from __future__ import annotations

import re
from collections.abc import Callable

_CARD = re.compile(
    r"(?<![\w.+-])(?:[0-9]{14,16}|[0-9]{4}([ .-])[0-9]{4}\1[0-9]{4}\1[0-9]{4}|[0-9]{4}([ .-])[0-9]{6}\2[0-9]{4,5})"
    r"(?![\w-]|\.[0-9])"
)
_ISSUERS: dict[int, re.Pattern[str]] = {
    14: re.compile(r"3(?:0[0-5]|[68])"),
    15: re.compile(r"3[47]"),
    16: re.compile(
        r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|6(?:011|4[4-9]|5|2)|35(?:2[89]|[3-8])"  # first digits in use
    ),
}
"""Length to the first digits of issuers that use it."""

_IBAN = re.compile(r"(?<![\w.+-])([A-Za-z]{2})[0-9]{2}(?=[ -]?[A-Za-z0-9])")
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24,
    "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
"""Characters of an IBAN by country (ISO 13616 registry)."""
_DIGITS_ONLY = "AE AT BA BE CR CZ DE DK EE EG ES FI FO GL HR HU IL IS LT ME MR NO PL PT RS SE SI SK TN VA XK"
"""Countries whose accounts have no letters behind that of the country."""


_COUNTED = re.compile(
    r"(?<![A-Za-z])(?:order|invoice|tracking|shipment|parcel|ticket|batch|serial|sku|isbn|ean|gtin|imei)"
    r"[ _-]?(?:no|nr|num|number|id|ref|code)?[ .:#=]{0,4}$",
    re.IGNORECASE,
)
"""Before a number: it numbers things, and passes a check by chance."""


def _of_a_thing(found: re.Match[str], text: str) -> bool:
    return _COUNTED.search(text[max(0, found.start() - 32) : found.start()]) is not None


def holds_card(text: str) -> bool:
    """A payment card: digits of an issuer, plain or in its usual groups, with a right check digit (Luhn).

    Plain digits behind a word such as `order` are the number of a thing.
    """
    for found in _CARD.finditer(text):
        digits = "".join(filter(str.isdigit, found[0]))
        right = _ISSUERS[len(digits)].match(digits) and luhn(digits) and len(set(digits)) > 1
        if right and (len(digits) < len(found[0]) or not _of_a_thing(found, text)):
            return True
    return False


def luhn(digits: str) -> bool:
    """The check of cards and of several identity numbers (ISO/IEC 7812)."""
    total = sum(map(int, digits[-1::-2]))
    return (total + sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])) % 10 == 0


def holds_iban(text: str) -> bool:
    """A bank account: country, its length, and the remainder by 97 that ISO 13616 asks for."""
    for found in _IBAN.finditer(text):
        wanted = _IBAN_LENGTHS.get(found[1].upper())
        if wanted and _iban_at(text, found.start(), wanted):
            return True
    return False


def _iban_at(text: str, start: int, wanted: int) -> bool:
    """Up to a separator between groups of four; the account ends where the country's length says."""
    taken, at = "", start
    while len(taken) < wanted and at < len(text):
        sign = text[at]
        if sign in " -" and len(taken) % 4 == 0 and taken and text[at - 1] not in " -":
            at += 1
            continue
        if not (sign.isascii() and sign.isalnum()):
            return False
        taken += sign
        at += 1
    if len(taken) < wanted or text[at : at + 1].isalnum():
        return False
    taken = taken.upper()
    if taken[:2] in _DIGITS_ONLY and not taken[2:].isdigit():
        return False
    return int("".join(str(int(sign, 36)) for sign in taken[4:] + taken[:4])) % 97 == 1


def holds_national_id(text: str) -> bool:
    """An identity, tax or insurance number in the spelling of its country, with its check where it has one."""
    for found in _NATIONAL_IDS.finditer(text):
        # The groups stand in the order of the table, and exactly one has matched.
        if _COUNTRIES[(found.lastindex or 1) - 1][1](found) and not _of_a_thing(found, text):
            return True
    return False


def _digits(found: re.Match[str]) -> str:
    return re.sub(r"[^0-9]", "", found[0])


def _us(found: re.Match[str]) -> bool:
    area, group, serial = found[0].split("-")
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def _uk(found: re.Match[str]) -> bool:
    return found[0][:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def _german_tax(found: re.Match[str]) -> bool:
    """Of the first ten digits one occurs twice or three times, the others once; check by ISO 7064, MOD 11,10."""
    digits = _digits(found)
    counts = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    if counts[-1] not in (2, 3) or counts[-2] != 1:
        return False
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10 == int(digits[10])


def _french(found: re.Match[str]) -> bool:
    digits = _digits(found)
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def _italian(found: re.Match[str]) -> bool:
    """Check letter: characters at odd places by a table, at even places by their rank, modulo 26."""
    ranks = [int(sign) if sign.isdigit() else ord(sign) - 65 for sign in found[0].upper()]
    return (sum(_ODD[rank] for rank in ranks[:15:2]) + sum(ranks[1:15:2])) % 26 == ranks[15]


def _spanish(found: re.Match[str]) -> bool:
    """Check letter: the number modulo 23; X, Y and Z of foreigners stand for 0, 1, 2."""
    number = found[0].replace("-", "")
    number = str("XYZ".find(number[0])) + number[1:] if number[0] in "XYZ" else number
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number[:8]) % 23] == number[-1]


def _finnish(found: re.Match[str]) -> bool:
    number = found[0]
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(number[:6] + number[7:10]) % 31] == number[10]


def _brazilian(found: re.Match[str]) -> bool:
    """Two check digits by weights 10 to 2 and 11 to 2, modulo 11."""
    digits = [int(digit) for digit in _digits(found)]
    for end in (9, 10):
        rest = 10 * sum(digit * (end + 1 - i) for i, digit in enumerate(digits[:end])) % 11 % 10
        if rest != digits[end]:
            return False
    return len(set(digits)) > 1


def _luhn(found: re.Match[str]) -> bool:
    return luhn(_digits(found))


_COUNTRIES: tuple[tuple[str, Callable[[re.Match[str]], bool]], ...] = (
    (r"[0-9]{3}-[0-9]{2}-[0-9]{4}", _us),  # social security number, United States
    (r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]", _uk),  # NINO, United Kingdom
    (r"[1-9][0-9](?:[0-9]{9}| [0-9]{3} [0-9]{3} [0-9]{3})", _german_tax),  # tax number
    (r"[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]) ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", _french),  # NIR
    (r"[A-Za-z]{6}[0-9]{2}[A-EHLMPRSTa-ehlmprst][0-9]{2}[A-Za-z][0-9]{3}[A-Za-z]", _italian),  # codice fiscale
    (r"(?:[0-9]{8}|[XYZ]-?[0-9]{7})-?[TRWAGMYFPDXBNJZSQVHLCKE]", _spanish),  # DNI, NIE
    (r"(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])[0-9]{2}[-+A][0-9]{3}[0-9A-FHJ-NPR-Y]", _finnish),  # HETU
    (r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[-+][0-9]{4}", _luhn),  # personnummer, Sweden
    (r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", _brazilian),  # CPF
    (r"[1-79][0-9]{2}-[0-9]{3}-[0-9]{3}", _luhn),  # social insurance number, Canada
)
"""Shape, and whether a text of that shape is such a number. No text has two of the shapes."""
_NATIONAL_IDS = re.compile(
    rf"(?<![\w.+-])(?:{'|'.join(f'({shape})' for shape, _ in _COUNTRIES)})(?![\w-]|\.[0-9])", re.ASCII
)
