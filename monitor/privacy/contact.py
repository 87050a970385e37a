"""E-mail addresses and telephone numbers in text."""

from __future__ import annotations

import re

_LOCAL = re.compile(r"(?:[\w.%+'-]*[\w%+-]|\"[\w.%+ '-]{1,62}\")$")
_DOMAIN = re.compile(r"((?:[\w-]{1,63}\.){1,8})([A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,59}|[^\W\d_]{2,10})(?![\w-])")
_COPIED_FROM = re.compile(r":[\w~.-]*/")
"""After the domain: git@host.com:team/code.git."""
_LOGIN = re.compile(r"(?<!mailto)://[^\s/?#@]*$")
"""Before the sign: https://user:password@host.com."""
_RELEASE = re.compile(r"[0-9]+\.[0-9]|[0-9]x\.")
"""Begins no domain: name@1.0.beta, icon@2x.png."""
_COUNTRIES = (
    " "
    "ac ad ae af ag ai al am ao ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf "
    "cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf "
    "gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki "
    "km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx "
    "my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw qa re ro rs ru rw sa sb sc sd "
    "se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy "
    "uz va vc ve vg vi vn vu wf ws ye yt za zm zw "
)
"""Endings of domains by country, without py: module.py is a file, and Paraguay's are two endings long."""
_GENERAL = (
    " com org net edu gov mil int info biz name pro aero coop museum jobs mobi travel tel cat asia post example "
    "academy africa agency amsterdam app art bank barcelona bayern berlin blog brussels bzh capital care center church "
    "clinic cloud club company consulting credit dental design dev digital doctor earth eco education email energy eus "
    "family finance financial foundation fund gal gmbh green group hamburg health hospital icu inc insurance koeln law "
    "legal life limited live llc london ltd madrid media money moscow network news ngo nrw nyc one online ong paris "
    "photography quebec ruhr saarland school science scot services shop site social software solutions space store "
    "studio swiss systems team tech tirol today tokyo top university ventures vip vlaanderen wales website wien work "
    "world xyz yoga zone рф бел укр срб қаз 中国 中國 香港 台灣 한국 भारत "
)
"""Other endings of domains that people have mail at. There are 1,400; the rest are brands or hardly used."""


def holds_email(text: str) -> bool:
    """An address below an ending that is in public use; user@host, name@1.0 and logins at a server are none."""
    at = text.find("@")
    while at >= 0:
        domain = _DOMAIN.match(text, at + 1)
        if domain and _public(domain) and _mailbox(text[max(0, at - 64) : at], text, domain.end()):
            return True
        at = text.find("@", at + 1)
    return False


def _mailbox(before: str, text: str, end: int) -> bool:
    """Whether a name stands there that is no login at a server; `end` is that of the domain."""
    return bool(_LOCAL.search(before)) and not _LOGIN.search(before) and not _COPIED_FROM.match(text, end)


def _public(domain: re.Match[str]) -> bool:
    labels, ending = domain[1], domain[2].lower()
    if _RELEASE.match(labels):
        return False
    if ending == "py":
        return labels.count(".") > 1
    return ending.startswith("xn--") or f" {ending} " in _COUNTRIES or f" {ending} " in _GENERAL


_COUNTRY_CODE = (
    r"(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|(?:2[1-689]|3[578]|42|5[09]|6[7-9]|8[0578]|9[679])[0-9])"
)
_INTERNATIONAL = re.compile(
    rf"(?<![\w.+-])(?:\+ ?{_COUNTRY_CODE}|(?<![0-9][ .-])(00) ?{_COUNTRY_CODE}(?=[ .-]))"
    r"([0-9 ().-]{4,24}[0-9])(?!\w)"
)
_NATIONAL = re.compile(
    r"(?<![\w.+/-])(?<![0-9]:)(?:"
    r"(?:1[-. ])?(?:\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[-. ]|[2-9][0-9]{2}([-.])[2-9][0-9]{2}\1)[0-9]{4}"  # North America
    r"|0[1-9]([ .])[0-9]{2}(?:\2[0-9]{2}){3}"  # France
    r"|(?:0[1-9][0-9]{2,3} |\(0[1-9][0-9]{1,3}\) ?|0[1-9][0-9]{1,3}/)[0-9]{6,8}"  # Germany, United Kingdom
    r"|01[567][0-9]{1,2}-[0-9]{7,8}"  # German mobiles
    r"|(?:0[1-9][0-9]|\(0[1-9][0-9]\)) [0-9]{4} [0-9]{4}|0[1-9][0-9]{2} [0-9]{3} [0-9]{4}"  # United Kingdom
    r"|07[0-9]{3} [0-9]{3} [0-9]{3}|04[0-9]{2} [0-9]{3} [0-9]{3}"  # mobiles: United Kingdom, Australia
    r")(?![\w:-]|\.[0-9])"
)
_TWO_SEPARATORS = re.compile(r"[ .-]{2}")
_NORTH_AMERICAN = re.compile(r"[2-9][0-9]{2}[2-9][0-9]{6}")
_AMOUNT = re.compile(r"[0-9]{0,2}(?:[ .][0-9]{3})*[ .]000")


def holds_phone(text: str) -> bool:
    """A number with its country code after + or 00, or in a usual spelling of one of five countries."""
    return any(map(_dialled, _INTERNATIONAL.finditer(text))) or _NATIONAL.search(text) is not None


def _dialled(found: re.Match[str]) -> bool:
    """Eight to fifteen digits (ITU-T E.164), never two separators in a row but around brackets, and no amount."""
    after_plus, zeros, after_zeros, rest = found.groups()
    country = after_plus or after_zeros
    digits = "".join(filter(str.isdigit, rest))
    if not (9 if zeros else 8) <= len(country) + len(digits) <= 15 or _TWO_SEPARATORS.search(rest):
        return False
    if country == "1" and not _NORTH_AMERICAN.fullmatch(digits):
        return False
    # +4912345678.5 is a number with a sign; phone numbers have several dots or none.
    return rest.count(".") != 1 and not _AMOUNT.fullmatch(rest)
