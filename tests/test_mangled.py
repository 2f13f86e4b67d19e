"""Workbooks that were made to do harm or broke on the way."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback_mining.errors import FeedbackMiningError, UnreadableFile
from feedback_mining.sources.files import read_comments

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
