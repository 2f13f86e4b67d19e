"""Read single cells: words, stars, counts."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, datetime, time

_STARS = re.compile(r"([1-5])(?:\.\d+)?\s*(?:星|分|颗星|stars?|/\s*5(?:\.0)?)?", re.IGNORECASE)
_CHINESE_STARS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5}
_COUNT = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*([千万萬亿億kmw]?)\+?", re.IGNORECASE)
_HALF = re.compile("[\ud800-\udfff]")
_ROUNDED = re.compile(r"\d(?:\.\d+)?[Ee]\+\d+")
_SCALE = {"": 1, "千": 1e3, "k": 1e3, "万": 1e4, "萬": 1e4, "w": 1e4, "m": 1e6, "亿": 1e8, "億": 1e8}
_ANONYMOUS = frozenset(
    {
        "匿名",
        "匿名用户",
        "匿名用戶",
        "匿名者",
        "用户已注销",
        "anonymous",
        "a google user",
        "nan",
        "null",
        "none",
    }
)


def cell_text(value: object) -> str:
    """The cell as a user would have typed it: `5.0` from a spreadsheet is "5"; NUL and half emoji go."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = value
    elif isinstance(value, float):
        if not math.isfinite(value):
            return ""
        text = str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
    elif isinstance(value, datetime):
        text = value.isoformat(" ")
    elif isinstance(value, date):
        text = value.isoformat()
    elif isinstance(value, time):
        text = value.strftime("%H:%M:%S" if value.second else "%H:%M")
    else:
        try:
            text = str(value)
        except RecursionError:  # lists in lists, a thousand deep
            return ""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if not text.isascii() and _HALF.search(text):
        # JSON may hold one half of a surrogate pair, which no store and no UTF-8 file can take.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.strip()


def parse_rating(value: object) -> int | None:
    """Stars from 1 to 5 out of 5, 5.0, "5星", "★★★★☆", "五星"; None for every other scale or word."""
    text = unicodedata.normalize("NFKC", cell_text(value))
    if set(text) & {"★", "⭐"} and not set(text) - set("★☆⭐ \ufe0f"):
        stars = text.count("★") + text.count("⭐")
        return stars if 1 <= stars <= 5 else None
    if len(text) == 2 and text[1] in "星分":
        text = str(_CHINESE_STARS.get(text[0], text[0]))
    match = _STARS.fullmatch(text)
    if match is None:
        return None
    number = float(re.match(r"[\d.]+", text)[0])  # type: ignore[index]
    return math.floor(number + 0.5) if number <= 5 else None


def parse_count(value: object) -> int | None:
    """A number of likes out of 12, "1,234", "1.2万", "3k"; None where there is none."""
    match = _COUNT.fullmatch(unicodedata.normalize("NFKC", cell_text(value)))
    if match is None:
        return None
    number = round(float(match[1].replace(",", "")) * _SCALE[match[2].lower()])
    return number if number < 2**31 else None


def parse_author(value: object) -> str | None:
    """The display name, or None where the platform hid it: the anonymous are many, not one."""
    name = cell_text(value)
    return None if not name or name.lower() in _ANONYMOUS else name


def is_rounded_id(value: object) -> bool:
    """Whether a spreadsheet has rounded this id, so that it tells comments apart no more."""
    if isinstance(value, float):
        return abs(value) >= 2**53
    return isinstance(value, str) and _ROUNDED.fullmatch(value.strip()) is not None


def parse_id(value: object) -> str | None:
    """The source's id; None for numbers from 2**53, which a spreadsheet has rounded."""
    return None if is_rounded_id(value) else cell_text(value) or None
