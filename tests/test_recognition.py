"""Which column is what: as told, as named, or as its content shows; and ids that are none."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from feedback_mining.errors import MissingColumn
from feedback_mining.records import Quarantined
from feedback_mining.sources.files import read_comments
from feedback_mining.sources.guesses import guess_columns
from feedback_mining.sources.rows import RawComment

SHANGHAI = ZoneInfo("Asia/Shanghai")
API = "https://api.github.com/repos/o/r/issues"
ISSUE = {"user": {"login": "qing"}, "created_at": "2026-03-02T01:00:00Z"}
ISSUES = [
    {**ISSUE, "id": 70, "number": 3, "title": "闪退", "body": "打开就退", "url": f"{API}/3"},
    {**ISSUE, "id": 71, "number": 4, "title": "x", "body": "y", "url": f"{API}/4", "pull_request": {}},
]


def test_ids_that_a_spreadsheet_has_rounded_are_told_and_not_used(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,content\n7.12346E+17,卡\n7.12346E+17,慢\n712345678901234567,好\n", encoding="utf-8")
    reading = read_comments(path, zone=SHANGHAI, lang="en")
    ids = [row.id for row in reading.rows if isinstance(row, RawComment)]
    assert ids == [None, None, "712345678901234567"]
    assert any("rounded 2 ids" in text for text in reading.notices)


def test_fifteen_digits_and_zeros_are_no_ids_where_many_are(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    cut = [f"7123456789{i:05d}000" for i in range(300)]
    lines = [f"{number},第{i}次闪退,0" for i, number in enumerate([*cut, "712345678901234567"])]
    lines.append(f"712345678901234569,回复,{cut[0]}")
    path.write_text("comment_id,content,parent_comment_id\n" + "\n".join(lines), encoding="utf-8")
    reading = read_comments(path, zone=SHANGHAI, lang="en")
    *rows, answer = (row for row in reading.rows if isinstance(row, RawComment))
    assert [row.id for row in rows] == [None] * 300 + ["712345678901234567"]
    assert answer.parent is None
    assert any("rounded 300 ids" in text for text in reading.notices)


def test_a_long_id_may_end_in_zeros(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    ids = [f"71234567890123{i:04d}" for i in range(0, 6000, 50)]
    path.write_text("id,content\n" + "".join(f"{i},卡\n" for i in ids), encoding="utf-8")
    reading = read_comments(path, zone=SHANGHAI)
    assert [row.id for row in reading.rows if isinstance(row, RawComment)] == ids
    assert not any("取过整" in text for text in reading.notices)


def test_a_given_column_leaves_the_format_recognised(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "id,nick_name,content,created_at,is_admin,补充\n"
        "8,甲,卡,2026-03-02 09:00:00,FALSE,列表很卡\n9,官方,在修,2026-03-02 10:00:00,TRUE,已修\n",
        encoding="utf-8",
    )
    reading = read_comments(path, zone=SHANGHAI, mapping={"text": "补充"})
    first, second = (row for row in reading.rows if isinstance(row, RawComment))
    assert (reading.source, reading.mapping["text"], reading.mapping["id"]) == ("txc", "补充", "id")
    assert (first.text, first.id, first.official) == ("列表很卡", "8", False)
    assert (second.text, second.author, second.official) == ("已修", "官方", True)


def test_a_given_path_of_a_page_leaves_the_format_recognised(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(ISSUES), encoding="utf-8")
    reading = read_comments(path, zone=SHANGHAI, mapping={"text": "title"})
    issue, pull = reading.rows
    assert isinstance(issue, RawComment)
    assert (reading.source, issue.text, issue.id) == ("github", "闪退", "o/r#3")
    assert isinstance(pull, Quarantined)
    with pytest.raises(MissingColumn, match="there is no column '没有'"):
        read_comments(path, zone=SHANGHAI, mapping={"text": "没有"})


def test_a_survey_whose_question_is_given(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "序号,提交答卷时间,1、您的性别,2、您的建议？,3、还有呢\n"
        "1,2026/3/2 9:01:00,男,字太小了,没有了\n2,2026/3/2 9:02:00,女,太费电,再见啦\n",
        encoding="utf-8",
    )
    reading = read_comments(path, zone=SHANGHAI)
    assert reading.source == "wjx"
    assert len(list(reading.rows)) == 6
    assert any("2 行数据给出 6 条" in text for text in reading.notices)
    only = read_comments(path, zone=SHANGHAI, mapping={"text": "2、您的建议？", "author": "1、您的性别"})
    assert [(r.text, r.author) for r in only.rows if isinstance(r, RawComment)] == [
        ("字太小了", "男"),
        ("太费电", "女"),
    ]


def guessed(header: list[str], rows: list[list[str]]) -> dict[str, str]:
    return guess_columns(header, rows, {"text": "内容"})


def test_further_columns_are_found_where_nothing_else_looks_like_that() -> None:
    header = ["内容", "甲", "乙", "丙", "流水编号"]
    rows = [
        ["卡", f"8.0.{i}", ["3", "1.2万"][i % 2], f"j***{i}", f"6507f1f77bcf86cd7994{i:04d}"]
        for i in range(9)
    ]
    assert guessed(header, rows) == {
        "text": "内容", "version": "甲", "likes": "乙", "author": "丙", "id": "流水编号",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("用户ID", [f"6507f1f77bcf86cd7994{i:04d}" for i in range(9)]),  # one user may write twice
        ("流水编号", ["6507f1f77bcf86cd79940001"] * 9),
        ("甲", [f"6507f1f77bcf86cd7994{i:04d}" for i in range(9)]),
        ("甲", [f"10.1.1.{i}" for i in range(9)]),
        ("甲", [str(i) for i in range(9)]),
        ("甲", ["北京", "上海"] * 5),
        ("甲", ["8.0.1"] * 4),
    ],
)
def test_no_column_is_better_than_a_wrong_one(name: str, cells: list[str]) -> None:
    assert guessed(["内容", name], [["卡", cell] for cell in cells]) == {"text": "内容"}


def test_two_columns_of_counts_are_not_told_apart() -> None:
    rows = [["卡", "1.2万", "3万"]] * 9
    assert guessed(["内容", "甲", "乙"], rows) == {"text": "内容"}


@pytest.mark.parametrize("flags", ["true,false", "1,0", "True,False", "TRUE,FALSE", "1.0,0.0", "是,否"])
def test_administrators_in_a_table(tmp_path: Path, flags: str) -> None:
    yes, no = flags.split(",")
    path = tmp_path / "a.csv"
    path.write_text(
        f"id,nick_name,content,created_at,is_admin\n1,官方,已修,2026-03-02,{yes}\n2,甲,卡,2026-03-02,{no}\n",
        encoding="utf-8",
    )
    rows = [row for row in read_comments(path, zone=SHANGHAI).rows if isinstance(row, RawComment)]
    assert [row.official for row in rows] == [True, False]


def test_a_json_file_whose_keys_tell_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    records = [{"k1": f"x{i}", "k2": f"第{i}次打开就闪退", "k3": f"2026-03-0{i}"} for i in range(1, 9)]
    path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    assert read_comments(path, zone=SHANGHAI).mapping == {"text": "k2", "time": "k3"}


ANSWER = "谢谢反馈，下一版修复"
GOOGLE = {
    "reviewId": "gp:AOqpTOE1", "userName": "阿青", "content": "更新后打不开", "score": 1, "thumbsUpCount": 12,
    "reviewCreatedVersion": "8.0.1", "at": "2026-03-02 09:00:00", "replyContent": ANSWER,
    "repliedAt": "2026-03-03 09:00:00", "appVersion": "8.0.1",
}  # fmt: skip
TAP = {
    "review_id": "9001",
    "user_name": "阿青",
    "content": "新手引导太长",
    "rating": 4,
    "review_date": "2026-03-02",
}
JD = {"id": 5, "content": "充电很慢", "score": 2, "creationTime": "2026-03-02 09:00:00", "nickname": "j***n"}


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "xlsx"])
@pytest.mark.parametrize(("source", "record"), [("googleplay", GOOGLE), ("taptap", TAP), ("jd", JD)])
def test_dumps_of_stores(tmp_path: Path, suffix: str, source: str, record: dict[str, object]) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([record.keys(), record.values()])
    elif suffix == "xlsx":
        book = openpyxl.Workbook()
        book.active.append(list(record))
        book.active.append(list(record.values()))
        book.save(path)
    else:
        path.write_text(json.dumps([record] if suffix == "json" else record), encoding="utf-8")
    reading = read_comments(path, zone=SHANGHAI)
    (row,) = (row for row in reading.rows if isinstance(row, RawComment))
    assert reading.source == source
    assert (row.text, row.rating) == (record["content"], record.get("score", record.get("rating")))
    assert row.id == str(next(iter(record.values())))
    assert row.author in {"阿青", "j***n"}
    assert row.time is not None
    assert row.time.astimezone(SHANGHAI).date().isoformat() == "2026-03-02"
    if source == "googleplay":
        assert (row.likes, row.version, row.reply) == (12, "8.0.1", ANSWER)


def test_a_survey_as_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(
        ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP", "1、用过哪些功能", "2、您的建议？"]
    )
    for i in range(1, 7):
        book.active.append(
            [i, f"2026/3/2 9:0{i}:00", "60秒", "微信", "无", f"10.1.1.{i}", "记账┋报表", f"第{i}个建议请加快"]
        )
    book.save(tmp_path / "a.xlsx")
    reading = read_comments(tmp_path / "a.xlsx", zone=SHANGHAI)
    rows = [row for row in reading.rows if isinstance(row, RawComment)]
    assert reading.source == "wjx"
    assert [row.text for row in rows] == [f"第{i}个建议请加快" for i in range(1, 7)]
    assert (rows[0].id, rows[0].title) == ("1-2-20263290100", "您的建议？")
    assert "10.1.1." not in repr(rows)
