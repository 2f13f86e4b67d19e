"""Every shape that is recognised with no configuration, and files that were mangled on the way."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from feedback_mining.errors import FeedbackMiningError
from feedback_mining.records import Quarantined
from feedback_mining.sources import documents
from feedback_mining.sources.feeds import records_reading
from feedback_mining.sources.files import read_comments
from feedback_mining.sources.paths import expand_paths
from feedback_mining.sources.rows import RawComment, Row

SHANGHAI = ZoneInfo("Asia/Shanghai")


def entry(number: int, rating: str | None = "2") -> dict[str, object]:
    found: dict[str, object] = {
        "id": {"label": str(number)},
        "title": {"label": "慢"},
        "content": {"label": "加载很慢"},
        "updated": {"label": "2026-03-02T01:00:00-07:00"},
        "author": {"name": {"label": "阿青"}},
    }
    return {**found, "im:rating": {"label": rating}} if rating else found


USER = {"user": {"login": "qing"}, "created_at": "2026-03-02T01:00:00Z"}
API = "https://api.github.com/repos/o/r/issues"
POST = {"username": "qing", "created_at": "2026-03-02T01:00:00Z"}
PAGES: dict[str, object] = {
    "appstore": {"feed": {"entry": [entry(1, None), entry(2)]}},
    "appstoreconnect": {
        "data": [
            {"id": "r1", "attributes": {"body": "慢", "title": None, "createdDate": "2026-03-02T01:00:00Z"}}
        ],
        "links": {"next": "x"},
    },
    "discourse": {
        "title": "想要深色模式",
        "slug": "dark",
        "post_stream": {
            "posts": [
                {**POST, "id": 5, "post_number": 1, "cooked": "<p>晚上太亮</p><p>a&lt;b</p>"},
                {**POST, "id": 6, "post_number": 2, "raw": "在做了", "staff": True, "reply_to_post_number": 1},
            ],
            "stream": [5, 6],
        },
    },
    "github": [
        {**USER, "id": 70, "number": 3, "title": "闪退", "body": "打开就退", "url": f"{API}/3"},
        {**USER, "id": 71, "number": 4, "title": "x", "body": "y", "url": f"{API}/4", "pull_request": {}},
        {**USER, "id": 72, "body": "已修", "url": f"{API}/comments/72", "issue_url": f"{API}/3",
         "author_association": "OWNER"},
    ],
    "zendesk": {
        "tickets": [{"id": 1, "raw_subject": "退款", "description": "三天没到账", "requester_id": 9,
                     "created_at": "2026-03-02T01:00:00Z"}],
        "end_of_stream": True,
    },
    "txc": [
        {"id": 1, "type": "post.created", "created_at": "2026-03-02 09:00:00",
         "payload": {"post": {"id": "8", "content": "卡", "nick_name": "甲", "created_at": "2026-03-02 09:00:00"}}},
        {"id": 2, "type": "webhook.test", "payload": {}, "created_at": "2026-03-02 09:00:00"},
    ],
}  # fmt: skip


def rows_of(path: Path) -> list[Row]:
    return list(read_comments(path, zone=SHANGHAI).rows)


@pytest.mark.parametrize("source", PAGES)
def test_a_feed_and_a_file_of_its_answers_give_the_same(tmp_path: Path, source: str) -> None:
    page = PAGES[source]
    path = tmp_path / "页.json"
    path.write_text(json.dumps(page, ensure_ascii=False), encoding="utf-8")
    reading = read_comments(path, zone=SHANGHAI)
    fed = records_reading([page], product="p", source=source, zone=SHANGHAI, sha256="x")
    assert reading.source == fed.source == source
    rows = list(reading.rows)
    assert rows == list(fed.rows)
    comments = [row for row in rows if isinstance(row, RawComment)]
    assert comments
    assert all(row.id and row.time for row in comments)


def test_what_is_no_comment_and_who_is_official() -> None:
    def read(source: str) -> list[Row]:
        page = [PAGES[source]]
        return list(records_reading(page, product="p", source=source, zone=SHANGHAI, sha256="x").rows)

    assert [type(row) for row in read("appstore")] == [Quarantined, RawComment]
    assert [type(row) for row in read("txc")] == [RawComment, Quarantined]
    first, answer = read("discourse")
    assert isinstance(first, RawComment)
    assert isinstance(answer, RawComment)
    assert first.text == "想要深色模式\n晚上太亮\na<b"
    assert (answer.official, answer.parent, answer.title) == (True, "5", None)
    issue, pull, reply = read("github")
    assert isinstance(issue, RawComment)
    assert isinstance(pull, Quarantined)
    assert isinstance(reply, RawComment)
    assert (issue.id, issue.official, reply.parent, reply.official) == ("o/r#3", False, "o/r#3", True)


@pytest.mark.parametrize(("page", "rows"), [({"feed": {}}, 0), ({"feed": {"entry": entry(7)}}, 1)])
def test_the_store_gives_one_review_without_a_list_and_none_without_a_key(page: object, rows: int) -> None:
    reading = records_reading([page], product="p", source="appstore", zone=SHANGHAI, sha256="x")
    assert len(list(reading.rows)) == rows
    assert bool(reading.notices) == (rows == 0)


def test_dumps_as_csv(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "comment_id,content,create_time,like_count,parent_comment_id,nickname\n"
        "712345678901234567,太贵了,1772413586,1.2万,0,甲\n"
        "712345678901234568,确实,1772413586000,3,712345678901234567,乙\n",
        encoding="utf-8",
    )
    reading = read_comments(path, zone=SHANGHAI)
    first, second = (row for row in reading.rows if isinstance(row, RawComment))
    assert reading.source == "mediacrawler"
    assert (first.id, first.likes, first.parent) == ("712345678901234567", 12_000, None)
    assert (second.parent, second.time) == (first.id, first.time)


def test_an_addition_to_a_review_is_a_comment_of_its_own(tmp_path: Path) -> None:
    review = {"id": 5, "content": "不错", "score": 5, "creationTime": "2026-03-02 09:00:00",
              "afterUserComment": {"content": "用了一周坏了", "created": "2026-03-09 09:00:00"}}  # fmt: skip
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"comments": [review]}), encoding="utf-8")
    first, second = (row for row in rows_of(path) if isinstance(row, RawComment))
    assert (first.id, second.id, second.text, second.parent) == ("5", "5-after", "用了一周坏了", "5")


def test_open_answers_of_a_survey_are_comments_and_choices_are_not(tmp_path: Path) -> None:
    header = (
        "序号,提交答卷时间,所用时间,来源,来源详情,来自IP,1、您的性别,2、用过哪些功能,3、您的建议？,总分\n"
    )
    body = "".join(
        f"{i},2026/3/2 9:0{i}:00,60秒,微信,无,10.1.1.{i},{'男女'[i % 2]},记账┋报表,第{i}个建议请加快,5\n"
        for i in range(1, 6)
    )
    last = "6,2026/3/2 9:09:00,60秒,微信,无,10.1.1.6,男,记账,(跳过),5\n"
    path = tmp_path / "问卷.csv"
    path.write_text(header + body + last, encoding="utf-8-sig")
    reading = read_comments(path, zone=SHANGHAI)
    *rows, skipped = reading.rows
    assert reading.source == "wjx"
    assert [row.text for row in rows if isinstance(row, RawComment)] == [
        f"第{i}个建议请加快" for i in range(1, 6)
    ]
    assert rows[0].title == "您的建议？"  # type: ignore[union-attr]
    assert isinstance(skipped, Quarantined)
    assert "10.1.1." not in repr([*rows, skipped])


def test_columns_are_found_by_what_is_in_them(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = [f"x{i},2026-03-0{i} 10:00,{i % 5 + 1},第{i}次打开就闪退" for i in range(1, 9)]
    path.write_text("甲,乙,丙,丁\n" + "\n".join(lines) + "\n", encoding="utf-8")
    reading = read_comments(path, zone=SHANGHAI)
    assert reading.mapping == {"text": "丁", "time": "乙", "rating": "丙"}
    assert reading.columns == ("甲", "乙", "丙", "丁")
    assert len(list(reading.rows)) == 8


def test_parquet(tmp_path: Path) -> None:
    table = pyarrow.table({"content": ["卡", None, "慢"], "at": ["2026-03-02"] * 3})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert [type(row) for row in rows_of(tmp_path / "a.parquet")] == [RawComment, Quarantined, RawComment]


def test_a_long_document_is_read_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_WHOLE", 100)
    records = [{"content": f"第{i}次闪退", "id": f"c{i}"} for i in range(300)]
    path = tmp_path / "a.json"
    for document in (records, {"status": 0, "data": records}):
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
        assert [row.id for row in rows_of(path) if isinstance(row, RawComment)] == [r["id"] for r in records]
    path.write_text(json.dumps(records, indent=1)[:-40], encoding="utf-8")
    assert isinstance(rows_of(path)[-1], Quarantined)


def test_a_bad_byte_far_down_is_one_bad_character(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(("id,content\n" + "1,好用好用好用\n" * 80_000).encode() + b"2,\xe5\xff\xe5\n")
    reading = read_comments(path, zone=SHANGHAI)
    assert reading.encoding == "utf-8"
    assert any("不符合编码" in text for text in reading.notices)
    assert sum(1 for _ in reading.rows) == 80_001


def test_a_line_without_end_costs_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,content\n1," + "长" * 5_000_000 + "\n2,好\n", encoding="utf-8")
    first, second = rows_of(path)
    assert isinstance(first, Quarantined)
    assert len(first.raw) <= 2_000
    assert isinstance(second, RawComment)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    suffix=st.sampled_from([".csv", ".tsv", ".json", ".jsonl", ".txt", ".parquet"]),
    edits=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.binary(max_size=4)), max_size=6),
    encoding=st.sampled_from(["utf-8", "gb18030", "utf-16", "big5hkscs"]),
)
def test_mangled_files_raise_nothing_but_our_own_errors(
    tmp_path: Path, suffix: str, edits: list[tuple[int, int, bytes]], encoding: str
) -> None:
    path = tmp_path / f"a{suffix}"
    records = [{"id": str(i), "content": f'第{i}次閃退, "真的"', "at": "2026-03-02"} for i in range(5)]
    if suffix == ".parquet":
        parquet.write_table(pyarrow.Table.from_pylist(records), path)
        data = path.read_bytes()
    elif suffix in {".csv", ".tsv", ".txt"}:
        data = ("id,content,at\n" + "".join(f'{r["id"]},"第次閃退",{r["at"]}\n' for r in records)).encode(
            encoding
        )
    else:
        data = json.dumps(records, ensure_ascii=False).encode(encoding)
    for at, dropped, added in edits:
        data = data[:at] + added + data[at + dropped :]
    path.write_bytes(data)
    found: list[Row] | str
    try:
        found = rows_of(path)
    except FeedbackMiningError as error:
        found = str(error)
    if isinstance(found, str):
        assert "\n" not in found
    else:
        assert all(isinstance(row, (RawComment, Quarantined)) for row in found)
        assert edits or len(found) == 5


def test_a_first_row_that_tells_something_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(
        "论坛\t更新以后录音全没了，客服说找不回来\n商店\t界面清爽\n论坛\t希望加上批量导出的功能\n",
        encoding="utf-8",
    )
    reading = read_comments(path, zone=SHANGHAI)
    assert reading.mapping == {"text": "列2"}
    assert [row.text for row in reading.rows if isinstance(row, RawComment)] == [
        "更新以后录音全没了，客服说找不回来",
        "界面清爽",
        "希望加上批量导出的功能",
    ]


def test_a_file_without_header_and_with_a_wide_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("".join(f"第{i}次付款失败-*-2026-03-0{i} 06:38-*-{i % 5 + 1}\n" for i in range(1, 9)))
    reading = read_comments(path, zone=SHANGHAI)
    assert reading.mapping == {"text": "列1", "time": "列2", "rating": "列3"}
    rows = list(reading.rows)
    assert [row.text for row in rows if isinstance(row, RawComment)] == [
        f"第{i}次付款失败" for i in range(1, 9)
    ]


@pytest.mark.parametrize(
    ("name", "rows", "fields"),
    [
        ("alipay_reviews.txt", 2495, {"text", "time", "rating"}),
        ("shop_and_app_reviews.csv.gz", 32496, {"text", "id", "author", "time", "rating", "likes", "reply"}),
    ],
)
def test_real_dumps(shared_dir: Path, tmp_path: Path, name: str, rows: int, fields: set[str]) -> None:
    (path,) = expand_paths([shared_dir / "data" / "timed" / name], tmp_path)
    reading = read_comments(path, zone=SHANGHAI)
    assert fields <= set(reading.mapping)
    found = list(reading.rows)
    assert len(found) == rows
    assert sum(isinstance(row, Quarantined) for row in found) < 0.01 * rows
