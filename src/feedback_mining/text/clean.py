"""Make user text comparable, and find what in it is not the user's own words.

The comment itself is never changed (units are offsets into it); `normalise` gives the form that models
and comparisons see.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache, lru_cache

import opencc

_TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]{0,200}|!--.*?--)>", re.DOTALL)
_BLOCK_TAG = re.compile(r"<\s*/?\s*(?:br|p|div|li|ul|ol|h[1-6]|tr|blockquote)\b[^<>]{0,200}>", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_REPEAT = re.compile(r"(.)\1{3,}", re.DOTALL)
_URL = re.compile(r"(?:https?://|www\.)[a-zA-Z0-9_\-./?%&=#:~+]+", re.IGNORECASE)
_HALVES = range(0xD800, 0xE000)  # of emoji cut in two; nothing downstream can encode them
_INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xFE0E, 0xFE0F, 0, *_HALVES])

_REPLY = re.compile(
    r"(?:开发者|開發者|官方|商家|客服|卖家|店家)(?:的)?(?:回复|回覆|答复|回應|回应)[^\S\n]*[：:]"
)
_RULE = "-—–─━=_"
_MARKED = "该条评论已"  # in every text with the marker; looking for a word is far quicker than for a pattern
_STORE_MARKER = re.compile(r"[（(]该条评论已经?被删除[）)]")


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def to_simplified(text: str) -> str:
    """Traditional → Simplified Chinese (OpenCC t2s, phrase-aware)."""
    return str(_simplifier().convert(text))


def strip_markup(text: str) -> str:
    """HTML to plain text: block tags become line breaks, other tags vanish, entities are decoded."""
    if "<" in text:
        text = _TAG.sub("", _BLOCK_TAG.sub("\n", text))
    return html.unescape(text) if "&" in text else text


@lru_cache(maxsize=65536)
def normalise(text: str) -> str:
    """The form in which texts are compared: no markup, NFKC, lower case, Simplified, single spaces.

    Runs of one character are cut to three ("哈哈哈哈哈" → "哈哈哈"), web addresses become `url`.
    Characters of emoji stay, since they carry sentiment.
    """
    text = unicodedata.normalize("NFKC", strip_markup(text)).translate(_INVISIBLE)
    text = _URL.sub(" url ", text)
    text = to_simplified(text).lower()
    text = _REPEAT.sub(lambda m: m[1] * 3, text)
    return _SPACE.sub(" ", text).strip()


def foreign_regions(text: str) -> list[tuple[int, int]]:
    """`(start, end)` of the parts that the user did not write: quoted official replies, store markers."""
    regions = [m.span() for m in _STORE_MARKER.finditer(text)] if _MARKED in text else []
    reply = _official_reply(text)
    if reply:
        regions.append((reply[0], len(text)))
    return sorted(regions)


def says_deleted(text: str) -> bool:
    """Whether the store put its marker of a deleted review into the text."""
    return _MARKED in text and _STORE_MARKER.search(text) is not None


def split_reply(text: str) -> tuple[str, str | None]:
    """`(the user's words, the quoted official reply or None)`."""
    reply = _official_reply(text)
    if reply is None:
        return text, None
    return text[: reply[0]].rstrip(), text[reply[1] :].strip() or None


def _official_reply(text: str) -> tuple[int, int] | None:
    """Where a quoted reply begins, its heading and the rule above included, and where its words begin."""
    if "回" not in text and "答" not in text:
        return None
    for heading in _REPLY.finditer(text):
        before = text[: heading.start()].rstrip()
        rule = before[len(before.rstrip(f"{_RULE} ")) :].lstrip()
        if len(rule) >= 4:
            start = len(before) - len(rule)
        elif _starts_line(text, heading.start()):
            start = heading.start()
        else:
            continue
        # A reply at the very start would leave nothing: then the words are about a reply, not one.
        if text[:start].strip():
            return start, heading.end()
    return None


def _starts_line(text: str, position: int) -> bool:
    return text[:position].rstrip(" \t")[-1:] in {"\n", "\r", ""}
