"""Take personal data out of comments before they are stored."""

from __future__ import annotations

import hashlib
import hmac
import re

_MASK = "*"
_D = "[0-9０-９]"
_ALONE, _END = f"(?<!{_D})", f"(?!{_D})"
_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_ID = r"([A-Za-z0-9][A-Za-z0-9_\-]{4,19})"
_WECHAT = r"(?:微信|薇信|威信|微X|V信|vx|wx|wechat|weixin)"
_NUMBER = r"(?:公众号|号码|账号|帐号|号|ID)"
_UNIT = r"(?:号楼|号|栋|幢|座|单元|楼|层|室)"

# What a text must hold for one of the patterns to match: looking for it is much quicker than the patterns.
_GATES = _MAIL, _DIGITS, _CHAT, _STREET, _ESTATE, _IP = tuple(
    re.compile(gate, re.IGNORECASE)
    for gate in (
        "[@＠]",
        f"{_D}{{4}}",
        rf"{_WECHAT}|[加➕+](?:我|个|下)?v",
        r"[路街道巷弄同]\d",
        "[区园寓村苑][0-9A-Za-z]",
        r"\d\.\d",
    )
)
# Group 1 is masked; where there is none, the whole match.
_PATTERNS = [
    (gate, re.compile(pattern, re.IGNORECASE))
    for gate, pattern in (
        # e-mail
        (
            _MAIL,
            r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]{1,64}"
            r"[@＠][A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,4}",
        ),
        # ID cards (18, old 15) and bank cards (16 to 19), written together or in groups of four
        (_DIGITS, rf"{_ALONE}(?:{_D}{{17}}[0-9Xxｘ]|{_D}{{15,19}}){_END}"),
        (
            _DIGITS,
            rf"{_ALONE}{_D}{{4}}(?P<gap>[ \-])(?:{_D}{{4}}(?P=gap)){{2}}{_D}{{4}}(?:(?P=gap){_D}{{1,3}})?{_END}",
        ),
        # mobile numbers
        (
            _DIGITS,
            rf"(?:[+＋]86[ \-]?|{_ALONE}(?:00)?86[ \-]?|{_ALONE})"
            rf"[1１][3-9３-９]{_D}[ \-－]?{_D}{{4}}[ \-－]?{_D}{{4}}{_END}",
        ),
        # landlines
        (
            _DIGITS,
            rf"{_ALONE}[(（]?[0０][1-9１-９]{_D}{{1,2}}[)）]?[ \-－—]?{_D}{{7,8}}(?:[\-－转]{_D}{{1,5}})?{_END}",
        ),
        # named QQ and WeChat ids
        (
            _DIGITS,
            rf"(?:Q[\-! ]?Q|扣扣|企鹅|扣){_NUMBER}?群?(?:联系方式|联系|合作方式|客服)?"
            rf"[ \t]*(?:是|为|[:：])?[ \t]*({_D}{{5,12}}){_END}",
        ),
        (_CHAT, rf"{_WECHAT}{_NUMBER}?[ \t]*(?:是|为|[:：])[ \t]*{_ID}"),
        (_CHAT, rf"{_WECHAT}{_NUMBER}[ \t]*{_ID}"),
        (_CHAT, rf"[加➕+](?:我|个|下)?(?:{_WECHAT}|v)[ \t]*[:：]?[ \t]*{_ID}"),
        (
            _CHAT,
            rf"{_WECHAT}[ \t]*(?!iphone|ipad|ios|android|app|mac|win|v\d)(?=[a-z_\-]{{1,19}}\d){_ID}",
        ),
        # addresses with a house number
        (
            _STREET,
            r"[\u4e00-\u9fff]{1,4}(?:路|街|大道|巷|弄|胡同)\d{1,5}(?:号(?![线机位])|弄)"
            rf"(?:[\u4e00-\u9fff]{{0,8}}[0-9A-Za-z]{{1,5}}{_UNIT}){{0,4}}",
        ),
        (
            _ESTATE,
            r"[\u4e00-\u9fff]{1,6}(?:小区|花园|公寓|家园|新村|苑)[0-9A-Za-z]{1,4}(?:号楼|栋|幢|座|号)"
            r"(?:[0-9A-Za-z]{1,4}(?:单元|楼|层)){0,2}(?:[0-9A-Za-z]{1,5}室?)?",
        ),
        # IP addresses; version numbers of four parts start low, so low ones need the word IP
        (_IP, rf"(?<![a-z])IP[^0-9\n]{{0,6}}({_BYTE}(?:\.{_BYTE}){{3}})(?![\d.])"),
        (_IP, rf"(?<![\d.v])(?=[4-9]\d\.|[12]\d\d\.){_BYTE}(?:\.{_BYTE}){{3}}(?![\d.])"),
    )
]
_WORTH_A_LOOK = re.compile(r"\d|[@＠]|微信|薇信|威信|微X|V信|vx|wx|wechat|weixin|加v", re.IGNORECASE)


def mask_personal_data(text: str) -> str:
    """`text` with personal data replaced by `*`, character by character, so that offsets stay true.

    Masked: mobile and landline numbers, ID and bank card numbers, e-mails, named QQ and WeChat ids,
    addresses with a house number, IP addresses. Names of people are not recognised.
    """
    if not _WORTH_A_LOOK.search(text):
        return text
    passed = {gate for gate in _GATES if gate.search(text)}
    for gate, pattern in _PATTERNS:
        if gate in passed:
            text = pattern.sub(_masked, text)
    return text


def _masked(match: re.Match[str]) -> str:
    start, end = match.span()
    inner_start, inner_end = (
        match.span(1) if match.re.groups and "gap" not in match.re.groupindex else (start, end)
    )
    return match.string[start:inner_start] + _MASK * (inner_end - inner_start) + match.string[inner_end:end]


def pseudonym(name: str, key: bytes) -> str:
    """A stable stand-in for an author's name that cannot be guessed back without `key`."""
    return "u_" + hmac.new(key, name.strip().encode(), hashlib.sha256).hexdigest()[:12]
