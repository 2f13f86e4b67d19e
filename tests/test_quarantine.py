from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from feedback_mining.cli import main
from feedback_mining.storage import Store, open_store

PRODUCT = "云记账"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """The words of two rows are in a column that nobody took for them, and one row has none at all."""
    path = tmp_path / "a.csv"
    path.write_text(
        "编号,内容,追评,时间\n"
        "1,打不开,,2026-03-01 10:00\n"
        "2,,=1+1 电话13812345678,2026-03-02 10:00\n"
        "3,,希望有夜间模式,2026-03-03 10:00\n"
        "1,打不开,,2026-03-01 10:00\n"
        "5,,,2026-03-04 10:00\n",
        encoding="utf-8",
    )
    return path


def call(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def figures(store: Store) -> tuple[int, int, int, int]:
    counts = store.import_counts(PRODUCT)
    return counts.rows_read, counts.stored, counts.duplicates, counts.quarantined


def test_rows_are_listed_with_reason_and_place(
    url: str, export: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call("import", export, "--product", PRODUCT, "--store", url)
    capsys.readouterr()
    assert call("quarantine", "list", "--store", url, "--limit", 2) == 0
    shown = capsys.readouterr().out
    assert "云记账 · a.csv:3 · 没有文字" in shown
    assert "a.csv:6" not in shown
    assert shown.endswith("共 3 行未收，列出 2 行\n")
    assert call("quarantine", "list", "--store", url, "--reason", "bad_time") == 0
    assert capsys.readouterr().out == "没有未收的行\n"
    assert call("quarantine", "list", "--store", url, "--file", "b.csv", "--lang", "en") == 0
    assert capsys.readouterr().out == "No refused rows\n"
    assert call("quarantine", "list", "--store", url, "--product", "别的") == 2
    assert PRODUCT in capsys.readouterr().err


def test_retry_takes_in_what_can_be_read_now_and_counts_add_up(
    url: str, export: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call("import", export, "--product", PRODUCT, "--store", url)
    with open_store(url) as store:
        assert figures(store) == (5, 1, 1, 3)
    capsys.readouterr()
    assert call("quarantine", "retry", export, "--store", url) == 0
    assert "重读未收的 3 行 = 入库 0 + 重复 0 + 仍未收 3" in capsys.readouterr().out
    mapped = ("--map", "text=追评")
    assert call("quarantine", "retry", export, *mapped, "--store", url) == 0
    assert "重读未收的 3 行 = 入库 2 + 重复 0 + 仍未收 1" in capsys.readouterr().out
    with open_store(url) as store:
        assert figures(store) == (5, 3, 1, 1)
        texts = [comment.text for comment in store.comments(PRODUCT)]
        assert texts == ["打不开", "=1+1 电话***********", "希望有夜间模式"]
        assert [refused.row.line for refused in store.quarantine(PRODUCT)] == [6]
    assert call("quarantine", "retry", export, *mapped, "--store", url) == 0
    assert call("import", export, "--product", PRODUCT, "--store", url) == 0
    with open_store(url) as store:
        assert figures(store) == (5, 3, 1, 1)


def test_a_row_that_came_in_by_another_file_is_a_duplicate_on_retry(
    url: str, export: Path, tmp_path: Path
) -> None:
    call("import", export, "--product", PRODUCT, "--store", url)
    other = tmp_path / "b.csv"
    other.write_text("编号,内容,时间\n3,希望有夜间模式,2026-03-03 10:00\n", encoding="utf-8")
    call("import", other, "--product", PRODUCT, "--store", url)
    assert call("quarantine", "retry", export, "--map", "text=追评", "--store", url) == 0
    with open_store(url) as store:
        assert figures(store) == (6, 3, 2, 1)
        assert store.import_counts(PRODUCT).duplicates_by_reason == {"same_id": 2}


def test_retry_needs_a_file_that_was_imported(
    url: str, export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call("import", export, "--product", PRODUCT, "--store", url)
    other = tmp_path / "b.csv"
    other.write_text("编号,内容,时间\n9,闪退,2026-03-03 10:00\n", encoding="utf-8")
    capsys.readouterr()
    assert call("quarantine", "retry", export, other, "--map", "text=内容", "--store", url) == 2
    assert "b.csv: these bytes were never imported" in capsys.readouterr().err
    assert call("quarantine", "retry", export, "--product", "别的", "--store", url) == 2
    assert PRODUCT in capsys.readouterr().err
    with open_store(url) as store:
        assert figures(store) == (5, 1, 1, 3)


def test_export_as_csv_holds_no_formula_and_as_jsonl_the_words(tmp_path: Path) -> None:
    path, out = tmp_path / "a.csv", tmp_path / "out"
    path.write_text("编号,内容,时间\n-1,,=cmd()\n2,好,2026-03-02 10:00\n", encoding="utf-8")
    call("import", path, "--product", "=1+1", "--out", out)
    assert call("quarantine", "export", tmp_path / "q.csv", "--out", out) == 0
    with (tmp_path / "q.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["product"], row["file"], row["line"]) == ("'=1+1", "a.csv", "2")
    assert call("quarantine", "export", tmp_path / "q.jsonl", "--out", out) == 0
    (line,) = (tmp_path / "q.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["product"] == "=1+1"
    assert call("quarantine", "export", tmp_path / "q.pdf", "--out", out) == 2
