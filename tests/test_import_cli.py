from __future__ import annotations

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
