from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from feedback_mining.errors import InputError, MissingColumn, UnreadableFile
from feedback_mining.records import Quarantined, QuarantineReason
from feedback_mining.sources.files import RawComment, Row, read_comments

SHANGHAI = ZoneInfo("Asia/Shanghai")
TUCAO_POST = {
    "id": "1001",
    "nick_name": "阿青",
    "content": "同步失败",
    "created_at": "2026-03-02 09:06:26",
    "is_admin": False,
}
Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def rows_of(path: Path, **options: object) -> list[Row]:
    return list(read_comments(path, zone=SHANGHAI, **options).rows)  # type: ignore[arg-type]


def comments_of(path: Path, **options: object) -> list[RawComment]:
    rows = rows_of(path, **options)
    assert all(isinstance(row, RawComment) for row in rows), rows
    return [row for row in rows if isinstance(row, RawComment)]


def refusals_of(path: Path) -> list[tuple[int, QuarantineReason]]:
    return [(row.line, row.reason) for row in rows_of(path) if isinstance(row, Quarantined)]


def qimai(path: Path, rows: list[list[object]], *, header: tuple[str, ...] = ()) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([None, "云记账_评论详情"])
    sheet.append([None, "如果您对数据导出功能有任何意见或建议，欢迎反馈给 七麦 小助手"])
    sheet.append([None, *(header or ("发表时间", "作者", "评级", "标题", "内容"))])
    for row in rows:
        sheet.append([None, *row])
    book.save(path)
    return path


class TestQimai:
    def test_banners_and_footer_are_no_comments_and_the_product_is_in_the_title(self, tmp_path: Path) -> None:
        path = qimai(
            tmp_path / "导出.xlsx",
            [
                ["2026-03-02 09:06:26", "阿青", 1, "记账丢了", "昨天记的三笔今天全没了"],
                ["2026-03-01 21:27:22", "小满", 5.0, "顺手", "顺手"],
                ["数据支持一次性导出5000条，超过限制建议分批导出。"],
            ],
        )
        reading = read_comments(path, zone=SHANGHAI)
        assert (reading.product, reading.source, reading.encoding) == ("云记账", "qimai", None)
        first, second, footer = reading.rows
        assert isinstance(first, RawComment)
        assert first.text == "记账丢了\n昨天记的三笔今天全没了"
        assert (first.line, first.author, first.rating) == (4, "阿青", 1)
        assert first.time is not None
        assert first.time.isoformat() == "2026-03-02T01:06:26+00:00"
        assert isinstance(second, RawComment)
        assert second.text == "顺手"
        assert isinstance(footer, Quarantined)
        assert (footer.line, footer.reason) == (6, QuarantineReason.NOT_A_COMMENT)

    def test_words_spilt_to_the_right_are_joined_as_they_were(self, tmp_path: Path) -> None:
        path = qimai(
            tmp_path / "a.xlsx",
            [
                ["2026-03-02 09:06:26", "甲", 1, "连不上", "换了Wi", "Fi还是不行，型号AX", None, "3"],
                ["2026-03-02 09:07:26", "乙", 1, 2.0, 2019.0],
            ],
        )
        first, second = comments_of(path)
        assert first.text == "连不上\n换了Wi-Fi还是不行，型号AX--3"
        assert second.text == "2\n2019"

    def test_a_version_column_is_kept(self, tmp_path: Path) -> None:
        path = qimai(
            tmp_path / "a.xlsx",
            [["2026-03-02 09:06:26", "甲", 1, "差", "闪退", "5.4.36"]],
            header=("发表时间", "作者", "评级", "标题", "内容", "版本"),
        )
        assert comments_of(path)[0].version == "5.4.36"

    def test_the_same_export_saved_as_csv(self, write: Write) -> None:
        header = "\ufeff,云记账_评论详情,,,,\n,发表时间,作者,评级,标题,内容\n"
        text = header + ",2026/3/2 9:06,甲,1,差,换了Wi,Fi也不行\n"
        path = write("a.csv", text)
        reading = read_comments(path, zone=SHANGHAI)
        assert (reading.product, reading.source) == ("云记账", "qimai")
        assert [(row.line, row.text) for row in comments_of(path)] == [(3, "差\n换了Wi-Fi也不行")]


class TestDelimited:
    @pytest.mark.parametrize(
        "encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
    )
    @pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
    def test_encodings_and_delimiters_are_found(self, write: Write, encoding: str, delimiter: str) -> None:
        table = [
            ["编号", "用户昵称", "反馈内容", "反馈时间", "评分"],
            ["b7", "阿青", "更新之后一打开就闪退，重装也没用", "2026/3/2 9:06", "1星"],
            ["b8", "小满", "希望增加深色模式", "2026/3/2 9:07", "4"],
        ]
        text = "\r\n".join(delimiter.join(row) for row in table) + "\r\n"
        found = comments_of(write("反馈.csv", text.encode(encoding)))
        assert [row.text for row in found] == ["更新之后一打开就闪退，重装也没用", "希望增加深色模式"]
        assert [(row.author, row.rating, row.line) for row in found] == [("阿青", 1, 2), ("小满", 4, 3)]

    def test_big5(self, write: Write) -> None:
        text = "評論時間,內容\n2026-03-02,更新之後打開就閃退，希望盡快修復\n2026-03-03,謝謝開發團隊的努力\n"
        path = write("a.csv", text.encode("big5"))
        assert [row.text for row in comments_of(path)] == [
            "更新之後打開就閃退，希望盡快修復",
            "謝謝開發團隊的努力",
        ]

    def test_quoted_line_breaks_keep_the_line_numbers_true(self, write: Write) -> None:
        path = write("a.csv", 'id,content,at\n1,"第一行\n第二行, ""引号""",2026-03-02\n\n2,卡,不知道\n')
        first, second = rows_of(path)
        assert isinstance(first, RawComment)
        assert (first.line, first.text) == (2, '第一行\n第二行, "引号"')
        assert isinstance(second, Quarantined)
        assert (second.line, second.reason) == (5, QuarantineReason.BAD_TIME)
        assert "不知道" in second.detail

    def test_a_quote_that_never_closes_costs_one_row(self, write: Write) -> None:
        lines = ['1,"卡住了,2026-03-02', "2,白屏,2026-03-02", '3,"好,用",2026-03-02', "4,慢,2026-03-02"]
        path = write("a.csv", "id,content,at\n" + "\n".join(lines) + "\n")
        rows = rows_of(path)
        assert [row.line for row in rows] == [2, 3, 4, 5]
        assert [type(row) for row in rows] == [Quarantined, RawComment, RawComment, RawComment]
        assert refusals_of(path) == [(2, QuarantineReason.BAD_ROW)]

    def test_stray_quotes_inside_a_cell_are_words(self, write: Write) -> None:
        path = write("a.csv", 'id,content\n1,他说"很好"啊\n2,"她说"不好"吧"\n')
        found = comments_of(path)
        assert found[0].text == '他说"很好"啊'
        assert "她说" in found[1].text
        assert "不好" in found[1].text

    def test_a_file_that_ends_in_the_middle_of_a_row(self, write: Write) -> None:
        whole = "id,content,at\n1,卡,2026-03-02\n2,闪退了好几"
        assert refusals_of(write("a.csv", whole)) == [(3, QuarantineReason.BAD_ROW)]
        cut_inside_a_character = whole.encode()[:-1]
        assert refusals_of(write("b.csv", cut_inside_a_character)) == [(3, QuarantineReason.BAD_ROW)]

    def test_commas_in_an_unquoted_last_column_are_words(self, write: Write) -> None:
        assert [row.text for row in comments_of(write("a.csv", "text\n卡,很卡,一直卡\n好\n"))] == [
            "卡,很卡,一直卡",
            "好",
        ]

    def test_without_a_time_column_a_notice_says_what_happens(self, write: Write) -> None:
        path = write("a.csv", "内容\n很好\n")
        reading = read_comments(path, zone=SHANGHAI, lang="en")
        assert reading.notices == [
            "The file has no column of times: every comment counts from the moment of its import"
        ]
        assert [row.time for row in comments_of(path)] == [None]

    def test_empty_and_endless_comments_are_refused(self, write: Write) -> None:
        path = write("a.csv", f"id,content\n1,\n2,   \n3,{'长' * 200_000}\n4,好\n")
        assert refusals_of(path) == [
            (2, QuarantineReason.EMPTY_TEXT),
            (3, QuarantineReason.EMPTY_TEXT),
            (4, QuarantineReason.TOO_LONG),
        ]
        assert all(len(row.raw) <= 2_000 for row in rows_of(path) if isinstance(row, Quarantined))

    def test_formulas_and_nul_bytes_are_data(self, write: Write) -> None:
        path = write("a.csv", "id,content\n1,=1+1\n2,@sum(a1)坏\x00了\n")
        assert [row.text for row in comments_of(path)] == ["=1+1", "@sum(a1)坏了"]
        assert any("NUL" in notice for notice in read_comments(path, zone=SHANGHAI).notices)

    def test_refused_rows_keep_no_names_and_no_unmapped_columns(self, write: Write) -> None:
        path = write("a.csv", "id,昵称,内容,时间,收货人\n1,张小明,电话13800138000,坏时间13900139000,李大力\n")
        (row,) = rows_of(path)
        assert isinstance(row, Quarantined)
        kept = row.raw + row.detail
        for secret in ("张小明", "13800138000", "13900139000", "李大力"):
            assert secret not in kept
        assert json.loads(row.raw)["text"] == "电话***********"

    def test_a_mapping_names_the_column(self, write: Write) -> None:
        path = write("a.csv", "日子,想法\n2026-03-02,太慢\n")
        with pytest.raises(MissingColumn, match="日子, 想法"):
            read_comments(path, zone=SHANGHAI)
        (row,) = comments_of(path, mapping={"text": "想法", "time": "日子"})
        assert row.text == "太慢"
        assert row.time is not None

    def test_lenient_reading_gives_every_row(self, write: Write) -> None:
        path = write("a.csv", "id,content,at\n1,卡,昨天\n2,,2026-03-02\n3,好 电话13800138000,2026-03-02\n")
        rows = comments_of(path, lenient=True)
        assert [(row.id, row.text) for row in rows] == [("1", "卡"), ("2", ""), ("3", "好 电话13800138000")]


class TestJson:
    def test_json_lines(self, write: Write) -> None:
        lines = [
            {"id": "m-1", "text": "闪退\n天天闪退", "rating": 1, "time": "2026-03-02 09:06:26", "units": []},
            {"id": "m-2", "text": "好", "rating": 5, "time": 1772413586000},
        ]
        content = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + '\n\n{"id": "m-3", "te'
        path = write("a.jsonl", content)
        first, second, cut = rows_of(path)
        assert isinstance(first, RawComment)
        assert (first.id, first.text, first.rating, first.line) == ("m-1", "闪退\n天天闪退", 1, 1)
        assert isinstance(second, RawComment)
        assert second.time == first.time
        assert isinstance(cut, Quarantined)
        assert (cut.line, cut.reason) == (4, QuarantineReason.BAD_ROW)

    @pytest.mark.parametrize(
        "wrap",
        [
            lambda posts: posts,
            lambda posts: {"status": 0, "message": "success", "pagination": {"total": 2}, "data": posts},
            lambda posts: [{"status": 0, "data": posts[:1]}, {"status": 0, "data": posts[1:]}],
        ],
    )
    def test_posts_of_tucao(self, write: Write, wrap: Callable[[list[object]], object]) -> None:
        answer = {**TUCAO_POST, "id": "1002", "content": "已修复，请更新", "is_admin": True}
        path = write("云记账.json", json.dumps(wrap([TUCAO_POST, answer]), ensure_ascii=False))
        reading = read_comments(path, zone=SHANGHAI)
        assert (reading.product, reading.source) == ("云记账", "txc")
        first, second = reading.rows
        assert isinstance(first, RawComment)
        assert (first.id, first.author, first.text) == ("1001", "阿青", "同步失败")
        assert isinstance(second, RawComment)
        assert (first.official, second.official) == (False, True)

    def test_a_reply_without_posts_is_no_error(self, write: Write) -> None:
        reading = read_comments(write("a.json", '{"status": 0, "data": []}'), zone=SHANGHAI)
        assert list(reading.rows) == []
        assert any("没有任何记录" in notice for notice in reading.notices)

    def test_nested_names(self, write: Write) -> None:
        review = {
            "id": "r1",
            "attributes": {
                "rating": 2,
                "title": "慢",
                "body": "加载慢",
                "createdDate": "2026-03-02T01:00:00Z",
            },
        }
        (row,) = comments_of(write("a.json", json.dumps({"data": [review]})))
        assert (row.id, row.text, row.rating) == ("r1", "慢\n加载慢", 2)

    def test_odd_records_are_refused_one_by_one(self, write: Write) -> None:
        path = write("a.json", '[{"content": "好"}, 7, null, "x", {"content": ["列表"]}]')
        assert Counter(reason for _, reason in refusals_of(path)) == {QuarantineReason.BAD_ROW: 3}

    @pytest.mark.parametrize("content", ["{", "[1, 2", "[" * 100_000, '{"a": ' * 50_000])
    def test_what_is_not_json(self, write: Write, content: str) -> None:
        with pytest.raises(UnreadableFile, match=r"a\.json: not JSON"):
            read_comments(write("a.json", content), zone=SHANGHAI)


class TestWeChat:
    OLD = (
        "localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime,Remark,NickName,Sender\n"
    )

    def test_old_exports(self, write: Write) -> None:
        body = (
            "11,3,1,0,0,1772413586,,打印不了小票,2026-03-02 09:06:26,,阿青,wxid_1\n"
            "12,3,3,0,0,1772413590,,<img/>,2026-03-02 09:06:30,,阿青,wxid_1\n"
            "13,3,10000,0,0,1772413591,,某人加入了群聊,2026-03-02 09:06:31,,,\n"
        )
        path = write("云记账用户群.csv", "\ufeff" + self.OLD + body)
        reading = read_comments(path, zone=SHANGHAI)
        assert (reading.source, reading.mapping["author"], reading.mapping["time"]) == (
            "wechat",
            "NickName",
            "CreateTime",
        )
        rows = list(reading.rows)
        assert isinstance(rows[0], RawComment)
        assert (rows[0].text, rows[0].author, rows[0].id) == ("打印不了小票", "阿青", "11-1772413586")
        assert refusals_of(path) == [(3, QuarantineReason.NOT_A_COMMENT), (4, QuarantineReason.NOT_A_COMMENT)]

    def test_the_oldest_header_is_one_name_short(self, write: Write) -> None:
        header = "localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime\n"
        body = "11,3,1,0,0,1772413586,,打印不了小票,2026-03-02 09:06:26,1234567890987654\n"
        (row,) = comments_of(write("a.csv", header + body))
        assert (row.text, row.author) == ("打印不了小票", None)

    def test_new_exports(self, write: Write) -> None:
        text = (
            "消息ID,类型,发送人,时间,内容,备注,昵称,更多信息\n"
            "9007199254740993,文本,阿青,2026-03-02 09:06:26,打印不了小票,,阿青,\n"
            "9007199254740994,图片,阿青,2026-03-02 09:06:27,,,阿青,\n"
            "9007199254740995,系统消息,,2026-03-02 09:06:28,有人撤回了一条消息,,,\n"
        )
        path = write("a.csv", text.encode("gb18030"))
        rows = rows_of(path)
        assert isinstance(rows[0], RawComment)
        assert (rows[0].id, rows[0].author) == ("9007199254740993", "阿青")
        assert [reason for _, reason in refusals_of(path)] == [QuarantineReason.NOT_A_COMMENT] * 2


class TestWorkbooks:
    def test_a_flat_sheet_with_real_dates_and_rounded_ids(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.append(["评论ID", "评论内容", "评论时间", "评分"])
        import datetime as dt

        sheet.append([1234567890123456789, "太慢了", dt.datetime(2026, 3, 2, 9, 6, 26), 2])  # noqa: DTZ001
        sheet.append([7, "=不错", 46083.5, "5星"])
        sheet.cell(row=3, column=2).data_type = "s"
        other = book.create_sheet("说明")
        other.append(["这里是说明"])
        path = tmp_path / "a.xlsx"
        book.save(path)
        reading = read_comments(path, zone=SHANGHAI)
        assert reading.notices[0] == "未读取的工作表：说明"
        first, second = (row for row in reading.rows if isinstance(row, RawComment))
        assert "1 个编号被电子表格取过整" in reading.notices[1]
        assert (first.id, second.id) == (None, "7")
        assert second.text == "=不错"
        assert first.time is not None
        assert first.time.isoformat() == "2026-03-02T01:06:26+00:00"
        assert second.time is not None
        assert second.time.isoformat() == "2026-03-02T04:00:00+00:00"

    def test_the_sheet_with_comments_is_found(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        book.active.append(["说明"])
        data = book.create_sheet("数据")
        data.append(["导出时间 2026-03-02"])
        data.append(["内容", "时间"])
        data.append(["太慢了", "2026-03-02"])
        book.save(tmp_path / "a.xlsx")
        assert [(row.line, row.text) for row in comments_of(tmp_path / "a.xlsx")] == [(3, "太慢了")]


class TestBadFiles:
    @pytest.mark.parametrize(
        ("name", "content", "why"),
        [
            ("empty.csv", b"", "is empty"),
            ("blank.csv", b" \r\n\r\n", "is empty"),
            ("nul.csv", b"\x00" * 50, "neither text"),
            ("image.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 20, "neither text"),
            ("fake.xlsx", "内容\n好\n".encode(), "named like an Excel workbook"),
            ("html.xls", b"<table><tr><td>x</td></tr></table>", "named like an Excel workbook"),
            ("cut.xlsx", b"PK\x03\x04" + b"\x14\x00" * 40, "not a workbook"),
            ("other.zip", b"PK\x03\x04", "not a workbook"),
            ("old.xls", b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "not a workbook"),
        ],
    )
    def test_one_line_says_what_is_wrong(self, write: Write, name: str, content: bytes, why: str) -> None:
        with pytest.raises(UnreadableFile, match=why) as caught:
            read_comments(write(name, content), zone=SHANGHAI)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)
        assert caught.value.exit_code == 2

    def test_a_truncated_workbook(self, tmp_path: Path) -> None:
        path = qimai(tmp_path / "a.xlsx", [["2026-03-02 09:06:26", "甲", 1, "差", "闪退"]])
        path.write_bytes(path.read_bytes()[:-2000])
        with pytest.raises(UnreadableFile, match="not a workbook"):
            read_comments(path, zone=SHANGHAI)

    def test_an_empty_workbook(self, tmp_path: Path) -> None:
        openpyxl.Workbook().save(tmp_path / "a.xlsx")
        with pytest.raises(UnreadableFile, match="holds no cell"):
            read_comments(tmp_path / "a.xlsx", zone=SHANGHAI)

    def test_missing_files_and_folders(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile, match="no such file"):
            read_comments(tmp_path / "nichts.csv", zone=SHANGHAI)
        with pytest.raises(UnreadableFile, match="folder"):
            read_comments(tmp_path, zone=SHANGHAI)

    @pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
    def test_no_column_of_comments(self, write: Write, name: str) -> None:
        content = '{"甲": 1, "乙": "x"}\n' if name.endswith("jsonl") else "甲,乙\n1,x\n"
        with pytest.raises(MissingColumn, match=r"甲, 乙.*--map text=列名"):
            read_comments(write(name, content), zone=SHANGHAI)

    def test_every_error_is_an_input_error(self) -> None:
        assert issubclass(UnreadableFile, InputError)
        assert issubclass(MissingColumn, InputError)


@pytest.mark.parametrize(
    ("name", "rows", "refused"),
    [
        ("小米商城", 5001, 1),
        ("美居", 2419, 0),
        ("华为智能家居", 1831, 0),
        ("SmartHome", 36, 0),
        ("SmartHomeEx", 16, 0),
    ],
)
def test_real_exports_are_read_without_configuration(
    shared_dir: Path, name: str, rows: int, refused: int
) -> None:
    reading = read_comments(shared_dir / "data" / "qimai" / f"{name}.xlsx", zone=SHANGHAI)
    found = list(reading.rows)
    assert reading.source == "qimai"
    assert len(found) == rows
    assert sum(isinstance(row, Quarantined) for row in found) == refused
    assert all(1 <= (row.rating or 0) <= 5 for row in found if isinstance(row, RawComment))
