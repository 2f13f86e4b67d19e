"""The daily look: the same day, each outbreak once, quiet days quiet."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from feedback_mining.backlog.daily import DayAlert, day_alerts, not_yet_raised
from feedback_mining.cli import main
from feedback_mining.commands_alerts import alert_lines
from feedback_mining.errors import InputError
from feedback_mining.pipeline.alerts import raise_alerts
from feedback_mining.records import Analysis, Comment, Demand, Intent, Sentiment, Unit
from feedback_mining.reporting.labels import Words
from feedback_mining.settings import load_settings
from feedback_mining.storage import Store, open_store
from feedback_mining.weeks import DEFAULT_ZONE

DAY = date(2026, 6, 10)
PRODUCT = "拾光账本"
SETTINGS = load_settings(author_key="fixed")
CRASH = Demand("D-crash", PRODUCT, "账单闪退", "stability", Intent.BUG, founded="2025-W01")


def alert(people: int = 5, demand: str = "D-1", comments: Sequence[str] = ("a", "b", "c")) -> DayAlert:
    return DayAlert(
        PRODUCT, DAY.isoformat(), 1, demand, "t", "new", people, 0.1, 0.2, 0.0, 1e-6, tuple(comments), ()
    )


def test_an_outbreak_is_raised_once_and_again_when_doubled() -> None:
    assert not_yet_raised([alert(5)], []) == [alert(5)]
    assert not_yet_raised([alert(9)], [alert(5)]) == []
    assert not_yet_raised([alert(10)], [alert(5)]) == [alert(10)]
    assert not_yet_raised([alert(12)], [alert(5), alert(10)]) == []


def test_the_same_comments_under_another_name_are_the_same_outbreak() -> None:
    theme = alert(demand="theme:stability", comments=("b", "c", "d", "e"))
    assert not_yet_raised([theme], [alert()]) == []
    assert not_yet_raised([alert(), theme], []) == [alert()]
    other = alert(demand="D-2", comments=("x", "y", "c"))
    assert not_yet_raised([alert(), other], []) == [alert(), other]


def test_an_alert_survives_json() -> None:
    assert DayAlert.of_json(json.loads(json.dumps(alert().as_json()))) == alert()


def test_a_theme_is_told_by_its_name() -> None:
    words = Words("zh", {"stability": "稳定性"})
    head, example = alert_lines(replace(alert(demand="theme:stability"), examples=("闪退了",)), words)
    assert "新出现：稳定性（1 天 5 人，往常约 0.1" in head
    assert example.strip() == "闪退了"
    told = alert_lines(replace(alert(), since_version="5.4", platform="iOS 8"), Words("en"))[0]
    assert "since 5.4; mostly about iOS 8" in told


def history(per_day: int = 3, days: int = 90) -> list[tuple[Comment, bool]]:
    """A few comments a day, now and then one about crashes."""
    draw = random.Random(3)
    said = []
    for ago in range(1, days):
        for n in range(per_day):
            said.append(spoken(f"{ago}-{n}", ago, draw.random() < 0.03))
    return said


def spoken(key: str, ago: int, crash: bool, hour: int = 12) -> tuple[Comment, bool]:
    when = datetime(DAY.year, DAY.month, DAY.day, hour, tzinfo=DEFAULT_ZONE) - timedelta(days=ago)
    return Comment(key, PRODUCT, "test", "账单闪退", when, author=f"u{key}"), crash


def looked(said: Sequence[tuple[Comment, bool]], day: date = DAY) -> list[DayAlert]:
    ordered = sorted(said, key=lambda pair: (pair[0].time, pair[0].id))
    units = {
        c.id: Unit(c.id, 0, 4, "账单闪退", Intent.BUG, "stability", Sentiment.NEGATIVE, 0.9)
        for c, crash in ordered
        if crash
    }
    analyses = {c.id: Analysis(c.id, (units[c.id],) if c.id in units else ()) for c, _ in ordered}
    memberships = {unit.id: CRASH.id for unit in units.values()}
    comments = [c for c, _ in ordered]
    return day_alerts(PRODUCT, day, comments, analyses, [CRASH], memberships, weeks=12, zone=DEFAULT_ZONE)


def test_a_fault_is_seen_on_its_day() -> None:
    burst = [spoken(f"now-{n}", 0, True) for n in range(6)]
    (found,) = looked([*history(), *burst])
    assert (found.demand, found.days, found.people) == ("D-crash", 1, 6)
    assert found.date == "2026-06-10"
    assert found.usual < 0.5
    assert set(found.comments) == {c.id for c, _ in burst}
    assert looked([*history(), *burst], DAY - timedelta(days=1)) == []


def test_a_slow_fault_is_seen_over_days() -> None:
    slow = [spoken(f"now-{n}", n, True) for n in range(6)]
    (found,) = looked([*history(), *slow])
    assert found.days > 1


def test_the_day_is_that_of_the_users() -> None:
    early = [spoken(f"now-{n}", 0, True, hour=0) for n in range(6)]  # 16:00 UTC of the day before
    assert [a.people for a in looked([*history(), *early])] == [6]
    assert looked([*history(), *early], DAY - timedelta(days=1)) == []


def test_quiet_days_and_no_history() -> None:
    assert looked(history()) == []
    assert looked([]) == []
    assert looked([spoken(f"now-{n}", 0, True) for n in range(6)]) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten quiet weeks, then on one evening six people whose export fails, and two more the day after."""
    quiet = [
        "很好用，推荐",
        "字体太小了",
        "希望加个深色模式",
        "同步有点慢",
        "界面挺漂亮",
        "广告有点多",
        "记账方便",
    ]
    rows = [
        (f"{DAY - timedelta(days=70 - k)} 09:00", f"甲{k}", f"{quiet[k % 7]}，用了{k}天") for k in range(70)
    ]
    fails = [
        "导出账单一直失败",
        "导出失败，账单导不出来",
        "今天导出账单失败了",
        "账单导出失败",
        "怎么导出账单总是失败",
        "点导出就失败，账单出不来",
        "导出账单还是失败",
        "账单还是导出失败",
    ]
    rows += [(f"{DAY + timedelta(days=k // 6)} 21:{k:02d}", f"乙{k}", text) for k, text in enumerate(fails)]
    with (tmp_path / "评论.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["时间", "用户", "内容"])
        writer.writerows(rows)
    out = tmp_path / "out"
    assert main(["import", str(tmp_path / "评论.csv"), "--product", PRODUCT, "--out", str(out)]) == 0
    return out


def opened(folder: Path) -> Store:
    return open_store(f"sqlite:///{folder}/feedback_mining.db")


def test_the_command_raises_once_and_writes_json_lines(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*options: str) -> str:
        capsys.readouterr()
        assert main(["alerts", "--out", str(folder), *options]) == 0
        return capsys.readouterr().out

    assert "没有新的突发" in said("--date", str(DAY - timedelta(days=1)))
    first = said("--date", str(DAY))
    assert "1 天 6 人" in first
    assert "导出" in first
    assert said("--date", str(DAY)) == first  # again gives the same
    assert "没有新的突发" in said()  # the day after, with two more people
    line = json.loads(said("--date", str(DAY), "--output", "-"))
    assert (line["product"], line["date"], line["people"]) == (PRODUCT, str(DAY), 6)
    said("--date", str(DAY), "--output", str(folder / "a.jsonl"), "--lang", "en")
    assert json.loads((folder / "a.jsonl").read_text("utf-8")) == line


def test_mined_weeks_and_people_s_rulings_count(folder: Path) -> None:
    with opened(folder) as store:
        found = raise_alerts(store, PRODUCT, DAY, settings=SETTINGS)
        (one,) = found
    marked = ["campaigns", "mark", *one.comments, "--author", "林", "--out", str(folder)]
    assert main(["mine", "--until", str(DAY - timedelta(days=7)), "--out", str(folder)]) == 0
    with opened(folder) as store:
        (again,) = raise_alerts(store, PRODUCT, DAY, settings=SETTINGS)
        assert set(again.comments) == set(one.comments)
    assert main(marked) == 0
    with opened(folder) as store:
        assert raise_alerts(store, PRODUCT, DAY, settings=SETTINGS) == []


def test_people_s_titles_and_merges_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mine", "--until", str(DAY), "--out", str(folder)]) == 0
    with opened(folder) as store:
        (one,) = raise_alerts(store, PRODUCT, DAY, settings=SETTINGS)
    named = ["demands", "rename", one.demand, "--title", "账单导出失败", "--author", "林"]
    assert main([*named, "--out", str(folder)]) == 0
    with opened(folder) as store:
        (again,) = raise_alerts(store, PRODUCT, DAY, settings=SETTINGS)
    assert again.title == "账单导出失败"
    assert (again.demand, again.comments) == (one.demand, one.comments)


def test_mistakes_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options, word in (
        (["--date", "10.6.2026"], "2019-04-15"),
        (["--date", "2001-01-01"], "another day"),
        (["--product", "别的"], "choose one with --product"),
    ):
        assert main(["alerts", "--out", str(folder), *options]) == 2
        assert word in capsys.readouterr().err
    with opened(folder) as store, pytest.raises(InputError, match="import files first"):
        raise_alerts(store, "别的", None, settings=SETTINGS)
