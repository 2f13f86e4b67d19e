"""ISO weeks, Monday to Sunday, in the time zone of the product's users."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from feedback_mining.errors import UnknownWeek

DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")
_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})", re.IGNORECASE)


@dataclass(frozen=True, order=True, slots=True)
class Week:
    """One ISO week, e.g. `Week(2019, 16)`, written `2019-W16`; ordered by time."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Week:
        """Read `2019-W16`. Raises UnknownWeek on anything else, 2019-W54 included."""
        match = _WEEK.fullmatch(text.strip())
        if match:
            week = cls(int(match[1]), int(match[2]))
            try:
                week.monday  # noqa: B018 - a week that the year does not have raises here
            except ValueError:
                pass
            else:
                return week
        raise UnknownWeek(
            f"{text!r} is not an ISO week; expected a form such as 2019-W16 (weeks 01 to 52 or 53)"
        )

    @classmethod
    def of_date(cls, day: date) -> Week:
        year, number, _ = day.isocalendar()
        return cls(year, number)

    @classmethod
    def of(cls, instant: datetime, zone: ZoneInfo = DEFAULT_ZONE) -> Week:
        """The week in which an aware instant falls for users in `zone`."""
        return cls.of_date(instant.astimezone(zone).date())

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    def start(self, zone: ZoneInfo = DEFAULT_ZONE) -> datetime:
        """First instant of the week, as UTC."""
        return datetime.combine(self.monday, time.min, zone).astimezone(UTC)

    def end(self, zone: ZoneInfo = DEFAULT_ZONE) -> datetime:
        """First instant after the week, as UTC."""
        return self.plus(1).start(zone)

    def plus(self, weeks: int) -> Week:
        return Week.of_date(self.monday + timedelta(weeks=weeks))

    def minus(self, other: Week) -> int:
        """Number of weeks from `other` to this one."""
        return (self.monday - other.monday).days // 7

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"


def last_weeks(until: Week, count: int) -> list[Week]:
    """The `count` weeks that end with `until`, oldest first."""
    return [until.plus(k - count + 1) for k in range(count)]
