from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from feedback_mining.cli import main
from feedback_mining.storage import open_store


def export(path: Path, *words: str) -> Path:
    rows = "".join(f"{i},{word},2026-03-0{i} 10:00\n" for i, word in enumerate(words, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("编号,内容,时间\n" + rows, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["folder", "pattern", "zip"])
def test_folders_patterns_and_archives_stand_for_their_files(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "exports"
    export(folder / "a.csv", "打不开", "太贵")
    export(folder / "b.csv", "打不开", "太贵", "想要夜间模式")
    archive = tmp_path / "exports.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(folder.iterdir()):
            packed.write(path, path.name)
    given = {"folder": folder, "pattern": folder / "*.csv", "zip": archive}[kind]
    out = tmp_path / "out"
    assert main(["import", str(given), "--product", "云记账", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "a.csv" in shown
    assert "b.csv" in shown
    with open_store(f"sqlite:///{out}/feedback_mining.db") as store:
        assert [c.text for c in store.comments("云记账")] == ["打不开", "太贵", "想要夜间模式"]
        counts = store.import_counts("云记账")
    assert (counts.rows_read, counts.stored, counts.duplicates, counts.quarantined) == (5, 3, 2, 0)


def test_an_empty_folder_is_one_line_and_makes_no_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    out = tmp_path / "out"
    assert main(["import", str(tmp_path / "empty"), "--product", "云记账", "--out", str(out)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not out.exists()


def test_files_of_several_products_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(tmp_path / "in" / "云记账.csv", "打不开", "太贵")
    export(tmp_path / "in" / "云相册.csv", "打不开", "打不开")
    assert main(["import", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert "产品 云记账 · 通用表格 · UTF-8 · text←内容, id←编号, time←时间" in shown
    assert "合计：读 4 行 = 入库 4 + 重复 0 + 未收 0" in shown
    with open_store(f"sqlite:///{tmp_path}/out/feedback_mining.db") as store:
        assert store.products() == ["云相册", "云记账"]
        assert [c.text for c in store.comments("云记账")] == ["打不开", "太贵"]
    assert main(["run", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 2
    assert "2 products" in capsys.readouterr().err


def test_a_mapping_is_kept_for_files_with_the_same_header(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--product", "云记账", "--out", str(tmp_path / "out")]
    for name, word in (("a.csv", "打不开"), ("b.csv", "太贵")):
        (tmp_path / name).write_text(f"甲,乙,丙\n1,{word},2026-03-02 10:00\n", encoding="utf-8")
    given = ["--map", "text=乙", "--map", "time=丙"]
    assert main(["import", str(tmp_path / "a.csv"), *given, *out]) == 0
    assert "text←乙, time←丙\n" in capsys.readouterr().out
    assert main(["import", str(tmp_path / "b.csv"), *out]) == 0
    assert "text←乙, time←丙（沿用保存的 --map）" in capsys.readouterr().out
    with open_store(f"sqlite:///{tmp_path}/out/feedback_mining.db") as store:
        assert {c.text for c in store.comments("云记账")} == {"太贵", "打不开"}
        assert {c.time.month for c in store.comments("云记账")} == {3}


def test_one_bad_file_among_many_stops_all_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(tmp_path / "in" / "a.csv", "打不开")
    (tmp_path / "in" / "b.csv").write_bytes(b"")
    assert main(["import", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 2
    shown = capsys.readouterr()
    assert "b.csv" in shown.err
    assert shown.out == ""
    assert not (tmp_path / "out").exists()


def test_a_dry_run_tells_what_each_file_holds_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    export(folder / "a.csv", "打不开", "", "太贵|太慢")
    posts = [("8", "卡", False), ("9", "已修", True)]
    (folder / "b.json").write_text(
        json.dumps(
            [
                {
                    "id": i,
                    "nick_name": "甲",
                    "content": text,
                    "created_at": "2026-03-02",
                    "is_admin": official,
                }
                for i, text, official in posts
            ]
        )
    )
    (folder / "c.csv").write_text("甲,乙\n1,2\n", encoding="utf-8")
    assert main(["import", "--dry-run", str(folder), "--out", str(out)]) == 2
    header, rule, first, second, bad = capsys.readouterr().out.splitlines()
    assert header.count("|") == rule.count("|") == first.count("|") == second.count("|") == 10
    assert "| a.csv | 通用表格 | UTF-8 | text←内容, id←编号, time←时间 | 3 | 2 | 0 | 没有文字 1 |" in first
    assert "| b.json | 兔小巢 JSON | UTF-8 |" in second
    assert "| 2 | 1 | 1 |" in second
    assert "--map text=" in bad
    assert not out.exists()
    assert main(["import", "--dry-run", str(folder / "a.csv"), "--out", str(out), "--lang", "en"]) == 0
    assert "| 3 | 2 | 0 |" in capsys.readouterr().out
