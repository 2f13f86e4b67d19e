"""Drift: weeks that changed are told from weeks that only vary."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from feedback_mining.cli import main
from feedback_mining.evaluation.drift import CommentSample, WeekDrift, compare_weeks, jensen_shannon
from feedback_mining.reporting.drift import drift_table, render_drift
from feedback_mining.taxonomy import Taxonomy

PRODUCT = "云记账"
WORDS = [f"词{k}" for k in range(120)]
THEMES = ("stability", "feature", "ads", "payment")


def comment(
    chance: random.Random, number: int, themes: tuple[float, ...] = (4, 3, 2, 1), sure: float = 0.8
) -> CommentSample:
    count = chance.choice((1, 1, 2, 3))
    labels = tuple(
        (chance.choice(("bug", "suggestion")), theme, chance.choice(("negative", "neutral")))
        for theme in chance.choices(THEMES, themes, k=count)
    )
    return CommentSample(
        id=f"c{number}",
        labels=labels,
        confidences=tuple(min(1.0, max(0.0, chance.gauss(sure, 0.15))) for _ in labels),
        words=frozenset(chance.choices(WORDS, range(len(WORDS), 0, -1), k=8)),
    )


def weeks_of(seed: int, count: int = 12, size: int = 60) -> dict[str, list[CommentSample]]:
    chance = random.Random(seed)
    return {f"2026-W{w + 1:02d}": [comment(chance, 1000 * w + k) for k in range(size)] for w in range(count)}


def look(weeks: dict[str, list[CommentSample]]) -> list[WeekDrift]:
    return compare_weeks(weeks, least_confidence=0.3)


def test_weeks_that_only_vary_do_not_depart() -> None:
    reports = [look(weeks_of(seed)) for seed in range(20)]
    assert all(week.judged for report in reports for week in report if not week.reference)
    assert sum(any(week.departs for week in report) for report in reports) <= 2, (
        "at most one in twenty is expected"
    )


@pytest.mark.parametrize("size", [12, 40])
def test_small_weeks_only_vary_too(size: int) -> None:
    reports = [look(weeks_of(seed, 20, size)) for seed in range(20)]
    assert sum(any(week.departs for week in report) for report in reports) <= 2


def test_another_mix_of_labels_departs_by_that_label_alone() -> None:
    weeks = weeks_of(1)
    chance = random.Random(9)
    weeks["2026-W10"] = [comment(chance, 9000 + k, (1, 1, 1, 9)) for k in range(60)]
    (week,) = [week for week in look(weeks) if week.departs]
    assert week.week == "2026-W10"
    assert [name for name, measure in week.measures.items() if measure.departs] == ["theme"]
    name, before, now = week.grown["theme"][0]
    assert (name, round(before, 1)) == ("payment", 0.1)
    assert now > 0.6


def test_unsure_units_and_new_words_depart_and_the_words_are_named() -> None:
    weeks = weeks_of(2)
    chance = random.Random(9)
    weeks["2026-W11"] = [
        replace(comment(chance, 9000 + k, sure=0.35), words=frozenset({"海雀", f"新{k % 7}", "词1"}))
        for k in range(60)
    ]
    (week,) = [week for week in look(weeks) if week.departs]
    assert {name for name, measure in week.measures.items() if measure.departs} == {"unsure", "unknown_words"}
    assert week.measures["unsure"].value > week.measures["unsure"].reference
    assert week.new_words[0] == ("海雀", 60)


def test_few_comments_are_not_judged() -> None:
    weeks = weeks_of(3)
    chance = random.Random(9)
    weeks["2026-W12"] = [comment(chance, 9000 + k, (0, 0, 0, 1)) for k in range(9)]
    last = look(weeks)[-1]
    assert (last.judged, last.departs, last.comments) == (False, False, 9)


def test_a_week_of_outrage_is_not_what_the_others_are_held_against() -> None:
    weeks = weeks_of(4)
    chance = random.Random(9)
    weeks["2026-W02"] = [comment(chance, 9000 + k, (1, 0, 0, 0)) for k in range(3000)]
    found = look(weeks)
    assert [week.week for week in found if week.reference] == [f"2026-W{k:02d}" for k in range(1, 5)]
    assert sum(week.departs for week in found) <= 2


def test_order_of_comments_does_not_matter() -> None:
    weeks = weeks_of(5)
    assert look({name: comments[::-1] for name, comments in weeks.items()}) == look(weeks)


@pytest.mark.parametrize("weeks", [{}, {"2026-W01": []}, {"2026-W01": [], "2026-W02": [], "2026-W03": []}])
def test_nothing_comes_of_nothing(weeks: dict[str, list[CommentSample]]) -> None:
    assert not any(week.judged or week.departs for week in look(weeks))


def test_comments_without_opinions_are_no_fault() -> None:
    weeks = {
        name: [replace(c, labels=(), confidences=()) for c in found] for name, found in weeks_of(6).items()
    }
    assert not any(week.departs for week in look(weeks))
    assert all(week.confidence is None for week in look(weeks))


def test_jensen_shannon_in_bits() -> None:
    def divergence(one: list[float], other: list[float]) -> float:
        return jensen_shannon(np.array(one, float), np.array(other, float))

    assert divergence([1, 1], [20, 20]) == pytest.approx(0)
    assert divergence([1, 0], [0, 5]) == pytest.approx(1)
    assert divergence([0, 0], [1, 2]) == 0
    assert divergence([3, 1], [1, 3]) == pytest.approx(divergence([1, 3], [3, 1]))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    usual = ["一打开就闪退", "希望增加夜间模式", "广告太多了", "很好用"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["编号", "作者", "内容", "时间"])
        for number in range(240):
            week, day = divmod(number, 30)
            text = (
                f"会员扣费<b>乱收</b>，第{number}次要求退款" if week == 7 else f"{usual[number % 4]}{number}"
            )
            writer.writerow(
                [
                    number,
                    f"u{number}",
                    text,
                    f"2026-{1 + (week * 7 + day % 5) // 28:02d}-{1 + (week * 7 + day % 5) % 28:02d} 10:00",
                ]
            )
    return path


def call(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_the_command_names_the_week_and_writes_both_files(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call("import", export, "--product", PRODUCT, "--out", tmp_path)
    capsys.readouterr()
    assert call("drift", "--out", tmp_path, "--weeks", 8) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("| 周 | 评论 | 观点 | 平均把握 | 没把握的观点 |")
    assert shown[-1].startswith("报告：")
    page = Path(shown[-1].removeprefix("报告："))
    report = json.loads(page.with_name("drift.json").read_text(encoding="utf-8"))
    assert len(report["weeks"]) == 8
    last = report["weeks"][-1]
    assert last["departs"]
    assert f"{last['week']} 变了：" in "\n".join(shown)
    assert Taxonomy.load().labels()["payment"] in "\n".join(shown)
    assert len(last["to_label"]) == 5
    html = page.read_text(encoding="utf-8")
    assert html.count("<svg") == 5
    assert "<b>乱收" not in html
    assert "feedback-mining label next --strategy drifting --product 云记账" in html
    assert call("drift", "--out", tmp_path, "--weeks", 8, "--lang", "en") == 0
    assert "departs:" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "told"), [(("--product", "别的"), PRODUCT), (("--weeks", 1), "weeks")])
def test_mistakes_are_one_line(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[object, ...], told: str
) -> None:
    call("import", export, "--product", PRODUCT, "--out", tmp_path)
    capsys.readouterr()
    assert call("drift", "--out", tmp_path, *arguments) == 2
    message = capsys.readouterr().err
    assert told in message
    assert message.count("\n") == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_report_of_nothing_is_still_one(lang: str) -> None:
    report = {"product": "x", "versions": {}, "least_confidence": 0.3, "weeks": []}
    assert len(drift_table(report, lang)) == 4
    assert "<svg" in render_drift(report, lang)
