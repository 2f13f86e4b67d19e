from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from feedback_mining.errors import InputError, MissingColumn
from feedback_mining.sources.cells import cell_text, parse_author, parse_count, parse_id, parse_rating
from feedback_mining.sources.columns import map_columns, parse_mapping, recognise
from feedback_mining.sources.times import parse_time

SHANGHAI = ZoneInfo("Asia/Shanghai")
TEN_O_FIVE = datetime(2019, 10, 5, 2, 5, tzinfo=UTC)  # 10:05 in Shanghai


@pytest.mark.parametrize(
    "value",
    [
        "2019-10-05 10:05:00",
        "2019-10-05T10:05:00",
        "2019-10-05T02:05:00Z",
        "2019-10-05T02:05:00.000Z",
        "2019-10-05T10:05:00+08:00",
        "2019-10-05 10:05:00 +0800",
        "2019-10-04T19:05:00-07:00",
        "2019/10/5 10:05",
        "2019.10.05 10:05",
        "2019年10月5日 10:05",
        "2019年10月05日10时05分00秒",
        "2019年10月5日 星期六 上午10:05",
        "2019/10/5 10:05:00 AM",
        "２０１９－１０－０５　１０：０５",
        "20191005100500",
        20191005100500,
        "Sat, 05 Oct 2019 10:05:00 +0800",
        1570241100,
        "1570241100",
        1570241100000,
        "1570241100.0",
        1570241100000000,
        43743.42013888889,
        "43743.42013888889",
        datetime(2019, 10, 5, 10, 5),  # noqa: DTZ001 - as a spreadsheet gives it
    ],
)
def test_times_are_read_into_utc(value: object) -> None:
    assert parse_time(value, SHANGHAI) == TEN_O_FIVE
    assert parse_time(value, SHANGHAI).tzinfo is UTC


@pytest.mark.parametrize(
    "value", ["2019-10-05", "2019/10/5", "2019年10月5日", "20191005", date(2019, 10, 5), 43743]
)
def test_dates_are_midnight_in_the_zone(value: object) -> None:
    assert parse_time(value, SHANGHAI) == datetime(2019, 10, 4, 16, tzinfo=UTC)
    assert parse_time(value, ZoneInfo("UTC")) == datetime(2019, 10, 5, tzinfo=UTC)


def test_afternoon() -> None:
    assert parse_time("2019年10月5日 下午3:05", SHANGHAI).hour == 7
    assert parse_time("2019/10/5 12:05 AM", SHANGHAI) == datetime(2019, 10, 4, 16, 5, tzinfo=UTC)
    assert parse_time("2019/10/5 中午12:05", SHANGHAI) == datetime(2019, 10, 5, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "", None, "昨天 10:05", "刚刚", "2019-13-05", "2019-02-30", "2019-10-05 25:00", "05/10/2019", "5", 12,
        0, "0001-01-01", "9999-12-31 23:59:59", "1970-01-01", float("nan"), float("inf"), 10**40, True, "很好",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"time|year|epoch|number|month|day|hour|date|format"):
        parse_time(value, SHANGHAI)


@pytest.mark.parametrize(
    ("value", "stars"),
    [
        ("5", 5), ("5星", 5), ("5.0", 5), (5.0, 5), (3, 3), ("４", 4), ("五星", 5), ("★★★★☆", 4),
        ("4分", 4), ("4/5", 4), ("5 stars", 5), ("4.5", 5), ("5.5", None), ("0", None), ("6", None), (10, None),
        ("80", None), ("好", None), ("", None), (None, None), ("☆☆☆☆☆", None),
    ],
)  # fmt: skip
def test_ratings(value: object, stars: int | None) -> None:
    assert parse_rating(value) == stars


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ("1.2万", 12_000), ("12", 12), (12.0, 12), ("1,234", 1234), ("3k", 3000), ("2w+", 20_000),
        ("1亿", 100_000_000), ("99亿", None), ("", None), ("赞", None), ("-1", None),
    ],
)  # fmt: skip
def test_counts(value: object, count: int | None) -> None:
    assert parse_count(value) == count


def test_cells_become_what_the_user_typed() -> None:
    assert cell_text(2.0) == "2"
    assert cell_text(2.5) == "2.5"
    assert cell_text("  =1+1 ") == "=1+1"
    assert cell_text("坏\x00了") == "坏了"
    assert cell_text(float("nan")) == ""
    assert cell_text("好\ud83d").encode() == "好\ufffd".encode()
    assert cell_text("好😀") == "好😀"


def test_ids_that_a_spreadsheet_has_rounded_are_none() -> None:
    assert parse_id(1234567890123456789.0) is None
    assert parse_id("1.23457E+18") is None
    assert parse_id("1234567890123456789") == "1234567890123456789"
    assert parse_id(1234567890123456789) == "1234567890123456789"
    assert parse_id(42.0) == "42"


def test_the_anonymous_are_nobody() -> None:
    assert parse_author("匿名用户") is None
    assert parse_author("A Google user") is None
    assert parse_author("匿名的猫") == "匿名的猫"


def test_columns_are_found_in_both_languages_and_many_spellings() -> None:
    assert recognise(["评论ID", "用户昵称", "评论内容（必填）", "发布时间", "星级", "点赞数"]) == {
        "id": "评论ID", "author": "用户昵称", "text": "评论内容（必填）", "time": "发布时间",
        "rating": "星级", "likes": "点赞数",
    }  # fmt: skip
    google_play = (
        "reviewId,userName,content,score,thumbsUpCount,reviewCreatedVersion,at,replyContent,repliedAt"
    )
    assert recognise(google_play.split(",")) == {
        "id": "reviewId", "author": "userName", "text": "content", "rating": "score",
        "likes": "thumbsUpCount", "version": "reviewCreatedVersion", "time": "at", "reply": "replyContent",
    }  # fmt: skip
    assert recognise(["内容", "评论内容"])["text"] == "评论内容"


def test_a_given_mapping_wins_and_frees_the_other_columns() -> None:
    mapping = map_columns(["内容", "备注", "时间"], {"text": "备注"}, "f.csv")
    assert mapping == {"text": "备注", "time": "时间"}
    with pytest.raises(MissingColumn, match=r"f\.csv.*'建议'.*内容, 备注, 时间"):
        map_columns(["内容", "备注", "时间"], {"text": "建议"}, "f.csv")
    with pytest.raises(InputError, match="'body' is not a field"):
        map_columns(["内容"], {"body": "内容"}, "f.csv")


def test_a_missing_text_column_names_the_columns_and_the_way_out() -> None:
    with pytest.raises(MissingColumn) as caught:
        map_columns(["甲", "乙", *(f"c{i}" for i in range(20))], None, "问卷.csv")
    message = str(caught.value)
    assert message.startswith("问卷.csv: ")
    assert "甲, 乙" in message
    assert "--map text=列名" in message
    assert "\n" not in message
    assert len(message) < 300


def test_mapping_options() -> None:
    assert parse_mapping(["text=您的建议=？", " time = 日期 "]) == {"text": "您的建议=？", "time": "日期"}
    for bad in ("text", "text=", "words=内容"):
        with pytest.raises(InputError, match="FIELD=COLUMN"):
            parse_mapping([bad])
