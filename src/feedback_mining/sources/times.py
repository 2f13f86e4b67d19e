"""Read the times that files carry: ISO, Chinese dates, epochs, Excel serials, RFC 2822."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel serials are wall-clock times
_PLAUSIBLE = range(1990, 2100)
_DATE = re.compile(
    r"(?P<y>\d{4})\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})\s*日?号?"
    r"\s*(?:(?:星期|周)[一二三四五六日天])?"
    r"(?:[T\s,]*(?P<half>上午|下午|中午|凌晨|早上|晚上|AM|PM)?\s*"
    r"(?P<H>\d{1,2})\s*[:时点]\s*(?:(?P<M>\d{1,2})\s*分?)?(?:\s*:?\s*(?P<S>\d{1,2})(?:[.,]\d+)?\s*秒?)?"
    r"\s*(?P<half2>AM|PM)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}")
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?")
_AGO = re.compile(
    r"(\d{1,4}(?:\.\d+)?|半|一|an?)\s*个?\s*"
    r"(秒钟?|分钟?|小时|天|周|星期|月|年|seconds?|minutes?|mins?|hours?|days?|weeks?|months?|years?)\s*(?:之?前|ago)"
)
_DAY = re.compile(r"(今天|昨天|前天|today|yesterday)(?:\s*(?:at)?\s*(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_DAYS = {"今天": 0, "today": 0, "昨天": 1, "yesterday": 1, "前天": 2}
_UNIT_SECONDS = {
    "秒": 1,
    "分": 60,
    "小时": 3600,
    "天": 86_400,
    "周": 604_800,
    "月": 2_592_000,
    "年": 31_536_000,
}
_UNIT_NAMES = {
    "秒钟": "秒", "second": "秒", "分钟": "分", "minute": "分", "min": "分", "hour": "小时", "day": "天",
    "星期": "周", "week": "周", "month": "月", "year": "年",
}  # fmt: skip
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE]\+?\d+)?")


def parse_time(value: object, zone: ZoneInfo, now: datetime | None = None) -> datetime:
    """The instant that a cell tells, as UTC; a time without a zone is wall-clock time in `zone`.

    now: what relative words ("昨天 10:05", "5分钟前") count from; without it they are no times.
    Raises ValueError on everything else: day-first dates, years before 1990 or after 2099 (placeholders such
    as 1970-01-01 and 9999-12-31).
    """
    if isinstance(value, str) and _ISO.fullmatch(value):  # most files, and quick
        instant = datetime.fromisoformat(value).replace(tzinfo=zone).astimezone(UTC)
        if instant.year in _PLAUSIBLE:
            return instant
    try:
        found = _relative(str(value), now.astimezone(zone)) if now and isinstance(value, str) else None
        found = found or _read(value, zone)
        instant = (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (OverflowError, OSError, TypeError) as error:
        raise ValueError(f"not a time: {error}") from None
    if instant.year not in _PLAUSIBLE:
        raise ValueError(f"the year {instant.year} is not plausible")
    return instant


def _relative(text: str, now: datetime) -> datetime | None:
    """`now` is wall-clock time in the source's zone; a day without a time of day is its midnight."""
    text = unicodedata.normalize("NFKC", text).strip().lower()
    if text in {"刚刚", "刚才", "just now", "now"}:
        return now
    if match := _AGO.fullmatch(text):
        amount = 0.5 if match[1] == "半" else 1.0 if match[1] in {"a", "an", "一"} else float(match[1])
        unit = match[2].rstrip("s")
        return now - timedelta(seconds=amount * _UNIT_SECONDS[_UNIT_NAMES.get(unit, unit)])
    if match := _DAY.fullmatch(text):
        day = now.date() - timedelta(days=_DAYS[match[1]])
        return datetime(day.year, day.month, day.day, int(match[2] or 0), int(match[3] or 0), int(match[4] or 0),
                        tzinfo=now.tzinfo)  # fmt: skip
    return None


def _read(value: object, zone: ZoneInfo) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(float(value))
    text = unicodedata.normalize("NFKC", str(value)).strip().lstrip("'")
    if compact := _COMPACT.fullmatch(text):
        return datetime(*(int(part) for part in compact.groups() if part))  # type: ignore[arg-type] # noqa: DTZ001
    if _NUMBER.fullmatch(text):
        return _number(float(text))
    if match := _DATE.fullmatch(text):
        return _written(match)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)  # raises ValueError


def _number(number: float) -> datetime:
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    if number == int(number) and _COMPACT.fullmatch(str(int(number))):
        return _read(str(int(number)), ZoneInfo("UTC"))
    if 20_000 <= number < 80_000:  # 1954 to 2119
        return _EXCEL_EPOCH + timedelta(seconds=round(number * 86_400))
    for per_second, low in ((1, 1e8), (1e3, 1e11), (1e6, 1e14), (1e9, 1e17)):
        if low <= number < low * 1e3:
            return datetime.fromtimestamp(number / per_second, UTC)
    raise ValueError("neither an epoch nor an Excel serial")


def _written(match: re.Match[str]) -> datetime:
    part = match.groupdict()
    hour = int(part["H"] or 0)
    half = (part["half"] or part["half2"] or "").upper()
    if (half in {"下午", "晚上", "PM"} and hour < 12) or (half == "中午" and hour < 10):
        hour += 12
    elif half in {"上午", "凌晨", "AM"} and hour == 12:
        hour = 0
    wall = datetime(  # noqa: DTZ001 - the zone follows
        int(part["y"]), int(part["m"]), int(part["d"]), hour, int(part["M"] or 0), int(part["S"] or 0)
    )
    offset = (part["zone"] or "").upper()
    if not offset:
        return wall
    if offset in {"Z", "UTC", "GMT"}:
        return wall.replace(tzinfo=UTC)
    sign = -1 if offset[0] == "-" else 1
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return (wall - sign * timedelta(minutes=minutes)).replace(tzinfo=UTC)
