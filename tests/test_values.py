"""Single values as files hold them: relative times, markup, formulas, ids."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from feedback_mining.sources.files import read_comments
from feedback_mining.sources.markup import plain_text
from feedback_mining.sources.rows import RawComment
from feedback_mining.sources.times import parse_time

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 9, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai


@pytest.mark.parametrize(
    ("words", "wall"),
    [
        ("刚刚", "2026-03-09 09:30:00"),
        ("just now", "2026-03-09 09:30:00"),
        ("30秒前", "2026-03-09 09:29:30"),
        ("5分钟前", "2026-03-09 09:25:00"),
        ("5 分钟前", "2026-03-09 09:25:00"),
        ("５分钟前", "2026-03-09 09:25:00"),
        ("半小时前", "2026-03-09 09:00:00"),
        ("2小时前", "2026-03-09 07:30:00"),
        ("2 hours ago", "2026-03-09 07:30:00"),
        ("an hour ago", "2026-03-09 08:30:00"),
        ("今天 08:15", "2026-03-09 08:15:00"),
        ("昨天 10:05", "2026-03-08 10:05:00"),
        ("昨天", "2026-03-08 00:00:00"),
        ("yesterday", "2026-03-08 00:00:00"),
        ("前天 23:59", "2026-03-07 23:59:00"),
        ("3天前", "2026-03-06 09:30:00"),
        ("1周前", "2026-03-02 09:30:00"),
        ("2026-03-08 10:05", "2026-03-08 10:05:00"),
    ],
)
def test_relative_times_count_from_now_in_the_zone_of_the_source(words: str, wall: str) -> None:
    assert parse_time(words, SHANGHAI, NOW) == datetime.fromisoformat(wall).replace(tzinfo=SHANGHAI)


def test_yesterday_is_a_day_of_the_source_not_of_utc() -> None:
    late = datetime(2026, 3, 8, 17, tzinfo=UTC)  # 01:00 on the 9th in Shanghai
    assert parse_time("昨天 10:05", SHANGHAI, late) == datetime(2026, 3, 8, 2, 5, tzinfo=UTC)
    assert parse_time("昨天 10:05", ZoneInfo("UTC"), late) == datetime(2026, 3, 7, 10, 5, tzinfo=UTC)


@pytest.mark.parametrize("words", ["昨天 25:00", "13月前天", "明天", "5前", "99999年前"])
def test_words_that_are_no_times(words: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(words, SHANGHAI, NOW)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("a<b 而且 b>a", "a<b 而且 b>a"),
        ("a<b and b>a", "a<b and b>a"),
        ("<3 喜欢", "<3 喜欢"),
        ("<details open><summary>日志</summary>很长</details>", "日志很长"),
        ('<p>见 <a href="https://x.example/?a=1&amp;b=2" rel="nofollow">这里</a></p>', "见 这里"),
        ("1 < 2 &lt; 3", "1 < 2 < 3"),
        ("&lt;b&gt; 不是标签", "<b> 不是标签"),
        ("AT&T 不支持", "AT&T 不支持"),
        ("卡&amp;慢&#33;", "卡&慢!"),
        ("第一行<br>第二行<br/>第三行", "第一行\n第二行\n第三行"),
        ("<p>太<b>卡</b>了</p><p>请修</p>", "太卡了\n请修"),
        ("<p>a<b，请修</p>", "a<b，请修"),
        ("<p>a &lt; b</p>", "a < b"),
        ("<div>好<script>alert(1)</script><style>p{}</style></div>", "好"),
        ("<aside class='quote'>别人的话</aside><p>我同意</p>", "我同意"),
        ("<p></p>", ""),
        ("<img src=x onerror=alert(1)>", ""),
        ("<未闭合的尖括号", "<未闭合的尖括号"),
        ("List<String> 报错", "List<String> 报错"),
    ],
)
def test_markup_becomes_the_words_that_a_reader_sees(cell: str, words: str) -> None:
    assert plain_text(cell) == words


@pytest.mark.parametrize(
    "cell", ["<p>" + "<b " * 100_000, "<p><a x" + " " * 300_000 + "=", "<" * 300_000 + "<p>"]
)
def test_markup_made_to_be_slow_is_not(cell: str) -> None:
    began = time.monotonic()
    plain_text(cell)
    assert time.monotonic() - began < 5


def test_formulas_are_data_and_ids_keep_their_zeros(tmp_path: Path) -> None:
    words = ["=1+1", '=HYPERLINK("http://x.example","点我")', "+1", "-1 分", "@我", "=cmd|' /C calc'!A0"]
    path = tmp_path / "a.csv"
    lines = [f'00{i},"{word.replace(chr(34), chr(34) * 2)}"' for i, word in enumerate(words)]
    path.write_text("id,content\n" + "\n".join(lines), encoding="utf-8")
    rows = [row for row in read_comments(path, zone=SHANGHAI).rows if isinstance(row, RawComment)]
    assert [row.text for row in rows] == words
    assert [row.id for row in rows] == [f"00{i}" for i in range(len(words))]


def test_a_formula_without_a_stored_result_is_no_comment_and_runs_nothing(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for cells in (["id", "content"], ["007", "=1+1"], ["008", "卡"]):
        book.active.append(cells)
    book.save(tmp_path / "a.xlsx")
    *_, last = rows = list(read_comments(tmp_path / "a.xlsx", zone=SHANGHAI).rows)
    assert isinstance(last, RawComment)
    assert (last.id, last.text) == ("008", "卡")
    assert not any(row.text == "2" for row in rows if isinstance(row, RawComment))


def test_counts_and_relative_times_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("评论内容,时间,点赞\n卡,昨天 10:05,1.2万\n慢,3天前,3k\n", encoding="utf-8")
    written = datetime.fromtimestamp(path.stat().st_mtime, SHANGHAI)
    first, second = (r for r in read_comments(path, zone=SHANGHAI).rows if isinstance(r, RawComment))
    assert (first.likes, second.likes) == (12_000, 3000)
    assert first.time is not None
    assert (written.date() - first.time.astimezone(SHANGHAI).date()).days == 1
