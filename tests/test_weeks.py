"""ISO weeks at the edges of years and zones, and the message of a missing extra."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_mining.errors import FeedbackMiningError, MissingExtra, UnknownWeek
from feedback_mining.weeks import Week, last_weeks

DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize("text", ["2019-W16", "2019W16", "2019-w16", " 2019-W16\n"])
def test_forms_that_are_read(text: str) -> None:
    assert Week.parse(text) == Week(2019, 16)


@pytest.mark.parametrize(
    "text",
    ["", "2019", "2019-16", "2019-W00", "2019-W53", "2019-W54", "0000-W01", "19-W16", "2019-W16-1", "x"],
)
def test_anything_else_is_one_line_that_shows_it(text: str) -> None:
    with pytest.raises(UnknownWeek) as caught:
        Week.parse(text)
    assert repr(text) in str(caught.value)
    assert "2019-W16" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_long_years_have_week_53() -> None:
    assert Week.parse("2020-W53").plus(1) == Week(2021, 1)
    assert Week.of_date(date(2021, 1, 3)) == Week(2020, 53)


@given(DAYS, st.integers(-500, 500))
def test_weeks_hold_their_days_and_count_both_ways(day: date, distance: int) -> None:
    week = Week.of_date(day)
    assert week.monday <= day <= week.sunday
    assert (week.monday.isoweekday(), week.sunday.isoweekday()) == (1, 7)
    assert Week.parse(str(week)) == week
    other = week.plus(distance)
    assert other.minus(week) == distance
    assert (other > week) == (distance > 0)


def test_the_zone_decides_the_week() -> None:
    late_sunday = datetime(2024, 3, 3, 17, 0, tzinfo=UTC)  # Monday, 01:00 in Shanghai
    assert Week.of(late_sunday) == Week(2024, 10)
    assert Week.of(late_sunday, ZoneInfo("UTC")) == Week(2024, 9)


def test_a_week_begins_where_the_one_before_ends() -> None:
    week = Week(2024, 10)
    assert week.start() == datetime(2024, 3, 3, 16, 0, tzinfo=UTC)
    assert week.end() == week.plus(1).start()
    berlin = ZoneInfo("Europe/Berlin")
    summer = Week.of_date(date(2024, 3, 31))  # an hour is missing in its last night
    assert (summer.end(berlin) - summer.start(berlin)).total_seconds() == (7 * 24 - 1) * 3600


def test_last_weeks_end_with_the_given_one() -> None:
    assert [str(w) for w in last_weeks(Week(2021, 1), 3)] == ["2020-W52", "2020-W53", "2021-W01"]
    assert last_weeks(Week(2021, 1), 0) == []


def test_a_missing_extra_says_what_to_install() -> None:
    error = MissingExtra("psycopg", "postgres")
    assert isinstance(error, FeedbackMiningError)
    assert "psycopg" in str(error)
    assert "pip install 'feedback_mining[postgres]'" in str(error)
    assert "\n" not in str(error)
