"""Folders, patterns and archives, also those made to do harm; and mappings that are kept."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import openpyxl
import pytest

from feedback_mining.errors import InputError, UnreadableFile
from feedback_mining.sources.mappings import recall_mapping, remember_mapping
from feedback_mining.sources.paths import expand_paths


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return path


def test_a_folder_and_a_pattern_stand_for_their_files_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "deep").mkdir(parents=True)
    for name in ("b.csv", "a.xlsx.txt", "deep/c.jsonl", "~$b.xlsx", ".hidden.csv", "photo.png"):
        (data / name).write_text("x")
    found = expand_paths([data, data / "*.csv", data / "b.csv"], tmp_path / "scratch")
    assert [path.name for path in found] == ["a.xlsx.txt", "b.csv", "c.jsonl"]


@pytest.mark.parametrize("what", ["folder", "pattern", "archive"])
def test_nothing_readable_is_an_error(tmp_path: Path, what: str) -> None:
    given = {
        "folder": tmp_path,
        "pattern": tmp_path / "*.csv",
        "archive": tmp_path / "a.zip",
    }[what]
    if what == "archive":
        archive(given, {"photo.png": b"x"})
    else:
        (tmp_path / "photo.png").write_bytes(b"x")
    with pytest.raises(InputError, match="no file"):
        expand_paths([given], tmp_path / "scratch")


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.csv").write_text("x")
    (inside / "a.csv").write_text("x")
    (inside / "link").symlink_to(outside)
    assert [path.name for path in expand_paths([inside], tmp_path / "s")] == ["a.csv"]


def test_members_cannot_leave_the_folder(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "a.zip", {"../../evil.csv": b"1", "/etc/abs.csv": b"2", "..\\..\\win.csv": b"3"}
    )
    scratch = tmp_path / "deep" / "scratch"
    found = expand_paths([path], scratch)
    assert sorted(file.read_bytes() for file in found) == [b"1", b"2", b"3"]
    assert all(file.resolve().is_relative_to(scratch.resolve()) for file in found)
    assert not list(tmp_path.glob("*.csv"))


def test_names_in_gbk_and_equal_names(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("one/x.csv", b"1")
        opened.writestr("two/x.csv", b"2")
        opened.writestr(zipfile.ZipInfo("QQ.csv"), b"3")
    path.write_bytes(path.read_bytes().replace(b"QQ.csv", "评".encode("gbk") + b".csv"))
    names = [file.name for file in expand_paths([path], tmp_path / "s")]
    assert sorted(names) == ["x.csv", "x.csv", "评.csv"]


def test_bombs_are_stopped_before_they_fill_the_disk(tmp_path: Path) -> None:
    zeros = b"0" * 2**26
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(zeros))
    for path in (archive(tmp_path / "a.zip", {"a.csv": zeros}), tmp_path / "a.csv.gz"):
        with pytest.raises(UnreadableFile, match="zip bomb"):
            expand_paths([path], tmp_path / "s")
    assert sum(file.stat().st_size for file in (tmp_path / "s").rglob("*") if file.is_file()) < 2**26


def test_archives_in_archives_to_a_depth_and_passwords(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip", {"a.csv": b"x"})
    middle = archive(tmp_path / "middle.zip", {"inner.zip": inner.read_bytes()})
    assert [file.name for file in expand_paths([middle], tmp_path / "s")] == ["a.csv"]
    outer = archive(tmp_path / "outer.zip", {"middle.zip": middle.read_bytes()})
    with pytest.raises(UnreadableFile, match="inside archives"):
        expand_paths([outer], tmp_path / "s")
    locked = bytearray(inner.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + at] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    with pytest.raises(UnreadableFile, match="password"):
        expand_paths([tmp_path / "locked.zip"], tmp_path / "s")


def test_damaged_archives_and_workbooks(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    assert expand_paths([tmp_path / "a.xlsx"], tmp_path / "s") == [tmp_path / "a.xlsx"]
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"x" * 1000)[:-12])
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and no more")
    for name in ("a.gz", "a.zip"):
        with pytest.raises(UnreadableFile, match="damaged"):
            expand_paths([tmp_path / name], tmp_path / "s")


def test_a_mapping_is_kept_for_the_same_header_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "store" / "mappings.json"
    assert recall_mapping(path, ["甲", "乙"]) is None
    remember_mapping(path, ["甲", "乙（必填）"], {"text": "乙（必填）"})
    remember_mapping(path, ["x"], {"text": "x"})
    assert recall_mapping(path, ["乙", "甲"]) == {"text": "乙"}
    assert recall_mapping(path, ["甲", "乙", "丙"]) is None
    path.write_text("[]")
    with pytest.raises(InputError, match="mend or delete"):
        recall_mapping(path, ["甲"])
