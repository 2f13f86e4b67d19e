"""The commands: what they print and write, and how they refuse what they cannot use."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from feedback_mining import __version__
from feedback_mining.cli import main
from feedback_mining.pipeline import ingest

COMMANDS = ("run", "import", "mine", "report", "backfill", "analyze")
# id, time, author, words; two weeks, with a repeat and a row without words
ROWS = [
    ("101", "2026-03-02 09:00", "阿青", "打开相册就闪退，重装也没用"),
    ("102", "2026-03-02 10:10", "小柏", "每次点相册都闪退"),
    ("103", "2026-03-03 11:00", "老陶", "希望能导出成表格"),
    ("103", "2026-03-03 11:00", "老陶", "希望能导出成表格"),
    ("104", "2026-03-04 12:00", "南瓜", "字体太小了，老人看不清"),
    ("105", "2026-03-05 12:00", "橘子", ""),
    ("106", "2026-03-09 09:00", "木耳", "更新以后相册还是闪退，什么时候修"),
    ("107", "2026-03-10 09:30", "阿青", "相册闪退修一下吧，照片都看不了"),
    ("108", "2026-03-11 20:00", "小满", "很好用，推荐给同事了"),
]


@pytest.fixture
def comments(tmp_path: Path) -> Path:
    path = tmp_path / "云相册.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("评论ID", "时间", "用户", "内容"), *ROWS])
    return path


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        return (code, *capfd.readouterr())

    return run


Call = Callable[..., tuple[int, str, str]]


class TestHelp:
    @pytest.mark.parametrize("name", COMMANDS)
    def test_is_chinese_and_names_the_exit_codes(self, call: Call, name: str) -> None:
        code, shown, _ = call(name, "--help")
        assert code == 0
        assert "--lang" in shown
        assert "退出码：0 成功" in shown

    def test_is_shown_when_nothing_is_asked(self, call: Call) -> None:
        code, shown, _ = call()
        assert code == 0
        assert all(name in shown for name in COMMANDS)

    def test_version(self, call: Call) -> None:
        assert call("--version") == (0, f"feedback-mining {__version__}\n", "")


class TestRun:
    def test_prints_counts_top_items_and_the_report(self, call: Call, comments: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        code, shown, errors = call("run", comments, "--out", out)
        assert (code, errors) == (0, "")
        assert "云相册.csv：读 9 行 = 入库 7 + 重复 1（编号相同 1） + 未收 1（没有文字 1）" in shown
        assert "云相册 · 2026-W11（2026-03-09 至 2026-03-15）" in shown
        assert re.search(r"^  1\. .*闪退.* — 3 人，本周 2 人", shown, re.MULTILINE)
        report = out / "2026-W11" / "report.html"
        assert shown.endswith(f"报告：{report}\n")
        assert report.is_file()

    def test_in_english(self, call: Call, comments: Path, tmp_path: Path) -> None:
        code, shown, _ = call("run", comments, "--out", tmp_path, "--lang", "en", "--week", "2026-W10")
        assert code == 0
        assert "9 rows = stored 7 + duplicates 1 (same id 1) + refused 1" in shown
        assert "2026-W10 (2026-03-02 to 2026-03-08)" in shown
        assert 'lang="en"' in (tmp_path / "2026-W10" / "report.html").read_text(encoding="utf-8")

    def test_again_changes_nothing(self, call: Call, comments: Path, tmp_path: Path) -> None:
        call("run", comments, "--out", tmp_path)
        first = (tmp_path / "2026-W11" / "backlog.json").read_bytes()
        code, shown, _ = call("run", comments, "--out", tmp_path)
        assert code == 0
        assert "早先已导入" in shown
        assert (tmp_path / "2026-W11" / "backlog.json").read_bytes() == first

    def test_until_takes_the_week_of_that_day(self, call: Call, comments: Path, tmp_path: Path) -> None:
        assert call("run", comments, "--out", tmp_path, "--until", "2026-03-08")[0] == 0
        assert (tmp_path / "2026-W10" / "backlog.json").is_file()

    def test_columns_can_be_named(self, call: Call, tmp_path: Path) -> None:
        path = tmp_path / "x.csv"
        path.write_text("甲,乙\n2026-03-02 09:00,总是闪退\n", encoding="utf-8")
        code, shown, _ = call("run", path, "--map", "text=乙", "--map", "time=甲", "--out", tmp_path)
        assert code == 0
        assert "2026-W10" in shown


def test_steps_give_what_run_gives(call: Call, comments: Path, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'own.db'}"
    call("run", comments, "--out", tmp_path / "at once")
    assert call("import", comments, "--store", store)[0] == 0
    assert call("mine", "--week", "2026-W11", "--store", store)[0] == 0
    assert call("report", "--store", store, "--out", tmp_path / "in steps")[0] == 0
    at_once, in_steps = (tmp_path / name / "2026-W11" for name in ("at once", "in steps"))
    for name in ("backlog.json", "backlog.csv", "report.md", "report.html"):
        assert (in_steps / name).read_bytes() == (at_once / name).read_bytes()


def test_backfill_writes_every_week(call: Call, comments: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, shown, errors = call("backfill", comments, "--product", "云相册", "--out", out)
    assert (code, errors) == (0, "")
    assert shown.endswith(f"已回放 2 周：{out}\n")
    weeks = sorted(path.parent.name for path in out.glob("*/backlog.json"))
    assert weeks == ["2026-W10", "2026-W11"]
    first = json.loads((out / "2026-W10" / "backlog.json").read_bytes())
    said = {unit["comment"] for item in first["items"] for unit in item["units"]}
    assert "file:101" in said
    assert "file:106" not in said, "week 10 knows what was said in week 11"


class TestAnalyze:
    def test_one_line_a_comment_with_spans_into_its_text(
        self, call: Call, comments: Path, tmp_path: Path
    ) -> None:
        output = tmp_path / "units.jsonl"
        code, shown, errors = call("analyze", comments, "--output", output)
        assert (code, shown) == (0, "")
        lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
        assert [line["id"] for line in lines] == [row[0] for row in ROWS]
        assert [line["text"] for line in lines] == [row[3] for row in ROWS]
        units = [(line["text"], unit) for line in lines for unit in line["units"]]
        assert all(unit["text"] == text[unit["start"] : unit["end"]] for text, unit in units)
        assert f"{len(lines)} 条评论，{len(units)} 个观点" in errors
        keys = {"start", "end", "text", "intent", "theme", "sentiment", "confidence", "unsure", "demand"}
        assert all(set(unit) == keys for _, unit in units)
        crashes = {lines[k]["units"][0]["demand"] for k in (0, 1)}
        assert len(crashes) == 1
        assert crashes != {None}
        assert "advocacy" in lines[8]["signals"]

    def test_to_stdout(self, call: Call, comments: Path) -> None:
        code, shown, _ = call("analyze", comments, "--output", "-")
        assert code == 0
        assert [json.loads(line)["id"] for line in shown.splitlines()][:2] == ["101", "102"]


class TestBadInput:
    @pytest.fixture
    def refused(self, call: Call, tmp_path: Path) -> Callable[..., str]:
        """The one line on stderr, after checking everything else that must hold."""

        def run(*arguments: object) -> str:
            before = sorted(tmp_path.rglob("*"))
            code, shown, errors = call(*arguments)
            assert (code, shown) == (2, "")
            assert errors.count("\n") == 1
            assert sorted(tmp_path.rglob("*")) == before, "something was half-written"
            return errors

        return run

    def test_files(self, refused: Callable[..., str], tmp_path: Path) -> None:
        (tmp_path / "empty.csv").touch()
        (tmp_path / "other.csv").write_text("甲,乙\n1,2\n", encoding="utf-8")
        (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 no workbook")
        out = tmp_path / "out"
        assert "nowhere.csv" in refused("run", tmp_path / "nowhere.csv", "--out", out)
        assert "empty.csv" in refused("run", tmp_path / "empty.csv", "--out", out)
        assert "--map text=" in refused("run", tmp_path / "other.csv", "--out", out)
        assert "broken.xlsx" in refused("import", tmp_path / "broken.xlsx", "--out", out)
        assert str(tmp_path) in refused("analyze", tmp_path, "--output", tmp_path / "u.jsonl")

    def test_the_first_bad_file_stops_the_good_ones(
        self, refused: Callable[..., str], comments: Path, tmp_path: Path
    ) -> None:
        out = ("--product", "云相册", "--out", tmp_path / "out")
        assert "nowhere.csv" in refused("run", comments, tmp_path / "nowhere.csv", *out)

    def test_options(self, refused: Callable[..., str], comments: Path, tmp_path: Path) -> None:
        out = ("--out", tmp_path / "out")
        assert "2019-W60" in refused("run", comments, "--week", "2019-W60", *out)
        assert "2019-13-01" in refused("run", comments, "--until", "2019-13-01", *out)
        both = ("--week", "2026-W10", "--until", "2026-03-02")
        assert "--until" in refused("run", comments, *both, *out)
        assert "text=内容" in refused("run", comments, "--map", "text", *out)
        assert "fr" in refused("run", comments, "--lang", "fr", *out)
        assert refused("run", comments, "--nonsense", "--lang", "en").startswith("Error: ")
        assert "nonsense" in refused("nonsense")
        assert "FILE" in refused("run")

    def test_files_of_two_products(self, refused: Callable[..., str], comments: Path, tmp_path: Path) -> None:
        other = comments.with_name("别的.csv")
        other.write_bytes(comments.read_bytes())
        message = refused("run", comments, other, "--out", tmp_path / "out")
        assert "云相册" in message
        assert "别的" in message
        assert "--product" in message

    def test_places(self, refused: Callable[..., str], comments: Path, tmp_path: Path) -> None:
        assert str(comments) in refused("run", comments, "--out", comments)
        assert "missing" in refused("run", comments, "--store", f"sqlite:///{tmp_path}/missing/x.db")
        assert "sqlite:///" in refused("run", comments, "--store", "nonsense")
        assert "import files first" in refused("mine", "--out", tmp_path / "out")
        output = tmp_path / "missing" / "units.jsonl"
        assert str(output) in refused("analyze", comments, "--output", output)

    def test_names_that_the_store_lacks(
        self, call: Call, refused: Callable[..., str], comments: Path, tmp_path: Path
    ) -> None:
        store = f"sqlite:///{tmp_path / 'own.db'}"
        call("import", comments, "--store", store)
        assert "云相册" in refused("mine", "--product", "没有", "--store", store)
        assert "2026-W10" in refused("mine", "--week", "2025-W01", "--store", store)
        assert "feedback-mining mine" in refused("report", "--store", store)
        call("mine", "--week", "2026-W10", "--store", store)
        message = refused("report", "--week", "2026-W11", "--store", store)
        assert "mined are 2026-W10" in message


def test_an_error_of_our_own_is_one_line_and_code_1(
    call: Call, comments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(ingest, "open_files", fail)
    monkeypatch.delenv("FEEDBACK_MINING_DEBUG", raising=False)
    code, shown, errors = call("run", comments)
    assert (code, shown, errors.count("\n")) == (1, "", 1)
    assert "RuntimeError: first line second line" in errors
    monkeypatch.setenv("FEEDBACK_MINING_DEBUG", "1")
    with pytest.raises(RuntimeError, match="second line"):
        call("run", comments)


def test_progress_is_drawn_on_a_terminal_only(comments: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; from feedback_mining.cli import main; sys.exit(main())"]
    command += ["import", str(comments), "--out", str(tmp_path)]
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    subprocess.run(command, stderr=slave, stdout=subprocess.DEVNULL, env=environment, check=True, timeout=120)
    os.close(slave)
    assert "读取评论" in os.read(master, 100_000).decode()
    os.close(master)
    piped = subprocess.run(command, capture_output=True, check=True, timeout=120)
    assert piped.stderr == b""


def test_the_errors_of_a_run_in_english_say_so(call: Call, tmp_path: Path) -> None:
    assert call("run", tmp_path / "x.csv", "--lang=en")[2].startswith("Error: ")
