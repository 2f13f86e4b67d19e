"""Files that were made to do harm or broke on the way: rows are kept, refused or told, never lost."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback_mining.errors import FeedbackMiningError, UnreadableFile
from feedback_mining.records import Quarantined
from feedback_mining.sources import documents
from feedback_mining.sources.files import read_comments
from feedback_mining.sources.rows import RawComment

SHANGHAI = ZoneInfo("Asia/Shanghai")


def workbook() -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["content", "at"])
    for number in range(5):
        book.active.append([f"第{number}次闪退", "2026-03-02"])
    book.save(buffer)
    return buffer.getvalue()


def rewritten(data: bytes, change: bytes, into: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member.filename, old.read(member).replace(change, into))
    return buffer.getvalue()


def outcome(path: Path) -> str | int:
    try:
        return sum(1 for _ in read_comments(path, zone=SHANGHAI).rows)
    except FeedbackMiningError as error:
        return str(error)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(edits=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 3), st.binary(max_size=4)), max_size=4))
def test_mangled_workbooks(tmp_path: Path, edits: list[tuple[int, int, bytes]]) -> None:
    data = workbook()
    for at, dropped, added in edits:
        data = data[:at] + added + data[at + dropped :]
    (tmp_path / "a.xlsx").write_bytes(data)
    found = outcome(tmp_path / "a.xlsx")
    assert isinstance(found, int) or "\n" not in found
    assert edits or found == 5


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(rewritten(workbook(), b"<sheetData>", b"<sheetData>" + b" " * 2**27))
    with pytest.raises(UnreadableFile, match="unpacked, this workbook"):
        read_comments(path, zone=SHANGHAI)


def test_one_cell_far_out_does_not_fill_the_memory(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"], book.active["XFD1048576"] = "content", "闪退", "x"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(UnreadableFile, match="delete the stray cell"):
        read_comments(tmp_path / "a.xlsx", zone=SHANGHAI)


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    data = workbook()
    for root in (b"<worksheet ", b"<sst "):  # words lie in the sheet or beside it
        data = rewritten(data, root, f'<!DOCTYPE x [<!ENTITY l0 "lol">{laughs}]>'.encode() + root)
    (tmp_path / "a.xlsx").write_bytes(data)
    assert outcome(tmp_path / "a.xlsx") == 5
    (tmp_path / "a.xlsx").write_bytes(rewritten(data, "第0次闪退".encode(), b"&l9;"))
    with pytest.raises(UnreadableFile, match="unrecognized entity"):
        read_comments(tmp_path / "a.xlsx", zone=SHANGHAI)


def test_an_archive_of_something_else_is_no_workbook(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("content.xml", "<a/>")
    with pytest.raises(UnreadableFile, match="not of a workbook"):
        read_comments(tmp_path / "a.xlsx", zone=SHANGHAI)


LINES = [f"{number},第{number}次打开就闪退，请修复,2026-03-0{number}" for number in range(1, 7)]
RECORDS = [{"id": f"a{number}", "content": f"第{number}次闪退 [图片"} for number in range(1, 7)]
KINDS = (RawComment, Quarantined)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    edits=st.lists(
        st.tuples(st.integers(15, 400), st.sampled_from(b"x,;\t\x00\xff\xe5\x80\xa1 =<&'")), max_size=8
    ),
    encoding=st.sampled_from(["utf-8", "gb18030", "big5hkscs"]),
)
def test_no_byte_but_a_quote_or_a_line_end_costs_a_row(
    tmp_path: Path, edits: list[tuple[int, int]], encoding: str
) -> None:
    text = "id,content,time\n" + "\n".join(LINES) + "\n"
    if encoding == "big5hkscs":
        text = text.replace("开", "開").replace("闪", "閃").replace("请", "請").replace("复", "復")
    data = bytearray(text.encode(encoding))
    for at, byte in edits:
        place = 15 + at % (len(data) - 15)
        if data[place] not in b"\n":
            data[place] = byte
    (tmp_path / "a.csv").write_bytes(data)
    rows = list(read_comments(tmp_path / "a.csv", zone=SHANGHAI).rows)
    assert len(rows) == len(LINES)
    assert all(isinstance(row, KINDS) for row in rows)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(cut=st.integers(20, 400))
def test_a_cut_table_gives_every_line_that_is_left(tmp_path: Path, cut: int) -> None:
    data = ("id,content,time\n" + "\n".join(LINES) + "\n").encode()[:cut]
    (tmp_path / "a.csv").write_bytes(data)
    rows = list(read_comments(tmp_path / "a.csv", zone=SHANGHAI).rows)
    assert len(rows) == sum(1 for line in data.split(b"\n")[1:] if line)
    assert all(isinstance(row, RawComment) for row in rows[:-1])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    line=st.integers(1, 5),
    at=st.integers(0, 60),
    junk=st.binary(min_size=1, max_size=4),
    drop=st.integers(0, 9),
)
def test_a_broken_line_of_json_costs_that_line(
    tmp_path: Path, line: int, at: int, junk: bytes, drop: int
) -> None:
    lines = [json.dumps(record, ensure_ascii=False).encode() for record in RECORDS]
    broken = lines[line]
    lines[line] = broken[:at] + b"".join(junk.splitlines()) + broken[at + drop :]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    kept = len(lines) if lines[line].replace(b"\x00", b"").strip() else len(lines) - 1
    rows = list(read_comments(tmp_path / "a.jsonl", zone=SHANGHAI).rows)
    assert len(rows) == kept
    whole = [row for row in rows if row.line != line + 1]
    assert [row.id for row in whole if isinstance(row, RawComment)] == [
        record["id"] for i, record in enumerate(RECORDS) if i != line
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(cut=st.integers(60, 500))
def test_a_cut_document_gives_its_whole_records_and_one_word_about_the_rest(
    tmp_path: Path, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MAX_WHOLE", 10)
    whole = json.dumps(RECORDS, ensure_ascii=False).encode()
    data = whole[:cut]
    (tmp_path / "a.json").write_bytes(data)
    rows = list(read_comments(tmp_path / "a.json", zone=SHANGHAI).rows)
    comments = [row for row in rows if isinstance(row, RawComment)]
    assert [row.id for row in comments] == [f"a{i + 1}" for i in range(data.count(b"}"))]
    assert len(rows) == len(comments) + (len(data) < len(whole))
