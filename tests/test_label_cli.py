"""The commands about labels, as an annotator uses them: next → correct → import → the week mined again."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedback_mining.classification.labelling import HumanLabel, LabelledUnit
from feedback_mining.cli import main
from feedback_mining.evaluation.agreement import cohen_kappa, krippendorff_alpha, pairwise_agreement
from feedback_mining.storage import Store, open_store
from feedback_mining.weeks import Week

PRODUCT = "云记账"
START = datetime(2026, 3, 10, tzinfo=UTC)
SAID = [
    ("1", "2026-03-02 10:00", "打开账单就闪退，太贵了"),
    ("2", "2026-03-03 10:00", "账单点进去直接闪退"),
    ("3", "2026-03-04 10:00", "希望账本能导出成表格"),
    ("4", "2026-03-05 10:00", "很好用，推荐给同事了"),
]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FEEDBACK_MINING_ANNOTATOR", raising=False)
    with (tmp_path / "评论.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("评论ID", "时间", "内容"), *SAID])
    url = f"sqlite:///{tmp_path}/store.db"
    assert main(["import", str(tmp_path / "评论.csv"), "--product", PRODUCT, "--store", url]) == 0
    return url


@pytest.fixture
def known(url: str) -> str:
    """A store in which three comments were labelled before, so that no test hangs on what a model says."""
    words = {number: text for number, _, text in SAID}
    units = {
        "1": (LabelledUnit(0, 7, "bug", "stability", "negative"), LabelledUnit(8, 11, "complaint", "payment", "negative")),
        "2": (LabelledUnit(0, 9, "bug", "stability", "negative"),),
        "3": (LabelledUnit(0, 10, "suggestion", "feature", "neutral"),),
    }  # fmt: skip
    with open_store(url) as store:
        store.add_labels(
            [
                HumanLabel(words[n], said, "组长", START, "a.csv", PRODUCT, f"file:{n}", signals=())
                for n, said in units.items()
            ]
        )
    return url


def call(url: str, *arguments: object) -> int:
    return main(["label", *map(str, arguments), "--store", url])


def opened(url: str) -> Store:
    return open_store(url)


class TestLoop:
    @pytest.mark.parametrize("name", ["next.jsonl", "next.csv"])
    def test_next_correct_import_mine(
        self, url: str, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / name
        capsys.readouterr()
        assert call(url, "next", "--count", 3, "--output", path) == 0
        shown = capsys.readouterr().out
        assert "file:" in shown
        assert "label import" in shown
        content = path.read_text(encoding="utf-8")
        assert call(url, "import", path, "--author", "甲") == 0
        assert "新 0 + 已有 0 + 未核对 3 + 未收 0" in capsys.readouterr().out
        path.write_text(content.replace("stability", "performance"), encoding="utf-8")
        assert call(url, "import", path, "--author", "甲") == 0
        assert "未收 0" in capsys.readouterr().out
        with opened(url) as store:
            changed = store.labels()
        assert changed
        assert {u.theme for label in changed for u in label.units} >= {"performance"}
        assert main(["mine", "--store", url, "--out", str(tmp_path)]) == 0
        with opened(url) as store:
            backlog = store.backlog(PRODUCT, Week(2026, 10))
        assert backlog is not None
        themes = {
            u["comment"]: u["theme"] for item in backlog["items"] for u in item["units"] if "theme" in u
        }
        assert all(themes.get(str(label.comment), "performance") != "stability" for label in changed)


class TestSet:
    def test_one_unit_is_corrected_and_the_history_kept(
        self, known: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert call(known, "show", "file:1") == 0
        assert call(known, "set", "file:1", "--unit", 2, "--theme", "广告与打扰", "--author", "甲") == 0
        out = capsys.readouterr().out
        assert "2. “太贵了” 抱怨·广告与打扰·负面" in out
        assert "已记下（甲）" in out
        monkeypatch.setenv("FEEDBACK_MINING_ANNOTATOR", "乙")
        assert (
            call(known, "set", "file:1", "--unit", 2, "--theme", "payment", "--demand", "会员价格太高") == 0
        )
        out = capsys.readouterr().out
        assert "2. “太贵了” 抱怨·价格与支付·负面 → 会员价格太高" in out
        assert out.index(" 甲 cli（单个观点）") < out.index(" 乙 cli（单个观点）")
        assert call(known, "set", "file:1", "--unit", 2, "--theme", "payment") == 0
        assert "与 乙 上次说的一样" in capsys.readouterr().out
        with opened(known) as store:
            assert [(label.author, label.whole, label.origin) for label in store.labels()] == [
                *[("组长", True, "a.csv")] * 3,
                ("甲", False, "cli"),
                ("乙", False, "cli"),
            ]

    def test_the_cut_is_corrected(self, known: str, capsys: pytest.CaptureFixture[str]) -> None:
        by = ("--author", "甲")
        assert call(known, "set", "file:1", "--unit", 1, "--span", "打开账单就闪退，太贵了", *by) == 0
        assert call(known, "set", "file:1", "--unit", 1, "--remove", "--signal", "churn", *by) == 0
        new = ("--intent", "bug", "--theme", "稳定性", "--sentiment", "负面")
        assert call(known, "set", "file:1", "--span", "闪退", *new, *by) == 0
        assert call(known, "set", "file:4", "--confirm", *by) == 0
        with opened(known) as store:
            *_, first, second, third, fourth = store.labels()
        assert [(u.start, u.end) for u in first.units] == [(0, 11)]
        assert (second.units, second.signals, second.whole) == ((), ("churn",), True)
        assert third.units == (LabelledUnit(5, 7, "bug", "stability", "negative"),)
        assert (fourth.whole, bool(fourth.units)) == (True, True)

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (["file:9", "--confirm"], "0 comments with the id 'file:9'"),
            (["file:1", "--unit", "7", "--theme", "ads"], "There is no unit 7; the comment has 2"),
            (["file:1", "--unit", "1", "--theme", "贵"], "'贵' is not known; expected one of: stability"),
            (["file:1", "--unit", "1"], "Nothing was said about the unit"),
            (["file:1"], "Nothing was said"),
            (["file:1", "--theme", "ads"], "No unit was named"),
            (
                ["file:1", "--span", "没有", "--intent", "bug", "--theme", "ads", "--sentiment", "负面"],
                "is not in the",
            ),
            (["file:1", "--span", "闪退"], "A new unit needs --intent, --sentiment, --theme"),
            (["file:1", "--unit", "1", "--span", "闪退，太贵"], "cuts into the unit '太贵了'"),
            (["file:1", "--signal", "走人"], "'走人' is not known; expected one of"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(
        self, known: str, arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call(known, "set", *arguments, "--author", "甲") == 2
        assert problem in capsys.readouterr().err
        with opened(known) as store:
            assert len(store.labels()) == 3

    def test_somebody_must_answer_for_a_label(self, known: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert call(known, "set", "file:1", "--confirm") == 2
        assert "--author or FEEDBACK_MINING_ANNOTATOR" in capsys.readouterr().err


class TestOthers:
    def test_kinds_of_files_that_are_not_written(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        for arguments in (["next", "--output", "a.xlsx"], ["export", "a.txt"]):
            assert call(url, *arguments) == 2
            assert "expected .jsonl, .csv, .json" in capsys.readouterr().err

    def test_refusals_are_told_with_line_and_reason(
        self, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "a.jsonl"
        rows = [
            {
                "id": "file:1",
                "units": [{"span": "没有", "intent": "bug", "theme": "ads", "sentiment": "负面"}],
            }
        ] * 22
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        assert call(url, "import", path, "--author", "甲", "--dry-run") == 0
        out = capsys.readouterr().out
        assert "读到 22 条标注 = 新 0 + 已有 0 + 未核对 0 + 未收 22" in out
        assert "第 1 行：片段“没有”不在原文里" in out
        assert "还有 2 条未收" in out
        assert out.endswith("只检查，没有写入\n")
        assert call(url, "import", path, "--author", "甲", "--product", "没有") == 2

    def test_stats_of_nothing(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        capsys.readouterr()
        assert call(url, "stats") == 0
        assert capsys.readouterr().out == "还没有人标过\n"

    def test_stats_count_and_compare(self, known: str, capsys: pytest.CaptureFixture[str]) -> None:
        url = known
        for author in ("甲", "乙"):
            for number in (1, 2, 3):
                assert call(url, "set", f"file:{number}", "--confirm", "--author", author) == 0
        assert call(url, "set", "file:2", "--unit", 1, "--theme", "ads", "--author", "乙") == 0
        capsys.readouterr()
        assert call(url, "stats") == 0
        out = capsys.readouterr().out
        assert "3 条有人标过" in out
        assert "乙 4, 甲 3, 组长 3" in out
        assert "乙 与 甲：3 条，观点切分一致 100%" in out
        assert "意图 相同 100%，κ 1.00" in out
        assert "主题 相同 75%" in out
        assert call(url, "stats", "--lang", "en") == 0
        assert "Krippendorff's α of all" in capsys.readouterr().out


class TestAgreement:
    def test_kappa_and_alpha_are_those_of_the_literature(self) -> None:
        # Cohen (1960): 0.70 observed, 0.41 by chance
        pairs = [("a", "a")] * 44 + [("a", "b")] * 5 + [("a", "c")] * 1 + [("b", "a")] * 7 + [("b", "b")] * 20
        pairs += [("b", "c")] * 3 + [("c", "a")] * 9 + [("c", "b")] * 5 + [("c", "c")] * 6
        assert cohen_kappa(pairs) == pytest.approx(0.492, abs=1e-3)
        # Krippendorff (2011), example B: two observers, nominal
        pairs = list(zip("aabbdcccedda", "babbbccceddd", strict=True))
        assert krippendorff_alpha(pairs) == pytest.approx(0.692, abs=1e-3)

    def test_where_nothing_can_be_told_apart_there_is_no_figure(self) -> None:
        assert cohen_kappa([("a", "a")] * 3) is None
        assert krippendorff_alpha([["a", "a"], ["b"]]) is None
        assert krippendorff_alpha([]) is None

    def test_units_are_paired_by_their_place(self) -> None:
        def at(start: int, end: int, theme: str = "ads") -> LabelledUnit:
            return LabelledUnit(start, end, "bug", theme, "negative")

        (found,) = pairwise_agreement(
            {
                "甲": {"x": [at(0, 10), at(20, 30)], "y": []},
                "乙": {"x": [at(1, 10, "payment"), at(30, 40)]},
                "丙": {"z": []},
            }
        )
        assert (found.authors, found.texts, found.units) == (("乙", "甲"), 1, 4)
        assert found.paired == 0.5
        assert found.same == {"intent": 1.0, "theme": 0.0, "sentiment": 1.0}
